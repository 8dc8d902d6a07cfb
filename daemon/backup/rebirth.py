"""A file in an older state goes back into service: what must hold again, and what must not happen again (G7)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from attrs import frozen

from daemon.desk.receive import PAUSE_FACT
from daemon.tenants.desk_calls import erase
from shards.errors import Conflict, Invalid, NotFound
from shards.restore import Held
from shards.shard import Tx
from shards.tenant import contacts, conversations, epochs, identity, profile
from shards.tenant.profile import TenantProfile
from shards.tenant.tombstones import Tombstone

KeyedHash = Callable[[str], bytes]

_SILENCED = "SELECT seq FROM conversations WHERE contact = ? AND state = 'human' AND human_until IS NULL"


@frozen(kw_only=True)
class Reborn:
    """What was done to the file. `media`: hashes of customers' files to be removed."""

    profile: TenantProfile
    epoch: str
    at_ms: int
    last_message_at: int | None
    unknown_sends: int
    handed_over: int
    opted_out: int
    opted_in: int
    erased: int
    media: tuple[str, ...]


def who(tx: Tx) -> TenantProfile:
    """The tenant whose file it is. Raises `Invalid` when it has none, or two."""
    try:
        found = profile.load(tx)
    except NotFound as error:
        raise Invalid("the file has no tenant in it", "name the file of a tenant", path="file") from error
    if identity.load(tx).tenant != found.id:
        raise Invalid("the file's two names of its tenant differ", "take another backup", path="file")
    return found


def expect(found: TenantProfile, tenant: str) -> None:
    """Raises `Conflict` when it is another tenant's file."""
    if found.id != tenant:
        raise Conflict(f"the file belongs to {found.id!r}, not to {tenant!r}", "restore that one, or adopt the file")


def begin_again(
    tx: Tx,
    *,
    graves: Iterable[Tombstone],
    keyed_hash: KeyedHash,
    held: Iterable[Held] = (),
    facts: Mapping[str, str] | None = None,
) -> Reborn:
    """Make the file ready for a new epoch, in one transaction.

    `graves`: central's tombstones of the tenant. `held`, `facts`: who has which conversation, and small facts, in
    the file that it replaces, where that could be read.
    """
    graves = list(graves)
    last_message_at = tx.value("SELECT max(stored_at) FROM messages")
    epochs.learn(tx, graves)
    erased, media = _erase_again(tx, graves, keyed_hash)
    opted_out, opted_in = _choose_again(tx, graves, keyed_hash)
    settled = epochs.settle(tx)
    for one in held:
        seq = tx.value("SELECT seq FROM conversations WHERE id = ?", (one.conversation,))
        if seq is not None and not conversations.one(tx, seq).held_by_human(tx.now_ms):
            conversations.take_over(tx, seq, one.until)
    for key, value in (facts or {}).items():
        identity.set_fact(tx, key, value)
    epoch = epochs.begin(tx)
    epochs.account_anew(tx)
    return Reborn(
        profile=profile.load(tx),
        epoch=epoch,
        at_ms=tx.now_ms,
        last_message_at=last_message_at,
        unknown_sends=settled.unknown_sends,
        handed_over=settled.handed_over,
        opted_out=opted_out,
        opted_in=opted_in,
        erased=erased,
        media=media,
    )


CARRIED: tuple[str, ...] = (PAUSE_FACT,)
"""Facts of the file before that hold for the restored one too: they are about the number, not about the file."""


def _erase_again(tx: Tx, graves: list[Tombstone], keyed_hash: KeyedHash) -> tuple[int, tuple[str, ...]]:
    """Who was erased is not brought back; who came anew after it stays."""
    erased_at = {grave.hash: grave.at for grave in sorted(graves, key=_age) if grave.kind == "erasure"}
    if not erased_at:
        return 0, ()
    doomed = {
        id_
        for id_, created_at, kind, value in tx.rows(
            "SELECT c.id, c.created_at, a.kind, a.value FROM contacts c JOIN aliases a ON a.contact = c.seq"
        )
        if erased_at.get(keyed_hash(f"{kind}:{value}"), -1) >= created_at
    }
    media: set[str] = set()
    for id_ in sorted(doomed):
        hashes, _ = erase(tx, id_, keyed_hash)
        media |= set(hashes)
    return len(doomed), tuple(sorted(media))


def _choose_again(tx: Tx, graves: list[Tombstone], keyed_hash: KeyedHash) -> tuple[int, int]:
    """Whoever wanted no more answers gets none, unless they asked for them again later."""
    choices = newest_choices(graves)
    if not choices:
        return 0, 0
    found: dict[int, tuple[int, str]] = {}
    for seq, kind, value in tx.rows("SELECT contact, kind, value FROM aliases"):
        choice = choices.get(keyed_hash(f"{kind}:{value}"))
        if choice is not None:
            found[seq] = max(choice, found.get(seq, choice))
    opted_out = opted_in = 0
    for seq, (at, kind) in found.items():
        before = contacts.one(tx, seq).opted_out_at
        if kind == "opt_out" and before is None:
            contacts.opt_out(tx, seq, at)
            conversations.silence(tx, seq)
            opted_out += 1
        elif kind == "opt_in" and before is not None and before < at:
            contacts.opt_in(tx, seq)
            for thread in [row[0] for row in tx.rows(_SILENCED, (seq,))]:
                conversations.release(tx, thread)
            opted_in += 1
    return opted_out, opted_in


def newest_choices(graves: Iterable[Tombstone]) -> dict[bytes, tuple[int, str]]:
    """(when, opt_out or opt_in) of each keyed hash, the newest; an opt-out wins a tie."""
    found: dict[bytes, tuple[int, str]] = {}
    by_hash: dict[bytes, list[Tombstone]] = defaultdict(list)
    for grave in graves:
        if grave.kind in ("opt_out", "opt_in"):
            by_hash[grave.hash].append(grave)
    for hash_, mine in by_hash.items():
        newest = max(mine, key=lambda grave: (grave.at, grave.kind == "opt_out"))
        found[hash_] = (newest.at, newest.kind)
    return found


def _age(grave: Tombstone) -> int:
    return grave.at
