"""Hearing voice notes: when, by whom, what is not worth a request, and what a stop leaves behind."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from daemon.channels.media import media_path
from daemon.emulator.voice_wire import ogg_opus
from daemon.errors import ProviderUnavailable
from daemon.providers.base import Transcript
from daemon.tenants import ears
from daemon.tenants.ears import Ears
from shards.directory import ShardHandle
from shards.shard import Tx
from shards.tenant import transcripts
from tests.support.shards import HandClock, one_tenant
from tests.support.tenancy import say

CIVIC = (Path(__file__).parents[2] / "data" / "audio" / "civic.ogg").read_bytes()


class Vendors:
    """Hears what it was told to, when the gate is open."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.gate: trio.Event | None = None
        self.reached = trio.Event()
        self.fails = False
        self.known: tuple[str, ...] = ("elevenlabs", "openai")

    def names(self) -> tuple[str, ...]:
        return self.known

    available = names

    async def transcribe(self, file: Path, *, unknown: list[str], **more: Any) -> Transcript:
        self.asked.append({"bytes": file.stat().st_size, **more})
        unknown.append("elevenlabs")
        gate = self.gate
        self.reached.set()
        await trio.lowlevel.checkpoint()
        if gate is not None:
            await gate.wait()
        if self.fails:
            raise ProviderUnavailable("no vendor of transcription gave one")
        unknown.clear()
        return Transcript(text="tem civic?", seconds=more["seconds"], provider="elevenlabs", model="scribe_v2")


class Desk:
    """One tenant's shard, its ears, and what they tell."""

    def __init__(self, directory: Path, shard: ShardHandle, clock: HandClock) -> None:
        self.shard, self.vendors, self.directory = shard, Vendors(), directory
        self.due: list[tuple[int, int]] = []
        self.news: list[Any] = []
        self.receipts: list[str] = []
        self.standing = "full"
        around = SimpleNamespace(
            now=clock,
            data_dir=directory,
            hearing=self.vendors,
            standings=SimpleNamespace(of=lambda tenant: self.standing),
            publish=lambda tenant, news: self.news.extend(news),
            receipts=self.receipts.append,
        )
        self.around = around
        self.ears = self.made()

    def made(self) -> Ears:
        """The ears of a new start."""
        return Ears(self.shard, self.around, lambda *owed: self.due.append(owed))  # type: ignore[arg-type]

    async def note(self, sound: bytes | None = CIVIC, *, sender: str = "ana") -> None:
        """A voice note whose file came, or will not come (None)."""
        content = "{}"
        if sound is not None:
            hash_ = hashlib.sha256(sound).hexdigest()
            path = media_path(self.directory / "media", "auto-sul", hash_)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sound)
            content = f'{{"media": {{"hash": "{hash_}"}}}}'

        def work(tx: Tx) -> None:
            say(tx, sender, "")
            seq = tx.value("SELECT max(seq) FROM messages")
            tx.run("UPDATE messages SET kind = 'voice', content = ? WHERE seq = ?", (content, seq))
            tx.run("UPDATE conversations SET due_at = ?", (tx.now_ms,))
            transcripts.want(tx, seq)

        await self.shard.write(work)
        self.ears.woken()

    async def rows(self, sql: str = "SELECT state, text, reason FROM transcripts ORDER BY message") -> list[Any]:
        return await self.shard.read(lambda tx: list(tx.rows(sql)))

    async def until_told(self, count: int = 1) -> None:
        with trio.fail_after(60):
            while len(self.news) < count or len(self.due) < count:  # noqa: ASYNC110 - the last thing it does
                await trio.sleep(0.005)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = HandClock()
    async with one_tenant(tmp_path, clock) as shard:
        yield Desk(tmp_path, shard, clock)


async def test_a_note_is_heard_and_its_turn_goes_on(desk: Desk, nursery: trio.Nursery) -> None:
    await nursery.start(desk.ears.run)
    await desk.note()
    await desk.until_told()
    assert await desk.rows() == [("heard", "tem civic?", "")]
    [asked] = desk.vendors.asked
    assert (asked["bytes"], asked["mime_type"], asked["tenant"]) == (len(CIVIC), "audio/ogg", "auto-sul")
    assert asked["seconds"] == pytest.approx(6.32, abs=0.01)
    assert desk.due == [(1, 0)]
    assert desk.news[0][0] == "transcript"
    assert desk.receipts == ["auto-sul"]
    assert await desk.rows("SELECT kind, audio_ms FROM usage") == [("transcription", 6321)]


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (None, "gone"),
        (b"<html>Wi-Fi</html>", "broken"),
        (b"", "broken"),
        (ogg_opus(601), "long"),
    ],
)
async def test_what_is_not_worth_a_request(desk: Desk, nursery: trio.Nursery, sound: bytes | None, reason: str) -> None:
    await desk.note(sound)
    await nursery.start(desk.ears.run)
    await desk.until_told()
    assert await desk.rows() == [("failed", "", reason)]
    assert (desk.vendors.asked, desk.due) == ([], [(1, 0)])


async def test_a_file_that_is_too_large(desk: Desk, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "LARGEST_BYTES", len(CIVIC) - 1)
    await desk.note()
    await nursery.start(desk.ears.run)
    await desk.until_told()
    assert await desk.rows() == [("failed", "", "large")]


async def test_a_file_that_was_taken_away(desk: Desk, nursery: trio.Nursery) -> None:
    await desk.note()
    for path in (desk.directory / "media").rglob("*"):
        if path.is_file():
            path.unlink()
    await nursery.start(desk.ears.run)
    await desk.until_told()
    assert await desk.rows() == [("failed", "", "gone")]


@pytest.mark.parametrize("standing", ["catalogue", "human", "full"])
async def test_nobody_may_be_asked(desk: Desk, nursery: trio.Nursery, standing: str) -> None:
    desk.standing = standing
    desk.vendors.known = ("elevenlabs",) if standing != "full" else ()
    await desk.note()
    await nursery.start(desk.ears.run)
    await desk.until_told()
    assert await desk.rows() == [("failed", "", "deaf")]
    assert desk.vendors.asked == []


async def test_the_vendors_fail(desk: Desk, nursery: trio.Nursery) -> None:
    desk.vendors.fails = True
    await desk.note()
    await nursery.start(desk.ears.run)
    await desk.until_told()
    assert await desk.rows() == [("failed", "", "unheard")]
    assert await desk.rows("SELECT kind, provider FROM usage") == [("unknown", "elevenlabs")]


async def test_customers_do_not_wait_for_each_other(desk: Desk, nursery: trio.Nursery) -> None:
    await nursery.start(desk.ears.run)
    desk.vendors.gate = trio.Event()
    await desk.note()
    await desk.vendors.reached.wait()
    desk.vendors.gate = None
    await desk.note(sender="bia")
    await desk.until_told()
    assert [state for state, _, _ in await desk.rows()] == ["wanted", "heard"]


async def test_more_than_can_be_heard_at_a_time(
    desk: Desk, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "AT_A_TIME", 2)
    for _ in range(5):
        await desk.note()
    await nursery.start(desk.ears.run)
    await desk.until_told(5)
    assert [state for state, _, _ in await desk.rows()] == ["heard"] * 5
    assert len(desk.vendors.asked) == 5


async def test_a_stop_and_a_start_hear_it_again(desk: Desk, nursery: trio.Nursery) -> None:
    desk.vendors.gate = trio.Event()
    async with trio.open_nursery() as first:
        await first.start(desk.ears.run)
        await desk.note()
        await desk.vendors.reached.wait()
        first.cancel_scope.cancel()
    assert await desk.rows() == [("wanted", "", "")]
    desk.vendors.gate = None
    await nursery.start(desk.made().run)
    await desk.until_told()
    assert await desk.rows() == [("heard", "tem civic?", "")]
    assert await desk.rows("SELECT kind, provider FROM usage ORDER BY seq") == [
        ("unknown", "elevenlabs"),
        ("transcription", "elevenlabs"),
    ]
