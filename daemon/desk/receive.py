"""The first step of a message's way: what a network told us becomes rows, in one transaction.

Everything here is a function of an open transaction. `receive` is called for a tenant whether its nursery
runs or not; the caller wakes the tenant's tasks with what it returns, after the commit.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import define, evolve, field, frozen

from daemon.desk import recall, wording
from daemon.whatsapp import events
from daemon.whatsapp.phones import canonical
from shards.shard import Tx
from shards.tenant import (
    contacts,
    conversations,
    identity,
    leads,
    messages,
    speech,
    statuses,
    tombstones,
    transcripts,
    usage,
)
from shards.tenant.contacts import Contact, Identity
from shards.tenant.conversations import DAY_MS, Conversation
from shards.tenant.messages import NewInbound
from shards.text import words

MAX_TEXT: Final = 10_000
LONGEST_CHOICE: Final = 80
STOP_WORDS: Final = frozenset(
    {
        "parar", "pare", "sair", "stop", "descadastrar", "cancelar mensagens", "parar mensagens", "parar promocoes",
        "nao quero mais mensagens", "nao quero mais receber mensagens", "quero sair", "me remova", "me descadastre",
    }
)  # fmt: skip
RESUME_WORDS: Final = frozenset(["voltar", "quero voltar", "continuar", "start", "retomar", "reativar", "pode voltar"])
PAUSE_FACT: Final = "channel_paused"
"""Why the channel may not send, in the shard's facts; absent while it may."""

KeyedHash = Callable[[str], bytes]


@frozen(kw_only=True)
class Rules:
    """What receiving depends on besides the event. Times in ms."""

    channel: str
    quiet_ms: int
    quiet_max_ms: int
    handover_ms: int
    keyed_hash: KeyedHash


@define
class Received:
    """What a delivery changed, for those who are woken after its commit."""

    due: dict[int, tuple[int, int]] = field(factory=dict)  # conversation → (due at ms, answers given so far)
    overtaken: set[int] = field(factory=set)  # conversations whose running turn is past
    to_send: set[int] = field(factory=set)  # conversations whose outbox should look again
    media: bool = False  # inbound files are to be fetched, voice notes to be heard
    receipts: bool = False  # the rollup has work
    statuses: int = 0
    channel_changed: bool = False  # the pause fact was set or taken back
    pause: str = ""  # the pause fact as it is now
    counts: Counter[str] = field(factory=Counter)
    news: list[tuple[str, dict[str, Any]]] = field(factory=list)  # for the event stream


def receive(tx: Tx, batch: Iterable[events.Event], rules: Rules) -> Received:
    """Store a batch of events of one tenant; a repeated event changes nothing."""
    result = Received()
    for event in batch:
        match event:
            case events.MessageReceived():
                _message(tx, event, rules, result)
            case events.StatusReceived():
                _status(tx, event, result)
            case events.HumanAnswered():
                _human_answered(tx, event, rules, result)
            case events.ReactionReceived():
                messages.react(tx, event.target, event.emoji, _ms(event.at))
                result.counts["reaction"] += 1
            case events.MessageEdited():
                _rewritten(tx, event.target, messages.edit(tx, event.target, event.text[:MAX_TEXT]), result)
            case events.MessageRevoked():
                _rewritten(tx, event.target, messages.revoke(tx, event.target), result)
            case events.IdentityChanged():
                _identity_changed(tx, event, result)
            case events.MarketingChoice():
                person = identity_of(event.sender)
                if person.aliases:
                    contact = contacts.resolve(tx, person)
                    contacts.marketing(tx, contact.seq, _ms(event.at) if event.stopped else None)
                    _wake_all(tx, contact, result)
                    result.counts["marketing_choice"] += 1
            case events.AccountEvent():
                _account(tx, event, result)
            case events.Ignored():
                result.counts[f"ignored_{event.reason}"] += 1
    return result


def identity_of(sender: events.Sender) -> Identity:
    """The lookup keys of a sender: the user id, the phone in canonical form, never an empty one."""
    aliases = (
        ("user_id", sender.user_id),
        ("phone", canonical(sender.phone) if sender.phone else ""),
        ("lid", sender.lid),
        ("sandbox", sender.sandbox),
    )
    return Identity(
        aliases=tuple((kind, value) for kind, value in aliases if value),
        dial_phone=sender.phone,
        dial_user_id=sender.user_id,
        name=sender.name[:200],
        username=sender.username[:200],
    )


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


def _wake_all(tx: Tx, contact: Contact, result: Received) -> None:
    """A new name may have joined two contacts: what one thread took over from another is looked at again."""
    for seq, due_at, answers, unsent in tx.rows(
        "SELECT c.seq, c.due_at, c.turns, EXISTS (SELECT 1 FROM messages m WHERE m.conversation = c.seq"
        " AND m.state IN ('queued', 'sending')) FROM conversations c WHERE c.contact = ?",
        (contact.seq,),
    ):
        if due_at is not None:
            result.due[seq] = (due_at, answers)
        if unsent:
            result.to_send.add(seq)


def _message(tx: Tx, event: events.MessageReceived, rules: Rules, result: Received) -> None:
    if event.group_id:
        result.counts["ignored_group"] += 1
        return
    if messages.known(tx, event.network_id):
        result.counts["duplicate"] += 1
        return
    person = identity_of(event.sender)
    if not person.aliases:
        result.counts["ignored_nameless"] += 1
        return
    restored_at = int(identity.fact(tx, "restored_at") or 0)
    contact = recall.resolve(tx, person, rules.keyed_hash, restored=bool(restored_at))
    conversation = conversations.of_contact(tx, contact.seq, rules.channel)
    content = dict(event.content)
    if event.referral:
        content["referral"] = event.referral
    at = min(_ms(event.at), tx.now_ms)
    seq, id_ = messages.store_inbound(
        tx,
        NewInbound(
            conversation=conversation.seq,
            kind=event.kind,
            text=event.text[:MAX_TEXT],
            network_id=event.network_id,
            at=at,
            content=content,
            reply_to=event.reply_to,
        ),
    )
    conversations.customer_wrote(tx, conversation, at=at)
    result.counts["message"] += 1
    result.news.append(
        ("message", {"conversation": conversation.id, "message": id_, "direction": "in", "state": "received"})
    )
    if event.referral:
        leads.save(
            tx,
            contact.seq,
            conversation.seq,
            interest=str(event.referral.get("headline") or "")[:200],
            source=str(event.referral.get("ctwa_clid") or event.referral.get("source_id") or "")[:200],
        )
    if isinstance(content.get("media"), dict) and content["media"].get("id"):
        tx.run("INSERT INTO media_wanted (message, due_at) VALUES (?, ?)", (seq, tx.now_ms))
        result.media = True
    if event.kind in transcripts.KINDS and contact.opted_out_at is None:
        transcripts.want(tx, seq)
        result.media = True
    # it must not be answered by itself any more: the window is closed, or the state is not of that time
    late = at <= restored_at or tx.now_ms - at >= DAY_MS
    if 0 < len(event.text) <= LONGEST_CHOICE and _choice(tx, contact, conversation, event.text, late, rules, result):
        return
    _owe(tx, contact, conversation, late, rules, result)


def _choice(
    tx: Tx, contact: Contact, conversation: Conversation, text: str, late: bool, rules: Rules, result: Received
) -> bool:
    """Stop and resume words, where they are the whole message; True if that settled it."""
    said = " ".join(words(text))
    opted_out = contact.opted_out_at is not None
    stop = not opted_out and said in STOP_WORDS
    if not stop and not (opted_out and said in RESUME_WORDS):
        return False
    kept = [rules.keyed_hash(f"{kind}:{value}") for kind, value in contacts.aliases(tx, contact.seq)]
    tombstones.bury(tx, "opt_out" if stop else "opt_in", kept)
    result.receipts = True
    if not stop:
        contacts.opt_in(tx, contact.seq)
        if conversation.human_until is None:  # with a time, it is a person who has the thread
            conversations.release(tx, conversation.seq)
            conversation = conversations.one(tx, conversation.seq)
        _owe(tx, evolve(contact, opted_out_at=None), conversation, late, rules, result)
        return True
    contacts.opt_out(tx, contact.seq, tx.now_ms)
    conversations.silence(tx, contact.seq)
    if not late:
        messages.queue(tx, conversation.seq, author="assistant", kind="text", text=wording.OPTED_OUT)
    result.to_send.add(conversation.seq)
    result.overtaken |= {
        thread for (thread,) in tx.rows("SELECT seq FROM conversations WHERE contact = ?", (contact.seq,))
    }
    result.news.append(("conversation", {"conversation": conversation.id, "state": "human", "opted_out": True}))
    return True


def _owe(tx: Tx, contact: Contact, conversation: Conversation, late: bool, rules: Rules, result: Received) -> None:
    """Decide who answers what was just stored."""
    if contact.opted_out_at is not None:
        result.counts["opted_out"] += 1
        return
    if late:  # only a person can judge
        conversations.owe(tx, conversation, quiet_ms=0, quiet_max_ms=0)
        conversations.take_over(tx, conversation.seq, None)
        result.overtaken.add(conversation.seq)
        result.counts["late"] += 1
        result.news.append(
            ("conversation", {"conversation": conversation.id, "state": "human", "reason": "late message"})
        )
        return
    owed = conversations.owe(tx, conversation, quiet_ms=rules.quiet_ms, quiet_max_ms=rules.quiet_max_ms)
    if owed.due_at is not None:
        result.due[conversation.seq] = (owed.due_at, conversation.turns)
    if owed.overtakes:
        result.overtaken.add(conversation.seq)


def _rewritten(tx: Tx, target: str, seq: int | None, result: Received) -> None:
    """An edit or a deletion: a turn that has the old words in hand is begun anew."""
    if seq is None:
        result.counts["rewrite_unknown"] += 1
        return
    result.counts["rewritten"] += 1
    row = tx.row(
        "UPDATE conversations SET generation = generation + 1, due_at = coalesce(due_at, ?1)"
        " WHERE seq = (SELECT conversation FROM messages WHERE network_id = ?2)"
        " AND owed_since IS NOT NULL AND answered_seq < ?3 AND state = 'assistant' RETURNING seq, due_at, turns",
        (tx.now_ms, target, seq),
    )
    if row is not None:
        result.overtaken.add(row[0])
        result.due[row[0]] = (row[1], row[2])


def _status(tx: Tx, event: events.StatusReceived, result: Received) -> None:
    result.statuses += 1
    result.counts[f"status_{event.status}"] += 1
    document = {
        "network_id": event.network_id,
        "status": event.status,
        "error_code": event.error_code,
        "error": event.error,
        "pricing_category": event.pricing_category,
        "pricing_type": event.pricing_type,
    }
    if not apply_status(tx, document, our_id=event.our_id, result=result):
        statuses.keep_early(tx, network_id=event.network_id, status=event.status, at=_ms(event.at), document=document)


def apply_status(tx: Tx, document: dict[str, Any], *, our_id: str, result: Received) -> bool:
    """Take one status over (now, or one that came before its message's id was known); False if it is nobody's."""
    status, error = document["status"], document["error"]
    if document["error_code"] is not None:
        error = f"{document['error_code']} {error}".strip()
    climb = statuses.apply(tx, our_id=our_id, network_id=document["network_id"], status=status, error=error)
    if climb is None:
        return False
    counts = document["pricing_category"] or document["pricing_type"] or status in ("delivered", "read", "played")
    if counts and not climb.counted:
        usage.record(
            tx,
            "message",
            "whatsapp",
            message=climb.id,
            conversation=climb.conversation_id,
            messages=1,
            pricing_category=document["pricing_category"],
            pricing_type=document["pricing_type"],
        )
        result.receipts = True
    if climb.settled:
        result.to_send.add(climb.conversation)
    if not climb.changed:
        return True
    if climb.state == "failed" and speech.write_again(tx, climb.id, error) is not None:
        result.to_send.add(climb.conversation)
    elif climb.state == "failed" and climb.author == "assistant":
        hand_to_human(tx, climb.conversation, f"a message could not be delivered: {error}", result, owed=True)
    result.news.append(
        (
            "message",
            {"conversation": climb.conversation_id, "message": climb.id, "direction": "out", "state": climb.state},
        )
    )
    return True


def hand_to_human(tx: Tx, conversation: int, reason: str, result: Received, *, owed: bool) -> None:
    """A person has to look: the assistant is silent here for the tenant's hand-over time."""
    minutes = tx.value("SELECT json_extract(document, '$.assistant.handover_minutes') FROM profile")
    conversations.take_over(tx, conversation, tx.now_ms + int(minutes or 240) * 60_000)
    if owed:
        # what failed was the answer: it is owed again, by the person
        tx.run(
            "UPDATE conversations SET owed_since = coalesce(owed_since, ?), due_at = NULL, human_until = NULL"
            " WHERE seq = ?",
            (tx.now_ms, conversation),
        )
    id_ = tx.value("SELECT id FROM conversations WHERE seq = ?", (conversation,))
    result.overtaken.add(conversation)
    result.news.append(("conversation", {"conversation": id_, "state": "human", "reason": reason}))


def _human_answered(tx: Tx, event: events.HumanAnswered, rules: Rules, result: Received) -> None:
    if messages.known(tx, event.network_id):
        result.counts["duplicate"] += 1
        return
    if event.kind in ("edit", "revoke", "reaction"):
        result.counts[f"ignored_echo_{event.kind}"] += 1  # nothing new was said to the customer
        return
    person = identity_of(event.to)
    if not person.aliases:
        result.counts["ignored_nameless"] += 1
        return
    contact = contacts.resolve(tx, person)
    conversation = conversations.of_contact(tx, contact.seq, rules.channel)
    ours = tx.value(
        "SELECT 1 FROM messages WHERE conversation = ? AND direction = 'out' AND network_id IS NULL"
        " AND state IN ('sending', 'unknown') AND kind = ? AND text = ?",
        (conversation.seq, event.kind, event.text),
    )
    if ours:
        result.counts["echo_of_ours"] += 1
        return
    id_ = messages.store_sent_elsewhere(
        tx,
        conversation.seq,
        kind=event.kind,
        text=event.text[:MAX_TEXT],
        content=event.content,
        network_id=event.network_id,
        at=min(_ms(event.at), tx.now_ms),
    )
    if tx.now_ms - _ms(event.at) < rules.handover_ms:
        messages.cancel_unsent(tx, conversation.seq, "a person answered")
        until: int | None = max(_ms(event.at) + rules.handover_ms, conversation.human_until or 0)
        if conversation.state == "human" and conversation.human_until is None:
            until = None
        conversations.answered_until(tx, conversation.seq, _ms(event.at))
        conversations.take_over(tx, conversation.seq, until)
        result.overtaken.add(conversation.seq)
        _wake_all(tx, contact, result)
    result.counts["human_answered"] += 1
    result.news += [
        ("message", {"conversation": conversation.id, "message": id_, "direction": "out", "state": "sent"}),
        ("conversation", {"conversation": conversation.id, "state": "human", "reason": "a person answered"}),
    ]


def _identity_changed(tx: Tx, event: events.IdentityChanged, result: Received) -> None:
    old, new = identity_of(event.old), identity_of(event.new)
    contact = contacts.rename(tx, old, new) if old.aliases and new.aliases else None
    if contact is not None:
        _wake_all(tx, contact, result)
    result.counts["identity_unknown" if contact is None else "identity_changed"] += 1


def _account(tx: Tx, event: events.AccountEvent, result: Received) -> None:
    result.counts["account_event"] += 1
    if event.pause or event.resume:
        identity.set_fact(tx, PAUSE_FACT, event.pause)
        result.channel_changed = True
    result.news.append(("channel", {"event": event.event, "pause": event.pause, "resume": event.resume}))
