"""A restored file forgot customers who came after the backup; not that one of them wanted no more messages."""

from collections.abc import Callable

from attrs import evolve

from shards.shard import Tx
from shards.tenant import contacts, tombstones
from shards.tenant.contacts import Contact, Identity


def resolve(tx: Tx, person: Identity, keyed_hash: Callable[[str], bytes], *, restored: bool) -> Contact:
    """As `contacts.resolve`; who is new to a `restored` file keeps the choice that the file before had."""
    contact = contacts.resolve(tx, person)
    if contact.opted_out_at is not None or not restored or not _is_new(tx, contact):
        return contact
    hashes = [keyed_hash(f"{kind}:{value}") for kind, value in contacts.aliases(tx, contact.seq)]
    chosen = tombstones.newest_choice(tx, hashes)
    if chosen is None or chosen.kind != "opt_out":
        return contact
    contacts.opt_out(tx, contact.seq, chosen.at)
    return evolve(contact, opted_out_at=chosen.at)


def _is_new(tx: Tx, contact: Contact) -> bool:
    created: int = tx.value("SELECT created_at FROM contacts WHERE seq = ?", (contact.seq,))
    return created == tx.now_ms
