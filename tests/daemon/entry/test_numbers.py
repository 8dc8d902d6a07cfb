"""Which cell has which number."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.emulator import deliveries
from daemon.entry.numbers import Table, addressees
from daemon.whatsapp.cloud import split

NUMBERS = st.lists(st.sampled_from("123456"), unique=True)


def test_addressees_of_a_mixed_batch() -> None:
    account = deliveries.entry({"event": "PARTNER_REMOVED"}, field="account_update", waba_id="77")
    body = deliveries.delivery(
        deliveries.text("Oi", phone_number_id="1"),
        deliveries.text("Olá", phone_number_id="2"),
        deliveries.status("wamid.x", "read", phone_number_id="1"),
        account,
    )
    found = addressees(split(body).parts)
    assert (found.numbers, found.accounts) == ({"1", "2"}, {"77"})


def test_the_first_cell_that_names_a_number_has_it_and_the_others_are_told_of() -> None:
    table = Table.of({"a": ["1", "2"], "b": ["2", "3"]})
    assert table.owners == {"1": "a", "2": "a", "3": "b"}
    assert table.shared == {"2": ("a", "b")}
    assert table.cells_of(["2", "3", "9"]) == {"a", "b"}
    assert table.cells_of(["9"]) == set()


@given(st.dictionaries(st.sampled_from("abc"), NUMBERS))
def test_every_number_has_one_owner_that_named_it(said: dict[str, list[str]]) -> None:
    table = Table.of(said)
    assert table.owners.keys() == {number for numbers in said.values() for number in numbers}
    for number, owner in table.owners.items():
        claims = [cell for cell, numbers in said.items() if number in numbers]
        assert owner == claims[0]
        assert (number in table.shared) == (len(claims) > 1)
