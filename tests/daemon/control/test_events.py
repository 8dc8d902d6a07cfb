import random

import orjson
import pytest
import trio
from trio.testing import MockClock

from daemon.control.events import MOST_AT_ONCE, EventRing, Ring


def filled(count: int, size: int = 10) -> Ring:
    ring = Ring("boot", size)
    for number in range(1, count + 1):
        ring.append("tick", {"n": number}, "odd" if number % 2 else None)
    return ring


@pytest.mark.parametrize(
    ("id_", "position"),
    [
        ("boot-15", 15),
        ("boot-10", 10),
        ("boot-5", 5),
        ("boot-4", None),
        ("boot-16", None),
        ("other-15", None),
        ("boot-", None),
        ("boot-x", None),
        ("15", None),
        ("", None),
        ("boot-" + "9" * 400, None),
        ("boot-²", None),
    ],
)
def test_where_to_go_on(id_: str, position: int | None) -> None:
    assert filled(15).cursor(id_) == position


def test_what_comes_after() -> None:
    ring = filled(15)
    found = ring.after(12)
    assert found is not None
    assert ([entry.number for entry in found[0]], found[1]) == ([13, 14, 15], 15)
    odd = ring.after(5, "odd")
    assert odd is not None
    assert [entry.number for entry in odd[0]] == [7, 9, 11, 13, 15]
    assert ring.after(15) == ([], 15)
    assert ring.after(4) is None
    assert Ring("boot").after(0) == ([], 0)


def test_a_reader_misses_nothing_and_sees_nothing_twice(rng: random.Random) -> None:
    ring, position, seen, sent = Ring("boot", 1000), 0, [], 0
    for _ in range(200):
        for _ in range(rng.randrange(5)):
            sent += 1
            ring.append("tick", {}, "a")
        if rng.random() < 0.5:
            found = ring.after(position, "a")
            assert found is not None
            entries, position = found
            seen += [entry.number for entry in entries]
    found = ring.after(position)
    assert found is not None
    seen += [entry.number for entry in found[0]]
    assert seen == list(range(1, sent + 1))


def test_a_long_way_comes_in_parts() -> None:
    ring = filled(MOST_AT_ONCE + 10, 1000)
    found = ring.after(0)
    assert found is not None
    assert (len(found[0]), found[1]) == (MOST_AT_ONCE, MOST_AT_ONCE)


def test_a_frame() -> None:
    entry = Ring("b").append("message", {"text": "a\nb", "id": "1"}, "auto-sul")
    head, _, data = entry.frame().decode().rstrip("\n").rpartition("\ndata: ")
    assert head == "id: b-1\nevent: message"
    assert orjson.loads(data) == {"text": "a\nb", "id": "1", "tenant": "auto-sul"}
    assert "\n" not in data


async def test_news_wakes_who_waits(mock_clock: MockClock) -> None:
    ring = EventRing(Ring("boot"))
    woken: list[int] = []

    async def wait() -> None:
        await ring.news(0, 1000)
        woken.append(ring.ring.newest)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert woken == []
        ring.publish("tick", {})
    assert woken == [1, 1]
    await ring.news(0, 1000)  # there already
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ring.news, 1, 10)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(11)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ring.news, 1, 10)
        await trio.testing.wait_all_tasks_blocked()
        ring.close()
