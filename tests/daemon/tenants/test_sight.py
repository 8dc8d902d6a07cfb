"""What a model is shown of a burst."""

import io
from collections.abc import Collection
from pathlib import Path

import pytest
import trio
import trio.testing
from PIL import Image

from daemon.channels.media import media_path
from daemon.tenants.sight import MOST, PATIENCE_SECONDS, Sight
from shards.tenant import media, messages
from shards.tenant.messages import StoredMessage
from tests.support.desk_rows import Desk, desk
from tests.support.desk_tasks import InlineShard

__all__ = ["desk"]


class Eyes:
    def __init__(self, desk: Desk, media_dir: Path) -> None:
        self.desk, self.media_dir = desk, media_dir
        self.asked: list[list[int]] = []
        self.gate = trio.Event()
        self.gate.set()
        self.sight = Sight(
            InlineShard(desk),  # type: ignore[arg-type]
            media_dir=media_dir,
            arrived=self._arrived,
            limiter=trio.CapacityLimiter(1),
        )

    async def _arrived(self, wanted: Collection[int]) -> None:
        self.asked.append(list(wanted))
        await self.gate.wait()

    def sent(self, seq: int, data: bytes | None) -> None:
        self.desk.says("", kind="image", content={"media": {"id": str(seq)}})
        if data is not None:
            hash_ = f"{seq:064x}"
            path = media_path(self.media_dir, "auto-sul", hash_)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            self.desk(media.store, seq, hash_, "image/jpeg", len(data))

    def burst(self) -> list[StoredMessage]:
        return self.desk(messages.burst, 1, after=0, limit=40)


@pytest.fixture
def eyes(desk: Desk, tmp_path: Path) -> Eyes:
    return Eyes(desk, tmp_path / "media")


def drawn() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (2000, 1000), "red").save(target, "PNG")
    return target.getvalue()


async def test_pictures_are_made_small(eyes: Eyes) -> None:
    eyes.sent(1, drawn())
    eyes.desk.says("quanto vale?")
    [(seq, jpeg)] = (await eyes.sight.look(eyes.burst())).items()
    assert seq == 1
    assert Image.open(io.BytesIO(jpeg)).size == (1024, 512)
    assert eyes.asked == [[1]]


async def test_what_is_broken_gone_or_never_came_is_not_shown(eyes: Eyes) -> None:
    eyes.sent(1, b"<html>")
    eyes.sent(2, drawn())
    eyes.sent(3, None)
    eyes.sent(4, drawn())
    media_path(eyes.media_dir, "auto-sul", f"{4:064x}").unlink()
    assert list(await eyes.sight.look(eyes.burst())) == [2]


async def test_the_newest_few(eyes: Eyes) -> None:
    for seq in range(1, MOST + 3):
        eyes.sent(seq, drawn())
    assert list(await eyes.sight.look(eyes.burst())) == list(range(3, MOST + 3))


async def test_a_burst_without_pictures_costs_nothing(eyes: Eyes) -> None:
    eyes.desk.says("oi")
    assert await eyes.sight.look(eyes.burst()) == {}
    assert eyes.asked == []


async def test_one_that_is_on_its_way_is_waited_for_but_not_for_ever(
    eyes: Eyes, mock_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    eyes.gate = trio.Event()
    eyes.sent(1, drawn())
    seen: list[list[int]] = []
    done = trio.Event()

    async def look() -> None:
        seen.append(list(await eyes.sight.look(eyes.burst())))
        done.set()

    nursery.start_soon(look)
    await trio.testing.wait_all_tasks_blocked()
    assert seen == []
    mock_clock.jump(PATIENCE_SECONDS)
    await done.wait()
    assert seen == [[1]]
