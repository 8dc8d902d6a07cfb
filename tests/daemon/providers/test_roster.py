"""Asking a provider: attempts, time-outs, the circuit, slots; with scripted models and a clock that jumps."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
import trio
import trio.testing
from attrs import define, field, frozen

from daemon.errors import (
    ConfigError,
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUntried,
)
from daemon.providers.base import ModelReply, Prompt, Tokens, UserSaid
from daemon.providers.breaker import Rules
from daemon.providers.failures import ProviderShut
from daemon.providers.roster import Bounds, Roster, build

PROMPT = Prompt(instructions="", situation="", entries=(UserSaid("oi"),), tools=())
REPLY = ModelReply(text="Oi!", calls=(), stop="end", tokens=Tokens(input=3, output=2), model="m")
NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)

Answer = ModelReply | ProviderError | Callable[[], Awaitable[ModelReply]]


@define
class Scripted:
    """A model that gives these answers, and good ones after them."""

    answers: list[Answer] = field(factory=list)
    name: str = "openai"
    asked_at: list[float] = field(factory=list)

    async def ask(self, prompt: Prompt) -> ModelReply:
        await trio.lowlevel.checkpoint()
        self.asked_at.append(trio.current_time())
        answer = self.answers.pop(0) if self.answers else REPLY
        if isinstance(answer, ProviderError):
            raise answer
        return answer if isinstance(answer, ModelReply) else await answer()


@define
class Notebook:
    """An observer that writes everything down."""

    seen: list[object] = field(factory=list)

    def answered(self, provider: str, seconds: float, tokens: Tokens) -> None:
        self.seen.append((provider, round(seconds, 1), tokens))

    def failed(self, provider: str, reason_kind: str) -> None:
        self.seen.append(reason_kind)


@define
class Table:
    """A roster of one scripted model."""

    model: Scripted
    notes: Notebook
    roster: Roster

    async def ask(self, tenant: str = "auto-sul") -> ModelReply:
        return await self.roster.ask("openai", PROMPT, tenant=tenant)

    async def fails(self, kind: type[ProviderError]) -> ProviderError:
        with pytest.raises(kind) as raised:
            await self.ask()
        return raised.value


def table(rng: random.Random, *answers: Answer, timeout_seconds: float = 30.0, max_concurrent: int = 16) -> Table:
    model, notes = Scripted(list(answers)), Notebook()
    bounds = Bounds(timeout_seconds=timeout_seconds, max_concurrent=max_concurrent)
    roster = Roster(
        {"openai": model},
        bounds={"openai": bounds},
        rng=rng,
        now=lambda: NOW,
        observer=notes,
        rules=Rules(failures=3, first_open_seconds=10.0),
    )
    return Table(model, notes, roster)


async def never() -> ModelReply:
    await trio.sleep_forever()
    raise AssertionError


async def test_a_good_answer_is_seen(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng)
    assert await one.ask() is REPLY
    assert one.notes.seen == [("openai", 0.0, REPLY.tokens)]


async def test_what_passes_is_tried_again_with_growing_pauses(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    one = table(rng, ProviderUnavailable("500"), ProviderUnavailable("500"))
    assert await one.ask() is REPLY
    first, second, third = one.model.asked_at
    assert 0.25 <= second - first <= 0.5
    assert 0.5 <= third - second <= 1.0
    assert one.notes.seen[:2] == ["unavailable", "unavailable"]
    assert one.roster.reports()[0].state == "closed"


async def test_three_attempts_are_all(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, *[ProviderUnavailable(f"500 number {n}") for n in range(4)])
    assert "number 2" in str(await one.fails(ProviderUnavailable))
    assert len(one.model.asked_at) == 3


async def test_garbage_is_tried_once_more(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, *[ProviderGarbage("html")] * 3)
    await one.fails(ProviderGarbage)
    assert len(one.model.asked_at) == 2


async def test_a_refusal_is_final_and_no_fault_of_the_vendor(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    one = table(rng, *[ProviderRefused("400")] * 20)
    for _ in range(20):
        await one.fails(ProviderRefused)
    assert len(one.model.asked_at) == 20
    assert one.roster.available() == ("openai",)


async def test_a_dead_key_opens_the_circuit(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, *[ProviderShut("401: the key is not accepted", "set a valid one")] * 3)
    for _ in range(3):
        await one.fails(ProviderShut)
    assert one.roster.available() == ()
    assert "the key is not accepted" in str(await one.fails(ProviderUntried))
    assert len(one.model.asked_at) == 3


async def test_the_vendors_wish_to_wait_is_followed(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, ProviderOverloaded("429", retry_after_seconds=4.0))
    await one.ask()
    assert one.model.asked_at[1] - one.model.asked_at[0] == pytest.approx(4.0)


async def test_but_no_customer_waits_long_for_it(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, ProviderOverloaded("429", retry_after_seconds=20.0))
    begun = trio.current_time()
    await one.fails(ProviderOverloaded)
    assert trio.current_time() == pytest.approx(begun)


async def test_no_pause_beyond_the_time_out(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, ProviderOverloaded("429", retry_after_seconds=4.0), timeout_seconds=3.0)
    begun = trio.current_time()
    await one.fails(ProviderOverloaded)
    assert trio.current_time() == pytest.approx(begun)


async def test_the_time_out_holds_for_all_attempts_together(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    async def slow_failure() -> ModelReply:
        await trio.sleep(8.0)
        raise ProviderUnavailable("500")

    one = table(rng, slow_failure, never, timeout_seconds=12.0)
    begun = trio.current_time()
    error = await one.fails(ProviderUnavailable)
    assert "did not answer within 12 s" in str(error)
    assert trio.current_time() - begun == pytest.approx(12.0, abs=0.01)
    assert one.notes.seen == ["unavailable", "timeout"]


async def test_the_circuit_opens_is_shown_and_closes_again(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    one = table(rng, *[ProviderUnavailable("openai answered 500")] * 9)
    for _ in range(3):
        await one.fails(ProviderUnavailable)
    report = one.roster.reports()[0]
    assert report.state == "open"
    assert "openai answered 500" in report.reason
    assert report.retry_at is not None
    assert timedelta(seconds=5) <= report.retry_at - NOW <= timedelta(seconds=10)
    asked = len(one.model.asked_at)
    error = await one.fails(ProviderUnavailable)
    assert "openai answered 500" in str(error)
    assert len(one.model.asked_at) == asked
    assert one.notes.seen[-1] == "open"
    await trio.sleep(10.0)
    assert one.roster.available() == ("openai",)
    assert await one.ask() is REPLY
    report = one.roster.reports()[0]
    assert (report.state, report.reason, report.retry_at) == ("closed", "", None)


async def test_one_probe_at_a_time_and_a_cancelled_one_blocks_nobody(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    one = table(rng, *[ProviderUnavailable("500")] * 9, never)
    for _ in range(3):
        await one.fails(ProviderUnavailable)
    await trio.sleep(10.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one.ask)
        await trio.testing.wait_all_tasks_blocked()
        await one.fails(ProviderUnavailable)
        assert one.notes.seen[-1] == "open"
        nursery.cancel_scope.cancel()
    assert await one.ask() is REPLY


async def test_cancelling_gives_the_slot_back_and_blames_nobody(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    one = table(rng, *[never] * 5, max_concurrent=1)
    for _ in range(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.ask)
            await trio.testing.wait_all_tasks_blocked()
            assert one.roster.reports()[0].running == 1
            nursery.cancel_scope.cancel()
    assert one.notes.seen == []
    assert await one.ask() is REPLY


async def test_a_complaint_lowers_what_runs_at_once_and_it_comes_back(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    async def complain() -> ModelReply:
        await trio.sleep(1.0)
        raise ProviderOverloaded("429", retry_after_seconds=20.0)

    one = table(rng, *[complain] * 2, max_concurrent=10)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(one.fails, ProviderOverloaded)
    report = one.roster.reports()[0]
    assert report.limit == 1
    assert "1 at a time instead of 10" in report.reason
    await trio.sleep(1000)
    await one.ask()
    assert one.roster.reports()[0].limit == 10


async def test_who_gets_no_slot_in_time_is_told_and_the_vendor_not_blamed(
    rng: random.Random, autojump_clock: trio.testing.MockClock
) -> None:
    one = table(rng, never, max_concurrent=1, timeout_seconds=7.0)
    hog = trio.CancelScope()

    async def hogging() -> None:
        with hog, pytest.raises(ProviderUnavailable):
            await one.ask("bela")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hogging)
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(1.0)
        begun = trio.current_time()
        assert await one.ask() is REPLY  # when the first gave up
        assert trio.current_time() - begun == pytest.approx(6.0, abs=0.01)


async def test_busy_is_an_error_of_its_own(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    one = table(rng, never, never, max_concurrent=1, timeout_seconds=7.0)
    one.model.answers[1] = REPLY
    slots = one.roster._providers["openai"].guard._slots
    async with slots.held("bela"):
        error = await one.fails(ProviderUntried)
    assert "no free slot" in str(error)
    assert one.notes.seen == ["busy"]
    assert slots.waiting == 0
    assert one.roster.reports()[0].state == "closed"


async def test_an_unknown_provider(rng: random.Random, autojump_clock: trio.testing.MockClock) -> None:
    with pytest.raises(ProviderUntried, match="ANTHROPIC_API_KEY"):
        await table(rng).roster.ask("anthropic", PROMPT, tenant="auto-sul")


@frozen(kw_only=True)
class Section:
    """A provider's part of a configuration."""

    base_url: str = ""
    model: str = "m"
    timeout_seconds: float = 30
    max_concurrent: int = 64


@pytest.mark.parametrize(
    ("anthropic_key", "openai_key", "openai_url", "names"),
    [
        (None, None, "", ()),
        ("", " \n", "", ()),
        ("sk-a\n", None, "", ("anthropic",)),
        (None, "sk-o", "", ("openai",)),
        ("sk-a", "sk-o", "", ("anthropic", "openai")),
        (None, None, "http://127.0.0.1:11434/v1", ("openai",)),
    ],
)
async def test_only_what_has_a_key_is_there(
    rng: random.Random, anthropic_key: str | None, openai_key: str | None, openai_url: str, names: tuple[str, ...]
) -> None:
    roster = build(
        anthropic=Section(),
        openai=Section(base_url=openai_url),
        anthropic_key=anthropic_key,
        openai_key=openai_key,
        rng=rng,
    )
    assert roster.names() == roster.available() == names
    assert "sk-" not in repr(roster.reports())
    await roster.aclose()


def test_what_cannot_be_used_is_named_without_the_key(rng: random.Random) -> None:
    with pytest.raises(ConfigError) as raised:
        build(
            anthropic=Section(base_url="api.example.com"),
            openai=Section(),
            anthropic_key="sk-ção",
            openai_key="sk-a sk-b",
            rng=rng,
        )
    assert [fault.partition(":")[0] for fault in raised.value.faults] == [
        "providers.anthropic.base_url",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
    ]
    assert "sk-" not in str(raised.value)
