"""Answering by voice who spoke: the wish is committed with the text, the outbox makes the sound before handing over.

Whatever goes wrong on the way, the text goes out in its place; the rows say which of the two it is.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import trio
from attrs import evolve, frozen

from daemon.audio import BrokenAudio, inspect, opus_packet_sizes
from daemon.channels.base import Outgoing
from daemon.channels.media import media_path
from daemon.desk.brief import OptOut, Reply
from daemon.desk.spoken import script
from daemon.desk.waveform import waveform
from daemon.errors import ProviderError, ShowroomError
from daemon.logs import get_logger
from daemon.providers.base import Spoken
from shards.directory import ShardHandle
from shards.shard import Tx
from shards.tenant import messages, speech
from shards.tenant import profile as profiles
from shards.tenant.messages import StoredMessage
from shards.tenant.speech import Note, Paid, Wish

MAX_BYTES: Final = 512 << 10
"""WhatsApp shows a larger one as a file to download (Meta, "Audio messages")."""
PATIENCE_SECONDS: Final = 30.0
"""For all vendors together: then the customer reads."""
MAX_ATTEMPTS: Final = 2
"""How often a process may end while a vendor is asked before the answer is written: the customer waits."""
NOTE_LINK: Final = "note:"
"""How a channel that keeps uploads tells a voice note from a picture on the web; its hash follows."""
SPEAKING: Final = ".speaking-"
"""How the temporary files begin."""


class VoiceNoteTooLarge(ShowroomError):
    """The speech does not fit into a voice note."""


class Voice(Protocol):
    """A way to speak (`daemon.providers.voices.Voice`)."""

    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def voice(self) -> str: ...


class Speech(Protocol):
    """The vendors' voices, with their limits (`daemon.providers.voices.Speech`)."""

    def voices(self, wanted: str = "") -> Sequence[Voice]: ...
    def available(self) -> tuple[str, ...]: ...
    async def speak(
        self, text: str, *, voice: str = "", to: Path, tenant: str, unknown: list[str], priority: int = 0
    ) -> Spoken: ...


def wish_to_speak(
    tx: Tx, conversation: int, message_id: str, reply: Reply, burst: Sequence[StoredMessage], turn: int
) -> str | None:
    """Have a reply's text spoken if the customer spoke last and the tenant wants it; the id of a message that follows
    it with what must be read, None without.

    The confirmation of an opt-out is written: it says which word brings the assistant back.
    """
    if burst[-1].kind != "voice" or any(isinstance(effect, OptOut) for effect in reply.effects):
        return None
    chosen = profiles.load(tx).assistant.voice
    found = script(reply.text) if chosen.enabled else None
    if found is None:
        return None
    besides = None
    if found.written:
        besides = messages.queue(
            tx, conversation, author="assistant", kind="text", text=found.written, vehicle=reply.vehicle_id, turn=turn
        )
    speech.wish(tx, message_id, said=found.said, prose=found.prose, besides=besides, voice=chosen.voice_id or "")
    return besides


class Speaking(Protocol):
    """What an outbox asks of `VoiceReplies`."""

    async def sweep(self) -> None: ...
    async def decide(self, wish: Wish) -> None: ...
    def outgoing(self, message: Outgoing) -> Outgoing: ...


class VoiceReplies:
    """One tenant's answers by voice (`Speaking`). Belongs to its outbox."""

    def __init__(
        self,
        *,
        shard: ShardHandle,
        speech: Speech,
        media_dir: Path,
        receipts: Callable[[], None],
        room: Callable[[], bool] = lambda: True,
        allowed: Callable[[], bool] = lambda: True,
    ) -> None:
        """`receipts` is called after usage was committed. `room` says whether the disk takes files, `allowed` whether
        vendors may be asked for this tenant."""
        self._shard = shard
        self._speech = speech
        self._media_dir = media_dir
        self._folder = media_dir / shard.tenant
        self._receipts = receipts
        self._room = room
        self._allowed = allowed
        self._log = get_logger("voice", tenant=shard.tenant)

    async def sweep(self) -> None:
        """Remove what a process left that was killed while a vendor spoke. Called before anything is spoken."""
        await trio.to_thread.run_sync(_sweep, self._folder)

    def outgoing(self, message: Outgoing) -> Outgoing:
        """A voice note with its file's place, as channels want it; other messages as they are."""
        media = message.content.get("media")
        if message.kind != "voice" or not isinstance(media, dict):
            return message
        content_hash = str(media.get("hash"))
        place = {
            "path": str(media_path(self._media_dir, self._shard.tenant, content_hash)),
            "link": f"{NOTE_LINK}{content_hash}",
            "mime_type": speech.NOTE_TYPE,
            "filename": "audio.ogg",
        }
        return evolve(message, content={**message.content, **place})

    async def decide(self, wish: Wish) -> None:
        """Settle in which form an answer goes out: as a voice note from the cache or a vendor, else in writing.

        May be cancelled until a vendor has answered; the wish then stands. Raises `ShardUnavailable`.
        """
        if reason := self._hindrance(wish):
            await self._write_instead(wish, reason)
            return
        note = await self._shard.glance(partial(speech.cached, keys=self._keys(wish)))
        if note is not None and await trio.to_thread.run_sync(self._is_there, note):
            await self._shard.write(partial(_spoken, wish=wish, note=note), brief=True)
            return
        if note is not None:
            await self._shard.write(partial(speech.forget, content_hash=note.hash))
        await self._ask(wish)

    def _hindrance(self, wish: Wish) -> str:
        """Why no vendor can be asked, "" if one can."""
        if not self._speech.voices(wish.voice):
            return "no voice is configured"
        if wish.attempts >= MAX_ATTEMPTS:
            return f"the daemon ended {wish.attempts} times while it was spoken"
        if not self._allowed():
            return "no vendor is asked for this dealership now"
        return "" if self._room() else "the disk has no room for files"

    def _keys(self, wish: Wish) -> list[str]:
        """Under which the words may be found: by the voice that would speak now, or one that is left alone."""
        keys = []
        available = self._speech.available()
        for voice in self._speech.voices(wish.voice):
            keys.append(_key(voice.provider, voice.model, voice.voice, wish.said))
            if voice.provider in available:
                break
        return keys

    def _is_there(self, note: Note) -> bool:
        try:
            return media_path(self._media_dir, self._shard.tenant, note.hash).stat().st_size == note.bytes
        except FileNotFoundError:
            return False

    async def _ask(self, wish: Wish) -> None:
        first = self._speech.voices(wish.voice)[0].provider
        await self._shard.write(partial(speech.begun, one=wish, vendor=first), brief=True)
        wish = evolve(wish, asked="")
        temporary = self._folder / f"{SPEAKING}{secrets.token_hex(8)}"
        unknown: list[str] = []
        reason = f"no vendor spoke within {PATIENCE_SECONDS:g} s"
        spoken: Spoken | None = None
        try:
            with trio.move_on_after(PATIENCE_SECONDS):
                try:
                    await trio.to_thread.run_sync(partial(self._folder.mkdir, parents=True, exist_ok=True, mode=0o700))
                    spoken = await self._speech.speak(
                        wish.said, voice=wish.voice, to=temporary, tenant=self._shard.tenant, unknown=unknown
                    )
                except ProviderError as error:
                    reason = str(error)
                except OSError as error:
                    reason = _not_stored(error)
            with trio.CancelScope(shield=True):  # it is paid for, whatever becomes of the answer
                if spoken is None:
                    await self._write_instead(wish, reason, unknown=unknown)
                else:
                    await self._keep(wish, spoken, unknown)
        finally:
            with suppress(OSError):  # what stays is swept at the next start
                temporary.unlink()

    async def _keep(self, wish: Wish, spoken: Spoken, unknown: Sequence[str]) -> None:
        """Store what was spoken, with its receipt."""
        paid = Paid(provider=spoken.provider, model=spoken.model, characters=spoken.characters)
        try:
            note = await trio.to_thread.run_sync(_store, spoken.path, self._media_dir, self._shard.tenant)
        except (BrokenAudio, VoiceNoteTooLarge) as error:
            await self._write_instead(wish, str(error), paid, unknown)
        except OSError as error:
            await self._write_instead(wish, _not_stored(error), paid, unknown)
        else:
            key = _key(spoken.provider, spoken.model, spoken.voice, wish.said)
            paid = evolve(paid, audio_ms=note.seconds * 1000)
            await self._shard.write(
                partial(_spoken, wish=wish, note=note, made=_Made(key, paid, tuple(unknown))), brief=True
            )
            self._receipts()
            self._log.info("spoken", message=wish.message_id, provider=spoken.provider, seconds=note.seconds)

    async def _write_instead(
        self, wish: Wish, reason: str, paid: Paid | None = None, unknown: Sequence[str] = ()
    ) -> None:
        self._log.warning("not_spoken", message=wish.message_id, reason=reason)
        await self._shard.write(
            partial(_write_instead, wish=wish, reason=reason, paid=paid, unknown=unknown), brief=True
        )
        if paid is not None or unknown:
            self._receipts()


@frozen
class _Made:
    """What goes with a voice note that is new: its key, its receipt, the vendors that gave nothing before."""

    key: str
    paid: Paid
    unknown: tuple[str, ...]


def _spoken(tx: Tx, wish: Wish, note: Note, made: _Made | None = None) -> None:
    speech.account(tx, wish, made.paid if made else None, made.unknown if made else ())
    if made is not None:
        speech.keep(tx, made.key, note)
    speech.spoken(tx, wish, note)


def _write_instead(tx: Tx, wish: Wish, reason: str, paid: Paid | None, unknown: Sequence[str]) -> None:
    speech.account(tx, wish, paid, unknown)
    speech.write_instead(tx, wish.message, reason)


def _not_stored(error: OSError) -> str:
    return f"the speech could not be stored ({error.strerror})"


def _key(provider: str, model: str, voice: str, said: str) -> str:
    return hashlib.sha256("\0".join((provider, model, voice, said)).encode()).hexdigest()


def _store(file: Path, media_dir: Path, tenant: str) -> Note:
    """Look at a speech and put it under its hash, durably. In a worker thread.

    Raises `BrokenAudio`, `VoiceNoteTooLarge`, `OSError`.
    """
    with file.open("rb+") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size > MAX_BYTES:
            raise VoiceNoteTooLarge(f"the speech has {size >> 10} KB", f"a voice note has {MAX_BYTES >> 10} at most")
        sound = inspect(opened)
        if not sound.opus or sound.channels != 1:
            raise BrokenAudio("the speech is not Ogg/Opus with one channel")
        bars = waveform(opus_packet_sizes(opened))
        opened.seek(0)
        content_hash = hashlib.file_digest(opened, "sha256").hexdigest()
        os.fsync(opened.fileno())
    path = media_path(media_dir, tenant, content_hash)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    file.replace(path)
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return Note(hash=content_hash, bytes=size, seconds=max(1, round(sound.seconds)), waveform=bars)


def _sweep(folder: Path) -> None:
    for half in folder.glob(f"{SPEAKING}*"):
        half.unlink(missing_ok=True)
