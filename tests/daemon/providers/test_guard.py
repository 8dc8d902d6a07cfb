"""What a guard tells of itself; how it guards is tested through `test_roster.py` and `test_voices.py`."""

import random
from datetime import UTC, datetime

import pytest
import trio
import trio.testing

from daemon.errors import ProviderOverloaded, ProviderUnavailable
from daemon.providers.breaker import Rules
from daemon.providers.guard import Bounds, Guard
from daemon.providers.roster import SILENT

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def guard(rng: random.Random) -> Guard:
    return Guard(
        "elevenlabs",
        Bounds(timeout_seconds=10, max_concurrent=8),
        rng=rng,
        now=lambda: NOW,
        observer=SILENT,
        rules=Rules(failures=1),
    )


async def test_an_answer_is_told_with_its_time(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    told: list[tuple[float, str]] = []

    async def request() -> str:
        await trio.sleep(2)
        return "heard"

    one = guard(rng)
    answer = await one.run(request, tenant="auto-sul", answered=lambda seconds, said: told.append((seconds, said)))
    assert (answer, told) == ("heard", [(2, "heard")])
    assert (one.report().state, one.report().reason, one.admits) == ("closed", "", True)


async def test_who_failed_is_left_alone_and_says_why(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    async def request() -> str:
        await trio.lowlevel.checkpoint()
        raise ProviderUnavailable("elevenlabs answered 500")

    one = guard(rng)
    with pytest.raises(ProviderUnavailable):
        await one.run(request, tenant="auto-sul")
    report = one.report()
    assert not one.admits
    assert (report.state, report.retry_at is not None) == ("open", True)
    assert "elevenlabs answered 500" in report.reason


async def test_who_complains_is_asked_less(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    complaints = [ProviderOverloaded("429")]

    async def request() -> str:
        await trio.lowlevel.checkpoint()
        if complaints:
            raise complaints.pop()
        return "heard"

    one = guard(rng)
    assert await one.run(request, tenant="auto-sul") == "heard"
    assert one.report().limit == 1
    assert "slow down" in one.report().reason
