"""Carrying out a turn's commands: what it starts from, what it is given, what it costs."""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import trio
from attrs import define, evolve, field
from trio.testing import wait_all_tasks_blocked

from daemon.desk import settle
from daemon.desk import turn as subject
from daemon.desk.brief import (
    AskModel,
    Brief,
    Command,
    GetVehicles,
    HandOver,
    Note,
    PreparePhotos,
    ProviderFailed,
    Reply,
    SearchStock,
)
from daemon.desk.settle import Claim
from daemon.desk.turn import MAX_BURST_TEXT, Look, Prepare, Standing, Tally, Thinker, as_they_are, look_away
from daemon.errors import ProviderError, ProviderGarbage, ProviderOverloaded, ProviderRefused, ProviderUntried
from daemon.providers.base import ModelReply, Prompt, Tokens, ToolCall, UserSaid
from shards.tenant import messages, stock
from shards.tenant.messages import StoredMessage
from shards.tenant.vehicle import StockQuery, StockSummary, Vehicle
from tests.conftest import Logs
from tests.support.desk_rows import ANA, Desk
from tests.support.desk_tasks import InlineShard
from tests.support.shards import tenant_profile

PROMPT = Prompt(instructions="", situation="", entries=(UserSaid("oi"),), tools=())
CIVIC = Vehicle(id="civic-1", make="Honda", model="Civic", price_centavos=8_900_000)


def said(text: str, *calls: ToolCall) -> ModelReply:
    tokens = Tokens(input=100, output=10, cache_read=50, cache_write=5)
    return ModelReply(text=text, calls=calls, stop="tools" if calls else "end", tokens=tokens, model="small-1")


CALL = ToolCall("c1", "search_stock", {})


@define
class ScriptedRoster:
    names: tuple[str, ...] = ("anthropic", "openai")
    script: list[Any] = field(factory=list)
    asked: list[tuple[str, str]] = field(factory=list)

    def available(self) -> tuple[str, ...]:
        return self.names

    async def ask(self, name: str, prompt: Prompt, *, tenant: str) -> ModelReply:
        self.asked.append((name, tenant))
        step = self.script.pop(0)
        if isinstance(step, trio.Event):
            await step.wait()
        await trio.lowlevel.checkpoint()
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, ModelReply)
        return step


@define
class Lot:
    vehicles: tuple[Vehicle, ...] = (CIVIC,)

    async def get(self, ids: Sequence[str]) -> tuple[Vehicle, ...]:
        await trio.lowlevel.checkpoint()
        return tuple(vehicle for vehicle in self.vehicles if vehicle.id in ids)

    async def summary(self) -> StockSummary:
        await trio.lowlevel.checkpoint()
        return StockSummary(total=len(self.vehicles))


@define
class Play:
    """A thinker whose turn yields what the test wants and keeps what it was given."""

    desk: Desk
    commands: tuple[Command, ...] = ()
    roster: ScriptedRoster = field(factory=ScriptedRoster)
    profile: Any = field(factory=tenant_profile)
    briefs: list[Brief] = field(factory=list)
    providers: list[list[str]] = field(factory=list)
    answers: list[Any] = field(factory=list)
    closed: bool = False
    receipts: int = 0
    tally: Tally = field(factory=Tally)
    standing: Standing = "full"
    look: Look = look_away
    prepare: Prepare = as_they_are

    def _thinking(self, brief: Brief, providers: Sequence[str]) -> Generator[Command, Any, Reply]:
        self.briefs.append(brief)
        self.providers.append(list(providers))
        try:
            for command in self.commands:
                self.answers.append((yield command))
        finally:
            self.closed = True
        return Reply(text="Temos sim!", provider="anthropic")

    def _receipt(self) -> None:
        self.receipts += 1

    def thinker(self) -> Thinker:
        return Thinker(
            shard=InlineShard(self.desk),  # type: ignore[arg-type]
            profile=self.profile,
            vehicles=Lot(),
            roster=self.roster,
            thinking=self._thinking,
            now=self.desk.clock,
            receipts=self._receipt,
            standing=lambda: self.standing,
            look=self.look,
            prepare=self.prepare,
        )

    async def think(self, claim: Claim) -> Reply:
        return await self.thinker().think(claim, self.tally)


@pytest.fixture
def claim(desk: Desk) -> Claim:
    desk.says("tem civic?")
    desk.clock.move(2)
    return desk.claim(1, "anthropic")


def tokens(desk: Desk) -> list[Any]:
    return desk.rows(
        "SELECT provider, model, turn, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens FROM usage"
        " WHERE kind = 'tokens' ORDER BY seq"
    )


# The brief


async def test_a_turn_starts_from_what_was_said(desk: Desk) -> None:
    desk.says("oi", id_="wamid.1")
    id_ = desk.answer("Temos um Civic", vehicle_id="civic-1")
    desk(messages.settle_send, id_, "wamid.out")
    desk.says("e esse?", reply_to="wamid.out")
    desk.says("até 90 mil")
    play = Play(desk)
    reply = await play.think(desk.claim_when_due())
    assert reply.text == "Temos sim!"
    [brief] = play.briefs
    assert [(line.author, line.text) for line in brief.history] == [("customer", "oi"), ("assistant", "Temos um Civic")]
    assert [line.text for line in brief.burst] == ["e esse?", "até 90 mil"]
    assert (brief.burst[0].quoted, brief.burst[0].vehicle_id) == ("Temos um Civic", "civic-1")
    assert (brief.contact_name, brief.contact_has_phone, brief.first_turn) == ("Ana", True, False)
    assert (brief.summary.total, brief.open_now, brief.next_opening) == (1, True, "")
    assert brief.now.utcoffset() == timedelta(hours=-3)
    assert brief.now == desk.clock()


async def test_the_first_turn_knows_that_it_is(desk: Desk, claim: Claim) -> None:
    play = Play(desk, profile=tenant_profile(hours={"mon": ("14:00-18:00",)}))
    await play.think(claim)
    assert play.briefs[0].first_turn
    assert (play.briefs[0].open_now, play.briefs[0].next_opening) == (False, "hoje às 14h")


async def test_where_a_person_wrote_first_it_is_not_the_first_turn(desk: Desk) -> None:
    desk.person_wrote("Oi Ana!", ago_seconds=86_400)
    desk.says("tem civic?")
    play = Play(desk)
    await play.think(desk.claim_when_due())
    assert not play.briefs[0].first_turn


async def test_the_ad_that_brought_the_customer_is_told(desk: Desk) -> None:
    desk.says("oi", referral={"headline": "HB20 2020", "body": "Só R$ 60 mil", "source_id": "1"})
    play = Play(desk)
    await play.think(desk.claim_when_due())
    assert play.briefs[0].ad_text == "HB20 2020\nSó R$ 60 mil"


async def test_of_a_huge_burst_the_newest_part_is_read(desk: Desk) -> None:
    for letter in "abc":
        desk.says(letter * 5_000)
    play = Play(desk)
    await play.think(desk.claim_when_due())
    assert [line.text[0] for line in play.briefs[0].burst] == ["b", "c"]
    assert sum(len(line.text) for line in play.briefs[0].burst) <= MAX_BURST_TEXT


# Providers


@pytest.mark.parametrize(
    ("wanted", "available", "first", "given"),
    [
        (("anthropic", "openai", "catalogue"), ("anthropic", "openai"), "anthropic", "anthropic openai catalogue"),
        (("anthropic", "openai", "catalogue"), ("openai",), "openai", "openai catalogue"),
        (("catalogue", "anthropic"), ("anthropic",), "", "catalogue anthropic"),
        (("anthropic",), (), "", ""),
    ],
)
async def test_providers_are_those_wanted_that_are_available(
    desk: Desk, claim: Claim, wanted: tuple[str, ...], available: tuple[str, ...], first: str, given: str
) -> None:
    profile = tenant_profile()
    play = Play(desk, profile=evolve(profile, assistant=evolve(profile.assistant, providers=wanted)))
    play.roster.names = available
    assert play.thinker().first_vendor() == first
    await play.think(claim)
    assert play.providers == [given.split()]


async def test_over_its_limit_the_catalogue_answers_alone(desk: Desk, claim: Claim) -> None:
    profile = tenant_profile()
    wanted = evolve(profile.assistant, providers=("anthropic", "catalogue"))
    play = Play(desk, profile=evolve(profile, assistant=wanted), standing="catalogue")
    assert play.thinker().first_vendor() == ""
    await play.think(claim)
    assert play.providers == [["catalogue"]]


async def test_where_only_people_may_answer_nothing_is_said_and_it_is_theirs(desk: Desk, claim: Claim) -> None:
    play = Play(desk, standing="human")
    assert play.thinker().first_vendor() == ""
    reply = await play.think(claim)
    assert play.briefs == []
    assert reply.text == ""
    assert reply.memory == claim.conversation.memory
    [effect] = reply.effects
    assert isinstance(effect, HandOver)
    assert effect.always


# Commands


async def test_commands_are_carried_out_in_turn(desk: Desk, claim: Claim, logs: Logs) -> None:
    desk(stock.put, CIVIC)
    play = Play(
        desk,
        commands=(
            Note("understood", {"make": "Honda"}),
            SearchStock(StockQuery(makes=("Honda",))),
            GetVehicles(("civic-1", "gone")),
            AskModel("anthropic", PROMPT),
        ),
    )
    play.roster.script = [said("Temos")]
    await play.think(claim)
    nothing, page, vehicles, reply = play.answers
    assert nothing is None
    assert [vehicle.id for vehicle in page.items] == ["civic-1"]
    assert vehicles == (CIVIC,)
    assert reply.text == "Temos"
    assert play.roster.asked == [("anthropic", "auto-sul")]
    assert logs.named("understood")[0]["make"] == "Honda"
    assert play.closed


@pytest.mark.parametrize(("small", "way"), [(1, "glance"), (0, "read")])
async def test_only_a_small_stock_is_searched_in_the_loop(
    desk: Desk, claim: Claim, monkeypatch: pytest.MonkeyPatch, small: int, way: str
) -> None:
    seen = []
    for name in ("glance", "read"):
        plain = getattr(InlineShard, name)

        async def noted(self: InlineShard, work: Any, name: str = name, plain: Any = plain) -> Any:
            seen.append(name)
            return await plain(self, work)

        monkeypatch.setattr(InlineShard, name, noted)
    monkeypatch.setattr(subject, "SMALL_STOCK", small)
    await Play(desk, commands=(SearchStock(StockQuery()),)).think(claim)
    assert seen == [way], "the stock has one vehicle"


async def test_notes_go_to_the_log_at_their_level(desk: Desk, claim: Claim, logs: Logs) -> None:
    play = Play(desk, commands=(Note("turn.apology", {"reason": "no answer"}, "warning"), Note("understood")))
    await play.think(claim)
    levels = {event["event"]: event["log_level"] for event in logs.events}
    assert (levels["turn.apology"], levels["understood"]) == ("warning", "info")
    assert logs.named("turn.apology")[0]["reason"] == "no answer"


async def test_what_a_turn_raises_comes_out(desk: Desk, claim: Claim) -> None:
    play = Play(desk, commands=(AskModel("anthropic", PROMPT),))
    play.roster.script = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError):
        await play.think(claim)
    assert play.closed


# What it costs


async def test_each_response_is_paid_for_when_it_comes(desk: Desk, claim: Claim) -> None:
    play = Play(desk, commands=(AskModel("anthropic", PROMPT), AskModel("anthropic", PROMPT)))
    gate = trio.Event()
    play.roster.script = [said("", CALL), gate]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(play.think, claim)
        await wait_all_tasks_blocked()
        assert tokens(desk) == [("anthropic", "small-1", claim.turn.seq, 100, 10, 50, 5)]
        assert desk.rows("SELECT responses, asked, provider FROM turns") == [(1, 2, "anthropic")]
        assert play.receipts == 1
        assert play.tally.unknown == ("anthropic",)
        nursery.cancel_scope.cancel()
    desk(settle.supersede, claim, play.tally.unknown)
    assert desk.rows("SELECT provider, turn FROM usage WHERE kind = 'unknown'") == [("anthropic", claim.turn.seq)]
    assert desk.rows("SELECT responses, asked FROM turns") == [(1, 2)]


async def test_a_response_is_paid_for_though_the_turn_is_cancelled_as_it_comes(desk: Desk, claim: Claim) -> None:
    play = Play(desk, commands=(AskModel("anthropic", PROMPT),))
    with trio.CancelScope() as scope:

        class Cancelling(ScriptedRoster):
            async def ask(self, name: str, prompt: Prompt, *, tenant: str) -> ModelReply:
                await trio.lowlevel.checkpoint()
                scope.cancel()
                return said("Temos")

        play.roster = Cancelling()
        await play.think(claim)
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert len(tokens(desk)) == 1
    assert play.tally.unknown == ()


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (ProviderRefused("401"), ()),
        (ProviderUntried("no key"), ()),
        (ProviderOverloaded("529"), ("anthropic",)),
        (ProviderGarbage("no JSON"), ("anthropic",)),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_provider_that_fails_is_an_answer_and_perhaps_a_cost(
    desk: Desk, claim: Claim, error: ProviderError, unknown: tuple[str, ...]
) -> None:
    play = Play(desk, commands=(AskModel("anthropic", PROMPT), AskModel("openai", PROMPT)))
    play.roster.script = [error, said("Temos")]
    await play.think(claim)
    refused = isinstance(error, ProviderRefused)
    assert play.answers[0] == ProviderFailed("anthropic", str(error), refused=refused)
    assert play.tally.unknown == unknown
    assert [row[0] for row in tokens(desk)] == ["openai"]


async def test_two_tenants_tallies_are_apart(desk: Desk, claim: Claim) -> None:
    first, second = Tally(), Tally()
    first.open.append("anthropic")
    assert second.unknown == ()
    assert ANA.name == claim.contact.name


SHOWN = evolve(PROMPT, entries=(UserSaid("olha", (b"one", b"two")),))


async def test_pictures_shown_are_counted_once_a_turn_and_vendor(desk: Desk, claim: Claim) -> None:
    commands = (AskModel("anthropic", SHOWN), AskModel("anthropic", SHOWN), AskModel("openai", SHOWN))
    play = Play(desk, commands=commands, roster=ScriptedRoster(script=[said("a", CALL), said("b"), said("c")]))
    await play.think(claim)
    assert desk.rows("SELECT provider, count(*) FROM usage WHERE kind = 'picture' GROUP BY provider") == [
        ("anthropic", 2),
        ("openai", 2),
    ]
    assert desk.rows("SELECT DISTINCT model, turn FROM usage WHERE kind = 'picture'") == [("small-1", claim.turn.seq)]


async def test_a_vendor_is_shown_the_pictures_of_the_burst(desk: Desk) -> None:
    looked: list[int] = []

    async def look(burst: Sequence[StoredMessage]) -> dict[int, bytes]:
        await trio.lowlevel.checkpoint()
        looked.extend(message.seq for message in burst)
        return {burst[0].seq: b"jpeg"}

    desk.says("olha", kind="image", content={"media": {"hash": "ab"}})
    desk.clock.move(2)
    claim = desk.claim(1, "anthropic")
    for providers, expected in ((("anthropic", "catalogue"), b"jpeg"), (("catalogue", "anthropic"), None)):
        play = Play(desk, profile=tenant_profile())
        play.profile = evolve(play.profile, assistant=evolve(play.profile.assistant, providers=providers))
        play.look = look
        await play.think(claim)
        assert play.briefs[0].burst[0].picture == expected
    assert looked == [1], "nothing is made small for nobody"


@pytest.mark.parametrize(("channel", "broken"), [("cloud", {"b"}), ("sandbox", set())])
async def test_photos_are_prepared_but_for_a_page(desk: Desk, channel: str, broken: set[str]) -> None:
    async def prepare(urls: Sequence[str]) -> frozenset[str]:
        await trio.lowlevel.checkpoint()
        return frozenset(urls) - {"a"}

    desk = desk.in_channel(channel)
    desk.says("fotos")
    desk.clock.move(2)
    play = Play(desk, commands=(PreparePhotos(("a", "b")),))
    play.prepare = prepare
    await play.think(desk.claim())
    assert play.answers == [broken]
