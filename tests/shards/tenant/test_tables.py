from datetime import timedelta

from shards.shard import Tx
from shards.tenant import tables, usage, views
from tests.support.files import MOMENT, memory
from tests.support.tenancy import say


def fill(tx: Tx) -> None:
    for sender in ("ana", "bia"):
        say(tx, sender, "oi")
    for number in range(5):
        tx.run(
            "INSERT INTO leads (id, contact, conversation, interest, created_at, changed_at)"
            " VALUES (?, ?1 % 2 + 1, 1, ?, 0, 0)",
            (number, f"i{number}"),
        )
        tx.run(
            "INSERT INTO appointments (id, contact, conversation, starts_at, created_at) VALUES (?, 1, 1, ?, 0)",
            (f"v{number}", tx.now_ms),
        )


def test_newest_first_of_all_or_of_one() -> None:
    with memory("tenant") as tx:
        fill(tx)
        first, after = tables.leads(tx, limit=3)
        rest, end = tables.leads(tx, limit=3, after=after or "")
        assert [lead.interest for lead in first + rest] == ["i4", "i3", "i2", "i1", "i0"]
        assert end is None
        bia = views.contacts(tx, alias="bia")[0][0].id
        assert {lead.contact_name for lead in tables.leads(tx, contact_id=bia)[0]} == {"Bia"}
        visits, _ = tables.appointments(tx)
        assert [visit.id for visit in visits] == ["v4", "v3", "v2", "v1", "v0"]
        assert visits[0].starts_at == MOMENT


def test_usage_is_summed_by_kind() -> None:
    with memory("tenant") as tx:
        for model in ("haiku", "haiku", "sonnet"):
            usage.record(tx, "tokens", "anthropic", model=model, conversation="c", input_tokens=7, cache_read_tokens=2)
        usage.record(tx, "speech", "elevenlabs", conversation="d", characters=80)
        end = MOMENT + timedelta(seconds=1)
        lines = tables.usage(tx, start=MOMENT, end=end)
        assert [(line.kind, line.model, line.receipts, line.input_tokens, line.characters) for line in lines] == [
            ("speech", "", 1, 0, 80),
            ("tokens", "haiku", 2, 14, 0),
            ("tokens", "sonnet", 1, 7, 0),
        ]
        assert tables.usage(tx, start=MOMENT, end=end, conversation_id="d") == lines[:1]
        assert tables.usage(tx, start=end, end=end + timedelta(days=1)) == []
