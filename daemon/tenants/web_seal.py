"""What seals the values of a session file, within one transaction: the file itself says whose it is."""

from typing import Final

from daemon.errors import SealBroken
from daemon.sealing import TenantSealer
from shards.errors import ShardCorrupt
from shards.session import meta
from shards.shard import Tx

_TENANT: Final = "tenant"
_KEY_ID: Final = "key_id"


class FileSeal:
    """The file is claimed, for tenant and master key, by the first value that is sealed in it."""

    def __init__(self, tx: Tx, sealer: TenantSealer, *, claimed: bool) -> None:
        """`claimed`: whether a committed transaction has seen it to be ours. Raises `ShardCorrupt` for the file of
        another tenant."""
        self.claimed = claimed
        self._tx = tx
        self._sealer = sealer
        if not claimed and (owner := meta.get(tx, _TENANT)) not in (None, sealer.tenant):
            raise ShardCorrupt(
                f"the session file of {sealer.tenant} belongs to {owner}", "put the right file in its place"
            )

    def seal(self, field: str, value: bytes) -> bytes:
        """For a row of this file. Raises `SealBroken` where another master key sealed it."""
        if not self.claimed and not self._checked():
            self._claim()
        return self._sealer.seal(field, value)

    def open(self, field: str, sealed: bytes) -> bytes:
        """The value. Raises `SealBroken`."""
        if not self.claimed:
            self._checked()
        return self._sealer.open(field, sealed)

    def take_over(self) -> str:
        """Claim the file whoever sealed it, because nothing that is sealed stays in use; the former key's id."""
        former = meta.get(self._tx, _KEY_ID) or ""
        self._claim()
        return former

    def _checked(self) -> bool:
        key_id = meta.get(self._tx, _KEY_ID)
        if key_id not in (None, self._sealer.key_id):
            raise SealBroken(
                f"the WhatsApp keys of {self._sealer.tenant} are sealed with master key {key_id}, this is"
                f" {self._sealer.key_id}",
                "start with that master key, or unlink the phone and pair it again",
            )
        self.claimed = key_id is not None
        return self.claimed

    def _claim(self) -> None:
        meta.put(self._tx, _TENANT, self._sealer.tenant)
        meta.put(self._tx, _KEY_ID, self._sealer.key_id)
        self.claimed = True
