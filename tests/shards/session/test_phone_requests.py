from shards.session import phone_requests
from shards.session.phone_requests import KEPT_MS
from tests.support.session import SessionFile

CHAT, NUMBER = "222@lid", "55@s.whatsapp.net"
BOTH = (CHAT, NUMBER)


def ask(file: SessionFile, request: str, id_: str, chats: tuple[str, str] = BOTH, kind: str = "resend") -> bool:
    return file(phone_requests.ask, request_id=request, kind=kind, chats=chats, id_=id_)


def test_each_thing_is_asked_for_once(file: SessionFile) -> None:
    assert ask(file, "R1", "A", (NUMBER, NUMBER))
    assert not ask(file, "R2", "A"), "by the other address it is the same"
    assert ask(file, "R2", "A", kind="media")
    assert ask(file, "R1", "B")
    assert ask(file, "R1", "A", ("9@lid", "9@lid"))
    assert file(phone_requests.pending, "R1", "resend") == [(NUMBER, "A"), (CHAT, "B"), ("9@lid", "A")]
    assert file(phone_requests.pending, "R2", "resend") == []


def test_an_answer_is_taken_once(file: SessionFile) -> None:
    ask(file, "R1", "A", (NUMBER, NUMBER))
    ask(file, "R1", "B")
    file(phone_requests.answered, chats=BOTH, id_="A")
    assert file(phone_requests.pending, "R1", "resend") == [(CHAT, "B")]
    assert not ask(file, "R3", "A")


def test_they_are_forgotten_after_14_days(file: SessionFile) -> None:
    ask(file, "R1", "A")
    file.clock.move(KEPT_MS / 1000 - 1)
    file(phone_requests.tidy)
    assert not ask(file, "R2", "A")
    file.clock.move(1)
    file(phone_requests.tidy)
    assert ask(file, "R2", "A")
