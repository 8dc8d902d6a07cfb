"""Stickers that a person would not answer either."""

import pytest
from attrs import evolve

from daemon.desk.assistant import turn
from daemon.desk.brief import Brief
from daemon.desk.unanswered import needs_no_answer
from tests.support.lot import brief, line
from tests.support.playbook import Playbook

DONE = line("Combinado! Qualquer dúvida, é só me chamar.", author="assistant")
ASKED = line("Quer ver fotos?", author="assistant")


def sticker(*history: object, **more: object) -> Brief:
    start = brief("")
    burst = tuple(evolve(one, kind="sticker") for one in start.burst)
    return evolve(start, burst=burst, history=history, **{"first_turn": False, **more})


def test_a_sticker_after_the_last_word_is_not_answered() -> None:
    start = evolve(sticker(line("obrigado!"), DONE), memory={"focus": "hb20"})
    assert needs_no_answer(start)
    with Playbook(turn(start, ["anthropic"])) as play:
        pass
    assert (play.reply.text, play.reply.effects, play.reply.memory) == ("", (), {"focus": "hb20"})


@pytest.mark.parametrize(
    "start",
    [
        sticker(first_turn=True),
        sticker(DONE, ASKED),
        sticker(line("oi")),
        evolve(sticker(DONE), burst=(*sticker().burst, line("e o preço?"))),
        brief("👍", history=(DONE,)),
    ],
)
def test_everything_else_is(start: Brief) -> None:
    assert not needs_no_answer(start)
