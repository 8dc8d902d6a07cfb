import pytest

from daemon.desk.amounts import flat
from daemon.desk.naming import Mention
from daemon.desk.reference import Context, Group, short_years, wished
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


def mention(text: str, said: str) -> Mention:
    start = text.index(said)
    return Mention(start, start + len(said), said, said, False)


def test_years_in_two_digits_behind_a_name() -> None:
    text = "HB20 22 por R$ 60.000"
    (claim,) = short_years(text, flat(text), [mention(text, "HB20")], [])
    assert (claim.kind, claim.values, claim.said) == ("year", (2022,), "22")
    assert short_years(text, flat(text), [mention(text, "HB20")], [claim]) == []
    assert short_years("HB20 02 km", "hb20 02 km", [mention("HB20 02 km", "HB20")], []) == []


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Separei essas opções de Audi ou BMW:", True),
        ("Tenho essas opções de BMW ou Audi:", True),
        ("Separei essas opções de Audi:", False),
        ("Temos opções de Audi ou BMW.", False),
        ("Temos Audi ou BMW:", False),
    ],
)
def test_a_wish_repeated_as_a_heading(text: str, heading: bool) -> None:
    assert wished(flat(text), mention(text, "Audi")) is heading
