from shards.central import dunning
from shards.central.dunning import Step
from tests.support.files import MOMENT, memory


def test_the_last_step_counts() -> None:
    with memory("central") as tx:
        assert dunning.steps(tx) == {}
        dunning.step(tx, "a", "reminded", invoice="i", reason="late")
        dunning.step(tx, "b", "suspended")
        dunning.step(tx, "a", "current")
        assert dunning.steps(tx) == {
            "a": Step(tenant="a", stage="current", at=MOMENT),
            "b": Step(tenant="b", stage="suspended", at=MOMENT),
        }


def test_a_mark_is_told_once() -> None:
    with memory("central") as tx:
        mark = ("a", "2026-11", "tokens", 80)
        assert not dunning.noticed(tx, *mark)
        assert dunning.notice(tx, *mark)
        assert not dunning.notice(tx, *mark)
        assert dunning.noticed(tx, *mark)
        assert dunning.notice(tx, "a", "2026-12", "tokens", 80)
