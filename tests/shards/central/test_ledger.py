"""Usage of all tenants: each receipt once, whatever is repeated."""

import random
from collections.abc import Callable
from typing import Any

from attrs import asdict

from shards.central import ledger
from shards.tenant.usage import Usage
from tests.support.shards import HandClock

Central = Callable[..., Any]


def receipt(id_: str, **quantities: Any) -> dict[str, Any]:
    return asdict(Usage(event_id=id_, at=1, kind="tokens", provider="anthropic", **quantities))


def test_a_receipt_is_counted_once_however_often_it_comes(central: Central, rng: random.Random) -> None:
    receipts = [receipt(f"e{number}", input_tokens=number, messages=1) for number in range(20)]
    for _ in range(6):
        central(ledger.append, "auto-sul", "epoch-1", rng.sample(receipts, 12))
    central(ledger.append, "auto-sul", "epoch-1", receipts)
    assert central(ledger.totals, "auto-sul") == {
        "receipts": 20,
        "input_tokens": sum(range(20)),
        "output_tokens": 0,
        "messages": 20,
    }


def test_the_first_copy_stands(central: Central, clock: HandClock) -> None:
    central(ledger.append, "auto-sul", "epoch-1", [receipt("e1", input_tokens=1)])
    first = clock.ms
    clock.move(60)
    central(ledger.append, "auto-sul", "epoch-2", [receipt("e1", input_tokens=999)])
    [row] = central(lambda tx: list(tx.rows("SELECT epoch, input_tokens, copied_at FROM ledger")))
    assert row == ("epoch-1", 1, first)


def test_tenants_are_apart(central: Central) -> None:
    central(ledger.append, "auto-sul", "e", [receipt("e1", output_tokens=5)])
    central(ledger.append, "auto-norte", "e", [receipt("e2", output_tokens=7)])
    assert central(ledger.totals, "auto-norte")["output_tokens"] == 7
    assert central(ledger.totals, "nobody") == {"receipts": 0, "input_tokens": 0, "output_tokens": 0, "messages": 0}


def test_the_newest_tombstone_of_a_kind_stands(central: Central) -> None:
    central(ledger.bury, "auto-sul", [("opt_out", b"a", 5), ("opt_in", b"a", 7)])
    central(ledger.bury, "auto-sul", [("opt_out", b"a", 9), ("opt_in", b"a", 6)])
    central(ledger.bury, "auto-norte", [("opt_out", b"a", 1)])
    found = central(lambda tx: list(tx.rows("SELECT tenant, kind, at FROM tombstones ORDER BY tenant, kind")))
    assert found == [("auto-norte", "opt_out", 1), ("auto-sul", "opt_in", 7), ("auto-sul", "opt_out", 9)]
