"""Hearing one tenant's voice notes: as soon as a file is here, several at a time, each vendor in turn."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio

from daemon.audio import MIME_TYPES, BrokenAudio, Sound, inspect
from daemon.channels.media import media_path
from daemon.errors import ProviderError
from daemon.logs import get_logger
from daemon.providers.base import Transcript
from daemon.tenants.surroundings import Surroundings
from shards.directory import ShardHandle
from shards.shard import Tx
from shards.tenant import transcripts
from shards.tenant.transcripts import Reason, ToHear

AT_A_TIME: Final = 16
"""Voice notes of one tenant that are being heard."""
LONGEST_SECONDS: Final = 600.0
LARGEST_BYTES: Final = 25 << 20
"""What every vendor takes."""

Due = Callable[[int, int], None]


class Unhearable(Exception):
    """A file that is not worth a request; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Ears:
    """Voice notes of one tenant that are to be heard. `woken` after commits, `run` in the tenant's nursery."""

    def __init__(self, shard: ShardHandle, around: Surroundings, due: Due) -> None:
        """`due(conversation, answers given so far)`: its turn need not wait any more."""
        self._shard = shard
        self._around = around
        self._due = due
        self._in_hand: set[int] = set()
        self._bell = trio.Event()
        self._log = get_logger("ears", tenant=shard.tenant)

    def woken(self) -> None:
        """A voice note came, or a file is here, or one will not come."""
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hear until cancelled. Raises `ShardUnavailable` when the shard fails.

        `started()` once what the process before left open has its time anew: before that no turn may be claimed.
        A request that is cut off by a cancel is made again at the next start, and is of unknown cost.
        """
        wanted = await self._shard.glance(transcripts.any_wanted)
        if wanted and await self._shard.write(transcripts.resume):
            self._around.receipts(self._shard.tenant)
        task_status.started()
        async with trio.open_nursery() as nursery:
            while True:
                self._bell = trio.Event()
                for one in await self._shard.glance(partial(transcripts.to_hear, limit=AT_A_TIME)):
                    if one.message not in self._in_hand and len(self._in_hand) < AT_A_TIME:
                        self._in_hand.add(one.message)
                        nursery.start_soon(self._hear, one)
                await self._bell.wait()

    async def _hear(self, one: ToHear) -> None:
        unknown: list[str] = []
        try:
            path, sound = await self._file(one)
            await self._shard.write(partial(transcripts.asked, message=one.message, provider=self._first()), brief=True)
            transcript = await self._around.hearing.transcribe(
                path,
                mime_type=MIME_TYPES[sound.container],
                seconds=sound.seconds,
                tenant=self._shard.tenant,
                unknown=unknown,
            )
        except Unhearable as error:
            await self._failed(one, error.reason, unknown)
        except ProviderError as error:
            self._log.warning("voice_note_not_transcribed", message=one.message_id, reason=str(error))
            await self._failed(one, "unheard", unknown)
        else:
            with trio.CancelScope(shield=True):  # it is paid for, whatever becomes of us
                await self._shard.write(partial(_heard, one=one, transcript=transcript, unknown=tuple(unknown)))
            self._log.info("voice_note_heard", message=one.message_id, provider=transcript.provider)
            await self._settled(one)

    def _first(self) -> str:
        return next(iter(self._around.hearing.available()), "")

    async def _file(self, one: ToHear) -> tuple[Path, Sound]:
        """The file to send. Raises `Unhearable`."""
        if one.hash is None:
            raise Unhearable("gone")
        path = media_path(self._around.data_dir / "media", self._shard.tenant, one.hash)
        try:
            size, sound = await trio.to_thread.run_sync(_inspected, path)
        except BrokenAudio as error:
            self._log.info("voice_note_broken", message=one.message_id, reason=str(error))
            raise Unhearable("broken") from None
        except OSError as error:
            self._log.warning("voice_note_unreadable", message=one.message_id, reason=str(error))
            raise Unhearable("gone") from None
        if size > LARGEST_BYTES:
            raise Unhearable("large")
        if sound.seconds > LONGEST_SECONDS:
            raise Unhearable("long")
        if not self._around.hearing.names() or self._around.standings.of(self._shard.tenant) != "full":
            raise Unhearable("deaf")
        return path, sound

    async def _failed(self, one: ToHear, reason: Reason, unknown: list[str]) -> None:
        with trio.CancelScope(shield=True):
            await self._shard.write(partial(transcripts.fail, one=one, reason=reason, unknown=tuple(unknown)))
        await self._settled(one)

    async def _settled(self, one: ToHear) -> None:
        self._around.receipts(self._shard.tenant)
        news = {"conversation": one.conversation_id, "message": one.message_id}
        self._around.publish(self._shard.tenant, [("transcript", news)])
        self._in_hand.discard(one.message)
        self._bell.set()
        if (owed := await self._shard.glance(partial(transcripts.due, message=one.message))) is not None:
            self._due(*owed)


def _inspected(path: Path) -> tuple[int, Sound]:
    size = path.stat().st_size
    with path.open("rb") as file:
        return size, inspect(file)


def _heard(tx: Tx, one: ToHear, transcript: Transcript, unknown: tuple[str, ...]) -> None:
    transcripts.heard(
        tx,
        one,
        text=transcript.text,
        audio_ms=round(transcript.seconds * 1000),
        provider=transcript.provider,
        model=transcript.model,
        unknown=unknown,
    )
