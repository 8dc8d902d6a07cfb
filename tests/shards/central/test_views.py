from datetime import timedelta

from shards.central import views
from shards.shard import Tx
from tests.support.files import MOMENT, memory


def fill(tx: Tx) -> None:
    for tenant in ("a", "b", "c"):
        tx.run("INSERT INTO tenants VALUES (?, ?, 'active', '', 0, 0)", (tenant, tenant))
        for number in range(3):
            tx.run(
                "INSERT INTO ledger VALUES (?, ?, 'e', ?, 'tokens', 'openai', 'mini', '',"
                " 10, 1, 2, 3, 4, 5, 6, '', '', 0)",
                (f"{tenant}{number}", tenant, tx.now_ms + number * 1000),
            )


def test_sums_of_tenants_in_pages() -> None:
    with memory("central") as tx:
        fill(tx)
        end = MOMENT + timedelta(seconds=2)  # the third is at the end, which does not belong
        first, after = views.usage(tx, start=MOMENT, end=end, limit=2)
        assert [(line.tenant, line.receipts, line.input_tokens, line.messages) for line in first] == [
            ("a", 2, 20, 12),
            ("b", 2, 20, 12),
        ]
        assert after == "b"
        rest, after = views.usage(tx, start=MOMENT, end=end, limit=2, after=after or "")
        assert ([line.tenant for line in rest], after) == (["c"], None)
        only, _ = views.usage(tx, start=MOMENT, end=end, tenant="b")
        assert only == first[1:]
