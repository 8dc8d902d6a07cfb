"""What showroomd itself says is short, Portuguese, and true."""

from daemon.desk import wording
from daemon.desk.receive import RESUME_WORDS, STOP_WORDS


def test_the_goodbye_names_a_word_that_brings_back() -> None:
    named = wording.OPTED_OUT.split("*")[1]
    assert named in RESUME_WORDS
    assert named not in STOP_WORDS


def test_a_failure_promises_a_person() -> None:
    assert "consultor" in wording.TURN_FAILED


def test_sentences_fit_into_one_message() -> None:
    said = [value for name, value in vars(wording).items() if name.isupper()]
    assert said
    assert all(0 < len(text) < 300 for text in said)
