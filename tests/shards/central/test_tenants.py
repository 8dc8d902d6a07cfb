"""Tenants' lives, and that a number leads to one of them."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from shards.central import tenants
from shards.errors import Conflict, NotFound
from shards.shard import Tx
from tests.support.shards import HandClock

Central = Callable[..., Any]


def add(central: Central, tenant: str, number: str = "", waba: str = "") -> None:
    """An active tenant with its numbers."""
    central(tenants.reserve, tenant, tenant.title())
    central(tenants.route, tenant, phone_number_id=number, waba_id=waba)
    central(tenants.set_state, tenant, "active")


def test_a_tenant_is_reserved_and_then_active(central: Central, clock: HandClock) -> None:
    central(tenants.reserve, "auto-sul", "Auto Sul")
    row = central(tenants.one, "auto-sul")
    assert (row.id, row.name, row.state, row.reason) == ("auto-sul", "Auto Sul", "reserved", "")
    assert row.created_at == clock()
    assert row.created_at.tzinfo is UTC
    central(tenants.set_state, "auto-sul", "suspended", "has not paid")
    assert central(tenants.one, "auto-sul").reason == "has not paid"
    central(tenants.set_state, "auto-sul", "active")
    assert central(tenants.one, "auto-sul").reason == ""


def test_a_reservation_may_be_repeated_and_an_id_is_taken_once(central: Central) -> None:
    central(tenants.reserve, "auto-sul", "Auto Sul")
    central(tenants.reserve, "auto-sul", "Auto Sul Veículos")
    assert central(tenants.one, "auto-sul").name == "Auto Sul Veículos"
    central(tenants.set_state, "auto-sul", "active")
    with pytest.raises(Conflict, match="is taken"):
        central(tenants.reserve, "auto-sul", "Outra")
    central(tenants.delete, "auto-sul")
    with pytest.raises(Conflict, match="deleted tenant"):
        central(tenants.reserve, "auto-sul", "Outra")


def test_a_number_leads_to_one_tenant(central: Central) -> None:
    add(central, "auto-sul", "1063")
    add(central, "auto-norte")
    with pytest.raises(Conflict, match="already leads to 'auto-sul'"):
        central(tenants.route, "auto-norte", phone_number_id="1063", waba_id="")
    assert central(tenants.by_phone_number_id, "1063") == "auto-sul"
    assert central(tenants.by_phone_number_id, "") is None
    central(tenants.route, "auto-sul", phone_number_id="1064", waba_id="")
    assert central(tenants.by_phone_number_id, "1063") is None, "it was replaced"
    central(tenants.route, "auto-norte", phone_number_id="1063", waba_id="")


def test_a_refused_route_keeps_the_old_one(central: Central) -> None:
    add(central, "auto-sul", "1063")
    add(central, "auto-norte", "1064", "1022")
    with pytest.raises(Conflict):
        central(tenants.route, "auto-norte", phone_number_id="1063", waba_id="")
    assert central(tenants.by_phone_number_id, "1064") == "auto-norte"
    assert central(tenants.by_waba_id, "1022") == ["auto-norte"]


def test_a_waba_may_hold_the_numbers_of_several(central: Central) -> None:
    add(central, "b1", "1", "1022")
    add(central, "a1", "2", "1022")
    assert central(tenants.by_waba_id, "1022") == ["a1", "b1"]
    assert central(tenants.by_waba_id, "9") == []


def test_a_deleted_tenant_is_gone_and_its_numbers_are_free(central: Central, clock: HandClock) -> None:
    add(central, "auto-sul", "1063", "1022")
    central(
        lambda tx: tx.run(
            "INSERT INTO operator_tokens (id, name, role, tenant, hash, created_at) VALUES"
            " ('t1', 'n', 'viewer', 'auto-sul', x'01', 0)"
        )
    )
    central(tenants.delete, "auto-sul")
    assert central(tenants.by_phone_number_id, "1063") is None
    assert central(tenants.by_waba_id, "1022") == []
    assert central(lambda tx: tx.value("SELECT revoked_at FROM operator_tokens")) == clock.ms
    for work in (tenants.one, tenants.delete):
        with pytest.raises(NotFound):
            central(work, "auto-sul")
    with pytest.raises(NotFound):
        central(tenants.set_state, "auto-sul", "active")


def test_pages_go_by_id(central: Central) -> None:
    for tenant in ("c1", "a1", "d1", "b1"):
        add(central, tenant)
    central(tenants.delete, "b1")
    assert [row.id for row in central(tenants.page, limit=2)] == ["a1", "c1"]
    assert [row.id for row in central(tenants.page, after="c1", limit=2)] == ["d1"]
    central(tenants.rename, "d1", "Novo")
    assert central(tenants.one, "d1").name == "Novo"


def test_only_a_reservation_is_forgotten(central: Central) -> None:
    central(tenants.reserve, "a1", "A")
    central(tenants.route, "a1", phone_number_id="1", waba_id="9")
    central(tenants.forget_reservation, "a1")
    with pytest.raises(NotFound):
        central(tenants.one, "a1")
    assert central(tenants.by_phone_number_id, "1") is None
    add(central, "b1", "2", "9")
    central(tenants.forget_reservation, "b1")
    assert central(tenants.by_phone_number_id, "2") == "b1", "an active tenant keeps its number"
    assert central(tenants.by_waba_id, "9") == ["b1"]


def test_the_database_itself_refuses_a_second_owner(central: Central) -> None:
    add(central, "a1", "1")
    add(central, "b1")

    def steal(tx: Tx) -> None:
        tx.run("INSERT INTO routes (kind, key, tenant) VALUES ('phone_number_id', '1', 'b1')")

    with pytest.raises(Exception, match="UNIQUE"):
        central(steal)


def test_every_number_that_leads_somewhere(central: Central) -> None:
    assert central(tenants.phone_number_ids) == []
    add(central, "auto-sul", "20")
    add(central, "auto-norte", "10")
    add(central, "so-sandbox")
    assert central(tenants.phone_number_ids) == ["10", "20"]
    central(tenants.delete, "auto-sul")
    assert central(tenants.phone_number_ids) == ["10"]
