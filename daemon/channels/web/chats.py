"""What the session file knows of a chat: the addresses its person has, and how long its messages live."""

from typing import Final

from daemon.channels.web.keys import Rows
from daemon.whatsapp.web import stanza
from daemon.whatsapp.web.content import Disappearing
from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.stanza import Own

FORGIVEN_SECONDS: Final = 86_400
"""A time so far ahead of ours may be a clock's fault; a later one is nobody's."""


def canonical(rows: Rows, person: Jid) -> Jid:
    """The address a chat is known by: the LID wherever it is known."""
    if person.server == PN and (lid := rows.lid_of(person.user)) is not None:
        return Jid(lid, LID)
    return person


def session_device(rows: Rows, device: Jid) -> Jid:
    """The address under which sessions with a device are kept."""
    who = stanza.person(device)
    if who is not None and who.server == PN and (lid := rows.lid_of(who.user)) is not None:
        return stanza.as_lid(device, lid)
    return device


def other_address(rows: Rows, person: Jid) -> Jid | None:
    """The person's address of the other kind, where it is known."""
    if person.server == LID:
        pn = rows.pn_of(person.user)
        return Jid(pn, PN) if pn is not None else None
    lid = rows.lid_of(person.user)
    return Jid(lid, LID) if lid is not None else None


def addresses(rows: Rows, person: Jid) -> tuple[Jid, ...]:
    """All addresses of a person, the given one first."""
    other = other_address(rows, person)
    return (person.bare,) if other is None else (person.bare, other)


def learn(rows: Rows, own: Own, *, lid_user: str, pn_user: str) -> str:
    """Remember which addresses are one person's; what is odd about them, for the log.

    Only for what the server or our own phone said. Ours are never mixed with somebody else's: sessions move with the
    addresses, and what our phone alone may say is decided by them.
    """
    if own.has(Jid(lid_user, LID)) != own.has(Jid(pn_user, PN)):
        return "an address of ours stands beside somebody else's, ignored"
    known = rows.pn_of(lid_user)
    if known == pn_user:
        return ""
    rows.learn_address(lid_user=lid_user, pn_user=pn_user)
    return "" if known is None else "a known customer has another number now"


def sane_seconds(told: int, now_ms: int) -> int:
    """A time that somebody else told, or now if it cannot be one."""
    now = now_ms // 1000
    return told if 0 < told <= now + FORGIVEN_SECONDS else now


def set_lifetime(rows: Rows, chat: Jid, told: Disappearing, *, at: int) -> None:
    """Somebody set how long messages of the chat live, or wrote under that setting. The newest setting counts, not the
    newest message. `at`: the message's time, in seconds."""
    set_at = told.set_at if 0 < told.set_at <= at + FORGIVEN_SECONDS else at
    kept = lifetime(rows, chat)
    if kept is None or set_at >= kept.set_at:
        rows.set_fact(_lifetime_fact(chat), f"{told.seconds} {set_at}".encode())


def lifetime(rows: Rows, chat: Jid) -> Disappearing | None:
    """How long messages of that chat live, where somebody set it: ours must say the same."""
    found = [told for each in addresses(rows, chat) if (told := rows.fact(_lifetime_fact(each)))]
    settings = [Disappearing(int(seconds), int(set_at)) for seconds, set_at in map(bytes.split, found)]
    return max(settings, key=lambda each: each.set_at, default=None)


def _lifetime_fact(chat: Jid) -> str:
    return f"disappearing.{chat}"
