"""Carrying out one turn: the only I/O between a claim and its reply."""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, Protocol
from zoneinfo import ZoneInfo

import trio
from attrs import define, field

from daemon.desk import hours
from daemon.desk.brief import (
    AskModel,
    Brief,
    Command,
    GetVehicles,
    HandOver,
    Line,
    Note,
    PreparePhotos,
    ProviderFailed,
    Reply,
    SearchStock,
)
from daemon.desk.settle import Claim
from daemon.errors import ProviderError, ProviderRefused, ProviderUntried
from daemon.logs import get_logger
from daemon.providers.base import ModelReply, Prompt
from shards.directory import ShardHandle
from shards.shard import Tx
from shards.tenant import turns, usage
from shards.tenant.messages import StoredMessage
from shards.tenant.profile import TenantProfile
from shards.tenant.stock import search
from shards.tenant.vehicle import StockSummary, Vehicle

Thinking = Callable[[Brief, Sequence[str]], Generator[Command, Any, Reply]]

Standing = Literal["full", "catalogue", "human"]
"""Who answers the tenant's customers: every provider, the catalogue answerer alone, or people alone."""

MAX_BURST_TEXT: Final = 12_000
SMALL_STOCK: Final = 500
"""A stock of so many vehicles is searched and summed up right in the event loop: a thread costs more than that."""


class Roster(Protocol):
    """The vendors' models, with their limits (`daemon.providers.roster`)."""

    def available(self) -> tuple[str, ...]: ...
    async def ask(self, name: str, prompt: Prompt, *, tenant: str) -> ModelReply: ...


class Vehicles(Protocol):
    """The tenant's vehicle cache."""

    async def get(self, ids: Sequence[str]) -> tuple[Vehicle, ...]: ...
    async def summary(self) -> StockSummary: ...


Look = Callable[[Sequence[StoredMessage]], Awaitable[Mapping[int, bytes]]]
"""The pictures of a burst that can be shown to a model, by the message's row number."""

Prepare = Callable[[Sequence[str]], Awaitable[frozenset[str]]]
"""Make vehicles' pictures ready to be sent; those that cannot be."""


async def look_away(_: Sequence[StoredMessage]) -> Mapping[int, bytes]:
    """Shows no model anything."""
    await trio.lowlevel.checkpoint()
    return {}


async def as_they_are(_: Sequence[str]) -> frozenset[str]:
    """Lets every picture be sent by its address."""
    await trio.lowlevel.checkpoint()
    return frozenset()


@define
class Tally:
    """Which vendors' requests have no response yet: they may be billed though nobody can say how much."""

    open: list[str] = field(factory=list)
    shown: set[str] = field(factory=set)  # the vendors whose look at this turn's pictures is accounted for

    @property
    def unknown(self) -> tuple[str, ...]:
        """For `turns.end`."""
        return tuple(self.open)


class Thinker:
    """One tenant's way from a claim to a reply."""

    def __init__(
        self,
        *,
        shard: ShardHandle,
        profile: TenantProfile,
        vehicles: Vehicles,
        roster: Roster,
        thinking: Thinking,
        now: Callable[[], datetime],
        receipts: Callable[[], None],
        standing: Callable[[], Standing] = lambda: "full",
        look: Look = look_away,
        prepare: Prepare = as_they_are,
    ) -> None:
        """`receipts` is called after usage was committed: the rollup has work. `standing` is asked at each turn."""
        self._shard = shard
        self._profile = profile
        self._vehicles = vehicles
        self._roster = roster
        self._thinking = thinking
        self._now = now
        self._receipts = receipts
        self._standing = standing
        self._look = look
        self._prepare = prepare
        self._zone = ZoneInfo(profile.time_zone)
        self._log = get_logger("turn", tenant=shard.tenant)

    def first_vendor(self) -> str:
        """Who will be asked first; "" if the catalogue answers, or a person."""
        if self._standing() != "full":
            return ""
        available = self._roster.available()
        for name in self._profile.assistant.providers:
            if name == "catalogue":
                return ""
            if name in available:
                return name
        return ""

    async def think(self, claim: Claim, tally: Tally) -> Reply:
        """Carry the turn's commands out until it ends. May be cancelled anywhere: nothing is written but usage.

        Raises whatever the turn raises; the caller is the turn's boundary.
        """
        standing = self._standing()
        if standing == "human":
            return _left_to_people(claim)
        brief = await self._brief(claim)
        available = self._roster.available() if standing == "full" else ()
        providers = [name for name in self._profile.assistant.providers if name == "catalogue" or name in available]
        generator = self._thinking(brief, providers)
        try:
            command = next(generator)
            while True:
                answer = await self._carry_out(command, claim, tally)
                command = generator.send(answer)
        except StopIteration as end:
            reply: Reply = end.value
            return reply
        finally:
            generator.close()

    async def _carry_out(self, command: Command, claim: Claim, tally: Tally) -> Any:
        match command:
            case AskModel():
                return await self._ask(command, claim, tally)
            case SearchStock():
                find = partial(search, query=command.query)
                small = (await self._vehicles.summary()).total <= SMALL_STOCK
                return await (self._shard.glance(find) if small else self._shard.read(find))
            case GetVehicles():
                return await self._vehicles.get(command.ids)
            case PreparePhotos():
                if claim.conversation.channel == "sandbox":  # a page shows them by their addresses
                    return frozenset[str]()
                return await self._prepare(command.urls)
            case Note():
                log = self._log.warning if command.level == "warning" else self._log.info
                log(command.event, conversation=claim.conversation.id, **command.fields)
                return None

    async def _ask(self, command: AskModel, claim: Claim, tally: Tally) -> ModelReply | ProviderFailed:
        tally.open.append(command.provider)
        try:
            reply = await self._roster.ask(command.provider, command.prompt, tenant=self._shard.tenant)
        except ProviderError as error:
            if isinstance(error, ProviderRefused | ProviderUntried):
                tally.open.remove(command.provider)  # nothing was asked, or the refusal cost nothing
            return ProviderFailed(command.provider, str(error), refused=isinstance(error, ProviderRefused))
        pictures = 0 if command.provider in tally.shown else command.prompt.pictures
        tally.shown.add(command.provider)
        with trio.CancelScope(shield=True):  # it is paid for, whatever becomes of the turn
            account = partial(_account, claim=claim, provider=command.provider, reply=reply, pictures=pictures)
            await self._shard.write(account, brief=True)
        tally.open.remove(command.provider)
        self._receipts()
        return reply

    async def _brief(self, claim: Claim) -> Brief:
        pictured = any(message.kind == "image" for message in claim.burst) and self.first_vendor()
        seen = await self._look(claim.burst) if pictured else {}
        now = self._now().astimezone(self._zone)
        profile = self._profile
        return Brief(
            now=now,
            profile=profile,
            contact_name=claim.contact.name,
            contact_has_phone=bool(claim.contact.dial_phone),
            history=tuple(self._line(message) for message in claim.history),
            burst=self._cut(tuple(self._line(message, seen.get(message.seq)) for message in claim.burst)),
            memory=claim.conversation.memory,
            summary=await self._vehicles.summary(),
            open_now=hours.is_open(profile.assistant, now),
            next_opening=hours.next_opening(profile.assistant, now),
            first_turn=claim.conversation.turns == 0 and not any(m.author != "customer" for m in claim.history),
            ad_text=_ad_text((*claim.history, *claim.burst)),
        )

    def _line(self, message: StoredMessage, picture: bytes | None = None) -> Line:
        return Line(
            author=message.author,
            kind=message.kind,
            text=message.text or message.transcript,
            unheard=message.unheard,
            at=datetime.fromtimestamp(message.at / 1000, self._zone),
            quoted=message.quoted_text,
            vehicle_id=message.vehicle or message.quoted_vehicle,
            content=message.content,
            picture=picture,
        )

    def _cut(self, burst: tuple[Line, ...]) -> tuple[Line, ...]:
        """The newest of a burst that fit into what a turn will read."""
        room = MAX_BURST_TEXT
        kept: list[Line] = []
        for line in reversed(burst):
            room -= len(line.text)
            if kept and room < 0:
                break
            kept.append(line)
        return tuple(reversed(kept))


def _left_to_people(claim: Claim) -> Reply:
    """The assistant may not answer: the conversation is a person's, still owed, and nothing is said."""
    hand_over = HandOver("the assistant is not to answer for this dealership now (billing)", always=True)
    return Reply(text="", provider="none", effects=(hand_over,), memory=dict(claim.conversation.memory))


def _account(tx: Tx, claim: Claim, provider: str, reply: ModelReply, pictures: int) -> None:
    """One vendor response's receipt, in a transaction of its own: a turn that dies later is paid for too. Each
    picture that it was shown is a receipt besides, once a turn; what it cost is in the tokens."""
    turns.responded(tx, claim.turn.seq, provider, more=bool(reply.calls))
    usage.record(
        tx,
        "tokens",
        provider,
        turn=claim.turn.seq,
        model=reply.model,
        conversation=claim.conversation.id,
        input_tokens=reply.tokens.input,
        output_tokens=reply.tokens.output,
        cache_read_tokens=reply.tokens.cache_read,
        cache_write_tokens=reply.tokens.cache_write,
    )
    for _ in range(pictures):
        usage.record(
            tx, "picture", provider, turn=claim.turn.seq, model=reply.model, conversation=claim.conversation.id
        )


def _ad_text(messages: Sequence[StoredMessage]) -> str:
    """What the newest ad said that brought the customer here."""
    for message in reversed(messages):
        referral = message.content.get("referral")
        if isinstance(referral, dict):
            parts = (str(referral.get(name) or "") for name in ("headline", "body"))
            return "\n".join(part for part in parts if part)[:1000]
    return ""
