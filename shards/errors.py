"""What can go wrong with a shard, cut by what the caller should do about it."""


class ShardError(Exception):
    """Root of everything `shards` raises on purpose.

    `what` says what happened, `remedy` what the operator can do; `str()` is both in one line.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}: {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class ShardUnavailable(ShardError):
    """The file cannot be used now; its tenant is failed and its items are parked."""


class StorageFull(ShardUnavailable):
    """The disk has no room for the write; nothing of it was kept."""


class StorageReadOnly(ShardUnavailable):
    """The file or its directory may not be written."""


class ShardCorrupt(ShardUnavailable):
    """SQLite refuses the file's contents."""


class ShardTooNew(ShardUnavailable):
    """A later version of showroomd has migrated the file."""


class ShardMissing(ShardUnavailable):
    """There is no such file and it was not to be created."""


class NotFound(ShardError):
    """The row that was asked for is not in this shard."""


class Conflict(ShardError):
    """The change contradicts what is stored (a taken id, a number that another tenant has)."""


class Invalid(ShardError):
    """A value that the store will not take; `path` names the field (`channel.phone_number_id`)."""

    def __init__(self, what: str, remedy: str = "", path: str = "") -> None:
        super().__init__(what, remedy)
        self.path = path
