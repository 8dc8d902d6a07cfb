"""What the entry answers beside webhooks."""

from typing import Any

import httpx
import pytest

from daemon.control.webhooks import PATH, Webhooks
from daemon.entry.cells import Cell
from daemon.entry.door import PublicDoor, StatusDoor
from daemon.entry.relay import Relay


@pytest.fixture
def relay() -> Relay:
    return Relay([Cell("/run/one.sock"), Cell("/run/other.sock")], "s", refresh_seconds=10)


def client(door: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=door), base_url="http://entry")


def doors(relay: Relay) -> tuple[PublicDoor, StatusDoor]:
    webhooks = Webhooks(relay.receive, "s", "v")
    return PublicDoor(webhooks, relay), StatusDoor(relay, webhooks.counts)


async def test_alive_and_ready(relay: Relay) -> None:
    one, other = relay.cells.values()
    for door in doors(relay):
        one.numbers, one.silent, other.numbers = frozenset("1"), "", None
        async with client(door) as peer:
            assert (await peer.get("/healthz")).json() == {"status": "ok", "reasons": []}
            waiting = await peer.get("/readyz")
            assert (waiting.status_code, waiting.json()["status"]) == (503, "not ready")
            other.numbers = frozenset("2")
            assert (await peer.get("/readyz")).json() == {"status": "ready", "reasons": []}
            one.silent = "the cell is away"
            for path in ("/healthz", "/readyz"):
                assert (await peer.get(path)).json()["status"] == "degraded"
            assert (await peer.post("/healthz")).status_code == 405


async def test_what_is_wrong_is_named_to_the_operator_alone(relay: Relay) -> None:
    one, _ = relay.cells.values()
    one.numbers, one.silent = frozenset("1"), "the cell at /run/one.sock is away"
    public, status = doors(relay)
    async with client(status) as peer:
        assert (await peer.get("/healthz")).json()["reasons"] == ["the cell at /run/one.sock is away"]
        assert "/run/other.sock" in (await peer.get("/readyz")).text
    async with client(public) as peer:
        for path in ("/healthz", "/readyz"):
            said = (await peer.get(path)).json()
            assert said["reasons"] == ["1 found; the status address of the entry names what"]


async def test_the_world_sees_neither_figures_nor_an_api(relay: Relay) -> None:
    public, status = doors(relay)
    async with client(public) as peer:
        assert (await peer.get("/metrics")).status_code == 404
        assert (await peer.get("/v1/tenants")).status_code == 404
        asked = {"hub.mode": "subscribe", "hub.verify_token": "v", "hub.challenge": "42"}
        assert (await peer.get(PATH, params=asked)).text == "42"
    async with client(status) as peer:
        assert (await peer.get(PATH)).status_code == 404


async def test_figures(relay: Relay) -> None:
    one, _ = relay.cells.values()
    one.numbers, one.taken, one.failed = frozenset("12"), 5, 1
    relay.ignored["unknown_number"] = 3
    public, status = doors(relay)
    public.webhooks.counts.accepted = 4
    async with client(status) as peer:
        lines = (await peer.get("/metrics")).text.splitlines()
    assert 'showroomd_entry_webhooks_total{result="accepted"} 4.0' in lines
    assert 'showroomd_entry_handed_over_total{cell="/run/one.sock",result="taken"} 5.0' in lines
    assert 'showroomd_entry_handed_over_total{cell="/run/one.sock",result="failed"} 1.0' in lines
    assert 'showroomd_entry_ignored_items_total{reason="unknown_number"} 3.0' in lines
    assert 'showroomd_entry_cell_up{cell="/run/one.sock"} 1.0' in lines
    assert 'showroomd_entry_cell_up{cell="/run/other.sock"} 0.0' in lines
    assert 'showroomd_entry_cell_numbers{cell="/run/one.sock"} 2.0' in lines
    assert "showroomd_entry_shared_numbers 0.0" in lines
