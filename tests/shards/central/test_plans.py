import apsw
import pytest

from shards.central import plans
from shards.central.plans import MeterTerms
from shards.errors import NotFound
from tests.support.files import MOMENT, memory
from tests.support.ledgers import plan


def test_a_change_is_a_new_version_and_the_old_one_stays() -> None:
    with memory("central") as tx:
        first = plan(tx, monthly_centavos=100)
        second = plan(tx, monthly_centavos=200, meters={"tokens": MeterTerms(included=5, hard_limit=9)})
        assert (first.version, second.version) == (1, 2)
        assert plans.get(tx, "essencial") == second
        assert plans.get(tx, "essencial", 1) == first
        assert first.created_at == MOMENT
        assert dict(second.meters) == {"tokens": MeterTerms(included=5, hard_limit=9)}
        for sql in (
            "UPDATE plans SET monthly_centavos = 1",
            "DELETE FROM plans",
            "UPDATE plan_meters SET price = '9'",
            "DELETE FROM plan_meters",
        ):
            with pytest.raises(apsw.ConstraintError, match="never changed"):
                tx.run(sql)


def test_what_is_not_there() -> None:
    with memory("central") as tx:
        with pytest.raises(NotFound, match="no plan 'x'"):
            plans.get(tx, "x")
        plan(tx)
        with pytest.raises(NotFound, match="no version 7"):
            plans.get(tx, "essencial", 7)


def test_pages() -> None:
    with memory("central") as tx:
        for name in ("b", "a", "b"):
            plan(tx, name)
        seen, after = [], ""
        while True:
            found, more = plans.page(tx, after=after, limit=1)
            seen += [(one.id, one.version) for one in found]
            if more is None:
                break
            after = more
        assert seen == [("a", 1), ("b", 1), ("b", 2)]
        assert plans.page(tx, after="x:y:z")[0] == []
