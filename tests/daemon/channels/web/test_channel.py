"""The life of a tenant's web channel: linked, up, ended for every reason there is, unlinked."""

from datetime import timedelta
from pathlib import Path

import pytest
import trio

from daemon.channels.web.channel import NOT_LINKED
from daemon.emulator.whatsapp_web import rig
from daemon.emulator.whatsapp_web.faults import Blow
from daemon.errors import ChannelError
from tests.support.session import OTHER_SEALER
from tests.support.web_shop import Clock, Shop, real_time, shop, shop_on


@pytest.fixture
def clock() -> Clock:
    return real_time()


async def test_nobody_is_linked_at_first(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, linked=False) as made:
        await made.until_said("down", NOT_LINKED)
        assert made.channel.details.jid is None


async def test_linked_and_up(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        details = made.channel.details
        assert details.jid == f"{made.phone.account.phone}:1@s.whatsapp.net"
        assert (details.retry_at, details.shown) == (None, None)
        with pytest.raises(ChannelError, match="linked already"):
            await made.channel.pair("", seconds=0)


async def test_a_restart_connects_by_itself(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "server").mkdir()
    async with rig.running(tmp_path / "server") as server:
        async with shop_on(server, tmp_path) as made:
            await made.link()
        async with shop_on(server, tmp_path) as again:
            await again.until_said("up")
            assert len(list(again.phone.account.companions())) == 1


async def fails(made: Shop, code: str, times: int = 1) -> None:
    """The next logins are refused with that code."""
    made.fault("failure", code, times)
    made.network.lines.blow(made.device, "restart")


async def test_401_is_the_end_of_the_link(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        await fails(made, "401")
        await made.until_said("down", "the phone unlinked this device: pair it again with a new QR code")
        assert made.channel.details.jid is None
        sockets = made.server.server.open
        await made.jump(7 * 86_400)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert (made.server.server.open, made.state[0]) == (sockets, "down"), "it never tries again by itself"
        made.network.accounts.by_phone(made.phone.account.phone).unlink(made.device)  # type: ignore[union-attr]
        await made.link()


async def test_why_the_phone_is_unlinked_outlives_a_restart(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "server").mkdir()
    async with rig.running(tmp_path / "server") as server:
        async with shop_on(server, tmp_path) as made:
            await made.link()
            made.network.lines.blow(made.device, "device_removed")
            await made.until_said("down", "the phone unlinked this device")
        async with shop_on(server, tmp_path) as again:
            await again.until_said("down", "the phone unlinked this device")
            await again.link()
            await again.channel.logout()
            await again.until_said("down", NOT_LINKED)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("400", "malformed"),
        ("403", "gone or locked"),
        ("406", "banned the number"),
        ("409", "what we say of ourselves"),
        ("402", "without saying until when"),
    ],
)
async def test_failures_that_need_a_person(tmp_path: Path, clock: Clock, code: str, reason: str) -> None:
    async with shop(tmp_path, clock=clock) as made:
        await fails(made, code)
        await made.until_said("down", reason)
        assert made.channel.details.retry_at is None


@pytest.mark.parametrize(("code", "seconds"), [("503", 1), ("500", 1), ("429", 300)])
async def test_failures_that_pass(tmp_path: Path, clock: Clock, code: str, seconds: int) -> None:
    async with shop(tmp_path, clock=clock) as made:
        await fails(made, code)
        await made.until(lambda: made.channel.details.retry_at is not None)
        wait = made.channel.details.retry_at - made.now()  # type: ignore[operator]
        assert timedelta(seconds=seconds * 0.5) < wait <= timedelta(seconds=seconds + 1)
        assert made.state[0] == "down"
        await made.jump(seconds + 1)
        await made.until_said("up")
        assert made.channel.details.retry_at is None


async def test_failures_wait_longer_each_time(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        await fails(made, "503", times=5)
        waits = []
        for _ in range(5):
            await made.until(lambda: made.channel.details.retry_at is not None)
            at = made.channel.details.retry_at
            assert at is not None
            waits.append((at - made.now()).total_seconds())
            await made.jump(waits[-1] + 0.1)
            await made.until(lambda at=at: made.channel.details.retry_at != at)  # type: ignore[misc]
        await made.until_said("up")
        assert waits[-1] > 3 * waits[0]


@pytest.mark.parametrize("blow", ["restart", "cut", "garbage", "bomb", "server_error"])
async def test_what_breaks_a_connection_does_not_break_the_link(tmp_path: Path, clock: Clock, blow: Blow) -> None:
    async with shop(tmp_path, clock=clock) as made:
        before = len(made.said)
        made.network.lines.blow(made.device, blow)
        await made.until(lambda: len(made.said) > before)
        await made.until_said("up")
        assert len(list(made.phone.account.companions())) == 1
        assert ("starting", "connecting") in made.said[before:]


async def test_a_frame_without_an_end_and_silence_are_noticed(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        for blow, keepalives in (("silence", 1), ("giant_frame", 3)):
            before = len(made.said)
            made.network.lines.blow(made.device, blow)  # type: ignore[arg-type]
            for _ in range(keepalives):
                await made.jump(30)
                await made.jump(20)
            await made.until(lambda before=before: ("up", "") in made.said[before:])  # type: ignore[misc]


async def test_515_comes_back_at_once(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        before = len(made.said)
        made.network.lines.blow(made.device, "restart")
        await made.until(lambda: made.said[before:] == [("starting", "connecting"), ("up", "")])


async def test_replaced_is_tried_once_more_and_then_left_alone(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        made.network.lines.blow(made.device, "replaced")
        await made.until_said("down", "trying once more in a minute")
        assert made.channel.details.retry_at is not None
        await made.jump(60)
        await made.until_said("up")
        made.network.lines.blow(made.device, "replaced")
        await made.until_said("down", "find it and stop it")
        assert made.channel.details.retry_at is None


async def test_replaced_after_a_long_time_is_the_first_time(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        made.network.lines.blow(made.device, "replaced")
        await made.until_said("down", "trying once more")
        await made.jump(60)
        await made.until_said("up")
        await made.jump(3700)
        await trio.testing.wait_all_tasks_blocked(0.1)
        assert made.state[0] == "up", "a keepalive was answered"
        made.network.lines.blow(made.device, "replaced")
        await made.until_said("down", "trying once more")


async def test_unlinking_by_the_operator(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        await made.channel.logout()
        await made.until_said("down", NOT_LINKED)
        assert list(made.phone.account.companions()) == [], "the phone was told"
        assert made.channel.details.jid is None
        assert await made.keys.read(lambda rows: rows.device()) is None
        await made.link()


async def test_unlinking_twice_at_once(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made, trio.open_nursery() as nursery:
        nursery.start_soon(made.channel.logout)
        nursery.start_soon(made.channel.logout)
        await made.until_said("down", NOT_LINKED)


async def test_unlinking_while_it_connects(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        made.network.lines.blow(made.device, "restart")
        await made.until(lambda: made.state == ("starting", "connecting"))
        await made.channel.logout()
        await made.until_said("down", NOT_LINKED)
        assert await made.keys.read(lambda rows: rows.device()) is None
        await made.until(lambda: made.server.server.open == 0)


async def test_another_master_key_stops_it_and_says_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "server").mkdir()
    async with rig.running(tmp_path / "server") as server:
        async with shop_on(server, tmp_path) as made:
            await made.link()
        async with shop_on(server, tmp_path, sealer=OTHER_SEALER) as again:
            await again.until_said("down", "sealed with master key")
            assert "master key" in again.channel.credentials_needed
            with pytest.raises(ChannelError, match="unlink the phone"):
                await again.channel.pair("", seconds=0)
            await again.channel.logout()
            await again.until_said("down", NOT_LINKED)
            assert again.channel.credentials_needed == ""
            await again.link()


async def test_the_client_version_that_worked_is_used_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    newer = (2, 3000, 4_000_000_000)
    (tmp_path / "server").mkdir()
    async with rig.running(tmp_path / "server") as server:
        async with shop_on(server, tmp_path) as made:
            made.app.version.took(newer)
            await made.link()
        async with shop_on(server, tmp_path) as again:
            await again.until_said("up")
            assert again.app.version.current == newer
            assert again.device.client_version == "2.3000.4000000000"


async def test_messages_leave_nothing_in_the_channel(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        ana = made.person()
        await made.heard(ana)
        before = sizes(made)
        for n in range(60):
            await made.heard(ana, f"mensagem {n}")
        assert sizes(made) == before


def sizes(made: Shop) -> dict[str, int]:
    """How many things each collection of the channel's objects has."""
    found: dict[str, int] = {}
    sending = made.channel._uplink.sending
    assert sending is not None
    for owner in (made.channel, made.channel._care, made.channel._handover, sending, sending.connection, made.files):
        names = getattr(owner, "__dict__", None) or {
            name: getattr(owner, name) for name in owner.__slots__ if name[0] == "_"
        }
        for name, value in names.items():
            if hasattr(value, "__len__"):
                found[f"{type(owner).__name__}.{name}"] = len(value)
    return found
