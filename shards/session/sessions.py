"""Signal sessions and the identities behind them, by Signal address ("222_1:7"). Both sealed by the caller."""

from collections.abc import Iterable
from typing import Final, Literal

from shards.shard import Tx

Kind = Literal["sessions", "identities"]
_COLUMN: Final[dict[Kind, str]] = {"sessions": "record", "identities": "identity"}


def record(tx: Tx, address: str) -> bytes | None:
    """The session's record."""
    found: bytes | None = tx.value("SELECT record FROM sessions WHERE address = ?", (address,))
    return found


def save_record(tx: Tx, address: str, record: bytes) -> None:
    """Replace it."""
    tx.run(
        "INSERT INTO sessions VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
        " SET record = excluded.record, changed_at = excluded.changed_at",
        (address, record, tx.now_ms),
    )


def identity(tx: Tx, address: str) -> bytes | None:
    """The identity seen at this address."""
    found: bytes | None = tx.value("SELECT identity FROM identities WHERE address = ?", (address,))
    return found


def save_identity(tx: Tx, address: str, identity: bytes) -> None:
    """Replace it. When the address was first seen stays."""
    tx.run(
        "INSERT INTO identities VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET identity = excluded.identity, changed_at = excluded.changed_at",
        (address, identity, tx.now_ms, tx.now_ms),
    )


def forget_record(tx: Tx, address: str) -> None:
    """The session alone; the identity stays."""
    tx.run("DELETE FROM sessions WHERE address = ?", (address,))


def of_user(tx: Tx, kind: Kind, user: str) -> list[tuple[str, bytes]]:
    """(address, value) of all devices of a user as Signal addresses write it ("222_1"), by address."""
    return [
        (address, value)
        for address, value in tx.rows(
            f"SELECT address, {_COLUMN[kind]} FROM {kind} WHERE address >= ? AND address < ? ORDER BY address",
            _range(user),
        )
    ]


def forget_users(tx: Tx, users: Iterable[str]) -> None:
    """All sessions and identities of all their devices."""
    for user in users:
        tx.run("DELETE FROM sessions WHERE address >= ? AND address < ?", _range(user))
        tx.run("DELETE FROM identities WHERE address >= ? AND address < ?", _range(user))


def _range(user: str) -> tuple[str, str]:
    return f"{user}:", f"{user};"  # ";" is what follows ":"
