import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.stock.errors import StockFileError
from daemon.stock.rows import Unusable
from daemon.stock.rows_csv import csv_rows


def rows(text: str) -> list[Any]:
    return [row for _, row in csv_rows(io.BytesIO(text.encode()), "utf-8-sig")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_told_from_the_first_line(separator: str) -> None:
    text = (
        separator.join(("id", "make", "model")) + "\n" + separator.join(("1", "Fiat", '"Uno, o; velho"')) + "\r\n\r\n"
    )
    assert rows(text) == [{"id": "1", "make": "Fiat", "model": "Uno, o; velho"}]


def test_comments_and_excels_hint_come_before_the_names() -> None:
    assert rows("sep=;\n# Required\n\nid;make\n1;Fiat\n") == [{"id": "1", "make": "Fiat"}]


def test_fields_may_go_on_over_lines() -> None:
    assert rows('id,make,obs\n1,Fiat,"a\nb ""c"""\n2,Ford,d\n') == [
        {"id": "1", "make": "Fiat", "obs": 'a\nb "c"'},
        {"id": "2", "make": "Ford", "obs": "d"},
    ]


def test_a_quotation_mark_that_quotes_nothing() -> None:
    assert [row["obs"] for row in rows('id,make,obs\n1,Fiat,aro 15" novo\n2,Ford,aro 16" novo\n3,VW,x\n')] == [
        'aro 15" novo',
        'aro 16" novo',
        "x",
    ]


def test_an_open_quotation_mark_spoils_only_its_row() -> None:
    found = rows('id,make,obs\n1,Fiat,"open,x\n' + "".join(f"{n},Ford,ok\n" for n in range(2, 300)))
    assert isinstance(found[0], Unusable)
    assert [row["id"] for row in found[1:]] == [str(n) for n in range(2, 300)]


def test_a_row_with_too_many_fields_is_unusable() -> None:
    found = rows("id,make\n1,Fiat,98,90\n2,Ford,,\n3\n")
    assert found[0] == Unusable("the row has 4 fields where the first line names 2")
    assert found[1:] == [{"id": "2", "make": "Ford"}, {"id": "3"}]


def test_a_name_that_comes_again_has_a_list() -> None:
    assert rows("id,image_link,image_link,image_link\n1,a,,b\n") == [{"id": "1", "image_link": ["a", "b"]}]


@pytest.mark.parametrize("text", ["hello world\n1\n", "", "\n\n", "a,b,c\n1,2,3\n"])
def test_what_is_no_table_of_vehicles(text: str) -> None:
    with pytest.raises(StockFileError):
        rows(text)


def test_a_line_has_an_end() -> None:
    with pytest.raises(StockFileError, match="line 2"):
        rows("id,make\n" + "x" * 2_000_000)


FIELD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from('",;\n'), max_size=12
)


@given(st.lists(st.tuples(FIELD, FIELD), max_size=8))
def test_what_the_csv_module_writes_is_read(written: list[tuple[str, str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(("id", "make"))
    writer.writerows(written)
    expected = [
        {name: value for name, value in zip(("id", "make"), row, strict=True) if value.strip()} for row in written
    ]
    assert rows(out.getvalue()) == expected


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    data = b"id,make\n" + text.encode("utf-8", "ignore")
    list(csv_rows(io.BytesIO(data), "utf-8"))
