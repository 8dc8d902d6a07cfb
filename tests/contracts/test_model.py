"""What every `Model` keeps, asked of the real SDKs over real HTTP against a peer that speaks as the vendors do."""

import gc
import random
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
import trio
from attrs import define, evolve

from daemon.emulator.scripts import Step
from daemon.emulator.vendors import WRONG_KEY, VendorPeer, serve
from daemon.errors import (
    ProviderError,
    ProviderGarbage,
    ProviderOverloaded,
    ProviderRefused,
    ProviderUnavailable,
)
from daemon.providers.base import ModelReply, ModelSaid, Prompt, ToolAnswered, ToolCall, ToolSpec, UserSaid
from daemon.providers.claude import ClaudeModel
from daemon.providers.failures import ProviderShut
from daemon.providers.gpt import GptModel
from daemon.providers.roster import Bounds, Roster

KEY = "sk-test-0123456789abcdef"
MODELS = {"anthropic": "claude-haiku-5-5", "openai": "gpt-5.4-mini"}

SEARCH = ToolSpec(
    "search_stock",
    "Search the stock.",
    {"type": "object", "properties": {"model": {"type": "string"}, "max_price_reais": {"type": "integer"}}},
)
FOUND = (
    '{"total":1,"vehicles":[{"id":"v1","name":"Honda Civic EXL","year":"2019/2020","price":"R$ 109.900",'
    '"mileage":"45.000 km"}]}'
)
PROMPT = Prompt(
    instructions="Você é a Bia, da Auto Sul. Responda curto. " * 40,
    situation="Agora: sexta, 10h05.",
    entries=(UserSaid("tem civic até 120 mil?"),),
    tools=(SEARCH,),
)
PLAIN = evolve(PROMPT, tools=())


@define(eq=False)
class Vendor:
    """One model and the peer it talks to."""

    name: str
    peer: VendorPeer
    model: ClaudeModel | GptModel
    another: Callable[..., ClaudeModel | GptModel]

    def will(self, fault: str, times: int = 1, seconds: float = 0.0) -> None:
        self.peer.script.replace([Step(fault=fault, times=times, seconds=seconds)])


@pytest.fixture(params=sorted(MODELS))
async def vendor(request: pytest.FixtureRequest, nursery: trio.Nursery) -> AsyncIterator[Vendor]:
    name = request.param
    peer = VendorPeer()
    port = await nursery.start(partial(serve, peer))
    made: list[ClaudeModel | GptModel] = []

    def make(key: str = KEY, port: int = port, path: str = "/v1" if name == "openai" else "") -> ClaudeModel | GptModel:
        kind = ClaudeModel if name == "anthropic" else GptModel
        made.append(kind(key=key, model=MODELS[name], base_url=f"http://127.0.0.1:{port}{path}"))
        return made[-1]

    yield Vendor(name, peer, make(), make)
    for model in made:
        await model.aclose()
    nursery.cancel_scope.cancel()


async def refusal(vendor: Vendor, prompt: Prompt = PROMPT) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await vendor.model.ask(prompt)
    assert KEY not in f"{raised.value!r} {raised.value}"
    assert "\n" not in str(raised.value)
    return raised.value


async def test_a_plain_answer(vendor: Vendor) -> None:
    reply = await vendor.model.ask(PLAIN)
    assert reply.text.startswith("No momento")
    assert reply.calls == ()
    assert reply.stop == "end"
    assert reply.model == MODELS[vendor.name]


async def test_a_tool_call_there_and_back(vendor: Vendor) -> None:
    asked = await vendor.model.ask(PROMPT)
    assert asked.stop == "tools"
    assert [(call.name, call.arguments) for call in asked.calls] == [
        ("search_stock", {"model": "civic", "max_price_reais": 120_000})
    ]
    answered = await vendor.model.ask(with_result(asked, FOUND))
    assert answered.stop == "end"
    assert "Honda Civic EXL 2019/2020 por R$ 109.900, com 45.000 km" in answered.text


def with_result(asked: ModelReply, result: str, failed: bool = False) -> Prompt:
    results = tuple((call.id, result, failed) for call in asked.calls)
    return evolve(PROMPT, entries=(*PROMPT.entries, ModelSaid(asked.text, asked.calls), ToolAnswered(results)))


async def test_a_failed_call_goes_back_too(vendor: Vendor) -> None:
    vendor.will("bad_arguments")
    asked = await vendor.model.ask(PROMPT)
    assert [call.arguments for call in asked.calls] == [None]
    answered = await vendor.model.ask(with_result(asked, '{"error":"not an object"}', failed=True))
    assert answered.stop == "end"


async def test_two_calls_at_once_and_a_long_history(vendor: Vendor) -> None:
    calls = (ToolCall("a1", "search_stock", {"model": "gol"}), ToolCall("a2", "search_stock", {}))
    entries = (
        UserSaid("oi"),
        ModelSaid("Oi! Procura algum modelo?"),
        UserSaid("gol ou uno"),
        ModelSaid("Vou olhar.", calls),
        ToolAnswered((("a1", '{"vehicles":[]}', False), ("a2", FOUND, False))),
        ModelSaid("Tenho um Civic."),
        UserSaid("e civic?"),
    )
    reply = await vendor.model.ask(evolve(PROMPT, entries=entries))
    assert reply.stop == "tools"
    assert reply.calls[0].arguments == {"model": "civic"}


async def test_messages_without_text_are_no_fault(vendor: Vendor) -> None:
    entries = (UserSaid(""), ModelSaid("  "), UserSaid("tem civic?"))
    reply = await vendor.model.ask(evolve(PROMPT, entries=entries, situation=""))
    assert reply.stop == "tools"


async def test_usage_says_what_was_cached(vendor: Vendor) -> None:
    first, second = [(await vendor.model.ask(PROMPT)).tokens for _ in range(2)]
    assert first.input > 0
    assert first.output > 0
    assert first.cache_read == 0
    assert second.cache_read > 300
    if vendor.name == "anthropic":
        assert first.cache_write == second.cache_read
        assert first.input == second.input
    else:
        assert first.input == second.input + second.cache_read


async def test_a_refusal_to_speak(vendor: Vendor) -> None:
    vendor.will("refusal")
    reply = await vendor.model.ask(PROMPT)
    assert reply.stop == "refusal"
    assert reply.calls == ()


async def test_an_answer_that_was_cut_off(vendor: Vendor) -> None:
    vendor.will("length")
    assert (await vendor.model.ask(PROMPT)).stop == "length"


async def test_an_empty_answer_is_an_answer(vendor: Vendor) -> None:
    vendor.will("empty")
    reply = await vendor.model.ask(PROMPT)
    assert (reply.text, reply.calls, reply.stop) == ("", (), "end")
    assert reply.tokens.output > 0


async def test_an_unknown_tool_is_passed_on(vendor: Vendor) -> None:
    vendor.will("unknown_tool")
    reply = await vendor.model.ask(PROMPT)
    assert [call.name for call in reply.calls] == ["open_safe"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("overloaded", ProviderOverloaded),
        ("server_error", ProviderUnavailable),
        ("cut", ProviderUnavailable),
        ("unauthorized", ProviderShut),
        ("no_quota", ProviderShut),
        ("bad_request", ProviderRefused),
        ("garbage", ProviderGarbage),
        ("html", ProviderGarbage),
        ("hollow", ProviderGarbage),
    ],
)
async def test_each_fault_is_the_right_error(vendor: Vendor, fault: str, kind: type[ProviderError]) -> None:
    vendor.will(fault)
    error = await refusal(vendor)
    assert type(error) is kind
    assert vendor.name in str(error)
    assert (await vendor.model.ask(PROMPT)).stop == "tools"  # and the next request is well


async def test_the_vendors_wish_to_wait_is_kept(vendor: Vendor) -> None:
    vendor.will("rate_limited", seconds=7)
    error = await refusal(vendor)
    assert type(error) is ProviderOverloaded
    assert error.retry_after_seconds == 7


async def test_a_wrong_key(vendor: Vendor) -> None:
    with pytest.raises(ProviderShut) as raised:
        await vendor.another(key=WRONG_KEY).ask(PROMPT)
    assert WRONG_KEY not in str(raised.value)


async def test_nobody_listens(vendor: Vendor) -> None:
    async with trio.open_nursery() as nursery:
        port = await nursery.start(partial(serve, VendorPeer()))
        nursery.cancel_scope.cancel()
    with pytest.raises(ProviderUnavailable, match="could not be reached"):
        await vendor.another(port=port).ask(PROMPT)


async def test_an_address_that_is_not_the_vendors(vendor: Vendor) -> None:
    with pytest.raises(ProviderShut, match="base_url"):
        await vendor.another(path="/nowhere").ask(PROMPT)


async def test_half_a_character_is_refused_before_it_is_sent(vendor: Vendor) -> None:
    error = await refusal(vendor, evolve(PROMPT, entries=(UserSaid("oi \ud83d"),)))
    assert type(error) is ProviderRefused
    assert vendor.peer.asked.total() == 0


async def test_a_request_is_sent_once(vendor: Vendor) -> None:
    vendor.will("server_error", times=0)
    await refusal(vendor)
    assert vendor.peer.asked == {vendor.name: 1}


async def test_cancelled_at_once_and_the_connection_closed(vendor: Vendor) -> None:
    vendor.will("stall", times=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(vendor.model.ask, PROMPT)
        await vendor.peer.wait_stalled()
        nursery.cancel_scope.cancel()
    await vendor.peer.wait_gone()
    assert (await vendor.model.ask(PROMPT)).stop == "tools"


async def test_the_time_out_is_honoured(vendor: Vendor, mock_clock: trio.testing.MockClock) -> None:
    roster = Roster(
        {vendor.name: vendor.model},
        bounds={vendor.name: Bounds(timeout_seconds=12, max_concurrent=2)},
        rng=random.Random(1),
    )
    vendor.will("stall")
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            with pytest.raises(ProviderUnavailable, match="did not answer within 12 s"):
                await roster.ask(vendor.name, PROMPT, tenant="auto-sul")

        nursery.start_soon(ask)
        await vendor.peer.wait_stalled()
        mock_clock.jump(12.1)
    await vendor.peer.wait_gone()
    assert vendor.peer.asked.total() == 1


async def test_many_at_once_share_connections(vendor: Vendor) -> None:
    replies: list[ModelReply] = []

    async def ask(number: int) -> None:
        entries = (UserSaid(f"tem civic até {20 + number} mil?"),)
        reply = await vendor.model.ask(evolve(PROMPT, entries=entries))
        assert reply.calls[0].arguments == {"model": "civic", "max_price_reais": (20 + number) * 1000}
        replies.append(reply)

    for _ in range(2):
        async with trio.open_nursery() as nursery:
            for number in range(60):
                nursery.start_soon(ask, number)
    assert len(replies) == 120
    assert vendor.peer.connections <= 60


async def test_no_key_in_what_can_be_printed(vendor: Vendor) -> None:
    gc.collect()
    assert KEY not in repr(vendor.model)
