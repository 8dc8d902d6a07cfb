"""Read models of a tenant's rows, as the control API shows them. Nothing here writes."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from shards.errors import Invalid, NotFound
from shards.shard import Row, Tx
from shards.tenant import transcripts
from shards.tenant.transcripts import Transcribed


@frozen
class Alias:
    """A name a contact is found by."""

    kind: str  # phone | user_id | lid | sandbox
    value: str


@frozen(kw_only=True)
class ContactView:
    """A customer of the tenant."""

    id: str
    name: str
    username: str
    aliases: tuple[Alias, ...]
    opted_out: bool
    marketing_stopped: bool
    created_at: datetime


@frozen(kw_only=True)
class ConversationView:
    """A thread with a contact. `waiting`: an answer is owed."""

    id: str
    contact_id: str
    contact_name: str
    contact_aliases: tuple[Alias, ...]
    channel: str
    state: str
    human_until: datetime | None
    opted_out: bool
    waiting: bool
    typing: bool  # a turn is running
    last_message_at: datetime


@frozen(kw_only=True)
class MessageView:
    """A message in or out. `media` is the hash of a stored file, `link` an address outside; "" without.
    `transcript` is what is known of a voice note's words, None of other messages."""

    id: str
    direction: str
    author: str
    kind: str
    text: str
    media: str
    link: str
    transcript: Transcribed | None
    vehicle_id: str | None
    reply_to: str | None
    at: datetime
    state: str
    error: str | None


@frozen(kw_only=True)
class MediaView:
    """A stored file."""

    hash: str
    mime_type: str
    bytes: int


def time_of(ms: int) -> datetime:
    """A stored time."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def maybe_time_of(ms: int | None) -> datetime | None:
    """A stored time that may be missing."""
    return None if ms is None else time_of(ms)


def _aliases(document: str) -> tuple[Alias, ...]:
    return tuple(Alias(kind, value) for kind, value in sorted(json.loads(document)))


def bad_cursor() -> Invalid:
    """The error for an `after` that no list gave."""
    return Invalid(
        "this is no cursor of the list", "use the `next` of the page before, or leave it out", path="query.after"
    )


def cursor_number(after: str) -> int | None:
    """The row number a cursor stands for, None for the first page. Raises `Invalid`."""
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise bad_cursor()
    return int(after)


# Conversations

_ALIASES: Final = "(SELECT json_group_array(json_array(a.kind, a.value)) FROM aliases AS a WHERE a.contact = k.seq)"
_CONVERSATION: Final = (
    f"SELECT c.seq, c.id, k.id, k.name, {_ALIASES}, c.channel, c.state, c.human_until,"
    " k.opted_out_at IS NOT NULL, c.owed_since IS NOT NULL,"
    " EXISTS (SELECT 1 FROM turns AS t WHERE t.conversation = c.seq AND t.state = 'running'),"
    " c.last_message_at FROM conversations AS c JOIN contacts AS k ON k.seq = c.contact"
)


def conversation(tx: Tx, id_: str) -> ConversationView:
    """One conversation by its public id. Raises `NotFound`."""
    row = tx.row(f"{_CONVERSATION} WHERE c.id = ?", (id_,))
    if row is None:
        raise NotFound(f"there is no conversation {id_!r}", "list the conversations to find its id")
    return _conversation(row)


def sandbox_conversation(tx: Tx, sender: str) -> ConversationView | None:
    """The sandbox conversation of a sender, if one was begun."""
    row = tx.row(
        f"{_CONVERSATION} WHERE c.channel = 'sandbox' AND c.contact ="
        " (SELECT contact FROM aliases WHERE kind = 'sandbox' AND value = ?)",
        (sender,),
    )
    return None if row is None else _conversation(row)


def conversations(
    tx: Tx, *, state: str = "", waiting: bool | None = None, contact: str = "", after: str = "", limit: int = 100
) -> tuple[list[ConversationView], str | None]:
    """A page, the most recently active first, and the next page's cursor. Raises `Invalid` for a bad one."""
    where, values = ["1"], list[Any]()
    if state:
        where.append("c.state = ?")
        values.append(state)
    if waiting is not None:
        where.append(f"c.owed_since IS {'NOT ' if waiting else ''}NULL")
    if contact:
        where.append("k.id = ?")
        values.append(contact)
    if after:
        at, dot, seq = after.partition(".")
        if not dot or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (at, seq)):
            raise bad_cursor()
        where.append("(c.last_message_at, c.seq) < (?, ?)")
        values.extend((int(at), int(seq)))
    sql = f"{_CONVERSATION} WHERE {' AND '.join(where)} ORDER BY c.last_message_at DESC, c.seq DESC LIMIT ?"
    rows = list(tx.rows(sql, (*values, limit + 1)))
    more = f"{rows[limit - 1][-1]}.{rows[limit - 1][0]}" if len(rows) > limit else None
    return [_conversation(row) for row in rows[:limit]], more


def _conversation(row: Row) -> ConversationView:
    _, id_, contact, name, aliases, channel, state, until, opted_out, waiting, typing, last = row
    return ConversationView(
        id=id_,
        contact_id=contact,
        contact_name=name,
        contact_aliases=_aliases(aliases),
        channel=channel,
        state=state,
        human_until=maybe_time_of(until),
        opted_out=bool(opted_out),
        waiting=bool(waiting),
        typing=bool(typing),
        last_message_at=time_of(last),
    )


# Messages

_MESSAGE: Final = (
    "SELECT m.id, m.direction, m.author, m.kind, m.text, m.content, m.vehicle,"
    " (SELECT q.id FROM messages AS q WHERE q.network_id = m.reply_to), m.at, m.state, m.error,"
    f" {transcripts.AS_JSON} FROM messages AS m"
)


def message(tx: Tx, id_: str) -> MessageView:
    """One message by its public id. Raises `NotFound`."""
    row = tx.row(f"{_MESSAGE} WHERE m.id = ?", (id_,))
    if row is None:
        raise NotFound(f"there is no message {id_!r}", "it may have been erased with its contact")
    return _message(row)


def messages(
    tx: Tx, conversation_id: str, *, after: str = "", limit: int = 100, newest_first: bool = False
) -> tuple[list[MessageView], str | None]:
    """A page of a conversation in the order of arrival, and the next page's cursor.

    The cursor is the id of the page's last message, so a reader that came to the end asks again with the
    last id it has. Raises `NotFound` for the conversation, `Invalid` for the cursor.
    """
    owner = tx.value("SELECT seq FROM conversations WHERE id = ?", (conversation_id,))
    if owner is None:
        raise NotFound(f"there is no conversation {conversation_id!r}", "list the conversations to find its id")
    sign, order = ("<", "DESC") if newest_first else (">", "ASC")
    bound, values = "", [owner]
    if after:
        seq = tx.value("SELECT seq FROM messages WHERE id = ? AND conversation = ?", (after, owner))
        if seq is None:
            raise bad_cursor()
        bound = f" AND m.seq {sign} ?"
        values.append(seq)
    sql = f"{_MESSAGE} WHERE m.conversation = ?{bound} ORDER BY m.seq {order} LIMIT ?"
    rows = list(tx.rows(sql, (*values, limit + 1)))
    views = [_message(row) for row in rows[:limit]]
    return views, views[-1].id if len(rows) > limit else None


def _message(row: Row) -> MessageView:
    id_, direction, author, kind, text, content, vehicle, reply_to, at, state, error, transcript = row
    media, link = _media_of(json.loads(content))
    return MessageView(
        id=id_,
        direction=direction,
        author=author,
        kind=kind,
        text=text,
        media=media,
        link=link,
        transcript=transcripts.of_json(transcript),
        vehicle_id=vehicle,
        reply_to=reply_to,
        at=time_of(at),
        state=state,
        error=error,
    )


def _media_of(content: Any) -> tuple[str, str]:
    """The hash of our file and the public link a message's content names. Meta's own links need a token: not shown."""
    if not isinstance(content, dict):
        return "", ""
    link = content.get("link")
    inner = content.get("media")
    found = content.get("hash") or (inner.get("hash") if isinstance(inner, dict) else None)
    return found if isinstance(found, str) else "", link if isinstance(link, str) else ""


# Contacts

_CONTACT: Final = (
    f"SELECT k.seq, k.id, k.name, k.username, {_ALIASES}, k.opted_out_at IS NOT NULL,"
    " k.marketing_stopped_at IS NOT NULL, k.created_at FROM contacts AS k"
)


def contact(tx: Tx, id_: str) -> ContactView:
    """One contact by its public id. Raises `NotFound`."""
    row = tx.row(f"{_CONTACT} WHERE k.id = ?", (id_,))
    if row is None:
        raise NotFound(f"there is no contact {id_!r}", "list the contacts to find its id")
    return _contact(row)


def contacts(tx: Tx, *, alias: str = "", after: str = "", limit: int = 100) -> tuple[list[ContactView], str | None]:
    """A page by age, oldest first; `alias` finds those with exactly this phone, user id or sandbox name."""
    where, values = ["k.seq > ?"], list[Any]([cursor_number(after) or 0])
    if alias:
        where.append("k.seq IN (SELECT contact FROM aliases WHERE value = ?)")
        values.append(alias)
    sql = f"{_CONTACT} WHERE {' AND '.join(where)} ORDER BY k.seq LIMIT ?"
    rows = list(tx.rows(sql, (*values, limit + 1)))
    return [_contact(row) for row in rows[:limit]], str(rows[limit - 1][0]) if len(rows) > limit else None


def _contact(row: Row) -> ContactView:
    _, id_, name, username, aliases, opted_out, marketing, created_at = row
    return ContactView(
        id=id_,
        name=name,
        username=username,
        aliases=_aliases(aliases),
        opted_out=bool(opted_out),
        marketing_stopped=bool(marketing),
        created_at=time_of(created_at),
    )


# Media


def media(tx: Tx, hash_: str) -> MediaView:
    """One stored file. Raises `NotFound`."""
    row = tx.row("SELECT hash, mime_type, bytes FROM media WHERE hash = ?", (hash_,))
    if row is None:
        raise NotFound("there is no such file", "it may have passed its retention")
    return MediaView(hash=row[0], mime_type=row[1], bytes=row[2])
