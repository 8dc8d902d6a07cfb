"""Receipts: one row each, copied by their own id."""

import random

from shards.tenant import tombstones, usage
from shards.tenant.usage import COLUMNS
from tests.support.desk_rows import Desk


def test_a_receipt_says_when_and_what(desk: Desk) -> None:
    id_ = desk(usage.record, "tokens", "anthropic", turn=None, model="small-1", input_tokens=100, conversation="c1")
    [(seq, receipt)] = desk(usage.uncopied, 10)
    assert (receipt.event_id, receipt.at, receipt.kind, receipt.provider) == (id_, desk.clock.ms, "tokens", "anthropic")
    assert (receipt.input_tokens, receipt.output_tokens, receipt.conversation) == (100, 0, "c1")
    assert seq == 1
    assert COLUMNS[0] == "event_id"


def test_a_message_is_paid_for_once_and_other_kinds_each_time(desk: Desk) -> None:
    for message in ("m1", "m1", "m2"):
        desk(usage.record, "message", "whatsapp", message=message, messages=1)
        desk(usage.record, "speech", "elevenlabs", message=message, characters=10)
    assert desk.rows("SELECT kind, message, sum(messages), count(*) FROM usage GROUP BY 1, 2 ORDER BY 1, 2") == [
        ("message", "m1", 1, 1),
        ("message", "m2", 1, 1),
        ("speech", "m1", 0, 2),
        ("speech", "m2", 0, 1),
    ]


def test_copies_are_taken_from_the_oldest_and_marked(desk: Desk, rng: random.Random) -> None:
    ids = [desk(usage.record, "turn", "catalogue") for _ in range(rng.randint(5, 9))]
    first = desk(usage.uncopied, 3)
    assert [receipt.event_id for _, receipt in first] == ids[:3]
    assert desk(usage.any_uncopied)
    desk(usage.copied, [seq for seq, _ in first])
    rest = desk(usage.uncopied, 100)
    assert [receipt.event_id for _, receipt in rest] == ids[3:]
    desk(usage.copied, [seq for seq, _ in rest])
    assert not desk(usage.any_uncopied)
    assert len(set(ids)) == len(ids)


def test_tombstones_are_work_for_the_rollup_too(desk: Desk) -> None:
    desk(tombstones.bury, "opt_out", [b"x"])
    assert desk(usage.any_uncopied)
