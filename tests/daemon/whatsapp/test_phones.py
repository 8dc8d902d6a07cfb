import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.phones import BRAZILIAN_AREAS, canonical, e164, is_user_id, phone_digits


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("5511955500101", "5511955500101"),  # already canonical
        ("551155500101", "551155500101"),  # 12 digits, 5…: a landline, left alone
        ("551185500101", "5511985500101"),  # 12 digits, 8…: an old mobile id
        ("555199887766", "5551999887766"),
        ("551133330000", "551133330000"),
        ("552012345678", "552012345678"),  # 20 is no area
        ("+55 (11) 95550-0101", "5511955500101"),
        ("0055 11 8550-0101", "5511985500101"),
        ("+55 011 95550-0101", "5511955500101"),
        ("+55 0 15 11 95550-0101", "5511955500101"),
        ("351912345678", "351912345678"),  # Portugal
        ("14155550123", "14155550123"),  # United States
        ("5491123456789", "5491123456789"),  # Argentina
        ("11955500101", "11955500101"),  # country unknown
        ("BR.10000000000000000101", "BR.10000000000000000101"),
        ("120363000000000000@g.us", "120363000000000000@g.us"),
        ("", ""),
    ],
)
def test_canonical(written: str, found: str) -> None:
    assert canonical(written) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("11 95550-0101", "5511955500101"),
        ("(11) 8550-0101", "5511985500101"),
        ("(11) 3333-0000", "551133330000"),
        ("011 95550-0101", "5511955500101"),
        ("0 15 11 95550-0101", "5511955500101"),
        ("55 99988-7766", "5555999887766"),  # area 55 of Rio Grande do Sul, not the country
        ("5511955500101", "5511955500101"),
        ("14155550123", "5514155550123"),  # the source was said to be Brazilian
    ],
)
def test_canonical_of_a_brazilian_source(written: str, found: str) -> None:
    assert canonical(written, brazilian=True) == found


@given(st.sampled_from(sorted(BRAZILIAN_AREAS)), st.sampled_from("6789"), st.from_regex(r"[0-9]{7}", fullmatch=True))
def test_old_and_new_id_of_a_mobile_are_found_together(area: str, first: str, rest: str) -> None:
    old = f"55{area}{first}{rest}"
    assert canonical(old) == canonical(f"55{area}9{first}{rest}")


@given(st.from_regex(r"\+?[0-9]{5,20}", fullmatch=True))
def test_canonical_once_is_canonical_for_good(written: str) -> None:
    if not written.lstrip("+").startswith("0"):
        once = canonical(written)
        assert canonical(once) == once or once.startswith("0")


@given(st.text())
def test_nothing_raises(written: str) -> None:
    canonical(written, brazilian=True)
    digits = phone_digits(written)
    assert digits == "" or (digits.isascii() and digits.isdigit())


def test_there_are_67_areas() -> None:
    assert len(BRAZILIAN_AREAS) == 67


@pytest.mark.parametrize("value", ["BR.1", "BR.ENT.x1", "US." + "a" * 128])
def test_user_ids(value: str) -> None:
    assert is_user_id(value)
    assert phone_digits(value) == ""


@pytest.mark.parametrize("value", ["", "BR.", "br.1", "5511955500101", "BR.a b", "BR.é", "BR." + "a" * 129, "BR.1\n"])
def test_not_user_ids(value: str) -> None:
    assert not is_user_id(value)


def test_digits_and_display() -> None:
    assert phone_digits("+55 11 95550-0101") == "5511955500101"
    assert phone_digits("123") == ""
    assert phone_digits("٥٥١١٩٥٥٥٠٠١٠١") == ""
    assert e164("5511955500101") == "+5511955500101"
