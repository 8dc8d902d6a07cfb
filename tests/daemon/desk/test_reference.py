from daemon.desk.naming import Mention
from daemon.desk.reference import Context, Group
from tests.support.lot import COROLLA, HB20, SUMMARY


def test_foreign_is_named_and_not_ours() -> None:
    mention = Mention(0, 5, "Fusca", "Fusca", False)
    assert Group(mention, ()).foreign
    assert not Group(mention, (HB20,)).foreign
    assert not Group(mention, (), SUMMARY.lines).foreign
    assert not Group(None, ()).foreign


def test_shown_once_and_in_order() -> None:
    context = Context()
    context.show((HB20, COROLLA))
    context.show((HB20,))
    assert context.shown == [HB20, COROLLA]
