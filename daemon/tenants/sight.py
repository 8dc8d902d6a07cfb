"""What a model is shown of a burst: customers' pictures once they are here, made small."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import trio

from daemon.channels.media import media_path
from daemon.logs import get_logger
from daemon.pictures import BrokenPicture, for_model
from shards.directory import ShardHandle
from shards.tenant import media
from shards.tenant.messages import StoredMessage

PATIENCE_SECONDS: Final = 6.0
"""How long a turn waits for pictures that are still being fetched."""
MOST: Final = 4
"""Pictures of a burst that are shown, the newest."""

Arrived = Callable[[Collection[int]], Awaitable[None]]
"""Returns when none of these messages' files is on its way any more."""


async def all_here(messages: Collection[int]) -> None:
    """`Arrived` where files come with their messages, as in the sandbox."""
    await trio.lowlevel.checkpoint()


class Sight:
    """One tenant's. Owns nothing that needs closing."""

    def __init__(self, shard: ShardHandle, *, media_dir: Path, arrived: Arrived, limiter: trio.CapacityLimiter) -> None:
        """`limiter` bounds the pictures that are decoded at a time."""
        self._shard = shard
        self._media_dir = media_dir
        self._arrived = arrived
        self._limiter = limiter
        self._log = get_logger("sight", tenant=shard.tenant)

    async def look(self, burst: Sequence[StoredMessage]) -> Mapping[int, bytes]:
        """As `daemon.desk.turn.Look`. Raises `ShardUnavailable`; may be cancelled at any point."""
        pictures = [message.seq for message in burst if message.kind == "image"][-MOST:]
        if not pictures:
            return {}
        with trio.move_on_after(PATIENCE_SECONDS):
            await self._arrived(pictures)
        files = await self._shard.glance(partial(media.hashes, messages=pictures))
        seen: dict[int, bytes] = {}
        for seq in pictures:
            picture = await self._picture(files[seq]) if seq in files else None
            if picture is not None:
                seen[seq] = picture
        return seen

    async def _picture(self, content_hash: str) -> bytes | None:
        path = media_path(self._media_dir, self._shard.tenant, content_hash)
        try:
            return (await trio.to_thread.run_sync(for_model, path, limiter=self._limiter)).data
        except (BrokenPicture, OSError) as error:
            self._log.info("picture_not_shown", reason=str(error))
            return None
