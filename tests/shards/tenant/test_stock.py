from datetime import UTC, datetime

import pytest
from attrs import evolve

from shards.errors import NotFound
from shards.tenant import stock
from shards.tenant.vehicle import StockLine, StockQuery
from tests.support.stock_shard import NOW, car, memory_tx

UNO = car("Fiat", "Uno", price_centavos=4_000_000, year_model=2015, body="hatch")
ARGO = car("Fiat", "Argo", price_centavos=6_000_000, year_model=2020, body="hatch")


def test_single_vehicles() -> None:
    tx = memory_tx()
    assert stock.put(tx, UNO) is True
    assert stock.put(tx, evolve(UNO, price_centavos=3_900_000)) is False
    assert stock.one(tx, UNO.id).price_centavos == 3_900_000
    assert stock.get(tx, ["nobody", UNO.id, UNO.id]) == (stock.one(tx, UNO.id),)
    stock.remove(tx, UNO.id)
    assert stock.get(tx, [UNO.id]) == ()
    for missing in (stock.one, stock.remove):
        with pytest.raises(NotFound, match="fiat-uno"):
            missing(tx, UNO.id)
    assert tx.value("SELECT count(*) FROM vehicles") == 1, "kept for history"
    assert stock.put(tx, UNO) is True


def test_get_keeps_the_order_asked() -> None:
    tx = memory_tx([UNO, ARGO])
    found = stock.get(tx, [ARGO.id, UNO.id])
    assert tuple(evolve(vehicle, updated_at=None) for vehicle in found) == (ARGO, UNO)
    assert found[0].updated_at == tx.now, "a feed that tells no time leaves ours"


def test_the_summary_counts_what_is_available() -> None:
    tx = memory_tx(
        [
            UNO,
            evolve(UNO, id="uno-2", price_centavos=3_000_000, year_model=2012),
            ARGO,
            evolve(ARGO, id="x", status="sold"),
        ]
    )
    summary = stock.summary(tx)
    assert summary.total == 3
    assert summary.changed_at == NOW
    assert summary.lines == (
        StockLine("Fiat", "Uno", 2, 3_000_000, 4_000_000, 2012, 2015, ("hatch",)),
        StockLine("Fiat", "Argo", 1, 6_000_000, 6_000_000, 2020, 2020, ("hatch",)),
    )


def test_an_empty_stock() -> None:
    tx = memory_tx()
    assert stock.summary(tx).total == 0
    assert stock.hot(tx, 5) == ()
    assert stock.search(tx, StockQuery(text="uno")).items == ()


def test_the_summary_is_at_most_400_lines() -> None:
    tx = memory_tx([car("Fiat", f"Modelo {number}") for number in range(410)])
    assert len(stock.summary(tx).lines) == 400
    assert stock.summary(tx).total == 410


def test_hot_are_the_available_best_first() -> None:
    tx = memory_tx([UNO, ARGO, car("Fiat", "Toro", year_model=2025, status="sold")])
    assert [vehicle.model for vehicle in stock.hot(tx, 5)] == ["Argo", "Uno"]
    assert len(stock.hot(tx, 1)) == 1


def test_a_replace_withdraws_what_it_lacks_and_only_that() -> None:
    tx = memory_tx()
    first = stock.begin_import(tx)
    stock.merge_rows(tx, first, [UNO, ARGO, car("Fiat", "Toro")])
    second = stock.begin_import(tx)
    merged = stock.merge_rows(tx, second, [UNO, evolve(ARGO, price_centavos=1), UNO])
    assert (merged.created, merged.updated, merged.unchanged, merged.repeated) == (0, 1, 1, (2,))
    by_hand = car("Fiat", "Mobi")
    stock.put(tx, by_hand)  # while the import runs
    assert stock.withdraw_unseen(tx, second, 10) == 1
    assert stock.withdraw_unseen(tx, second, 10) == 0
    assert stock.clean_up(tx, 10) == 1
    assert {vehicle.model for vehicle in stock.hot(tx, 10)} == {"Uno", "Argo", "Mobi"}


def test_an_import_that_died_half_way_withdrew_nothing() -> None:
    tx = memory_tx()
    stock.merge_rows(tx, stock.begin_import(tx), [UNO, ARGO])
    stock.merge_rows(tx, stock.begin_import(tx), [UNO])  # and then the power went
    assert len(stock.hot(tx, 10)) == 2
    again = stock.begin_import(tx)
    assert stock.merge_rows(tx, again, [UNO]).repeated == ()
    assert stock.withdraw_unseen(tx, again, 10) == 1


def test_two_imports_at_once_do_not_withdraw_each_others_vehicles() -> None:
    tx = memory_tx()
    older, newer = stock.begin_import(tx), stock.begin_import(tx)
    stock.merge_rows(tx, newer, [ARGO])
    stock.merge_rows(tx, older, [UNO, ARGO])
    assert stock.withdraw_unseen(tx, older, 10) == 0
    assert {vehicle.id for vehicle in stock.hot(tx, 10)} == {UNO.id, ARGO.id}
    assert stock.withdraw_unseen(tx, newer, 10) == 1
    assert [vehicle.id for vehicle in stock.hot(tx, 10)] == [ARGO.id]


def test_kept_vehicles_are_not_withdrawn() -> None:
    tx = memory_tx([UNO, ARGO])
    number = stock.begin_import(tx)
    stock.keep(tx, number, [UNO.id, "nobody"])
    assert stock.withdraw_unseen(tx, number, 10) == 1
    assert [vehicle.id for vehicle in stock.hot(tx, 10)] == [UNO.id]


def test_unchanged_rows_change_nothing() -> None:
    tx = memory_tx([UNO])
    tx.run("UPDATE stock_state SET changed_at = 5")
    stock.merge_rows(tx, stock.begin_import(tx), [UNO])
    stock.put(tx, UNO)
    assert stock.stock_changed_at(tx) == datetime.fromtimestamp(0.005, UTC)


def test_the_feeds_state() -> None:
    tx = memory_tx()
    url = "https://loja.example/estoque.xml"
    assert stock.feed_state(tx, url) == stock.FeedState(url=url)
    state = stock.FeedState(url=url, etag='"a"', last_modified="x", checked_at=NOW, ok=False, result="no", refused=3)
    stock.save_feed_state(tx, state)
    assert stock.feed_state(tx, url) == state
    assert stock.feed_state(tx, "https://other.example/") == stock.FeedState(url="https://other.example/")
    stock.save_feed_state(tx, stock.FeedState(url="https://other.example/"))
    assert stock.feed_state(tx, "https://other.example/").checked_at == NOW
