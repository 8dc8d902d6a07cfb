"""How much room a dealership's customers' files may take."""

from collections.abc import Callable
from typing import Final

from daemon.logs import get_logger
from shards.directory import ShardHandle
from shards.tenant import media

MB: Final = 1_000_000
SPOKEN_KINDS: Final = ("voice", "audio")
SPOKEN_SHARE: Final = 1.1
"""What must be heard to be answered may go so far beyond the quota."""

Say = Callable[[str], None]
"""Told why files are refused, and "" when they are taken again."""


class MediaQuota:
    """One tenant's. Read anew before each file, so that retention and erasure make room by themselves."""

    def __init__(self, shard: ShardHandle, *, limit_mb: Callable[[], int], say: Say) -> None:
        """`limit_mb` is the setting as it is now; 0 is no limit."""
        self._shard = shard
        self._limit_mb = limit_mb
        self._say = say
        self.reason = ""
        """Why files are refused, "" while they are taken."""
        self._log = get_logger("media", tenant=shard.tenant)

    async def refusal(self, kind: str) -> str:
        """Why a message's file is not to be kept, "" if it may be. Raises `ShardUnavailable`."""
        limit = self._limit_mb() * MB
        used = await self._shard.read(media.total_bytes) if limit else 0
        full = bool(limit) and used >= limit
        said = (
            f"the files of its customers take {used // MB} MB of {limit // MB} MB: new ones are not kept"
            if full
            else ""
        )
        if bool(said) != bool(self.reason):
            self._log.warning("media_quota", reached=full, used_bytes=used)
            self._say(f"{said}; raise [retention] media_mb_per_tenant or lower media_days" if said else "")
        self.reason = said
        return said if full and (kind not in SPOKEN_KINDS or used >= limit * SPOKEN_SHARE) else ""
