"""What the page suggests to write is answered well by each dealership, from its real stock, without any key."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trio

from daemon.desk import assistant
from daemon.desk.brief import (
    AskModel,
    Brief,
    GetVehicles,
    HandOver,
    Line,
    Note,
    PreparePhotos,
    Reply,
    SaveLead,
    SearchStock,
)
from daemon.emulator.showroom import PROFILES, stock_file, vehicles
from daemon.stock.importing import import_stock
from shards.directory import ShardDirectory, ShardHandle
from shards.tenant import stock, stock_search
from shards.tenant.profile import TenantProfile

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
WORDS = (Path(__file__).parents[3] / "daemon" / "control" / "page" / "words.js").read_text("utf-8")
OPENINGS = {
    tenant: re.findall(r"'([^']+)'", listed)
    for tenant, listed in re.findall(r"^  '([a-z-]+)': \[(.+)\],$", WORDS, re.M)
}
NEXT = re.findall(r"'([^']+)'", re.search(r"const NEXT = \[(.+?)\];", WORDS, re.S)[1])  # type: ignore[index]
SELLER = "Quero falar com um vendedor"


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncIterator[dict[str, ShardHandle]]:
    directory = ShardDirectory(tmp_path, limiter=trio.CapacityLimiter(4), now=lambda: NOW)
    async with trio.open_nursery() as nursery:
        await nursery.start(directory.run)
        handles = {}
        for profile in PROFILES:
            handle = handles[profile.id] = await directory.create(profile.id)
            body = stock_file(vehicles(profile.id, "http://127.0.0.1:8420"))
            await import_stock(handle, body, content_type="application/json", mode="replace", now=NOW)
        yield handles
        nursery.cancel_scope.cancel()


class Talk:
    """A conversation with one dealership, its commands carried out on the real shard."""

    def __init__(self, profile: TenantProfile, shard: ShardHandle) -> None:
        self.profile = profile
        self.shard = shard
        self.history: list[Line] = []
        self.memory: dict[str, Any] = {}
        self.notes: list[Note] = []

    async def say(self, text: str) -> Reply:
        asked = Line(author="customer", kind="text", text=text, at=NOW)
        brief = Brief(
            now=NOW,
            profile=self.profile,
            contact_name="Marina",
            contact_has_phone=False,
            history=tuple(self.history),
            burst=(asked,),
            memory=self.memory,
            summary=await self.shard.read(stock.summary),
            open_now=True,
            next_opening="",
            first_turn=not self.history,
        )
        commands = assistant.turn(brief, ("catalogue",))
        result: Any = None
        while True:
            try:
                command = commands.send(result)
            except StopIteration as end:
                reply: Reply = end.value
                break
            result = await self._carry_out(command)
        self.memory = reply.memory
        self.history += [asked, Line(author="assistant", kind="text", text=reply.text, at=NOW)]
        return reply

    async def _carry_out(self, command: object) -> Any:
        match command:
            case SearchStock(query):
                return await self.shard.read(lambda tx: stock_search.search(tx, query))
            case GetVehicles(ids):
                return await self.shard.read(lambda tx: stock.get(tx, ids))
            case Note():
                self.notes.append(command)
                return None
            case PreparePhotos():
                return frozenset()
            case AskModel():
                raise AssertionError("no model is there to ask")
        raise AssertionError(command)


def check(reply: Reply, text: str, talk: Talk) -> None:
    story = f"{talk.profile.id}: {text!r} → {reply.text!r} {talk.notes}"
    assert reply.provider == "catalogue", story
    assert reply.text, story
    handed = any(isinstance(effect, HandOver) for effect in reply.effects)
    assert handed == (text == SELLER), story


def test_the_page_has_suggestions_for_every_dealership() -> None:
    assert set(OPENINGS) == {profile.id for profile in PROFILES}
    assert all(len(opening) >= 4 for opening in OPENINGS.values())
    assert SELLER in NEXT
    assert "Aceita meu Gol 2015 na troca?" in NEXT


async def test_every_opening_is_answered(shops: dict[str, ShardHandle]) -> None:
    for profile in PROFILES:
        for text in OPENINGS[profile.id]:
            talk = Talk(profile, shops[profile.id])
            check(await talk.say(text), text, talk)


async def test_a_whole_conversation_of_suggestions(shops: dict[str, ShardHandle]) -> None:
    for profile in PROFILES:
        talk = Talk(profile, shops[profile.id])
        photos = 0
        effects: list[object] = []
        for text in [OPENINGS[profile.id][0], *NEXT]:
            reply = await talk.say(text)
            check(reply, text, talk)
            photos += len(reply.photos)
            effects += reply.effects
        assert photos, profile.id
        assert any(isinstance(effect, SaveLead) and "gol" in effect.trade_in.lower() for effect in effects), profile.id


async def test_hb20_is_answered_with_the_hb20(shops: dict[str, ShardHandle]) -> None:
    talk = Talk(PROFILES[0], shops[PROFILES[0].id])
    reply = await talk.say("HB20 até 70 mil")
    assert "Hyundai HB20 " in reply.text, reply.text
