import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.stock.errors import StockFileError
from daemon.stock.rows_xml import xml_rows


def rows(text: str | bytes) -> list[Any]:
    return [row for _, row in xml_rows(io.BytesIO(text.encode() if isinstance(text, str) else text))]


def test_entries_are_found_at_any_depth_and_under_any_name() -> None:
    for name in ("AD", "veiculo", "listing", "vehicle", "item", "Veículo"):
        assert rows(f"<r><x><{name}><id>1</id></{name}></x><y/></r>") == [{"id": "1"}]


def test_repeated_nested_and_attributes() -> None:
    text = (
        '<r><AD cod="7"><o>a</o><o>b</o><v moeda="BRL">5</v><f url="u"/><m><n>1</n></m>'
        '<g:link xmlns:g="http://base.google.com/ns/1.0">l</g:link></AD></r>'
    )
    assert rows(text) == [{"cod": "7", "o": ["a", "b"], "v": "5", "f": {"url": "u"}, "m": {"n": "1"}, "link": "l"}]


def test_other_encodings() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><r><AD><c>Citroën</c></AD></r>'
    assert rows(text.encode("latin-1")) == [{"c": "Citroën"}]
    assert rows(text.replace("ISO-8859-1", "UTF-16").encode("utf-16")) == [{"c": "Citroën"}]


LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><ADS><AD><ID>&c;</ID></AD></ADS>"""
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><ADS><AD><ID>&x;</ID></AD></ADS>'


@pytest.mark.parametrize("text", [LAUGHS, OUTSIDE, '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/">%x;]><r/>'])
def test_entities_are_refused(text: str) -> None:
    with pytest.raises(StockFileError, match="entities or external references"):
        rows(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("<ADS><AD><ID>1</ID></AD><AD><ID>2</ID>", "line 1, column 39, after 2 entries"),
        ("<ADS>\n<AD><ID>1</AD></ADS>", "line 2"),
        ("<ADS><AD>a & b</AD></ADS>", "line 1"),
        ("", "broken"),
        ("<r><x/></r>", "no vehicles"),
        ("<r>" + "<a>" * 50 + "</a>" * 50 + "</r>", "nested more than"),
        ("<r><AD>" + "<a/>" * 6_000 + "</AD></r>", "more than 5,000 elements"),
        ("<r><AD>" + "x" * 1_100_000 + "</AD></r>", "longer than"),
        ('<?xml version="1.0" encoding="klingon"?><r/>', "encoding"),
    ],
)
def test_a_broken_file_names_the_place(text: str, place: str) -> None:
    with pytest.raises(StockFileError, match=place):
        rows(text)


@given(st.text(alphabet='<>/AD="&;!?[] a1', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(StockFileError):
        rows("<ADS>" + text)
