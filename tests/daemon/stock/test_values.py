from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.stock import values
from daemon.stock.values import Unreadable
from shards.tenant.vehicle import BODIES, CONDITIONS, FUELS, STATUSES, TRANSMISSIONS

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60)


@pytest.mark.parametrize(
    "written",
    [
        "R$ 168.900,00",
        "168.900",
        "168900.00",
        "168,900.00",
        168900,
        "168900",
        "168.900,00 BRL",
        "R$168900",
        168900.0,
        "168900,0",
        "BRL 168900.00",
        "168 900",
        "168.900,- ".replace("-", "00"),
        "R$\xa0168.900",
        "168,9 mil",
        "168900 reais",
    ],
)
def test_prices_however_written(written: Any) -> None:
    assert values.price_centavos(written) == 16_890_000


@pytest.mark.parametrize(
    "written", ["Consulte", "sob consulta", "a combinar", "", "-", "0", 0, "0,00", None, "Consulte-nos"[:8]]
)
def test_no_price(written: Any) -> None:
    assert values.price_centavos(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "abc",
        "US$ 15.000",
        "15000 USD",
        -5,
        "-168.900",
        "1e9",
        float("nan"),
        float("inf"),
        "1.2.3,4,5",
        10**12,
        "9" * 30,
    ],
)
def test_prices_that_cannot_be_read(written: Any) -> None:
    with pytest.raises(Unreadable, match="price"):
        values.price_centavos(written)


@pytest.mark.parametrize(
    ("written", "centavos"),
    [
        ("1.168.900", 116_890_000),
        ("1.168.900,50", 116_890_050),
        ("90 mil", 9_000_000),
        ("90k", 9_000_000),
        ("168900,5", 16_890_050),
        ("999", 99_900),
        ("1.5", 150),
    ],
)
def test_other_prices(written: str, centavos: int) -> None:
    assert values.price_centavos(written) == centavos


def test_centavos_are_taken_as_they_are() -> None:
    assert values.whole_centavos(16_890_000) == values.whole_centavos("16890000") == 16_890_000
    assert values.whole_centavos(0) is None
    for wrong in ("R$ 5", -1, "x", float("nan")):
        with pytest.raises(Unreadable):
            values.whole_centavos(wrong)


@pytest.mark.parametrize(
    ("written", "unit", "km"),
    [
        ("45.000 km", "", 45_000),
        (45000, "", 45_000),
        ("28 mil km", "", 28_000),
        ("0", "", 0),
        ("0 km", "", 0),
        ("10000", "MI", 16_093),
        ("10,000 miles", "", 16_093),
        ("", "", None),
        ("não informado", "", None),
        (None, "", None),
    ],
)
def test_kilometres(written: Any, unit: str, km: int | None) -> None:
    assert values.kilometres(written, unit) == km


@pytest.mark.parametrize("written", ["muito", -3, "99999999", "1/2"])
def test_kilometres_that_cannot_be_read(written: Any) -> None:
    with pytest.raises(Unreadable, match="mileage"):
        values.kilometres(written)


@pytest.mark.parametrize(
    ("written", "pair"),
    [
        ("2019/2020", (2019, 2020)),
        ("19/20", (2019, 2020)),
        ("98/99", (1998, 1999)),
        (2020, (None, 2020)),
        ("", (None, None)),
        ("2019-2020", (2019, 2020)),
        ("2020-01-01", (None, 2020)),
        (2020.0, (None, 2020)),
    ],
)
def test_years(written: Any, pair: tuple[int | None, int | None]) -> None:
    assert values.years(written, NOW) == pair


@pytest.mark.parametrize("written", ["3020", 1800, "abc", "20", "2019/3020"])
def test_years_that_cannot_be_read(written: Any) -> None:
    with pytest.raises(Unreadable, match="year"):
        values.years(written, NOW)


def test_moments() -> None:
    noon = datetime(2026, 11, 1, 15, 0, tzinfo=UTC)
    for written in (
        "2026-11-01T15:00:00Z",
        "2026-11-01 12:00:00",
        "01/11/2026 12:00",
        "Sun, 01 Nov 2026 12:00:00 -0300",
    ):
        assert values.moment(written) == noon
    assert values.moment("1793545200") == noon
    assert values.moment("0000-00-00 00:00:00") is None
    for wrong in ("ontem", "2026-13-01", "9999-12-31T23:59:59-23:00"):
        with pytest.raises(Unreadable):
            values.moment(wrong)


@pytest.mark.parametrize(
    ("written", "fuel"),
    [
        ("Álcool/Gasolina", "flex"),
        ("Gasolina e Etanol", "flex"),
        ("FLEX", "flex"),
        ("Gasolina", "gasoline"),
        ("GNV", "cng"),
        ("Híbrido Plug-in", "plugin_hybrid"),
        ("Híbrido", "hybrid"),
        ("Gasolina e elétrico", "hybrid"),
        ("Elétrico", "electric"),
        ("Diesel", "diesel"),
        ("Etanol", "ethanol"),
        ("Tetrafuel", "flex"),
        ("plugin_hybrid", "plugin_hybrid"),
        ("querosene", None),
    ],
)
def test_fuels(written: str, fuel: str | None) -> None:
    assert values.fuel(written) == fuel


@pytest.mark.parametrize(
    ("written", "gearbox"),
    [
        ("Automático", "automatic"),
        ("Automática sequencial 6 marchas", "automatic"),
        ("AUTOMATIC", "automatic"),
        ("CVT", "cvt"),
        ("Automático CVT", "cvt"),
        ("Manual 5 marchas", "manual"),
        ("Mecânico", "manual"),
        ("Automatizado", "automated"),
        ("Semi-automático", "automated"),
        ("magia", None),
    ],
)
def test_transmissions(written: str, gearbox: str | None) -> None:
    assert values.transmission(written) == gearbox


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ("Sedã", "sedan"),
        ("Picape", "pickup"),
        ("Cabine dupla", "pickup"),
        ("Utilitário esportivo", "suv"),
        ("Utilitário", None),
        ("Utilitário leve furgão", "van"),
        ("SUV", "suv"),
        ("Hatchback", "hatch"),
        ("Perua/SW", "wagon"),
        ("Conversível", "convertible"),
        ("Cupê", "coupe"),
        ("Furgão", "van"),
        ("Moto", "motorcycle"),
        ("Caminhão", "truck"),
        ("Minivan", "minivan"),
        ("nave", None),
    ],
)
def test_bodies(written: str, body: str | None) -> None:
    assert values.body(written) == body


@pytest.mark.parametrize("known", ["fuel", "transmission", "body", "condition", "status"])
def test_our_own_words_mean_themselves(known: str) -> None:
    own = {"fuel": FUELS, "transmission": TRANSMISSIONS, "body": BODIES, "condition": CONDITIONS, "status": STATUSES}[
        known
    ]
    for word in own:
        assert getattr(values, known)(word) == (None if word == "other" else word)


def test_conditions_and_statuses() -> None:
    assert [values.condition(text) for text in ("Seminovo", "0 km", "CPO", "Zero KM", "?")] == [
        "used",
        "new",
        "certified",
        "new",
        None,
    ]
    assert [values.status(text) for text in ("Disponível", "out of stock", "Em negociação", "?")] == [
        "available",
        "sold",
        "reserved",
        None,
    ]


def test_options_of_any_shape() -> None:
    plain = ["Ar", "Direção"]
    for written in (
        "Ar; Direção",
        "Ar, Direção",
        "Ar|Direção",
        plain,
        [{"nome": "Ar"}, {"nome": "Direção"}],
        {"opcional": plain},
    ):
        assert values.options(written) == plain
    assert values.options("Motor 1,0") == ["Motor 1,0"]
    assert values.options(None) == []


def test_addresses_are_only_web_addresses() -> None:
    found, bad = values.addresses(
        [
            "https://a.example/1.jpg|http://b.example/2.jpg",
            "ftp://c/3",
            "file:///etc/passwd",
            {"url": "https://a.example/1.jpg"},
        ]
    )
    assert found == ["https://a.example/1.jpg", "http://b.example/2.jpg"]
    assert bad == 2
    for wrong in (
        "javascript:alert(1)",
        "http://",
        "http://user:pw@a.example/",
        "http://[bad/",
        "https://a/" + "x" * 3000,
    ):
        assert not values.web_address(wrong)


def test_texts_are_cleaned() -> None:
    assert values.clean("  a\u0000b\n c&amp;d <b>e</b>\ud800 ") == "ab c&d e"
    assert values.clean_text("a<br>b\r\n\r\nc\xa0d") == "a\nb\nc d"
    assert values.clean(12.0) == "12"


def test_deep_containers_end() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    assert values.options(deep) == []


@given(SCALARS)
def test_nothing_but_unreadable_is_raised(value: Any) -> None:
    for read in (
        values.price_centavos,
        values.whole_centavos,
        values.kilometres,
        values.moment,
        lambda v: values.years(v, NOW),
    ):
        with suppress(Unreadable):
            found = read(value)
            assert not isinstance(found, int) or found >= 0
    for text in (values.fuel, values.transmission, values.body, values.condition, values.status, values.web_address):
        text(values.clean(value))
    values.options(value)
    values.addresses(value)


@given(st.integers(1, 10_000_000_00))
def test_every_way_to_write_a_price_gives_the_same(centavos: int) -> None:
    reais, cents = divmod(centavos, 100)
    points = f"{reais:,}"
    for written in (
        f"R$ {points.replace(',', '.')},{cents:02}",
        f"{points}.{cents:02}",
        f"{reais}.{cents:02}",
        f"{reais},{cents:02}",
    ):
        assert values.price_centavos(written) == centavos, written
