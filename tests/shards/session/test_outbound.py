import pytest
from attrs import evolve

from shards.errors import Conflict
from shards.session import outbound
from shards.session.outbound import PLAINTEXT_MS, PROOF_MS, OutboundRow
from tests.support.session import SessionFile

ROW = OutboundRow(
    id="3EB0A", our_id="01m", chat="222@lid", node=b"node", plaintext=b"sealed", phash="2:x", state="encrypted", at=5
)
PEER = evolve(ROW, id="3EB0P", our_id="")


def test_it_is_found_by_both_ids_and_replaced(file: SessionFile) -> None:
    file(outbound.save, ROW)
    assert file(outbound.by_our_id, "01m") == file(outbound.by_id, "3EB0A") == ROW
    acked = evolve(ROW, state="acked", node=b"")
    file(outbound.save, acked)
    assert file(outbound.by_our_id, "01m") == acked
    assert file(outbound.by_our_id, "02m") is file(outbound.by_id, "3EB0B") is None


def test_peer_messages_have_no_id_of_ours(file: SessionFile) -> None:
    file(outbound.save, PEER)
    file(outbound.save, evolve(PEER, id="3EB0Q"))
    assert file(outbound.by_our_id, "") is None
    assert file(outbound.by_id, "3EB0Q") is not None


def test_one_message_never_gets_two_ids(file: SessionFile) -> None:
    file(outbound.save, ROW)
    with pytest.raises(Conflict, match="01m has another id"):
        file(outbound.save, evolve(ROW, id="3EB0B"))
    assert file(outbound.by_our_id, "01m") == ROW


def test_what_a_lost_device_had_encrypted_is_never_sent_again(file: SessionFile) -> None:
    file(outbound.save, ROW)
    file(outbound.save, evolve(ROW, id="3EB0B", our_id="02m", state="acked"))
    file(outbound.count_retry, "3EB0B", "222:7@lid")
    file(outbound.abandon)
    assert file(outbound.by_our_id, "01m") == evolve(ROW, node=b"", plaintext=b"", state="failed")
    kept = file(outbound.by_our_id, "02m")
    assert kept is not None
    assert (kept.state, kept.node) == ("acked", b"")
    assert file(outbound.count_retry, "3EB0B", "222:7@lid") == 1


def test_retries_are_counted_by_device(file: SessionFile) -> None:
    asked = [("A", "222@lid"), ("A", "222@lid"), ("A", "222:7@lid"), ("B", "222@lid")]
    assert [file(outbound.count_retry, *each) for each in asked] == [1, 2, 1, 1]


def test_plaintext_goes_after_7_days_and_the_proof_after_60(file: SessionFile) -> None:
    acked = evolve(ROW, state="acked")
    file(outbound.save, acked)
    file(outbound.count_retry, ROW.id, "222@lid")
    file.clock.move(PLAINTEXT_MS / 1000 - 1)
    file(outbound.tidy)
    assert file(outbound.by_id, ROW.id) == acked
    file.clock.move(1)
    file(outbound.tidy)
    assert file(outbound.by_id, ROW.id) == evolve(acked, plaintext=b"")
    assert file(outbound.count_retry, ROW.id, "222@lid") == 1
    file.clock.move((PROOF_MS - PLAINTEXT_MS) / 1000)
    file(outbound.tidy)
    assert file(outbound.by_id, ROW.id) is None


def test_what_the_shard_awaits_is_kept_however_old(file: SessionFile) -> None:
    file(outbound.save, ROW)
    file(outbound.save, PEER)
    file.clock.move(PROOF_MS / 1000)
    file(outbound.tidy)
    assert file(outbound.by_id, ROW.id) == ROW
    assert file(outbound.by_id, PEER.id) is None
