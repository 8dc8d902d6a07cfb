"""Contacts of a tenant and the aliases they are found by (whatsapp-cloud facts 2.3 and 10.1)."""

from typing import Final

from attrs import frozen

from shards.errors import NotFound
from shards.ids import new_id
from shards.shard import Row, Tx
from shards.tenant import conversations

ALIAS_KINDS: Final = ("user_id", "phone", "lid", "sandbox")
"""From the surest to the weakest: a user id is one person, a phone number can be given to another."""


@frozen(kw_only=True)
class Identity:
    """Every name the network gave a person. `aliases` are lookup keys (phones canonical), the dials are literal."""

    aliases: tuple[tuple[str, str], ...]  # (kind, value), no empty values
    dial_phone: str = ""
    dial_user_id: str = ""
    name: str = ""
    username: str = ""

    def alias(self, kind: str) -> str:
        """The value of one kind, or ""."""
        return next((value for k, value in self.aliases if k == kind), "")


@frozen(kw_only=True)
class Contact:
    """One customer of this tenant."""

    seq: int
    id: str
    name: str
    dial_phone: str
    dial_user_id: str
    opted_out_at: int | None


_COLUMNS: Final = "seq, id, name, dial_phone, dial_user_id, opted_out_at"


def _contact(row: Row) -> Contact:
    seq, id_, name, phone, user_id, opted_out_at = row
    return Contact(seq=seq, id=id_, name=name, dial_phone=phone, dial_user_id=user_id, opted_out_at=opted_out_at)


def one(tx: Tx, seq: int) -> Contact:
    """The contact with this row number. Raises `NotFound`."""
    row = tx.row(f"SELECT {_COLUMNS} FROM contacts WHERE seq = ?", (seq,))
    if row is None:
        raise NotFound(f"there is no contact {seq} here")
    return _contact(row)


def alias(tx: Tx, seq: int, kind: str) -> str:
    """An alias of that kind of the contact, "" if it has none."""
    found: str | None = tx.value("SELECT value FROM aliases WHERE contact = ? AND kind = ? LIMIT 1", (seq, kind))
    return found or ""


def find(tx: Tx, kind: str, value: str) -> int | None:
    """The row number of the contact with this alias."""
    found: int | None = tx.value("SELECT contact FROM aliases WHERE kind = ? AND value = ?", (kind, value))
    return found


def resolve(tx: Tx, identity: Identity) -> Contact:
    """The contact these names belong to, made or joined as needed.

    A phone number that comes with another user id than the one we know it by has gone to another
    person: that person gets a contact of their own, and the number. A contact known by phone alone and
    one known by user id alone become one when both names come together.
    """
    assert identity.aliases, "an empty identity would join strangers"
    user_id = identity.alias("user_id")
    known = {kind: find(tx, kind, value) for kind, value in identity.aliases}
    by_user, by_phone = known.get("user_id"), known.get("phone")
    if by_phone is not None and user_id and by_user != by_phone:
        if _has_user_id(tx, by_phone):
            by_phone = None
        elif by_user is not None:
            merge(tx, keep=by_user, gone=by_phone)
            known = {kind: by_user if contact == by_phone else contact for kind, contact in known.items()}
    others = (known.get(kind) for kind in ("lid", "sandbox"))
    seq = by_user if by_user is not None else by_phone
    if seq is None:
        seq = next((other for other in others if other is not None), None)
    if seq is None:
        contact = _create(tx, identity)
    else:
        _refresh(tx, seq, identity)
        contact = one(tx, seq)
    for kind, value in identity.aliases:
        _lead_to(tx, kind, value, contact.seq, known[kind])
    return contact


def _lead_to(tx: Tx, kind: str, value: str, seq: int, before: int | None) -> None:
    """The alias is this contact's; who had it `before` must not be dialled by it any more."""
    if before == seq:
        return
    tx.run(
        "INSERT INTO aliases (kind, value, contact) VALUES (?, ?, ?)"
        " ON CONFLICT (kind, value) DO UPDATE SET contact = excluded.contact",
        (kind, value, seq),
    )
    if before is not None and kind == "phone":
        tx.run("UPDATE contacts SET dial_phone = '' WHERE seq = ?", (before,))


def _has_user_id(tx: Tx, seq: int) -> bool:
    return tx.value("SELECT 1 FROM aliases WHERE contact = ? AND kind = 'user_id'", (seq,)) is not None


def _create(tx: Tx, identity: Identity) -> Contact:
    row = tx.row(
        "INSERT INTO contacts (id, name, username, dial_phone, dial_user_id, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        f" RETURNING {_COLUMNS}",
        (
            new_id(tx.now_ms),
            identity.name,
            identity.username,
            identity.dial_phone,
            identity.dial_user_id,
            tx.now_ms,
        ),
    )
    assert row is not None
    return _contact(row)


def _refresh(tx: Tx, seq: int, identity: Identity) -> None:
    new = (identity.name, identity.username, identity.dial_phone, identity.dial_user_id)
    tx.run(
        "UPDATE contacts SET name = coalesce(nullif(?1, ''), name),"
        " username = coalesce(nullif(?2, ''), username),"
        " dial_phone = coalesce(nullif(?3, ''), dial_phone),"
        " dial_user_id = coalesce(nullif(?4, ''), dial_user_id)"
        " WHERE seq = ?5 AND (name <> ?1 OR username <> ?2 OR dial_phone <> ?3 OR dial_user_id <> ?4)",
        (*new, seq),
    )


def merge(tx: Tx, *, keep: int, gone: int) -> None:
    """Two contacts turned out to be one person: everything of `gone` becomes `keep`'s."""
    for seq, channel in list(tx.rows("SELECT seq, channel FROM conversations WHERE contact = ?", (gone,))):
        target = tx.value("SELECT seq FROM conversations WHERE contact = ? AND channel = ?", (keep, channel))
        if target is None:
            tx.run("UPDATE conversations SET contact = ? WHERE seq = ?", (keep, seq))
            continue
        conversations.merge(tx, keep=target, gone=seq)
    for table in ("leads", "appointments", "aliases"):
        tx.run(f"UPDATE {table} SET contact = ? WHERE contact = ?", (keep, gone))
    tx.run(
        "UPDATE contacts SET opted_out_at = coalesce(contacts.opted_out_at, other.opted_out_at),"
        " marketing_stopped_at = coalesce(contacts.marketing_stopped_at, other.marketing_stopped_at),"
        " name = coalesce(nullif(contacts.name, ''), other.name)"
        " FROM contacts AS other WHERE contacts.seq = ? AND other.seq = ?",
        (keep, gone),
    )
    tx.run("DELETE FROM contacts WHERE seq = ?", (gone,))
    if one(tx, keep).opted_out_at is not None:
        conversations.silence(tx, keep)


def rename(tx: Tx, old: Identity, new: Identity) -> Contact | None:
    """The same person has new names: the old ones are dropped, the new ones lead to the contact. None if unknown."""
    seq = next((s for kind, value in old.aliases if (s := find(tx, kind, value)) is not None), None)
    if seq is None:
        return None
    for kind, value in old.aliases:
        if new.alias(kind):
            tx.run("DELETE FROM aliases WHERE kind = ? AND value = ? AND contact = ?", (kind, value, seq))
    for kind, value in new.aliases:
        other = find(tx, kind, value)
        if other is not None and other != seq and not _conflicting(tx, other, new):
            merge(tx, keep=seq, gone=other)
        _lead_to(tx, kind, value, seq, find(tx, kind, value))
    _refresh(tx, seq, new)
    if new.alias("user_id") and not new.dial_phone:
        # the user id changes with the phone: the old number may be another person's soon
        tx.run("UPDATE contacts SET dial_phone = '' WHERE seq = ?", (seq,))
    return one(tx, seq)


def _conflicting(tx: Tx, other: int, new: Identity) -> bool:
    """Whether `other` is known by a user id that is not among the new names: then it is somebody else."""
    known = tx.value("SELECT value FROM aliases WHERE contact = ? AND kind = 'user_id'", (other,))
    return known is not None and known != new.alias("user_id")


def learn_dial(tx: Tx, seq: int, identity: Identity) -> None:
    """Keep the address the network really used (it may differ from what was dialled)."""
    _refresh(tx, seq, identity)
    for kind, value in identity.aliases:
        tx.run(
            "INSERT INTO aliases (kind, value, contact) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (kind, value, seq),
        )


def opt_out(tx: Tx, seq: int, at: int) -> None:
    """The customer wants no more answers."""
    tx.run("UPDATE contacts SET opted_out_at = ? WHERE seq = ?", (at, seq))


def opt_in(tx: Tx, seq: int) -> None:
    """The customer asked to be answered again."""
    tx.run("UPDATE contacts SET opted_out_at = NULL WHERE seq = ?", (seq,))


def marketing(tx: Tx, seq: int, stopped_at: int | None) -> None:
    """The customer stopped (or, with None, resumed) marketing messages."""
    tx.run("UPDATE contacts SET marketing_stopped_at = ? WHERE seq = ?", (stopped_at, seq))


def aliases(tx: Tx, seq: int) -> list[tuple[str, str]]:
    """(kind, value) of a contact."""
    return [(kind, value) for kind, value in tx.rows("SELECT kind, value FROM aliases WHERE contact = ?", (seq,))]
