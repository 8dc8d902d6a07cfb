"""Voice notes in a turn: their words are the customer's, and what was not heard is asked for in writing."""

from typing import Any, get_args

import pytest

from daemon.desk.assistant import turn
from daemon.desk.brief import AskModel, Line, Reply, SearchStock
from daemon.desk.catalogue.dialogue import _compose
from daemon.desk.catalogue.draft import Draft
from daemon.desk.catalogue.understanding import understand
from daemon.desk.prompts import entries
from daemon.desk.turn import Thinker
from shards.tenant import messages
from shards.tenant.transcripts import Reason
from tests.corpus.play import Conversation
from tests.support.desk_rows import Desk
from tests.support.desk_tasks import InlineShard
from tests.support.lot import brief, line
from tests.support.shards import tenant_profile

UNHEARD = {"kind": "voice", "unheard": "broken"}


def answered(*burst: Line, providers: tuple[str, ...] = ("anthropic",)) -> list[Any]:
    """What a turn asks for, the reply last; a search finds what the corpus has in stock."""
    steps = turn(brief(burst=burst), providers)
    seen: list[Any] = []
    result: Any = None
    while True:
        try:
            command = steps.send(result)
        except StopIteration as end:
            return [*seen, end.value]
        seen.append(command)
        if isinstance(command, AskModel | SearchStock):
            steps.close()
            return seen
        result = None


@pytest.mark.parametrize("reason", get_args(Reason))
def test_no_model_is_asked_where_nothing_was_heard(reason: str) -> None:
    *asked, reply = answered(line("", kind="voice", unheard=reason), line("", kind="audio", unheard="broken"))
    assert not any(isinstance(command, AskModel) for command in asked)
    assert isinstance(reply, Reply)
    assert "escrever" in reply.text


def test_a_model_is_asked_where_something_was_written() -> None:
    asked = answered(line("", **UNHEARD), line("tem civic?"))[-1]
    assert isinstance(asked, AskModel)
    assert "could not be understood" in asked.prompt.entries[-1].text  # type: ignore[union-attr]


def test_the_embedded_answerer_owns_up_to_it_and_answers_the_rest() -> None:
    draft = Draft(brief(burst=(line("", **UNHEARD), line("bom dia!"))))
    for _ in _compose(draft, understand(draft.brief)):
        raise AssertionError
    text = draft.reply().text
    assert "não abriu" in text
    assert "escrever" not in text, "they did"


def test_words_spoken_are_words() -> None:
    assert "Civic" in Conversation().says("tem civic?", kind="voice").text
    [said] = entries(brief(burst=(line("oi"), line("tem civic?", kind="voice"))))
    assert said.text.count("spoken") == 1  # type: ignore[union-attr]


def test_what_a_turn_starts_from(desk: Desk) -> None:
    stored = messages.StoredMessage(
        seq=1,
        id="m",
        author="customer",
        kind="voice",
        text="",
        content={},
        network_id=None,
        vehicle=None,
        at=0,
        transcript="tem civic?",
        unheard="",
    )
    thinker = Thinker(
        shard=InlineShard(desk),  # type: ignore[arg-type]
        profile=tenant_profile(),
        vehicles=None,  # type: ignore[arg-type]
        roster=None,  # type: ignore[arg-type]
        thinking=turn,
        now=desk.clock,
        receipts=lambda: None,
    )
    made = thinker._line(stored)
    assert (made.text, made.kind, made.unheard) == ("tem civic?", "voice", "")


def test_a_quoted_voice_note_is_quoted_with_its_words(desk: Desk) -> None:
    desk.says("", id_="wamid.voice", kind="voice")
    desk(lambda tx: tx.run("UPDATE transcripts SET state = 'heard', text = 'tem civic?'"))
    desk.says("esse mesmo", reply_to="wamid.voice")
    [_, newer] = desk.claim_when_due().burst
    assert newer.quoted_text == "tem civic?"
