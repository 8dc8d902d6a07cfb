"""A shard with the desk's transactions, run one by one without a loop: what people do, and what the rows say then."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import pytest
from attrs import define, evolve, field

from daemon.desk import settle
from daemon.desk.brief import Reply
from daemon.desk.receive import Received, Rules, receive
from daemon.desk.settle import Claim, Settled
from daemon.whatsapp.events import Event, HumanAnswered, MessageReceived, Sender, StatusReceived
from shards.shard import Shard, Tx
from shards.tenant import conversations, identity, profile
from shards.tenant.conversations import Conversation
from tests.support.shards import HandClock, open_shard, tenant_profile, within

P = ParamSpec("P")
T = TypeVar("T")

ANA: Final = Sender(phone="5511955500101", user_id="BR.111", name="Ana")
BIA: Final = Sender(phone="5511955500102", user_id="BR.222", name="Bia")
HANDOVER_MS: Final = 240 * 60_000
QUIET_MS: Final = 1_500
QUIET_MAX_MS: Final = 6_000


def keyed_hash(alias: str) -> bytes:
    """Stands for the master key's hash."""
    return f"#{alias}".encode()


RULES: Final = Rules(
    channel="cloud", quiet_ms=QUIET_MS, quiet_max_ms=QUIET_MAX_MS, handover_ms=HANDOVER_MS, keyed_hash=keyed_hash
)


@define
class Desk:
    """One tenant's shard and its clock. Each call is one committed transaction."""

    shard: Shard
    clock: HandClock
    rules: Rules = RULES
    ids: Iterator[int] = field(factory=lambda: count(1))

    def __call__(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **named: P.kwargs) -> T:
        return within(self.shard, lambda tx: work(tx, *args, **named), self.clock)

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """All rows; of a single column its values."""
        found = self(lambda tx: list(tx.rows(sql, values)))
        return [row[0] for row in found] if found and len(found[0]) == 1 else found

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row."""
        return self(lambda tx: tx.value(sql, values))

    def receive(self, *events: Event) -> Received:
        """One delivery."""
        return self(receive, events, self.rules)

    def says(self, text: str, sender: Sender = ANA, *, id_: str = "", ago_seconds: float = 0, **more: Any) -> Received:
        """A customer's message of its own delivery, written `ago_seconds` before it came."""
        return self.receive(self.said(text, sender, id_=id_, ago_seconds=ago_seconds, **more))

    def said(
        self, text: str, sender: Sender = ANA, *, id_: str = "", ago_seconds: float = 0, **more: Any
    ) -> MessageReceived:
        """The event alone."""
        at = datetime.fromtimestamp(self.clock().timestamp() - ago_seconds, self.clock().tzinfo)
        kind = more.pop("kind", "text")
        return MessageReceived(
            network_id=id_ or f"wamid.in.{next(self.ids)}", sender=sender, at=at, kind=kind, text=text, **more
        )

    def person_wrote(
        self, text: str, to: Sender = ANA, *, id_: str = "", ago_seconds: float = 0, kind: str = "text"
    ) -> Received:
        """Somebody of the shop wrote from the phone app."""
        at = datetime.fromtimestamp(self.clock().timestamp() - ago_seconds, self.clock().tzinfo)
        return self.receive(
            HumanAnswered(network_id=id_ or f"wamid.echo.{next(self.ids)}", to=to, at=at, kind=kind, text=text)
        )

    def status(self, status: str, *, network_id: str = "", our_id: str = "", **more: Any) -> Received:
        """News of one of our messages."""
        return self.receive(
            StatusReceived(network_id=network_id, our_id=our_id, status=status, at=self.clock(), **more)
        )

    def claim(self, seq: int = 1, vendor: str = "") -> Claim:
        """Claim what is due now; fails where nothing is."""
        claimed = self(settle.claim, seq, vendor)
        assert isinstance(claimed, Claim), claimed
        return claimed

    def claim_when_due(self, seq: int = 1) -> Claim:
        """Let time pass until the conversation is due, and claim it."""
        due_at = self.conversation(seq).due_at
        assert due_at is not None
        self.clock.move(max(0, due_at - self.clock.ms) / 1000)
        return self.claim(seq)

    def speak(self, claim: Claim, text: str = "Temos sim!", **more: Any) -> Settled:
        """End a turn with a reply."""
        reply = Reply(text=text, provider="catalogue", **more)
        return self(settle.speak, claim, reply, handover_ms=HANDOVER_MS, quiet_ms=QUIET_MS, keyed_hash=keyed_hash)

    def answer(self, text: str = "Temos sim!", seq: int = 1, **more: Any) -> str:
        """Claim and speak; the public id of the text."""
        assert self.speak(self.claim_when_due(seq), text, **more).spoken
        found: str = self.value(
            "SELECT id FROM messages WHERE conversation = ? AND kind = 'text' ORDER BY seq DESC LIMIT 1", seq
        )
        return found

    def conversation(self, seq: int = 1) -> Conversation:
        """The row as it is now."""
        return self(conversations.one, seq)

    def states(self, direction: str = "out") -> list[str]:
        """The states of all messages of a direction, in order."""
        return self.rows("SELECT state FROM messages WHERE direction = ? ORDER BY seq", direction)

    def in_channel(self, channel: str) -> "Desk":
        """The same desk, receiving on another channel."""
        return evolve(self, rules=evolve(self.rules, channel=channel))


def desk_in(directory: Path) -> Iterator[Desk]:
    """A desk for a fixture or a `with`; its file is closed at the end."""
    clock = HandClock()
    shard = open_shard(directory / "desk.db", clock)
    made = Desk(shard, clock)
    made(identity.establish, "auto-sul")
    made(profile.save, tenant_profile())
    try:
        yield made
    finally:
        shard.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield from desk_in(tmp_path)
