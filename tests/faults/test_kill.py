"""G1, G2, G3 under kill -9: at random instants, and before and after every commit of the way.

`FAULT_RUNS` sets how many times the daemon is killed (12 where nothing is said, 240 by `make faults`).
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import trio

from daemon.emulator import deliveries
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

RUNS = int(os.environ.get("FAULT_RUNS", "12"))
CUSTOMERS = 40
MESSAGES_A_RUN = 10
SETTINGS = """
[outbox]
resend_after_seconds = 12
"""
SAID = ("oi", "tem civic?", "tem suv automático até 100 mil?", "e o mais barato?", "qual o endereço?", "tem fotos?")


async def test_kill_at_any_instant_loses_nothing_and_answers_nothing_twice(
    tmp_path: Path, rng: random.Random, capsys: Any
) -> None:
    async with rig(tmp_path, settings=SETTINGS, vendors=("anthropic",)) as daemon:
        await daemon.start()
        tenants = {
            "por-catalogo": await daemon.add_tenant("por-catalogo", 1, quiet_spell_seconds=0.1),
            "por-modelo": await daemon.add_tenant(
                "por-modelo", 2, quiet_spell_seconds=0.1, providers=["anthropic", "catalogue"]
            ),
        }
        for tenant in tenants:
            await daemon.add_stock(tenant, STOCK)
        assert await daemon.stop() == 0
        posted: dict[str, str] = {}
        kills: Counter[str] = Counter()
        for run in range(RUNS):
            kills[await _run(daemon, rng, list(tenants.values()), posted, run)] += 1
        await daemon.start()
        assert daemon.graph.courier is not None
        with trio.fail_after(120):
            await daemon.graph.courier.until_idle()
        for tenant, number in tenants.items():
            # an unsettled send waits for a sign that status webhooks come at all: somebody has to be answered
            wamid = f"wamid.last.{tenant}"
            posted[wamid] = number
            said = deliveries.text("oi", phone="5511987654321", phone_number_id=number, message_id=wamid, at=now_s())
            assert (await daemon.webhook(said)).status_code == 200
        await daemon.until(lambda: _at_rest(daemon, tenants), seconds=180)
        with trio.fail_after(120):
            await daemon.graph.courier.until_idle()
        assert await daemon.stop() == 0
        counts = _check(daemon, tenants, posted)
    with capsys.disabled():
        print(f"\nkilled {sum(kills.values())} times ({dict(kills)}); {counts}")


async def _run(daemon: Rig, rng: random.Random, numbers: list[str], posted: dict[str, str], run: int) -> str:
    """Start, some traffic, a death; how it died."""
    courier = daemon.graph.courier
    assert courier is not None
    moment = rng.choice(("instant", "before", "after"))
    if moment == "instant":
        await daemon.launch()
    else:
        await daemon.launch(SHOWROOMD_KILL_AT_COMMIT=f"{rng.randint(1, 70)}:{moment}")
    for index in range(MESSAGES_A_RUN):
        number = rng.choice(numbers)
        phone = f"55119{rng.randrange(CUSTOMERS):08}"
        wamid = f"wamid.{run}.{index}"
        posted[wamid] = number
        body = deliveries.delivery(
            deliveries.text(rng.choice(SAID), phone=phone, phone_number_id=number, message_id=wamid, at=now_s())
        )
        # Meta delivers at least once: a third of them comes twice
        courier.hand_over(*([body] * rng.choice((1, 1, 2))))
    with trio.move_on_after(rng.uniform(0.5, 4.0) if moment == "instant" else 6.0):
        await daemon.ended()
        return moment
    await daemon.kill()
    return "instant" if moment == "instant" else f"{moment}, not reached"


async def _at_rest(daemon: Rig, tenants: dict[str, str]) -> bool:
    for tenant in tenants:
        for conversation in (await daemon.call("GET", f"/v1/tenants/{tenant}/conversations?limit=500"))["items"]:
            if conversation["waiting"] and conversation["state"] == "assistant":
                return False
        if next(
            _rows(
                daemon.data_dir / "shards" / f"{tenant}.db",
                "SELECT 1 FROM messages WHERE state IN ('queued', 'sending') LIMIT 1",
            ),
            None,
        ):
            return False
    return True


def _rows(path: Path, sql: str) -> Iterator[tuple[Any, ...]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        yield from connection.execute(sql).fetchall()
    finally:
        connection.close()


def _check(daemon: Rig, tenants: dict[str, str], posted: dict[str, str]) -> dict[str, int]:
    """What the files and the wire say; the counts."""
    counts: Counter[str] = Counter(posted=len(posted))
    ledger = defaultdict(set)
    for event_id, tenant in _rows(daemon.data_dir / "central.db", "SELECT event_id, tenant FROM ledger"):
        ledger[tenant].add(event_id)
    taken = Counter(call.our_id for call in daemon.graph.sent)
    for tenant, number in tenants.items():
        shard = daemon.data_dir / "shards" / f"{tenant}.db"
        assert list(_rows(shard, "PRAGMA integrity_check")) == [("ok",)]
        _check_received(shard, {wamid for wamid, to in posted.items() if to == number}, counts)
        _check_sent(shard, taken, counts)
        receipts = {event_id for (event_id,) in _rows(shard, "SELECT event_id FROM usage")}
        assert ledger[tenant] == receipts, "central equals the sum of the shards"
        counts["receipts"] += len(receipts)
    return dict(counts)


def _check_received(shard: Path, posted: set[str], counts: Counter[str]) -> None:
    stored = list(
        _rows(
            shard,
            "SELECT m.network_id, m.seq, c.answered_seq, c.state FROM messages m JOIN conversations c"
            " ON c.seq = m.conversation WHERE m.direction = 'in'",
        )
    )
    assert {network_id for network_id, *_ in stored} == posted, "what was acknowledged is stored, once"
    assert len(stored) == len(posted)
    for network_id, seq, answered_seq, state in stored:
        assert seq <= answered_seq or state == "human", f"{network_id} has neither answer nor hand-over"
        counts["answered" if seq <= answered_seq else "handed over"] += 1


def _check_sent(shard: Path, taken: Counter[str], counts: Counter[str]) -> None:
    spoken = Counter(turn for (turn,) in _rows(shard, "SELECT turn FROM messages WHERE kind = 'text' AND turn > 0"))
    assert max(spoken.values()) == 1, "one answer a turn"
    overlapping = list(
        _rows(
            shard,
            "SELECT a.seq, b.seq FROM turns a JOIN turns b ON a.conversation = b.conversation AND a.up_to = b.up_to"
            " AND a.seq < b.seq WHERE a.state = 'settled' AND b.state = 'settled'",
        )
    )
    assert not overlapping, "no burst is answered by two turns"
    for id_, state, resends in _rows(shard, "SELECT id, state, resends FROM messages WHERE direction = 'out'"):
        assert state not in ("queued", "sending")
        assert taken[id_] <= 1, f"{id_} was handed over {taken[id_]} times"
        if state in ("sent", "delivered", "read"):
            assert taken[id_] == 1
        counts[f"messages {state}"] += 1
        counts["resent"] += resends
