"""Whatever people do, in any order: nobody is forgotten, answered twice or talked over."""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from daemon.desk import settle
from daemon.desk.brief import HandOver
from daemon.desk.settle import Claim
from daemon.whatsapp.events import IdentityChanged, MessageEdited, MessageRevoked, Sender
from shards.tenant import conversations, messages, turns
from shards.tenant.conversations import MAX_RESTARTS
from tests.support.desk_rows import ANA, BIA, desk_in

NAMES = (
    ANA,
    Sender(phone=ANA.phone),
    Sender(user_id=ANA.user_id),
    BIA,
    Sender(phone=ANA.phone, user_id="BR.999"),  # somebody else got Ana's number
)
senders = st.sampled_from(NAMES)


class Story(RuleBasedStateMachine):
    """Persons act, the inbox claims and settles; one claim a conversation at a time, as the inbox does it."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._desks = contextmanager(desk_in)(Path(self._directory.name))
        self.desk = self._desks.__enter__()
        self.claims: dict[int, Claim] = {}
        self.received: list[str] = []

    def teardown(self) -> None:
        self._desks.__exit__(None, None, None)
        self._directory.cleanup()

    def _threads(self) -> list[int]:
        found: list[int] = self.desk.rows("SELECT seq FROM conversations ORDER BY seq")
        return found

    def _some(self, number: int) -> int | None:
        threads = self._threads()
        return threads[number % len(threads)] if threads else None

    # What customers do

    @rule(sender=senders, text=st.sampled_from(["oi", "tem civic?", "até 90 mil", "parar", "voltar"]))
    def customer_writes(self, sender: Sender, text: str) -> None:
        id_ = f"wamid.{len(self.received)}"
        self.received.append(id_)
        self.desk.says(text, sender, id_=id_)

    @precondition(lambda self: self.received)
    @rule(sender=senders, number=st.integers(0, 50))
    def the_network_delivers_again(self, sender: Sender, number: int) -> None:
        id_ = self.received[number % len(self.received)]
        before = self.desk.rows("SELECT * FROM conversations")
        assert self.desk.says("oi", sender, id_=id_).counts == {"duplicate": 1}
        assert self.desk.rows("SELECT * FROM conversations") == before

    @rule(sender=senders, hours=st.integers(20, 30))
    def customer_wrote_long_ago(self, sender: Sender, hours: int) -> None:
        self.received.append(f"wamid.{len(self.received)}")
        self.desk.says("oi", sender, id_=self.received[-1], ago_seconds=hours * 3600)

    @precondition(lambda self: self.received)
    @rule(number=st.integers(0, 50), revoked=st.booleans())
    def customer_rewrites(self, number: int, revoked: bool) -> None:
        id_, at = self.received[number % len(self.received)], self.desk.clock()
        if revoked:
            self.desk.receive(MessageRevoked(network_id="r", sender=ANA, at=at, target=id_))
        else:
            self.desk.receive(MessageEdited(network_id="e", sender=ANA, at=at, target=id_, text="tem corolla?"))

    @rule(old=senders, new=senders)
    def customer_changes_names(self, old: Sender, new: Sender) -> None:
        self.desk.receive(IdentityChanged(old=old, new=new, at=self.desk.clock()))

    # What persons of the shop do

    @rule(sender=senders, ago=st.sampled_from([0, 5, 3600, 86_400]))
    def person_answers_on_the_phone(self, sender: Sender, ago: int) -> None:
        self.desk.person_wrote("Oi, aqui é o Beto", sender, ago_seconds=ago)

    @rule(number=st.integers(0, 5), minutes=st.sampled_from([None, 1, 240]))
    def person_takes_over(self, number: int, minutes: int | None) -> None:
        seq = self._some(number)
        if seq is not None:
            until = None if minutes is None else self.desk.clock.ms + minutes * 60_000
            self.desk(lambda tx: (conversations.take_over(tx, seq, until), messages.cancel_unsent(tx, seq, "person")))

    @rule(number=st.integers(0, 5))
    def person_gives_back(self, number: int) -> None:
        seq = self._some(number)
        if seq is not None:
            self.desk(conversations.release, seq)

    # What the inbox does

    @rule(number=st.integers(0, 5))
    def inbox_claims(self, number: int) -> None:
        due = [seq for seq, due_at, _ in self.desk(conversations.due) if due_at <= self.desk.clock.ms]
        due = [seq for seq in due if seq not in self.claims]
        if due:
            found = self.desk(settle.claim, due[number % len(due)], "")
            if isinstance(found, Claim):
                assert found.burst
                assert found.contact.opted_out_at is None
                self.claims[found.turn.conversation] = found

    def _claim(self, number: int) -> Claim:
        return self.claims.pop(sorted(self.claims)[number % len(self.claims)])

    @precondition(lambda self: self.claims)
    @rule(number=st.integers(0, 5), how=st.sampled_from(["text", "hand over", "silent hand over"]))
    def turn_speaks(self, number: int, how: str) -> None:
        claim = self._claim(number)
        seq = claim.turn.conversation
        row = self.desk.rows("SELECT generation, state FROM conversations WHERE seq = ?", seq)
        good = row == [(claim.turn.generation, "assistant")]
        before = self._written()
        effects: tuple[Any, ...] = () if how == "text" else (HandOver("pediu"),)
        settled = self.desk.speak(claim, "" if how == "silent hand over" else "Temos sim!", effects=effects)
        assert settled.spoken == good
        if not good:
            assert self._written() == before, "a stale claim writes nothing"
        else:
            assert claim.burst[-1].text == self.desk.value(
                "SELECT text FROM messages WHERE seq = ?", claim.turn.up_to
            ), "what was answered is what was written"

    def _written(self) -> list[Any]:
        return [self.desk.rows(f"SELECT * FROM {table}") for table in ("messages", "conversations", "usage", "leads")]

    @precondition(lambda self: self.claims)
    @rule(number=st.integers(0, 5))
    def turn_fails(self, number: int) -> None:
        self.desk(settle.fail, self._claim(number), "ValueError: no")

    @precondition(lambda self: self.claims)
    @rule(number=st.integers(0, 5))
    def turn_is_cancelled_by_a_newer_message(self, number: int) -> None:
        claim = self._claim(number)
        row = self.desk.rows("SELECT generation FROM conversations WHERE seq = ?", claim.turn.conversation)
        self.desk(settle.release if row == [claim.turn.generation] else settle.supersede, claim)

    @rule()
    def daemon_dies_and_starts(self) -> None:
        self.claims.clear()
        self.desk(turns.release_running)

    @rule(seconds=st.sampled_from([0.5, 1.5, 6, 60, 5 * 3600]))
    def time_passes(self, seconds: float) -> None:
        self.desk.clock.move(seconds)

    # What holds at any time

    @invariant()
    def every_message_is_answered_or_owed_or_with_a_person(self) -> None:
        for seq, state, due_at, owed_since, generation in self.desk.rows(
            "SELECT DISTINCT c.seq, c.state, c.due_at, c.owed_since, c.generation FROM messages m"
            " JOIN conversations c ON c.seq = m.conversation JOIN contacts k ON k.seq = c.contact"
            " WHERE m.direction = 'in' AND m.kind <> 'revoked' AND m.seq > c.answered_seq AND k.opted_out_at IS NULL"
        ):
            # with a person for a time it is due when that is over, without one the person has it
            assert owed_since is not None, f"{seq} waits and nobody knows"
            held = state == "human" and self.desk.conversation(seq).human_until is None
            running = self.desk.value(
                "SELECT 1 FROM turns WHERE conversation = ? AND state = 'running' AND generation = ?", seq, generation
            )
            assert held or due_at is not None or running, f"{seq} is owed an answer that nobody will give"

    @invariant()
    def one_turn_at_a_time(self) -> None:
        assert not self.desk.rows(
            "SELECT 1 FROM turns t JOIN conversations c ON c.seq = t.conversation AND c.generation = t.generation"
            " WHERE t.state = 'running' GROUP BY t.conversation HAVING count(*) > 1"
        )
        running = self.desk.rows("SELECT seq FROM turns WHERE state = 'running' ORDER BY seq")
        assert running == sorted(claim.turn.seq for claim in self.claims.values()), "no turn is left behind"

    @invariant()
    def one_burst_one_answer(self) -> None:
        assert not self.desk.rows(
            "SELECT turn FROM messages WHERE kind = 'text' AND turn IS NOT NULL GROUP BY turn HAVING count(*) > 1"
        )
        assert not self.desk.rows(
            "SELECT 1 FROM messages m JOIN turns t ON t.seq = m.turn WHERE t.state NOT IN ('settled', 'failed')"
        )

    @invariant()
    def counts_stay_in_their_bounds(self) -> None:
        assert all(count <= MAX_RESTARTS for count in self.desk.rows("SELECT restarts FROM conversations"))
        assert not self.desk.rows(
            "SELECT 1 FROM conversations c JOIN contacts k ON k.seq = c.contact"
            " WHERE k.opted_out_at IS NOT NULL AND (c.owed_since IS NOT NULL OR c.due_at IS NOT NULL)"
        ), "nothing is owed to who opted out"

    @invariant()
    def a_user_id_is_one_person(self) -> None:
        assert not self.desk.rows("SELECT 1 FROM aliases WHERE value = ''")
        assert not self.desk.rows(
            "SELECT dial_phone FROM contacts WHERE dial_phone <> '' GROUP BY dial_phone HAVING count(*) > 1"
        ), "a number is dialled for one person"


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
