from datetime import date

import apsw
import pytest

from shards.central import subscriptions
from shards.errors import Conflict, Invalid, NotFound
from tests.shards.central.test_daily import invoice
from tests.support.files import memory
from tests.support.ledgers import plan, tenant

FIRST, TENTH, LAST = date(2026, 11, 1), date(2026, 11, 10), date(2026, 11, 30)


def test_start_change_end() -> None:
    with memory("central") as tx:
        tenant(tx)
        plan(tx, "a", trial_days=14)
        plan(tx, "b", trial_days=30)
        started = subscriptions.subscribe(tx, "auto-sul", "a", FIRST)
        assert (started.plan, started.version, started.trial_until) == ("a", 1, date(2026, 11, 15))
        changed = subscriptions.subscribe(tx, "auto-sul", "b", TENTH)
        assert changed.trial_until == date(2026, 11, 15), "a running trial goes on, no second one begins"
        assert subscriptions.subscribe(tx, "auto-sul", "a", date(2026, 11, 20)).trial_until is None
        ended = subscriptions.end(tx, "auto-sul", LAST)
        assert ended.plan is None
        plans_on = [subscriptions.on(tx, "auto-sul", day) for day in (date(2026, 10, 31), FIRST, TENTH, LAST)]
        assert [one and one.plan for one in plans_on] == [None, "a", "b", None]
        assert subscriptions.subscribe(tx, "auto-sul", "a", LAST).trial_until is None, "a trial is had once"
        assert subscriptions.tenants(tx) == ["auto-sul"]
        found, more = subscriptions.page(tx, limit=2)
        assert [one.seq for one in found + subscriptions.page(tx, after=more or "")[0]] == [1, 2, 3, 4, 5]


def test_of_one_day_the_last_change_counts() -> None:
    with memory("central") as tx:
        tenant(tx)
        plan(tx, "a")
        plan(tx, "b")
        for name in ("a", "b"):
            subscriptions.subscribe(tx, "auto-sul", name, FIRST)
        found = subscriptions.on(tx, "auto-sul", FIRST)
        assert found is not None
        assert found.plan == "b"


def test_what_is_refused() -> None:
    with memory("central") as tx:
        tenant(tx)
        plan(tx)
        with pytest.raises(NotFound, match="no tenant"):
            subscriptions.subscribe(tx, "nobody", "essencial", FIRST)
        with pytest.raises(NotFound, match="no plan"):
            subscriptions.subscribe(tx, "auto-sul", "ouro", FIRST)
        with pytest.raises(Invalid, match="a year ago"):
            subscriptions.subscribe(tx, "auto-sul", "essencial", date(2016, 11, 1))
        with pytest.raises(Conflict, match="no subscription"):
            subscriptions.end(tx, "auto-sul", FIRST)
        subscriptions.subscribe(tx, "auto-sul", "essencial", TENTH)
        with pytest.raises(Conflict, match="a later one"):
            subscriptions.subscribe(tx, "auto-sul", "essencial", FIRST)
        invoice(tx, "auto-sul")
        with pytest.raises(Conflict, match="were billed"):
            subscriptions.subscribe(tx, "auto-sul", "essencial", LAST)
        for sql in ("UPDATE subscription_changes SET day = ''", "DELETE FROM subscription_changes"):
            with pytest.raises(apsw.ConstraintError, match="corrected"):
                tx.run(sql)
