"""Claiming a burst, speaking, failing: the transactions round a turn (DESIGN 5.2, 5.5).

Speaking writes everything a turn leads to, or nothing: the conversation's generation decides.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import define, field, frozen

from daemon.desk import hours, wording
from daemon.desk.brief import BookVisit, CancelVisit, Effect, HandOver, OptOut, Reply, SaveLead
from daemon.desk.receive import KeyedHash, Received, hand_to_human
from daemon.desk.voice_reply import wish_to_speak
from shards.shard import Tx
from shards.tenant import contacts, conversations, leads, messages, tombstones, transcripts, turns, usage
from shards.tenant import profile as profiles
from shards.tenant.contacts import Contact
from shards.tenant.conversations import Conversation
from shards.tenant.messages import StoredMessage
from shards.tenant.turns import Turn

BURST_LIMIT: Final = 40
HISTORY_LIMIT: Final = 30
MAX_FAILURES: Final = 3
MAX_INTEREST: Final = 500
"""Characters of a lead's interest, and as many of the reasons why a person is wanted."""

WANTED: Final = " · chamar: "
"""Between a lead's interest and the reasons why a person is wanted when the shop opens."""

RETRY_MS: Final = (2_000, 8_000)
"""Pauses after the first and the second failed turn of a burst."""


@frozen(kw_only=True)
class Claim:
    """The right to answer, and what there is to answer."""

    turn: Turn
    conversation: Conversation
    contact: Contact
    burst: tuple[StoredMessage, ...]
    history: tuple[StoredMessage, ...]


@frozen
class NotYet:
    """Nothing may be claimed before `due_at` (ms)."""

    due_at: int


def claim(tx: Tx, seq: int, vendor: str) -> Claim | NotYet | None:
    """Claim what is owed in a conversation; None if nothing is owed to the assistant.

    A voice note that is still being heard holds the whole burst back, within bounds.
    `vendor`: who will be asked first, "" for none.
    """
    conversation = conversations.find(tx, seq)
    if conversation is None or conversation.due_at is None:
        return None
    if conversation.due_at > tx.now_ms:
        return NotYet(conversation.due_at)
    if conversation.held_by_human(tx.now_ms):
        tx.run("UPDATE conversations SET due_at = human_until WHERE seq = ?", (seq,))
        return NotYet(conversation.human_until) if conversation.human_until is not None else None
    if conversation.state != "assistant":
        conversations.release(tx, seq)
        conversation = conversations.one(tx, seq)
    if (until := transcripts.held_until(tx, seq, conversation.answered_seq)) is not None:
        return NotYet(until)
    burst = messages.burst(tx, seq, after=conversation.answered_seq, limit=BURST_LIMIT)
    contact = contacts.one(tx, conversation.contact)
    if not burst or contact.opted_out_at is not None:
        conversations.answered(tx, seq, conversations.newest_inbound(tx, seq))
        return None
    return Claim(
        turn=turns.claim(tx, seq, conversation.generation, burst[-1].seq, vendor),
        conversation=conversation,
        contact=contact,
        burst=tuple(burst),
        history=tuple(messages.history(tx, seq, before=burst[0].seq - 1, limit=HISTORY_LIMIT)),
    )


@define
class Settled:
    """What speaking or failing changed, for those who are woken after the commit."""

    spoken: bool
    to_send: set[int] = field(factory=set)
    due: dict[int, tuple[int, int]] = field(factory=dict)
    news: list[tuple[str, dict[str, Any]]] = field(factory=list)


def speak(
    tx: Tx,
    claim: Claim,
    reply: Reply,
    *,
    handover_ms: int,
    quiet_ms: int,
    keyed_hash: KeyedHash,
    unknown: tuple[str, ...] = (),
) -> Settled:
    """Write the reply, its effects and the new state, if the claim is still good; else only that it was overtaken.

    `unknown`: vendors of requests without a response (`turns.end`).
    """
    turn, seq = claim.turn, claim.turn.conversation
    silent_handover = not reply.text and any(
        isinstance(effect, HandOver) and not effect.requested for effect in reply.effects
    )
    # what a person owes is not answered yet: if they give it back, the assistant has it again
    up_to = claim.conversation.answered_seq if silent_handover else turn.up_to
    if not conversations.spoke(tx, seq, turn.generation, up_to=up_to, memory=reply.memory):
        # overtaken, or the conversation was erased, or joined to another
        turns.end(tx, turn, "superseded", unknown=unknown)
        return Settled(spoken=False)
    news: list[tuple[str, dict[str, Any]]] = []
    for id_ in _queue(tx, claim, reply):
        queued = {"conversation": claim.conversation.id, "message": id_, "direction": "out", "state": "queued"}
        news.append(("message", queued))
    turns.end(tx, turn, "settled", provider=reply.provider, unknown=unknown)
    tried_out = {"pricing_type": "sandbox"} if claim.conversation.channel == "sandbox" else {}
    usage.record(tx, "turn", reply.provider, turn=turn.seq, conversation=claim.conversation.id, **tried_out)
    settled = Settled(spoken=True, to_send={seq}, news=news)
    for effect in reply.effects:
        _effect(tx, claim, effect, settled, handover_ms=handover_ms, keyed_hash=keyed_hash)
    if any(isinstance(effect, OptOut) for effect in reply.effects):
        return settled
    newer = tx.value(
        "SELECT stored_at FROM messages WHERE conversation = ? AND direction = 'in' AND seq > ? AND kind <> 'revoked'"
        " ORDER BY seq LIMIT 1",
        (seq, turn.up_to),
    )
    if newer is not None or silent_handover:
        _owe_again(tx, claim, settled, newer, quiet_ms)
    return settled


def _owe_again(tx: Tx, claim: Claim, settled: Settled, newer: int | None, quiet_ms: int) -> None:
    """A message came that this turn could not wait for, or a person owes the answer."""
    seq = claim.turn.conversation
    conversation = conversations.one(tx, seq)
    due_at = conversation.human_until if conversation.state == "human" else tx.now_ms + quiet_ms
    owed_since = newer if newer is not None else claim.conversation.owed_since
    tx.run("UPDATE conversations SET owed_since = ?, due_at = ? WHERE seq = ?", (owed_since, due_at, seq))
    if due_at is not None:
        settled.due[seq] = (due_at, conversation.turns)


def _queue(tx: Tx, claim: Claim, reply: Reply) -> list[str]:
    """Put the messages a reply is made of into the outbox: the text, what must be read besides where it is to be
    spoken, then the photos; their ids."""
    turn, seq = claim.turn.seq, claim.turn.conversation
    ids = []
    if reply.text:
        ids.append(
            messages.queue(
                tx, seq, author="assistant", kind="text", text=reply.text, vehicle=reply.vehicle_id, turn=turn
            )
        )
        besides = wish_to_speak(tx, seq, ids[0], reply, claim.burst, turn)
        ids += [besides] if besides is not None else []
    for photo in reply.photos:
        vehicle, content = photo.vehicle_id, {"link": photo.url}
        ids.append(
            messages.queue(
                tx,
                seq,
                author="assistant",
                kind="image",
                text=photo.caption,
                content=content,
                vehicle=vehicle,
                turn=turn,
            )
        )
    return ids


def _effect(tx: Tx, claim: Claim, effect: Effect, settled: Settled, *, handover_ms: int, keyed_hash: KeyedHash) -> None:
    seq, contact, id_ = claim.turn.conversation, claim.contact.seq, claim.conversation.id
    match effect:
        case SaveLead():
            leads.save(
                tx,
                contact,
                seq,
                interest=_interest(tx, contact, said=effect.interest),
                vehicle=effect.vehicle_id,
                trade_in=effect.trade_in,
                budget_centavos=effect.budget_centavos,
            )
            settled.news.append(("lead", {"conversation": id_}))
        case BookVisit():
            starts_at = int(effect.starts_at.timestamp() * 1000) if effect.starts_at else None
            leads.book(tx, contact, seq, vehicle=effect.vehicle_id, starts_at=starts_at, wish=effect.wish)
            settled.news.append(("appointment", {"conversation": id_}))
        case CancelVisit():
            if leads.cancel(tx, contact, effect.vehicle_id):
                settled.news.append(("appointment", {"conversation": id_, "state": "cancelled"}))
        case HandOver(requested=True):
            _request(tx, claim, effect.reason)
            news = {"conversation": id_, "state": "assistant", "handover_requested": True, "reason": effect.reason}
            settled.news += [("lead", {"conversation": id_}), ("conversation", news)]
        case HandOver():
            conversations.take_over(tx, seq, tx.now_ms + handover_ms)
            settled.news.append(("conversation", {"conversation": id_, "state": "human", "reason": effect.reason}))
        case OptOut():
            contacts.opt_out(tx, contact, tx.now_ms)
            conversations.take_over(tx, seq, None)
            tombstones.bury(
                tx, "opt_out", [keyed_hash(f"{kind}:{value}") for kind, value in contacts.aliases(tx, contact)]
            )
            settled.news.append(("conversation", {"conversation": id_, "state": "human", "opted_out": True}))


def _request(tx: Tx, claim: Claim, reason: str) -> None:
    """Note in the lead that a person is wanted once the shop opens."""
    contact = claim.contact.seq
    leads.save(tx, contact, claim.turn.conversation, interest=_interest(tx, contact, wanted=reason))


def _interest(tx: Tx, contact: int, *, said: str = "", wanted: str = "") -> str:
    """A lead's interest: what is newly said replaces what was, that a person is wanted stays behind it."""
    known = tx.value("SELECT interest FROM leads WHERE contact = ? ORDER BY seq DESC LIMIT 1", (contact,)) or ""
    before, _, reasons = known.partition(WANTED)
    if not said and not wanted:
        return ""
    if wanted and wanted not in reasons:
        reasons = f"{reasons}, {wanted}" if reasons else wanted
    if not reasons:
        return said
    return f"{(said or before)[:MAX_INTEREST]}{WANTED}{reasons[:MAX_INTEREST]}"


def _opening(tx: Tx) -> str | None:
    """When people are back, None while they are there."""
    profile = profiles.load(tx)
    now = datetime.fromtimestamp(tx.now_ms / 1000, ZoneInfo(profile.time_zone))
    return None if hours.is_open(profile.assistant, now) else hours.next_opening(profile.assistant, now)


def fail(tx: Tx, claim: Claim, error: str, unknown: tuple[str, ...] = ()) -> Settled:
    """The turn raised: it is tried again after a pause, the third time a person takes over and the customer is told."""
    turn, seq = claim.turn, claim.turn.conversation
    turns.end(tx, turn, "failed", error=error[:500], unknown=unknown)
    settled = Settled(spoken=False)
    row = tx.row("SELECT generation, failures, turns, due_at FROM conversations WHERE seq = ?", (seq,))
    if row is None or row[0] != turn.generation:
        return settled
    _, failures, answered, due_at = row
    failures += 1
    if failures < MAX_FAILURES:
        due_at = max(due_at or 0, tx.now_ms + RETRY_MS[failures - 1])
        tx.run("UPDATE conversations SET failures = ?, due_at = ? WHERE seq = ?", (failures, due_at, seq))
        settled.due[seq] = (due_at, answered)
        return settled
    messages.queue(tx, seq, author="assistant", kind="text", text=wording.turn_failed(_opening(tx)), turn=turn.seq)
    conversations.answered(tx, seq, turn.up_to)
    received = Received()
    newer = conversations.newest_inbound(tx, seq) > turn.up_to
    hand_to_human(tx, seq, f"the assistant failed three times: {error[:200]}", received, owed=newer)
    settled.to_send.add(seq)
    settled.news += received.news
    return settled


def supersede(tx: Tx, claim: Claim, unknown: tuple[str, ...] = ()) -> Settled:
    """The turn was cancelled because the customer wrote on, or a person took over.

    What is said to have overtaken it may be in it: a message stored just before its claim, in the same commit. Then
    nothing else will make the conversation due, so it is due again now.
    """
    turn, settled = claim.turn, Settled(spoken=False)
    turns.end(tx, turn, "superseded", unknown=unknown)
    row = tx.row(
        "UPDATE conversations SET due_at = ? WHERE seq = ? AND generation = ? AND state = 'assistant'"
        " AND owed_since IS NOT NULL AND due_at IS NULL RETURNING due_at, turns",
        (tx.now_ms, turn.conversation, turn.generation),
    )
    if row is not None:
        settled.due[turn.conversation] = (row[0], row[1])
    return settled


def release(tx: Tx, claim: Claim, unknown: tuple[str, ...] = ()) -> None:
    """The turn was cut off by a stop: what it owed is due again at once."""
    turns.end(tx, claim.turn, "released", error="the daemon stopped while the turn ran", unknown=unknown)
    tx.run(
        "UPDATE conversations SET due_at = coalesce(due_at, ?) WHERE seq = ? AND owed_since IS NOT NULL"
        " AND state = 'assistant'",
        (tx.now_ms, claim.turn.conversation),
    )
