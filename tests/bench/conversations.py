"""100,000 conversations under way: does a message cost more where so many customers have written before?

They are seeded into the dealerships' files while the daemon is stopped, by the product's own functions that receive a
message and queue an answer, in big transactions: each has a question of today, answered and read. So their tables,
indexes and histories are what traffic would have left, without its turns and receipts.
"""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from daemon.desk.receive import Rules, receive
from daemon.emulator import deliveries
from daemon.whatsapp.events import MessageReceived, Sender
from shards.shard import Tx
from shards.tenant import conversations, messages
from tests.bench.meta import customer
from tests.bench.traffic import FULL_LOAD, Town, times, town
from tests.support.shards import HandClock, open_shard, within

CONVERSATIONS: Final = 100_000
TENANTS: Final = 8
AT_ONCE: Final = 1_000
RATE: Final = 50.0

Figures = dict[str, Any]


async def measured(directory: Path, scale: float) -> Figures:
    """CPU, answer times and memory with and without them; the start with them."""
    known = max(2_000, int(CONVERSATIONS * scale))
    count = max(100, int(2_000 * scale))
    async with town(directory, tenants=TENANTS) as shop:
        without = await shop.load(count, in_flight=FULL_LOAD)
        await shop.daemon.stop()
        began = time.perf_counter()
        await trio.to_thread.run_sync(_seed, shop, known)
        seeded = time.perf_counter() - began
        ready = await shop.start()
        await shop.load(min(200, count), in_flight=FULL_LOAD)
        among = await shop.load(count, in_flight=FULL_LOAD, known=known)
        steady = await shop.load(max(50, int(RATE * 15 * scale)), rate=RATE, known=known)
    return {
        "conversations: live": known,
        "conversations: seconds to seed them": seeded,
        "conversations: seconds from start to ready": ready,
        "conversations: CPU ms a message without them": without.cpu_ms,
        "conversations: CPU ms a message among them": among.cpu_ms,
        "conversations: messages a second among them": among.rate,
        "conversations: memory MB without them": without.memory_mb,
        "conversations: memory MB among them": steady.memory_mb,
        **times(f"conversations: answer at {RATE:g}/s", steady.waits()),
        "conversations: unanswered": without.seen.unanswered + among.seen.unanswered + steady.seen.unanswered,
    }


def _seed(shop: Town, known: int) -> None:
    clock = HandClock(datetime.now(UTC))
    for index in range(TENANTS):
        path = shop.daemon.directory / "data" / "shards" / f"loja-{index:05}.db"
        shard = open_shard(path, clock)
        customers = range(index, known, TENANTS)
        for begin in range(0, len(customers), AT_ONCE):
            within(shard, partial(_converse, customers=customers[begin : begin + AT_ONCE]), clock)
        shard.close()


def _converse(tx: Tx, *, customers: range) -> None:
    """Each asked, was answered and read it."""
    rules = Rules(channel="cloud", quiet_ms=0, quiet_max_ms=0, handover_ms=0, keyed_hash=lambda text: text.encode())
    for index in customers:
        event = MessageReceived(
            network_id=deliveries.new_wamid(),
            sender=Sender(phone=customer(index), name="Cliente"),
            at=tx.now,
            kind="text",
            text="tem corolla?",
        )
        received = receive(tx, [event], rules)
        for seq in received.due:
            conversations.answered(tx, seq, conversations.newest_inbound(tx, seq))
            sent = messages.queue(tx, seq, author="assistant", kind="text", text="Temos sim! Quer ver as fotos?")
            messages.settle_send(tx, sent, deliveries.new_wamid(), state="read")
