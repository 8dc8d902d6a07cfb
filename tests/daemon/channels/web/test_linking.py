"""Linking a phone: by QR and by code, given up, begun anew, refused, and out of time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from daemon.channels.web.linking import PAIRING_SECONDS
from daemon.errors import ChannelError
from tests.support.web_shop import SHOP, Clock, Shop, real_time, shop


@pytest.fixture
def clock() -> Clock:
    return real_time()


@pytest.fixture
async def made(tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with shop(tmp_path, linked=False, clock=clock) as found:
        yield found


def qr(made: Shop) -> str:
    shown = made.channel.details.shown
    return (shown.qr if shown is not None else None) or ""


async def refs(made: Shop, count: int) -> list[str]:
    """So many codes, each as long as it is shown."""
    found: list[str] = []
    for n in range(count):
        await made.until(lambda: qr(made) and qr(made) not in found)
        found.append(qr(made))
        expires = made.shown.qr_expires_at
        assert expires is not None
        seconds = (expires - made.now()).total_seconds()
        assert 55 < seconds <= 60 if n % 6 == 0 else 15 < seconds <= 20
        await made.jump(seconds)
    return found


async def test_the_qr_changes_over_several_connections(made: Shop, clock: Clock) -> None:
    await made.channel.pair("", seconds=20)
    assert "scanned" in made.state[1]
    found = await refs(made, 8)
    assert len(set(found)) == 8
    await made.until(lambda: qr(made) not in ("", *found))
    made.network.scan(made.phone, qr(made))
    await made.until_said("up")


async def test_an_old_qr_does_not_link(made: Shop, clock: Clock) -> None:
    await made.channel.pair("", seconds=20)
    [first, *_] = await refs(made, 6)
    await made.until(lambda: qr(made) not in ("", first))
    with pytest.raises(ValueError, match="expired"):
        made.network.scan(made.phone, first)


async def test_nobody_scans_in_time(made: Shop, clock: Clock) -> None:
    await made.channel.pair("", seconds=20)
    await made.jump(PAIRING_SECONDS)
    await made.until_said("down", "nobody linked a phone in time")
    assert made.channel.details.shown is None
    await made.until(lambda: made.server.server.open == 0)
    await made.link()


async def test_by_code(made: Shop, clock: Clock) -> None:
    await made.channel.pair(SHOP, seconds=20)
    code = made.shown.pairing_code
    assert code is not None
    assert (len(code), code[4], made.shown.qr) == (9, "-", None)
    assert "typed" in made.state[1]
    made.network.enter_code(made.phone, code)
    await made.until_said("up")
    assert made.channel.details.jid == f"{SHOP}:1@s.whatsapp.net"


async def test_a_code_that_nobody_types_becomes_another(made: Shop, clock: Clock) -> None:
    await made.channel.pair(SHOP, seconds=20)
    first = made.shown.pairing_code
    await made.jump(160)
    await made.until(lambda: made.channel.details.shown and made.shown.pairing_code not in (None, first))
    made.network.enter_code(made.phone, made.shown.pairing_code or "")
    await made.until_said("up")


async def test_a_wrong_code_links_nobody(made: Shop, clock: Clock) -> None:
    await made.channel.pair(SHOP, seconds=20)
    made.network.enter_code(made.phone, "11111111")
    before = len(made.said)
    await made.until(lambda: len(made.said) > before)
    assert list(made.phone.account.companions()) == []
    assert made.state[0] != "up"


async def test_begun_anew_another_way(made: Shop, clock: Clock) -> None:
    await made.channel.pair("", seconds=20)
    old = qr(made)
    await made.channel.pair(SHOP, seconds=20)
    assert made.shown.pairing_code
    await made.channel.pair("", seconds=20)
    assert qr(made) not in ("", old)
    made.network.scan(made.phone, qr(made))
    await made.until_said("up")
    assert made.server.server.open == 1


async def test_given_up(made: Shop, clock: Clock) -> None:
    await made.channel.pair("", seconds=20)
    await made.channel.logout()
    await made.until_said("down", "no phone is linked")
    assert made.channel.details.shown is None
    await made.until(lambda: made.server.server.open == 0)


async def test_the_keys_stay_while_nobody_has_linked(made: Shop, clock: Clock) -> None:
    await made.channel.pair("", seconds=20)
    first = await made.keys.read(lambda rows: rows.device())
    await made.jump(PAIRING_SECONDS)
    await made.until_said("down", "nobody linked")
    await made.channel.pair("", seconds=20)
    assert await made.keys.read(lambda rows: rows.device()) == first


async def test_a_passkey_nobody_asked_for(made: Shop, clock: Clock) -> None:
    with pytest.raises(ChannelError, match="no pairing is under way"):
        await made.channel.answer_passkey({"confirmed": True})
    await made.channel.pair("", seconds=20)
    for answer in ({"confirmed": True}, {"rawId": "AAAA", "type": "public-key", "response": {}}):
        with pytest.raises(ChannelError):
            await made.channel.answer_passkey(answer)
    await made.link()


async def test_a_server_that_cannot_be_reached(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, linked=False, clock=clock, url="ws://127.0.0.1:9/ws/chat") as made:
        await made.channel.pair("", seconds=0.1)
        for _ in range(3):
            await made.until_said("down", "broke: connecting again by itself")
            at = made.channel.details.retry_at
            assert at is not None
            await made.jump((at - made.now()).total_seconds())
            await made.until(lambda at=at: made.channel.details.retry_at not in (None, at))  # type: ignore[misc]
        await made.channel.logout()
        await made.until_said("down", "no phone is linked")
        await trio.testing.wait_all_tasks_blocked()
