"""What showroomd itself says is short, Portuguese, and true."""

from collections.abc import Callable
from typing import get_args

import pytest

from daemon.desk import wording
from daemon.desk.handover import hurried
from daemon.desk.receive import RESUME_WORDS, STOP_WORDS
from shards.tenant.transcripts import Reason
from tests.support.lot import brief


def test_the_goodbye_names_a_word_that_brings_back() -> None:
    named = wording.OPTED_OUT.split("*")[1]
    assert named in RESUME_WORDS
    assert named not in STOP_WORDS


def test_a_failure_promises_a_person() -> None:
    assert "consultor" in wording.TURN_FAILED


@pytest.mark.parametrize("say", [wording.turn_failed, wording.apology, wording.taken_over])
def test_while_closed_nobody_is_promised_at_once(say: Callable[[str | None], str]) -> None:
    shut = brief("oi", open_now=False, next_opening="amanhã às 8h")
    assert "amanhã às 8h um consultor" in say("amanhã às 8h") or "amanhã às 8h ele" in say("amanhã às 8h")
    assert "assim que a loja abrir" in say("")
    for opening in ("amanhã às 8h", ""):
        assert not hurried(shut, say(opening))
        assert len(say(opening)) < 300
    assert "abr" not in say(None)


def test_sentences_fit_into_one_message() -> None:
    said = [value for name, value in vars(wording).items() if name.isupper()]
    assert said
    assert all(0 < len(text) < 300 for text in said)


@pytest.mark.parametrize("reason", [*get_args(Reason), ""])
def test_who_cannot_be_heard_is_asked_to_write(reason: str) -> None:
    regret, request = wording.unheard(reason)
    assert "áudio" in regret
    assert "escreve" in request
    assert request.count("?") == 1
    assert "?" not in regret
    assert ("10 minutos" in regret) == (reason == "long")
