"""Which LID and which phone number are the same person. One to one; the newest observation wins."""

from shards.shard import Tx


def lid_of(tx: Tx, pn_user: str) -> str | None:
    """The LID of a number."""
    found: str | None = tx.value("SELECT lid_user FROM addresses WHERE pn_user = ?", (pn_user,))
    return found


def pn_of(tx: Tx, lid_user: str) -> str | None:
    """The number of a LID."""
    found: str | None = tx.value("SELECT pn_user FROM addresses WHERE lid_user = ?", (lid_user,))
    return found


def learn(tx: Tx, *, lid_user: str, pn_user: str) -> bool:
    """Note the pair, forgetting what contradicts it. Whether it was news."""
    if pn_of(tx, lid_user) == pn_user:
        return False
    tx.run("DELETE FROM addresses WHERE lid_user = ? OR pn_user = ?", (lid_user, pn_user))
    tx.run("INSERT INTO addresses VALUES (?, ?, ?)", (lid_user, pn_user, tx.now_ms))
    return True
