from shards.session import failures
from shards.session.failures import KEPT_MS
from tests.support.session import SessionFile

CHAT, NUMBER = "222@lid", "55@s.whatsapp.net"


def fail(file: SessionFile, id_: str, chat: str = CHAT, sender: str = "222@lid", reason: int = 7) -> int:
    return file(failures.count, chat=chat, sender=sender, id_=id_, at=1, reason=reason)


def test_failures_are_counted_by_sender_and_messages_once(file: SessionFile) -> None:
    assert [fail(file, "A"), fail(file, "A", reason=1), fail(file, "A", sender="222:3@lid"), fail(file, "B")] == [
        1,
        2,
        1,
        1,
    ]
    assert file(failures.unresolved) == 2
    assert file.column("SELECT reason FROM failures ORDER BY id, sender") == [7, 1, 7]


def test_what_came_after_all_is_resolved_by_either_address_and_stays_so(file: SessionFile) -> None:
    fail(file, "A", chat=NUMBER)
    fail(file, "A", chat=NUMBER, sender="222:3@lid")
    fail(file, "B")
    file(failures.resolve, chats=(CHAT, NUMBER), id_="A")
    assert file(failures.unresolved) == 1
    assert fail(file, "A", chat=NUMBER) == 2
    assert file(failures.unresolved) == 1


def test_they_are_forgotten_after_60_days(file: SessionFile) -> None:
    fail(file, "A")
    file.clock.move(KEPT_MS / 1000 - 1)
    file(failures.tidy)
    assert file(failures.unresolved) == 1
    file.clock.move(1)
    file(failures.tidy)
    assert file(failures.unresolved) == 0
