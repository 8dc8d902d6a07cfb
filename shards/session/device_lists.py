"""Whose devices a message must be encrypted for, by bare address ("222@lid")."""

import json
from collections.abc import Iterable

from shards.shard import Tx


def load(tx: Tx, person: str) -> tuple[tuple[int, ...], int] | None:
    """The devices and when (ms) they were asked for."""
    row = tx.row("SELECT devices, fetched_at FROM device_lists WHERE person = ?", (person,))
    return None if row is None else (tuple(json.loads(row[0])), row[1])


def save(tx: Tx, person: str, devices: Iterable[int], *, fetched_at: int) -> None:
    """Replace the list."""
    tx.run("INSERT OR REPLACE INTO device_lists VALUES (?, ?, ?)", (person, json.dumps(list(devices)), fetched_at))


def forget(tx: Tx, person: str) -> None:
    """It must be asked for again."""
    tx.run("DELETE FROM device_lists WHERE person = ?", (person,))


def move(tx: Tx, person: str, to: str) -> bool:
    """Merge a person's list into that of their other address. Whether there was one.

    The older of the two times stays, so that the merged list is asked for again the sooner.
    """
    old = load(tx, person)
    if old is None:
        return False
    devices, fetched_at = old
    if (there := load(tx, to)) is not None:
        devices = tuple(dict.fromkeys((*there[0], *devices)))
        fetched_at = min(fetched_at, there[1])
    save(tx, to, devices, fetched_at=fetched_at)
    forget(tx, person)
    return True
