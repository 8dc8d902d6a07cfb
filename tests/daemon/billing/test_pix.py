import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.billing.pix import BadPix, Pix, checksum, encode, key_fault, parse, plain

KEY = "123e4567-e12b-12d1-a456-426655440000"
KNOWN = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal"
    "6008BRASILIA62070503***63041D3D"
)
KEYS = (KEY, "52998224725", "11222333000181", "12ABC34501DE35", "pix@example.com", "+5511987654321")


def test_the_known_one() -> None:
    known = Pix(key=KEY, name="Fulano de Tal", city="BRASILIA")
    assert encode(known) == KNOWN
    assert parse(KNOWN) == known


def test_the_checksum_of_the_catalogue_of_crcs() -> None:
    assert checksum("123456789") == "29B1"
    assert checksum("") == "FFFF"


def test_a_code_of_somebody_else() -> None:
    text = (
        "00020126360014BR.GOV.BCB.PIX0114+5561999999999520400005303986540510.005802BR5913FULANO DE TAL6008BRASILIA"
        "62070503***6304"
    )
    found = parse(text + checksum(text))
    assert (found.key, found.amount_centavos) == ("+5561999999999", 1_000)


@given(
    st.sampled_from(KEYS),
    st.text(min_size=1, max_size=40),
    st.text(min_size=1, max_size=40),
    st.none() | st.integers(1, 10**12 - 1),
    st.just("***") | st.text("abcXYZ019", min_size=1, max_size=25),
)
def test_what_is_written_is_read(key: str, name: str, city: str, amount: int | None, txid: str) -> None:
    pix = Pix(key=key, name=name, city=city, amount_centavos=amount, txid=txid)
    if not plain(name)[:25].strip() or not plain(city)[:15].strip():
        with pytest.raises(BadPix, match="empty"):
            encode(pix)
        return
    text = encode(pix)
    assert text.isascii()
    found = parse(text)
    assert (found.key, found.amount_centavos, found.txid) == (key, amount, txid)
    assert len(found.name) <= 25
    assert len(found.city) <= 15


def test_accents_go_and_what_is_too_long_is_cut() -> None:
    pix = Pix(key=KEY, name="João Ávila & Irmãos Comércio de Automóveis", city="São José dos Pinhais")
    found = parse(encode(pix))
    assert (found.name, found.city) == ("Joao Avila & Irmaos Comer", "Sao Jose dos Pi")


@given(st.integers(0, len(KNOWN) - 1), st.characters(codec="ascii", exclude_categories=("C",)))
def test_a_changed_character_is_noticed(at: int, char: str) -> None:
    changed = KNOWN[:at] + char + KNOWN[at + 1 :]
    if changed.upper() != KNOWN.upper():
        with pytest.raises(BadPix):
            parse(changed)


@given(st.text(max_size=200))
def test_junk_is_no_code(text: str) -> None:
    with pytest.raises(BadPix):
        parse(text)
    with pytest.raises(BadPix):
        parse(f"{text}6304{checksum(text + '6304')}")


def test_lengths_count_bytes() -> None:
    body = KNOWN[:-8].replace("5913Fulano de Tal", "5914Fulaño de Tal") + "6304"
    assert parse(body + checksum(body)).name == "Fulaño de Tal"
    short = KNOWN[:-8].replace("5913Fulano de Tal", "5913Fulaño de Tal") + "6304"
    with pytest.raises(BadPix):
        parse(short + checksum(short))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("5303986", "5303840", "field 53"),
        ("5802BR", "5802US", "field 58"),
        ("000201", "000202", "field 00"),
        ("br.gov.bcb.pix", "br.gov.bcb.xip", "not Pix"),
        ("62070503***", "62070503#!#", "txid"),
        ("5204000053", "52040000520400005", "twice"),
        ("5802BR", "5402xx5802BR", "amount"),
        ("6008BRASILIA", "6000", "name and city"),
        (KEY, "123e4567-e12b-12d1-a456-42665544000g", "Pix key"),
    ],
)
def test_what_is_wrong_is_said(before: str, after: str, said: str) -> None:
    body = KNOWN[:-8].replace(before, after) + "6304"
    with pytest.raises(BadPix, match=said):
        parse(body + checksum(body))


def test_a_dynamic_code_is_told_apart() -> None:
    account = "0014br.gov.bcb.pix2527pix.example.com/v2/abcdefgh"
    body = f"00020126{len(account):02}{account}52040000530398658 02BR".replace(" ", "")
    body += "5913Fulano de Tal6008BRASILIA62070503***6304"
    with pytest.raises(BadPix, match="dynamic"):
        parse(body + checksum(body))


@pytest.mark.parametrize("key", KEYS)
def test_keys(key: str) -> None:
    assert key_fault(key) == ""


@pytest.mark.parametrize(
    "key",
    ["", "52998224726", "11111111111", "11222333000182", "12ABC34501DE36", "00000000000000", "Pix@Example.com", "x@y",
     "5511987654321", "+0551198", "529.982.247-25", KEY.upper(), f"{'a' * 70}@example.com"],
)  # fmt: skip
def test_what_is_no_key(key: str) -> None:
    assert key_fault(key)
    with pytest.raises(BadPix):
        encode(Pix(key=key, name="A", city="B"))


def test_amounts_and_txids_that_cannot_be() -> None:
    for amount in (0, -1, 10**12):
        with pytest.raises(BadPix, match="amount"):
            encode(Pix(key=KEY, name="A", city="B", amount_centavos=amount))
    for txid in ("", "a b", "a" * 26, "é"):
        with pytest.raises(BadPix, match="txid"):
            encode(Pix(key=KEY, name="A", city="B", txid=txid))
