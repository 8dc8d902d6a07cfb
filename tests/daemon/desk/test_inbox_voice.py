"""The message handler and voice notes: a turn waits for the words, with all that was written behind them."""

from typing import Any

import pytest
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.desk.settle import NotYet
from shards.tenant import transcripts
from shards.tenant.transcripts import PATIENCE_MS, ToHear
from tests.daemon.desk.test_inbox import Bench
from tests.support.desk_rows import ANA, BIA, Desk
from tests.support.desk_tasks import InlineShard, passes

VOICE: dict[str, Any] = {"kind": "voice", "content": {"media": {"hash": "abc"}}}


@pytest.fixture
def bench(desk: Desk) -> Bench:
    return Bench(desk)


def hear(bench: Bench, text: str = "tem civic?", message: int = 1) -> None:
    """A voice note's words came."""
    one = ToHear(message=message, message_id="m", conversation_id="c", hash="abc")
    bench.desk(transcripts.heard, one, text=text, audio_ms=6321, provider="elevenlabs", model="scribe_v2")
    owed = bench.desk(transcripts.due, message)
    if owed is not None:
        bench.inbox.woken({owed[0]: (bench.desk.clock.ms, owed[1])})


async def test_a_turn_waits_for_the_words(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        bench.says("", **VOICE)
        await passes(bench.desk, mock_clock, 20)
        assert bench.thinker.begun == []
        bench.says("oi", BIA)
        await passes(bench.desk, mock_clock, 2)
        assert bench.thinker.begun == [["oi"]], "nobody else waits"
        hear(bench)
        await wait_all_tasks_blocked()
    assert len(bench.thinker.begun) == 2


async def test_what_is_written_behind_it_waits_with_it(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        bench.says("", **VOICE)
        await passes(bench.desk, mock_clock, 5)
        bench.says("o mais barato")
        await passes(bench.desk, mock_clock, 10)
        assert bench.thinker.begun == []
        hear(bench)
        await wait_all_tasks_blocked()
    assert bench.thinker.begun == [["", "o mais barato"]]


async def test_the_quiet_spell_holds_all_the_same(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        bench.says("", **VOICE)
        hear(bench)
        await wait_all_tasks_blocked()
        assert bench.thinker.begun == []
        await passes(bench.desk, mock_clock, 2)
    assert len(bench.thinker.begun) == 1


async def test_it_does_not_wait_for_ever(bench: Bench, mock_clock: MockClock) -> None:
    async with bench.running():
        bench.says("", **VOICE)
        bench.says("oi?")
        await passes(bench.desk, mock_clock, PATIENCE_MS / 1000 - 1)
        assert bench.thinker.begun == []
        await passes(bench.desk, mock_clock, 2)
    assert bench.thinker.begun == [["", "oi?"]]
    assert bench.desk.value("SELECT reason FROM transcripts") == "late"


async def test_words_that_share_the_claims_commit_are_not_missed(bench: Bench, mock_clock: MockClock) -> None:
    class Crowded(InlineShard):
        """The words come with the commit that found them missing, and their task wakes first."""

        async def write(self, work: Any, *, brief: bool = False) -> Any:
            done = await super().write(work, brief=brief)
            if isinstance(done, NotYet):
                hear(bench)
            return done

    bench.shard = Crowded(bench.desk)
    async with bench.running():
        bench.says("", **VOICE)
        await passes(bench.desk, mock_clock, 2)
        await passes(bench.desk, mock_clock, 1)
        assert len(bench.thinker.begun) == 1


async def test_a_claim_has_the_words(desk: Desk, bench: Bench) -> None:
    desk.says("", ANA, **VOICE)
    one = ToHear(message=1, message_id="m", conversation_id="c", hash="abc")
    desk(transcripts.heard, one, text="tem civic?", audio_ms=1, provider="openai", model="m")
    [message] = desk.claim_when_due().burst
    assert (message.text, message.transcript, message.unheard) == ("", "tem civic?", "")
