from shards.session import message_secrets
from shards.session.message_secrets import KEPT_MS, SecretRow
from tests.support.session import SessionFile

CHAT, NUMBER = "222@lid", "55@s.whatsapp.net"


def test_the_newest_is_found_by_either_address(file: SessionFile) -> None:
    file(message_secrets.save, chat=NUMBER, sender="55:3@s.whatsapp.net", id_="A", secret=b"1")
    assert file(message_secrets.find, (CHAT, NUMBER), "A") == SecretRow(NUMBER, "55:3@s.whatsapp.net", b"1")
    file(message_secrets.save, chat=CHAT, sender="222@lid", id_="A", secret=b"2")
    file(message_secrets.save, chat=CHAT, sender="222@lid", id_="A", secret=b"3")
    assert file(message_secrets.find, (CHAT, NUMBER), "A") == SecretRow(CHAT, "222@lid", b"3")
    assert file(message_secrets.find, (CHAT, CHAT), "B") is None
    assert file.value("SELECT count(*) FROM message_secrets") == 2


def test_they_are_forgotten_after_60_days(file: SessionFile) -> None:
    file(message_secrets.save, chat=CHAT, sender=CHAT, id_="A", secret=b"1")
    file.clock.move(KEPT_MS / 1000 - 1)
    file(message_secrets.tidy)
    assert file(message_secrets.find, (CHAT, CHAT), "A") is not None
    file.clock.move(1)
    file(message_secrets.tidy)
    assert file(message_secrets.find, (CHAT, CHAT), "A") is None
