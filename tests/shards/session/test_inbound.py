from attrs import evolve

from shards.session import inbound
from shards.session.inbound import PROOF_MS, InboundRow
from tests.support.session import SessionFile

CHAT = "222@lid"
NUMBER = "55@s.whatsapp.net"


def row(hash_: bytes, id_: str = "3EB0", chat: str = CHAT) -> InboundRow:
    return InboundRow(
        seq=0,
        hash=hash_,
        chat=chat,
        sender=f"222:7@{chat.partition('@')[2]}",
        id=id_,
        stanza=b"stanza",
        plaintext=b"oi " + hash_,
        drained=False,
        at=1700,
    )


def test_a_redelivery_changes_nothing(file: SessionFile) -> None:
    kept = file(inbound.store, row(b"h"))
    assert kept == evolve(row(b"h"), seq=kept.seq)
    assert file(inbound.store, evolve(row(b"h"), id="other", plaintext=b"other")) == kept
    assert file(inbound.by_hash, b"h") == kept
    assert file(inbound.by_hash, b"x") is None
    assert file.value("SELECT count(*) FROM inbound") == 1


def test_a_message_is_found_by_either_address_and_the_first_content_counts(file: SessionFile) -> None:
    first = file(inbound.store, row(b"1", chat=NUMBER))
    file(inbound.store, row(b"2"))
    assert file(inbound.of_message, (CHAT, NUMBER), "3EB0") == first
    assert file(inbound.of_message, (NUMBER, NUMBER), "3EB0") == first
    assert file(inbound.of_message, (CHAT, NUMBER), "3EB1") is None
    assert file(inbound.of_message, ("9@lid", "9@lid"), "3EB0") is None


def test_it_drains_in_order_and_leaves_the_proof(file: SessionFile) -> None:
    seqs = [file(inbound.store, row(bytes([number]))).seq for number in (3, 1, 2)]
    assert [one.hash for one in file(inbound.to_drain, 2)] == [b"\3", b"\1"]
    file(inbound.drained, seqs[:2])
    assert [one.seq for one in file(inbound.to_drain, 9)] == seqs[2:]
    proof = file(inbound.by_hash, b"\3")
    assert proof == evolve(row(b"\3"), seq=seqs[0], stanza=b"", plaintext=b"", drained=True)
    assert file(inbound.by_hash, b"\2").plaintext == b"oi \2"  # type: ignore[union-attr]


def test_numbers_are_never_given_twice(file: SessionFile) -> None:
    first = file(inbound.store, row(b"1"))
    file(inbound.drained, [first.seq])
    file.clock.move(PROOF_MS / 1000)
    file(inbound.tidy)
    assert file(inbound.store, row(b"2")).seq > first.seq


def test_proofs_go_after_60_days_but_nothing_that_waits(file: SessionFile) -> None:
    drained, waiting = file(inbound.store, row(b"1")), file(inbound.store, row(b"2"))
    file(inbound.drained, [drained.seq])
    file.clock.move(PROOF_MS / 1000 - 1)
    file(inbound.tidy)
    assert file(inbound.by_hash, b"1") is not None
    file.clock.move(1)
    file(inbound.tidy)
    assert file(inbound.by_hash, b"1") is None
    assert file(inbound.to_drain, 9) == [waiting]
