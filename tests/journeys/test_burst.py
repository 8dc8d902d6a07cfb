"""A burst on the real process: all is taken over at once, parked where it is too much, and nothing of it is lost."""

from pathlib import Path

import trio

from daemon.emulator import deliveries
from tests.support.desk import rows, shard_of, texts
from tests.support.rig import APP_SECRET, Rig, now_s, rig
from tests.support.stock import STOCK

CUSTOMERS = 240
"""Each on a connection of its own: far more under way than are taken in fully."""
TENANTS = ("norte", "sul", "leste")
NUMBERS = tuple(str(200000000000000 + at) for at in (1, 2, 3))
ASKED = ("tem civic?", "e o mais barato?")


async def test_a_burst_is_parked_and_outlives_a_kill_once_and_in_order(tmp_path: Path) -> None:
    async with rig(tmp_path) as daemon:
        await daemon.start()
        numbers = [await daemon.add_tenant(tenant, at) for at, tenant in enumerate(TENANTS, 1)]
        assert tuple(numbers) == NUMBERS
        for tenant in TENANTS:
            await daemon.add_stock(tenant, STOCK)
        for text in ASKED:
            assert await _burst(daemon, numbers, text) == {b"HTTP/1.1 200 OK"}
        assert await _parked(daemon) > 0, "it was too much to be taken in at once"
        await daemon.kill()
        await daemon.start()
        await daemon.until(lambda: _replayed(daemon))
        for tenant, number in zip(TENANTS, numbers, strict=True):
            written = rows(
                shard_of(daemon, tenant),
                "SELECT group_concat(text, '|') FROM (SELECT conversation, text FROM messages WHERE direction = 'in'"
                " ORDER BY seq) GROUP BY conversation",
            )
            assert written == [("|".join(ASKED),)] * (CUSTOMERS // len(TENANTS)), "each once, in its order"
            assert texts(daemon, number), "and they are answered"


async def _burst(daemon: Rig, numbers: list[str], text: str) -> set[bytes]:
    """All customers write at the same moment; the status lines they get."""
    answers: set[bytes] = set()
    streams = [await trio.open_tcp_stream("127.0.0.1", daemon.port) for _ in range(CUSTOMERS)]
    requests = [_request(text, f"55119{at:08}", numbers[at % len(numbers)]) for at in range(CUSTOMERS)]
    for stream, request in zip(streams, requests, strict=True):
        await stream.send_all(request)
    with trio.fail_after(60):
        for stream in streams:
            answers.add((await stream.receive_some(4096)).split(b"\r\n")[0])
            await stream.aclose()
    return answers


def _request(text: str, phone: str, number: str) -> bytes:
    body = deliveries.delivery(deliveries.text(text, phone=phone, phone_number_id=number, at=now_s()))
    head = (
        "POST /webhooks/whatsapp HTTP/1.1\r\nhost: localhost\r\n"
        f"x-hub-signature-256: {deliveries.sign(APP_SECRET, body)}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _parked(daemon: Rig) -> float:
    """How many deliveries were parked since the start."""
    metrics = (await daemon.admin.get("/metrics")).text
    [line] = [line for line in metrics.splitlines() if line.startswith('showroomd_webhooks_total{result="parked"}')]
    return float(line.split()[-1])


async def _replayed(daemon: Rig) -> bool:
    parked = rows(daemon.data_dir / "central.db", "SELECT count(*) FROM parked")
    return parked == [(0,)] and all(texts(daemon, number) for number in NUMBERS)
