"""Messages on their way out: in which order, how fast, and what becomes of them when the link breaks."""

from collections import deque
from itertools import pairwise
from pathlib import Path

import pytest
import trio

from daemon.errors import ChannelPaused, SendDelayed, SendRefused, SendUnsettled
from daemon.whatsapp.web.node import Node
from tests.support.web_shop import ANA, Clock, Shop, outgoing, real_time, shop


@pytest.fixture
def clock() -> Clock:
    return real_time()


async def sent(made: Shop, id_: str = "m1", text: str = "Olá!", **more: object) -> str:
    """Send as the outbox does: an unsettled message is claimed again at once, a paused one once the channel is up."""
    for _ in range(5):
        try:
            return (await made.channel.send(outgoing(id_, text, **more))).network_id
        except SendUnsettled:
            continue
        except ChannelPaused:
            await made.channel._uplink.wait()
    raise AssertionError("never settled")


def stanzas(made: Shop) -> list[Node]:
    """The messages that reached the server, also those it did not take."""
    assert made.network.said_log is not None
    return [node for _, node in made.network.said_log if node.tag == "message" and node.child("participants")]


async def test_a_text_arrives(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        ana = made.person()
        network_id = await sent(made)
        assert made.letters(ana) == ["Olá!"]
        letter = next(iter(ana.letters.values()))
        assert network_id == f"{letter.id}/{ana.account.lid}"
        assert await sent(made) == network_id, "a second time it is not sent again"
        assert made.letters(ana) == ["Olá!"]


async def test_what_was_acknowledged_needs_no_link(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        made.person()
        network_id = await sent(made)
        await made.channel.logout()
        await made.until_said("down")
        with pytest.raises(ChannelPaused):
            await made.channel.send(outgoing("m2"))
    # a crash between the ack and the shard: the outbox asks again
    assert network_id


async def test_while_the_link_is_down_nothing_is_sent(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        ana = made.person()
        made.network.lines.blow(made.device, "replaced")
        await made.until_said("down")
        with pytest.raises(ChannelPaused, match="link is down"):
            await made.channel.send(outgoing())
        await made.jump(60)
        await made.until_said("up")
        await sent(made)
        assert made.letters(ana) == ["Olá!"]


@pytest.mark.parametrize("kind", ["cut_before_ack", "cut_after_taking", "cut_after_ack"])
async def test_a_cut_link_loses_and_doubles_nothing(tmp_path: Path, clock: Clock, kind: str) -> None:
    async with shop(tmp_path) as made:
        made.network.said_log = deque()
        ana = made.person()
        made.fault(kind)  # type: ignore[arg-type]
        await sent(made)
        await made.until_said("up")
        await sent(made, "m2", "E mais isto")
        assert made.letters(ana) == ["Olá!", "E mais isto"]
        first = [node for node in stanzas(made) if node.get("id") == next(iter(ana.letters.values())).id]
        assert len(set(map(str, first))) == 1, "the same bytes"


async def test_an_unsettled_message_waits_for_the_link(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made, trio.open_nursery() as nursery:
        ana = made.person()
        made.fault("cut_before_ack")
        made.fault("failure", "503", times=3)
        with pytest.raises(SendUnsettled):
            await made.channel.send(outgoing())
        done = trio.Event()

        async def again() -> None:
            await sent(made)
            done.set()

        nursery.start_soon(again)
        await made.until(lambda: made.channel.details.retry_at is not None)
        assert not done.is_set()
        while not done.is_set():
            await made.until(lambda: done.is_set() or made.channel.details.retry_at is not None)
            await made.jump(5)
        assert sum(state == "down" and "have trouble" in reason for state, reason in made.said) >= 3
        assert made.letters(ana) == ["Olá!"]


async def test_no_ack_goes_again_under_the_same_id(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made, trio.open_nursery() as nursery:
        ana = made.person()
        made.fault("no_ack")
        ended: list[str] = []

        async def once() -> None:
            try:
                await made.channel.send(outgoing())
            except SendUnsettled as error:
                ended.append(str(error))

        nursery.start_soon(once)
        await made.until(lambda: made.letters(ana))
        await made.jump(76)
        await made.until(lambda: ended)
        await sent(made)
        assert made.letters(ana) == ["Olá!"]


async def test_what_is_never_confirmed_is_given_up_after_a_day(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        made.person()
        made.fault("cut_before_ack")
        with pytest.raises(SendUnsettled):
            await made.channel.send(outgoing())
        made.scope.cancel()
        await made.jump(25 * 3600)
        with pytest.raises(SendRefused, match="never confirmed"):
            await made.channel.send(outgoing())


async def test_463_stops_the_number_and_is_not_tried_again(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        ana = made.person()
        made.fault("refuse", "463")
        with pytest.raises(SendRefused) as refused:
            await made.channel.send(outgoing())
        assert refused.value.code == 463
        assert made.state[0] == "paused"
        assert "463" in made.state[1]
        assert made.channel.details.retry_at is not None
        for human in (False, True):
            with pytest.raises(SendDelayed) as delayed:
                await made.channel.send(outgoing("m2", human=human))
            assert (delayed.value.scope, 800 < delayed.value.seconds <= 900) == ("channel", True)
        assert made.letters(ana) == []


async def test_the_stop_ends_by_itself(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        ana = made.person()
        made.fault("refuse", "463")
        with pytest.raises(SendRefused):
            await made.channel.send(outgoing())
        await made.jump(901)
        await made.until_said("up")
        await sent(made, "m2")
        assert made.letters(ana) == ["Olá!"]


async def test_the_stop_outlives_the_connection(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock) as made:
        made.person()
        made.fault("refuse", "463")
        with pytest.raises(SendRefused):
            await made.channel.send(outgoing())
        made.network.lines.blow(made.device, "restart")
        await made.until(lambda: made.state[0] == "starting")
        await made.until_said("paused", "463")


async def test_479_is_built_anew_once(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        ana = made.person()
        made.fault("refuse", "479")
        await sent(made)
        assert made.letters(ana) == ["Olá!"]
        made.fault("refuse", "479", times=2)
        with pytest.raises(SendRefused):
            await made.channel.send(outgoing("m2"))


async def test_400_switches_the_address_once(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        ana = made.person()
        made.fault("refuse", "400")
        await sent(made)
        assert made.letters(ana) == ["Olá!"]


@pytest.mark.parametrize(
    ("code", "scope", "seconds"), [("429", "channel", 60), ("420", "contact", 30), ("503", "contact", 5)]
)
async def test_busy_servers_get_the_same_message_later(
    tmp_path: Path, clock: Clock, code: str, scope: str, seconds: float
) -> None:
    async with shop(tmp_path) as made:
        ana = made.person()
        made.fault("refuse", code)
        with pytest.raises(SendDelayed) as delayed:
            await made.channel.send(outgoing())
        assert (delayed.value.scope, delayed.value.seconds, delayed.value.code) == (scope, seconds, int(code))
        await sent(made)
        assert made.letters(ana) == ["Olá!"]


async def test_a_customer_without_any_address(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        with pytest.raises(SendRefused, match="neither"):
            await made.channel.send(outgoing(to=""))


async def test_the_assistant_keeps_a_persons_pace_and_people_do_not(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock, pace=1.0) as made, trio.open_nursery() as nursery:
        ana = made.person()
        bia = made.network.add_account("5551999990002", name="Bia")
        done: list[str] = []

        async def send(id_: str, to: str, **more: object) -> None:
            await sent(made, id_, to=to, **more)
            done.append(id_)

        nursery.start_soon(send, "m1", ANA)
        await made.until(lambda: made.network.said_counts["chatstate"])
        assert made.letters(ana) == [], "it is still being typed"
        with pytest.raises(SendDelayed, match="moment between"):
            await made.channel.send(outgoing("m2", to=bia.account.phone))
        await sent(made, "m3", to=bia.account.phone, human=True)
        assert (done, made.letters(bia)) == ([], ["Olá!"]), "a salesperson's message went before"
        await made.jump(10)
        await made.until(lambda: done == ["m1"])
        assert made.letters(ana) == ["Olá!"]


async def test_those_that_wait_do_not_all_come_back_at_once(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock, pace=1.0) as made:
        made.person()
        await sent(made, human=True)
        waits = []
        for n in range(10):
            with pytest.raises(SendDelayed) as delayed:
                await made.channel.send(outgoing(f"w{n}", to=f"55519999901{n:02}", lid=f"9{n}"))
            waits.append(delayed.value.seconds)
        assert all(later - earlier > 0.3 for earlier, later in pairwise(waits))


async def test_a_cancelled_send_leaves_the_chat_free(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path, clock=clock, pace=1.0) as made:
        ana = made.person()
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(made.channel.send, outgoing())
                await made.until(lambda: made.network.said_counts["chatstate"])
                scope.cancel()
        assert made.letters(ana) == []
        await sent(made, human=True)
        assert made.letters(ana) == ["Olá!"]


async def test_marked_as_read(tmp_path: Path, clock: Clock) -> None:
    async with shop(tmp_path) as made:
        ana = made.person()
        await made.heard(ana)
        [event] = [each for each in made.delivered if getattr(each, "text", "") == "Oi"]
        await made.channel.mark_read(event.network_id, typing=True)  # type: ignore[attr-defined]
        await made.until(lambda: any(one.kind == "read" for one in ana.receipts))
        await made.until(lambda: made.network.said_counts["chatstate"] == 1)
        for odd in ("", "x", "x/", "/y", "x/no address at all", "x/@"):
            await made.channel.mark_read(odd, typing=True)
        made.network.lines.blow(made.device, "replaced")
        await made.until_said("down")
        await made.channel.mark_read(event.network_id, typing=True)  # type: ignore[attr-defined]
