"""Our companion device: at most one at a time. Its keys come and go sealed."""

from typing import Final

from attrs import astuple, field, fields, frozen

from shards.shard import Tx


@frozen(kw_only=True)
class DeviceRow:
    """The row. Sealed: `noise`, `identity`, `signed_prekey`, `adv_secret`, `account`. `paired_at` in ms."""

    noise: bytes = field(repr=False)
    identity: bytes = field(repr=False)
    signed_prekey: bytes = field(repr=False)
    adv_secret: bytes = field(repr=False)
    account: bytes = field(repr=False)
    signed_id: int
    registration_id: int
    jid: str | None
    lid: str | None
    platform: str
    name: str
    routing_info: bytes
    paired_at: int


_COLUMNS: Final = tuple(column.name for column in fields(DeviceRow))
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM device"
_REPLACE: Final = (
    f"INSERT OR REPLACE INTO device (one, {', '.join(_COLUMNS)}) VALUES (1, {', '.join('?' for _ in _COLUMNS)})"
)


def load(tx: Tx) -> DeviceRow | None:
    """The device, None before one was made."""
    row = tx.row(_SELECT)
    return None if row is None else DeviceRow(**dict(zip(_COLUMNS, row, strict=True)))


def save(tx: Tx, row: DeviceRow) -> None:
    """Make it, or replace all of it."""
    tx.run(_REPLACE, astuple(row))
