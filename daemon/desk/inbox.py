"""The message handler of one tenant: claims what is due, runs its turns side by side, begins overtaken ones anew."""

import heapq
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

import trio
from attrs import define, field

from daemon.channels.base import Channel
from daemon.desk import settle
from daemon.desk.receive import KeyedHash
from daemon.desk.settle import Claim, NotYet, Settled
from daemon.desk.turn import Tally, Thinker
from daemon.logs import get_logger
from shards.directory import ShardHandle
from shards.errors import ShardUnavailable
from shards.shard import Tx
from shards.tenant import conversations, media, turns

RELEASE_SECONDS: Final = 5.0
"""How long a turn that is cut off may take to give its claim back."""

RUNNING, NEW, HEAVY = 0, 1, 2
"""Priorities: conversations under way, then new ones, then those with files to look at or listen to."""


class Slots(Protocol):
    """The server's room for running turns, shared fairly between tenants (`desk/fairness.py`)."""

    def held(self, tenant: str, *, priority: int = 0) -> AbstractAsyncContextManager[Any]: ...


@define(eq=False)
class _InHand:
    """A turn that waits for its slot or runs."""

    due_at: int  # ms
    scope: trio.CancelScope = field(factory=trio.CancelScope)
    claim: Claim | None = None
    overtaken: bool = False  # perhaps: what came before the claim is in it
    tally: Tally = field(factory=Tally)


class Inbox:
    """Due conversations of one tenant. `woken` after commits, `run` in the tenant's nursery."""

    def __init__(
        self,
        *,
        shard: ShardHandle,
        channels: Mapping[str, Channel],
        thinker: Thinker,
        slots: Slots,
        now: Callable[[], datetime],
        handover_ms: int,
        quiet_ms: int,
        keyed_hash: KeyedHash,
        settled: Callable[[Settled], None],
        ended: Callable[[str, float], None],
    ) -> None:
        """`channels` by kind. `settled` wakes whom a commit concerns; `ended(outcome, seconds)` counts turns."""
        self._shard = shard
        self._channels = channels
        self._thinker = thinker
        self._slots = slots
        self._now = now
        self._handover_ms = handover_ms
        self.quiet_ms = quiet_ms
        self._keyed_hash = keyed_hash
        self._settled = settled
        self._ended = ended
        self._due: dict[int, tuple[int, int]] = {}
        self._heap: list[tuple[int, int]] = []
        self._running: dict[int, _InHand] = {}
        self._bell = trio.Event()
        self._draining = False
        self._log = get_logger("inbox", tenant=shard.tenant)

    @property
    def running(self) -> int:
        """Turns that wait for a slot or run."""
        return len(self._running)

    def oldest_due_ms(self) -> int | None:
        """When the longest-waiting conversation was due (ms), claimed by no turn yet; None if none is."""
        due = [hand.due_at for hand in self._running.values() if hand.claim is None]
        return min([*due, *(at for at, _ in self._heap[:1])], default=None)

    def woken(self, due: dict[int, tuple[int, int]], overtaken: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        """Commits made these conversations due, and those turns past."""
        for seq, (due_at, answered) in due.items():
            self._note_due(seq, due_at, answered)
        for seq in overtaken:
            hand = self._running.get(seq)
            if hand is not None:
                hand.overtaken = True
                if hand.claim is not None:
                    hand.scope.cancel()
        self._bell.set()

    def _note_due(self, seq: int, due_at: int, answered: int) -> None:
        self._due[seq] = (due_at, answered)
        heapq.heappush(self._heap, (due_at, seq))

    def drain(self) -> None:
        """Claim nothing more; turns that run may end."""
        self._draining = True
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Answer until cancelled, or until drained. Raises `ShardUnavailable` when the shard fails."""
        if await self._shard.glance(turns.any_running):
            released = await self._shard.write(turns.release_running)
            self._log.info("turns_released", count=released)
        for seq, due_at, answered in await self._shard.glance(conversations.due):
            self._note_due(seq, due_at, answered)
        task_status.started()
        async with trio.open_nursery() as nursery:
            while not self._draining:
                self._bell = trio.Event()
                wait = self._start_due(nursery)
                with trio.move_on_after(wait):
                    await self._bell.wait()

    def _start_due(self, nursery: trio.Nursery) -> float:
        """Start a turn for each conversation that is due; seconds until the next one is."""
        now_ms = self._now_ms()
        while self._heap:
            due_at, seq = self._heap[0]
            current = self._due.get(seq)
            if current is not None and current[0] == due_at and seq not in self._running:
                if due_at > now_ms:
                    return (due_at - now_ms) / 1000
                del self._due[seq]
                self._running[seq] = _InHand(due_at)
                nursery.start_soon(self._turn, seq, current[1], nursery)
            heapq.heappop(self._heap)  # started, out of date, or pushed again when its turn ends
        return math.inf

    async def _turn(self, seq: int, answered: int, nursery: trio.Nursery) -> None:
        hand = self._running[seq]
        began = trio.current_time()
        try:
            heavy = await self._shard.glance(partial(media.owed, conversation=seq))
            priority = HEAVY if heavy else RUNNING if answered else NEW
            async with self._slots.held(self._shard.tenant, priority=priority):
                claim = await self._claim(seq)
                if claim is None:
                    return
                hand.claim = claim
                if hand.overtaken and await self._shard.glance(partial(_is_past, claim=claim)):
                    hand.scope.cancel()
                nursery.start_soon(self._courtesy, claim)
                outcome = await self._answer(hand, claim)
                self._ended(outcome, trio.current_time() - began)
        except trio.Cancelled:
            await self._give_back(hand)
            raise
        finally:
            del self._running[seq]
            if seq in self._due:
                heapq.heappush(self._heap, (self._due[seq][0], seq))
            self._bell.set()

    async def _claim(self, seq: int) -> Claim | None:
        if self._draining:
            return None
        found = await self._shard.write(partial(settle.claim, seq=seq, vendor=self._thinker.first_vendor()), brief=True)
        if isinstance(found, NotYet):
            known = self._due.get(seq)  # whoever woke us since the claim began knows better
            self._note_due(seq, min(found.due_at, known[0]) if known else found.due_at, 1)
            return None
        return found

    async def _courtesy(self, claim: Claim) -> None:
        network_id = claim.burst[-1].network_id
        channel = self._channels.get(claim.conversation.channel)
        if network_id and channel is not None:
            await channel.mark_read(network_id, typing=True)

    async def _answer(self, hand: _InHand, claim: Claim) -> str:
        """The turn's boundary: what it raises is recorded on its claim. The outcome in a word."""
        work: Callable[[Tx], Settled | None]
        with hand.scope:
            try:
                reply = await self._thinker.think(claim, hand.tally)
                outcome, work = (
                    "settled",
                    partial(
                        settle.speak,
                        claim=claim,
                        reply=reply,
                        handover_ms=self._handover_ms,
                        quiet_ms=self.quiet_ms,
                        keyed_hash=self._keyed_hash,
                        unknown=hand.tally.unknown,
                    ),
                )
            except ShardUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - the boundary of a turn (DESIGN 4)
                self._log.exception("turn_failed", conversation=claim.conversation.id)
                reason = f"{type(error).__name__}: {error}"
                outcome, work = "failed", partial(settle.fail, claim=claim, error=reason, unknown=hand.tally.unknown)
        if hand.scope.cancelled_caught:
            outcome, work = "superseded", partial(settle.supersede, claim=claim, unknown=hand.tally.unknown)
        settled = await self._shard.write(work, brief=True)
        hand.claim = None
        if settled is not None:
            if outcome == "settled" and not settled.spoken:
                outcome = "superseded"
            self._settled(settled)
        self._log.info("turn_ended", conversation=claim.conversation.id, outcome=outcome)
        return outcome

    async def _give_back(self, hand: _InHand) -> None:
        """A stop or a fault cut the turn off: leave its claim as the next start would."""
        if hand.claim is None:
            return
        with trio.move_on_after(RELEASE_SECONDS, shield=True):
            try:
                await self._shard.write(partial(settle.release, claim=hand.claim, unknown=hand.tally.unknown))
            except ShardUnavailable as error:
                self._log.warning("turn_not_released", reason=str(error))

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def _is_past(tx: Tx, claim: Claim) -> bool:
    """Whether somebody overtook the claim between its commit and the task that waited for it."""
    generation = tx.value("SELECT generation FROM conversations WHERE seq = ?", (claim.turn.conversation,))
    return bool(generation != claim.turn.generation)
