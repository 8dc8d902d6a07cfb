"""The outbox of one tenant: hands queued messages to the network, in order within a conversation."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import trio
from attrs import define, frozen

from daemon.channels.base import Channel, Outgoing, Receipt
from daemon.desk import unsettled
from daemon.desk.receive import PAUSE_FACT, Received, apply_status, hand_to_human, identity_of
from daemon.desk.unsettled import Evidence, GiveUp, Wait
from daemon.desk.voice_reply import Speaking
from daemon.errors import ChannelPaused, SendDelayed, SendRefused, SendUnsettled
from daemon.logs import get_logger
from daemon.whatsapp.events import Sender
from shards.directory import ShardHandle
from shards.shard import Row, Tx
from shards.tenant import contacts, conversations, identity, messages, speech, statuses, usage
from shards.tenant.conversations import DAY_MS
from shards.tenant.messages import Sendable
from shards.tenant.speech import Wish

SENDERS: Final = 32
"""Messages of one tenant that are on their way to the network at a time."""
WINDOW_MARGIN_MS: Final = 60_000
WINDOW_CLOSED: Final = "131047 the customer's 24-hour window is closed; only a template may be sent"


@frozen
class Claimed:
    """A message to hand over now."""

    message: Sendable
    outgoing: Outgoing
    resend: bool


@frozen
class Later:
    """Look again at `until` (ms)."""

    until: int


@frozen
class Held:
    """The network takes nothing from this tenant now."""


@define
class Brake:
    """Who else must wait when the network says so: shared by all tenants of the Meta app."""

    until: float = -math.inf  # trio time

    def pull(self, seconds: float) -> None:
        """Nobody sends for so long."""
        self.until = max(self.until, trio.current_time() + seconds)


@define
class StatusWatch:
    """When this process started, and when the first status webhook since then came (ms)."""

    started_at: int
    first_status_at: int | None = None

    def seen(self, now_ms: int) -> None:
        """A status webhook came."""
        if self.first_status_at is None:
            self.first_status_at = now_ms


def claim_next(
    tx: Tx, seq: int, *, watch: StatusWatch, resend_after_ms: int, held: bool
) -> Claimed | Wish | Later | Held | None:
    """Claim the oldest unsent message of a conversation, or say when to look again; None if there is none.

    A `Wish`: the message is to be spoken, and in which form it goes out must be decided first.

    `held`: nothing may go to a network now (the sandbox has none). The caller has no request of this
    conversation under way, so a `sending` row is one whose outcome is unknown. The Cloud API may have it; the
    other channels take the same message twice without harm.
    """
    while (message := messages.next_to_send(tx, seq)) is not None:
        cloud = message.channel == "cloud"
        if held and message.channel != "sandbox":
            return Held()
        if message.send_after > tx.now_ms:
            return Later(message.send_after)
        resend = message.state == "sending"
        if resend and message.withdrawn and not cloud:
            messages.give_up(tx, message.id, "unknown", "it was withdrawn while it was being sent")
            continue
        if resend and cloud:
            decision = unsettled.decide(_evidence(tx, message, watch, resend_after_ms))
            if isinstance(decision, Wait):
                return Later(decision.until)
            if isinstance(decision, GiveUp):
                messages.give_up(tx, message.id, "unknown", decision.why)
                continue
        if cloud and tx.now_ms - message.window_opened_at > DAY_MS - WINDOW_MARGIN_MS:
            messages.give_up(tx, message.id, "unknown" if resend else "failed", WINDOW_CLOSED)
            if message.author == "assistant":
                hand_to_human(tx, seq, "the 24-hour window closed before the answer was sent", Received(), owed=True)
            continue
        if message.wished and not resend and message.author == "assistant" and message.kind == "text":
            wish = speech.wished(tx, message.seq)
            if wish is not None:
                return wish
        messages.claim_send(tx, message.seq, resend=resend)
        return Claimed(
            message,
            Outgoing(
                id=message.id,
                phone=message.phone,
                user_id=message.user_id,
                lid=contacts.alias(tx, message.contact, "lid") if message.channel == "web" else "",
                human=message.author == "human",
                kind=message.kind,
                text=message.text,
                content=message.content,
                reply_to=message.reply_to,
            ),
            resend,
        )
    return None


def _evidence(tx: Tx, message: Sendable, watch: StatusWatch, resend_after_ms: int) -> Evidence:
    attempted_at = message.attempted_at or 0
    row = tx.row(
        "SELECT EXISTS (SELECT 1 FROM messages WHERE conversation = ?1 AND direction = 'in' AND stored_at > ?2),"
        " EXISTS (SELECT 1 FROM messages WHERE conversation = ?1 AND author = 'human' AND stored_at > ?2)"
        " OR EXISTS (SELECT 1 FROM conversations WHERE seq = ?1 AND state = 'human')",
        (message.conversation, attempted_at),
    )
    assert row is not None
    wrote, took_over = row
    return Evidence(
        now=tx.now_ms,
        attempted_at=attempted_at,
        started_at=watch.started_at,
        first_status_at=watch.first_status_at,
        resend_after=resend_after_ms,
        resends=message.resends,
        customer_wrote_since=bool(wrote),
        human_took_over=message.withdrawn or (bool(took_over) and message.author == "assistant"),
    )


def settle(tx: Tx, message: Sendable, receipt: Receipt) -> Received:
    """The network has it: keep its id and address, and the statuses that were quicker than the answer."""
    result = Received()
    state = "read" if message.channel == "sandbox" else "sent"
    if not messages.settle_send(tx, message.id, receipt.network_id, state=state):
        return result
    _, conversation_id, contact = _thread(tx, message)
    if message.channel == "sandbox":
        usage.record(tx, "message", "sandbox", message=message.id, conversation=conversation_id, messages=1)
        result.receipts = True
    if receipt.phone not in ("", message.phone) or receipt.user_id not in ("", message.user_id):
        person = identity_of(Sender(phone=receipt.phone, user_id=receipt.user_id))
        contacts.learn_dial(tx, contact, person)
    result.news.append(
        ("message", {"conversation": conversation_id, "message": message.id, "direction": "out", "state": state})
    )
    for document in statuses.take_early(tx, receipt.network_id):
        apply_status(tx, document, our_id=message.id, result=result)
    return result


def refuse(tx: Tx, message: Sendable, reason: str) -> Received:
    """The network refused it for good: the salesperson has to know. What was spoken is tried in writing first."""
    result = Received()
    surely_not_sent = message.state == "queued" and not message.resends
    if message.kind == "voice" and surely_not_sent and speech.write_instead(tx, message.seq, reason):
        return result
    if not messages.give_up(tx, message.id, "failed", reason):
        return result
    conversation, conversation_id, _ = _thread(tx, message)
    result.news.append(
        ("message", {"conversation": conversation_id, "message": message.id, "direction": "out", "state": "failed"})
    )
    if message.author == "assistant" and message.kind == "text":
        hand_to_human(tx, conversation, f"a message was refused: {reason}", result, owed=True)
    return result


def _thread(tx: Tx, message: Sendable) -> Row:
    """(conversation, its public id, contact) of the message now: it may have been joined to another meanwhile."""
    row = tx.row(
        "SELECT c.seq, c.id, c.contact FROM messages m JOIN conversations c ON c.seq = m.conversation WHERE m.id = ?",
        (message.id,),
    )
    assert row is not None
    return row


def delay(tx: Tx, message: Sendable, reason: str, until: int) -> None:
    """Surely not sent; this conversation waits until then (ms)."""
    messages.release_send(tx, message.id, reason)
    conversations.hold_sending(tx, message.conversation, until)


def release(tx: Tx, message: Sendable, reason: str) -> None:
    """Surely not sent, and the channel cannot send at all until somebody acts."""
    messages.release_send(tx, message.id, reason)


class Outbox:
    """Unsent messages of one tenant. `woken` after commits, `run` in the tenant's nursery."""

    def __init__(
        self,
        *,
        shard: ShardHandle,
        channels: Mapping[str, Channel],
        watch: StatusWatch,
        brake: Brake,
        resend_after_ms: int,
        now: Callable[[], datetime],
        received: Callable[[Received], None],
        sent: Callable[[str], None],
        voice: Speaking,
    ) -> None:
        """`channels` by kind; `received` wakes whom a commit concerns; `sent(result)` counts attempts."""
        self._shard = shard
        self._channels = channels
        self._watch = watch
        self._brake = brake
        self.resend_after_ms = resend_after_ms
        self._now = now
        self._received = received
        self._sent = sent
        self._voice = voice
        self._log = get_logger("outbox", tenant=shard.tenant)
        self._ready: dict[int, None] = {}
        self._later: dict[int, int] = {}
        self._held: dict[int, None] = {}
        self._sending: set[int] = set()
        self._hold_until = -math.inf  # trio time
        self._paused = ""
        self._bell = trio.Event()

    @property
    def pause_reason(self) -> str:
        """Why nothing is handed to the network, "" while it is."""
        return self._paused

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way to the network, nor could be now."""
        return not self._sending and not self._ready

    def woken(self, to_send: set[int]) -> None:
        """Commits put something into these conversations' outbox, or settled what they waited for."""
        for seq in to_send:
            self._later.pop(seq, None)
            self._ready[seq] = None
        self._bell.set()

    def pause(self, reason: str) -> None:
        """Hand nothing to the network until `pause("")`."""
        self._paused = reason
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Send until cancelled. Raises `ShardUnavailable` when the shard fails.

        A request that is cut off by a cancel stays unsettled; its row says so.
        """
        await self._voice.sweep()
        self._paused = await self._shard.glance(partial(identity.fact, key=PAUSE_FACT))
        self.woken(set(await self._shard.glance(messages.conversations_to_send)))
        task_status.started()
        async with trio.open_nursery() as nursery:
            while True:
                self._bell = trio.Event()
                wait = self._start_ready(nursery)
                with trio.move_on_after(wait):
                    await self._bell.wait()

    def _hold_seconds(self) -> float:
        """How long nothing may go to the network; 0 if it may."""
        if self._paused:
            return math.inf
        return max(0.0, max(self._hold_until, self._brake.until) - trio.current_time())

    def _start_ready(self, nursery: trio.Nursery) -> float:
        """Start a sender for each conversation that may send; seconds until the next one may."""
        now_ms = self._now_ms()
        for seq in [seq for seq, until in self._later.items() if until <= now_ms]:
            del self._later[seq]
            self._ready[seq] = None
        hold = self._hold_seconds()
        if not hold:
            self._ready |= self._held
            self._held = {}
        for seq in [seq for seq in self._ready if seq not in self._sending]:
            if len(self._sending) >= SENDERS:
                break
            del self._ready[seq]
            self._sending.add(seq)
            nursery.start_soon(self._drain, seq)
        wait = (min(self._later.values()) - now_ms) / 1000 if self._later else math.inf
        return max(0.0, min(wait, hold if self._held else math.inf))

    async def _drain(self, seq: int) -> None:
        """Send what one conversation has, one after the other."""
        try:
            while True:
                found = await self._shard.write(
                    partial(
                        claim_next,
                        seq=seq,
                        watch=self._watch,
                        resend_after_ms=self.resend_after_ms,
                        held=self._hold_seconds() > 0,
                    ),
                    brief=True,
                )
                match found:
                    case None:
                        return
                    case Later():
                        self._later[seq] = found.until
                        return
                    case Held():
                        self._held[seq] = None
                        return
                    case Wish():
                        await self._voice.decide(found)
                    case Claimed():
                        await self._hand_over(found)
        finally:
            self._sending.discard(seq)
            self._bell.set()

    async def _hand_over(self, claimed: Claimed) -> None:
        message = claimed.message
        if claimed.resend:
            self._sent("resent")
            self._log.warning("message_sent_again", message=message.id)
        work: Callable[[Tx], Any]
        try:
            receipt = await self._channel(message.channel).send(self._voice.outgoing(claimed.outgoing))
        except SendRefused as error:
            result, why, work = (
                "refused",
                str(error),
                partial(refuse, message=message, reason=_told(error.code, error.what)),
            )
        except SendDelayed as error:
            result, why, work = "delayed", str(error), self._delayed(message, error)
        except SendUnsettled as error:
            self._log.warning("send_unsettled", message=message.id, reason=str(error))
            self._sent("unsettled")
            return
        except ChannelPaused as error:
            self._paused = str(error)
            result, why, work = "paused", str(error), partial(release, message=message, reason=str(error))
        else:
            result, why, work = "sent", "", partial(settle, message=message, receipt=receipt)
        self._sent(result)
        if result != "sent":
            self._log.warning("send_not_done", message=message.id, result=result, reason=why)
        with trio.CancelScope(shield=True):  # what the network said is known now: a stop must not lose it
            changed = await self._shard.write(work, brief=True)
        if isinstance(changed, Received):
            self._received(changed)

    def _channel(self, kind: str) -> Channel:
        """Raises `SendRefused` where the tenant's channel is of another kind now."""
        try:
            return self._channels[kind]
        except KeyError:
            raise SendRefused(f"the tenant has no channel {kind!r} any more", "answer on the channel it has") from None

    def _delayed(self, message: Sendable, error: SendDelayed) -> Callable[[Tx], None]:
        if error.scope == "app":
            self._brake.pull(error.seconds)
        elif error.scope != "contact":
            self._hold_until = max(self._hold_until, trio.current_time() + error.seconds)
        until = self._now_ms() + int(error.seconds * 1000)
        return partial(delay, message=message, reason=error.what, until=until)

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def _told(code: int | None, what: str) -> str:
    return f"{code} {what}" if code is not None else what
