"""The number's pace and stops, over connections, restarts and other phones."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from attrs import evolve

from daemon.channels.web.care import PACE, Care
from daemon.channels.web.keys import Keys
from daemon.errors import SendDelayed
from daemon.tenants.web_keys import WebKeys
from daemon.whatsapp.web.jid import Jid
from shards.directory import ShardDirectory
from tests.daemon.tenants.test_web_device import DEVICE
from tests.support.session import SEALER
from tests.support.shards import HandClock

PAIRED = evolve(DEVICE, jid=Jid("5511", device=3))


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
async def keys(tmp_path: Path, hand: HandClock) -> AsyncIterator[Keys]:
    directory = ShardDirectory(tmp_path, kind="session", limiter=trio.CapacityLimiter(2), now=hand)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        made = WebKeys(await directory.create("auto-sul"), SEALER, "auto-sul")
        await made.write(lambda rows: rows.save_device(evolve(PAIRED, paired_at=hand.ms)))
        yield made
        nursery.cancel_scope.cancel()


async def care_of(keys: Keys, hand: HandClock, changes: list[int] | None = None, factor: float = 1.0) -> Care:
    made = Care(keys, tenant="auto-sul", now=hand, factor=factor, changed=lambda: (changes or []).append(1))
    await made.load()
    return made


def delayed(care: Care, chat: str, *, human: bool = False) -> SendDelayed:
    with pytest.raises(SendDelayed) as caught:
        care.begin(chat, human=human)
    return caught.value


async def test_a_stop_holds_everybody_and_outlives_a_restart(keys: Keys, hand: HandClock) -> None:
    changes = [0]
    care = await care_of(keys, hand, changes)
    assert care.stopped is None
    await care.trouble("stranger", None)
    assert len(changes) == 2
    again = await care_of(keys, hand)
    for each in (care, again):
        assert each.stopped is not None
        assert each.stopped.seconds == 900
        assert not each.banned
        assert delayed(each, "a", human=True).scope == "channel"
    hand.move(901)
    assert again.stopped is None
    again.begin("a", human=False)


async def test_a_limit_that_the_server_takes_back(keys: Keys, hand: HandClock) -> None:
    care = await care_of(keys, hand, factor=0.0)
    await care.trouble("timelock", hand().timestamp() + 7200)
    assert care.stopped is not None
    await care.relieved()
    assert care.stopped is None
    assert (await care_of(keys, hand)).stopped is None


async def test_a_ban_is_known_after_a_restart(keys: Keys, hand: HandClock) -> None:
    await (await care_of(keys, hand)).trouble("ban", hand().timestamp() + 3600)
    care = await care_of(keys, hand)
    assert care.banned
    hand.move(3600)
    assert not care.banned


async def test_another_phone_begins_with_its_own_pace(keys: Keys, hand: HandClock) -> None:
    care = await care_of(keys, hand)
    await care.trouble("ban", hand().timestamp() + 3600)
    await keys.write(lambda rows: rows.retire_device("unlinked"))
    await keys.write(lambda rows: rows.save_device(evolve(PAIRED, jid=Jid("5522", device=1))))
    await care.load()
    assert care.stopped is None
    care.begin("a", human=False)


async def test_damaged_state_is_forgotten(keys: Keys, hand: HandClock) -> None:
    await keys.write(lambda rows: rows.set_fact(PACE, b"\xff\x00 nonsense"))
    assert (await care_of(keys, hand)).stopped is None


async def test_one_message_of_a_chat_at_a_time(keys: Keys, hand: HandClock) -> None:
    care = await care_of(keys, hand, factor=0.0)
    care.begin("a", human=False)
    assert delayed(care, "a").scope == "contact"
    care.begin("b", human=False)
    care.free("a")
    care.begin("a", human=False)


async def test_what_was_sent_is_counted_after_a_restart(keys: Keys, hand: HandClock) -> None:
    care = await care_of(keys, hand)
    for n in range(12):
        care.begin(str(n), human=True)
        care.free(str(n))
    await care.keep()
    again = await care_of(keys, hand)
    hand.move(2)
    assert "within a minute" in str(delayed(again, "x"))
