import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.stock import rows_json
from daemon.stock.errors import StockFileError
from daemon.stock.rows import Unusable
from daemon.stock.rows_json import json_lines, json_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def rows(text: str | bytes) -> list[Any]:
    data = text.encode() if isinstance(text, str) else text
    return [row for _, row in json_rows(io.BytesIO(data), "utf-8-sig")]


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 2]), st.integers(1, 60))
def test_an_array_is_read_entry_by_entry_whatever_the_block(entries: list[Any], indent: int | None, block: int) -> None:
    before = rows_json._BLOCK
    rows_json._BLOCK = block  # type: ignore[misc]
    try:
        assert rows(json.dumps(entries, indent=indent, ensure_ascii=False)) == entries
    finally:
        rows_json._BLOCK = before  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    [
        '{"veiculos": [{"a": 1}]}',
        '\ufeff {"loja": {"x": [1]}, "n": 2, "Veículos": [{"a": 1}], "fim": 3}',
        '{"data": {"meta": null, "items": [{"a": 1}]}}',
        '{"estoque": {"veiculo": 5, "anuncios": [{"a": 1}]}}',
    ],
)
def test_the_list_inside_an_object_is_found(text: str) -> None:
    assert rows(text) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[{"a": 1},\n {"a": 2', "line 2, at entry 2.*cut off"),
        ('[{"a": 1}', "at the end of entry 1.*cut off"),
        ('[{"a": 1}, {"a": oops}, {"a": 3}]', "line 1, at entry 2"),
        ('[{"a": 1} {"a": 2}]', "the end of entry 1"),
        ('[{"a": 1}] [2]', "more text after the list"),
        ('{"veiculos": [{"a": 1}', "cut off"),
        ('{"a": 1}', "holds no list of vehicles"),
        ("[" * 100_000, "too deeply"),
        ('[{"a": ' + "9" * 5_000 + "}]", "number that is too long"),
        ('["' + "x" * 1_100_000 + '"]', "longer than"),
        (b'[{"a": "\xe9"}]', "no text"),
    ],
)
def test_a_broken_file_names_the_place(text: str | bytes, place: str) -> None:
    with pytest.raises(StockFileError, match=place):
        rows(text)


@given(st.text(alphabet='[]{}",: 1ae\n', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(StockFileError):
        rows(text)


def test_a_bad_line_spoils_no_other() -> None:
    data = b'{"a": 1}\n\n{"a":\n[1\n{"a": 4}'
    found = list(json_lines(io.BytesIO(data), "utf-8"))
    assert [number for number, _ in found] == [1, 2, 3, 4]
    assert [row for _, row in found if not isinstance(row, Unusable)] == [{"a": 1}, {"a": 4}]
    assert "no JSON" in found[1][1].reason


@pytest.mark.parametrize(("line", "why"), [("[" * 100_000, "deeply"), ("9" * 5_000, "too long")])
def test_monstrous_lines_are_only_themselves(line: str, why: str) -> None:
    found = list(json_lines(io.BytesIO(f'{line}\n{{"a": 1}}'.encode()), "utf-8"))
    assert why in found[0][1].reason
    assert found[1][1] == {"a": 1}


def test_a_line_has_an_end() -> None:
    with pytest.raises(StockFileError, match="line 1"):
        list(json_lines(io.BytesIO(b'"' + b"x" * 2_000_000), "utf-8"))
