"""The room that a dealership's customers' files may take: refused aloud, taken again by itself."""

import pytest
from attrs import define, field

from daemon.tenants.media_quota import MB, MediaQuota
from tests.support.desk_rows import Desk, desk
from tests.support.desk_tasks import InlineShard

__all__ = ["desk"]


@define
class Room:
    desk: Desk
    limit_mb: int = 10
    said: list[str] = field(factory=list)
    quota: MediaQuota = field(init=False)

    def __attrs_post_init__(self) -> None:
        shard = InlineShard(self.desk)
        self.quota = MediaQuota(shard, limit_mb=lambda: self.limit_mb, say=self.said.append)  # type: ignore[arg-type]

    def keep(self, name: str, size: int) -> None:
        self.desk(lambda tx: tx.run("INSERT INTO media VALUES (?, 'image/jpeg', ?, 0)", (name, size)))


@pytest.fixture
def room(desk: Desk) -> Room:
    return Room(desk)


async def test_at_the_quota_files_are_refused_and_said_once(room: Room) -> None:
    room.keep("a", 10 * MB - 1)
    assert await room.quota.refusal("image") == ""
    room.keep("b", 1)
    for _ in range(2):
        assert "10 MB of 10 MB" in await room.quota.refusal("image")
    assert len(room.said) == 1
    assert "media_mb_per_tenant" in room.said[0]
    room.desk(lambda tx: tx.run("DELETE FROM media WHERE hash = 'b'"))
    assert await room.quota.refusal("image") == ""
    assert room.said[1:] == [""]
    assert room.quota.reason == ""


async def test_what_must_be_heard_to_be_answered_goes_on_a_little_longer(room: Room) -> None:
    room.keep("a", 10 * MB)
    assert await room.quota.refusal("voice") == ""
    assert room.quota.reason, "it is shown all the same"
    room.keep("b", MB)
    assert await room.quota.refusal("voice")


async def test_no_limit(room: Room) -> None:
    room.keep("a", 10**12)
    room.limit_mb = 0
    assert await room.quota.refusal("image") == ""
    assert room.said == []
