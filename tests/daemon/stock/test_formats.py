import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.stock import formats
from daemon.stock.errors import StockFileError
from daemon.stock.fields import Accepted, Refused, read_row
from daemon.stock.formats import detect, read_rows, text_encoding
from daemon.stock.rows import Unusable
from shards.tenant.vehicle import Vehicle

SAMPLES = Path(__file__).parents[2] / "data" / "stock"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def sample(name: str, content_type: str = "auto") -> tuple[dict[str, Vehicle], list[Any]]:
    good, bad = {}, []
    with (SAMPLES / name).open("rb") as file:
        for number, raw in read_rows(file, content_type):
            row = Refused(number, "", raw.reason) if isinstance(raw, Unusable) else read_row(number, raw, NOW)
            if isinstance(row, Accepted):
                good[row.vehicle.id] = row.vehicle
            else:
                bad.append(row)
    return good, bad


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ours.json", 3, 0),
        ("veiculos.json", 2, 0),
        ("linhas.ndjson", 2, 1),
        ("planilha.csv", 3, 0),
        ("latin1.csv", 1, 0),
        ("meta.csv", 2, 0),
        ("meta.tsv", 1, 0),
        ("google.csv", 2, 0),
        ("meta.xml", 1, 0),
        ("ads.xml", 1, 1),
        ("estoque.xml", 2, 0),
    ],
)
def test_every_sample_is_known_by_its_content(name: str, good: int, bad: int) -> None:
    vehicles, refused = sample(name)
    assert (len(vehicles), len(refused)) == (good, bad), (vehicles, refused)


def test_our_json() -> None:
    vehicles, _ = sample("ours.json", "application/json; charset=utf-8")
    corolla = vehicles["a1"]
    assert (corolla.price_centavos, corolla.transmission, corolla.plate_end) == (10_990_000, "cvt", "3")
    assert corolla.options == ("Bancos de couro", "Câmera de ré")
    assert (vehicles["a2"].price_centavos, vehicles["a2"].fuel, vehicles["a2"].body) == (9_890_000, "flex", "pickup")
    assert (vehicles["a3"].price_centavos, vehicles["a3"].fuel) == (9_290_000, "other")


def test_brazilian_json() -> None:
    vehicles, _ = sample("veiculos.json")
    cross = vehicles["501"]
    assert (cross.make, cross.version, cross.year_manufacture, cross.year_model) == (
        "Volkswagen",
        "Highline 1.4 TSI",
        2020,
        2021,
    )
    assert (cross.mileage_km, cross.color, cross.plate_end, cross.body) == (41_300, "Branco Puro", "7", "suv")
    assert cross.options == ("Teto solar", "Farol de LED")
    assert cross.photos == ("https://fotos.example/501-1.jpg", "https://fotos.example/501-2.jpg")
    assert (vehicles["502"].price_centavos, vehicles["502"].year_model) == (None, 2019)


def test_a_spreadsheet_in_portuguese() -> None:
    vehicles, _ = sample("planilha.csv", "text/csv")
    assert vehicles["101"].photos == ("https://fotos.example/101-1.jpg", "https://fotos.example/101-2.jpg")
    assert vehicles["101"].options == ("Ar-condicionado", "Direção elétrica")
    assert vehicles["102"].mileage_km == 28_000
    assert vehicles["102"].options == ("Teto solar, 6 airbags", "Chave presencial")
    assert vehicles["103"].version == 'Aro 15" novo'
    assert sample("latin1.csv")[0]["7"].make == "Citroën"


def test_metas_catalogue() -> None:
    rav4, ka = sample("meta.csv")[0].values()
    assert (rav4.id, rav4.make, rav4.model, rav4.version) == ("m1", "Toyota", "RAV4", "SX Hybrid")
    assert (rav4.price_centavos, rav4.sale_price_centavos, rav4.mileage_km) == (18_990_000, 18_490_000, 38_000)
    assert rav4.photos == ("https://fotos.example/m1-0.jpg", "https://fotos.example/m1-1.jpg")
    assert (rav4.fuel, rav4.transmission, rav4.body, rav4.url) == (
        "hybrid",
        "automatic",
        "suv",
        "https://loja.example/m1",
    )
    assert (ka.price_centavos, ka.mileage_km, ka.condition, ka.status) == (4_590_000, 32_187, "certified", "sold")
    (compass,) = sample("meta.tsv", "text/tab-separated-values")[0].values()
    assert (compass.price_centavos, compass.body) == (9_990_000, "suv")
    assert compass.description == 'Pneus aro 18" novos, sem detalhes'
    (creta,) = sample("meta.xml")[0].values()
    assert (creta.mileage_km, creta.price_centavos, len(creta.photos)) == (47_100, 9_690_000, 2)
    assert creta.description == "Pulse Plus 1.6 , laudo aprovado & garantia"


def test_googles_listing() -> None:
    civic, wrv = sample("google.csv")[0].values()
    assert (civic.make, civic.version, civic.vin) == ("Honda", "EXL 2.0", "93HFC2650LZ000001")
    assert civic.photos == tuple(f"https://fotos.example/g1-{n}.jpg" for n in range(3))
    assert civic.options == ("Leather seats", "Sunroof")
    assert (wrv.condition, wrv.mileage_km) == ("new", 0)


def test_brazilian_xml() -> None:
    (toro,), refused = sample("ads.xml")[0].values(), sample("ads.xml")[1]
    assert (toro.model, toro.version) == ("Toro", "Freedom 1.8 16V Flex Aut.")
    assert (toro.year_manufacture, toro.year_model, toro.doors, toro.body) == (2018, 2019, 4, "pickup")
    assert toro.options == ("Ar-condicionado", "Capota marítima")
    assert len(toro.photos) == 2
    assert refused == [Refused(2, "9002", "the vehicle has no model")]
    kwid, duster = sample("estoque.xml", "text/xml")[0].values()
    assert (kwid.price_centavos, kwid.mileage_km, kwid.fuel, kwid.status) == (5_290_000, 23_450, "flex", "available")
    assert kwid.options == ("Airbag", "Trava elétrica")
    assert kwid.photos == ("https://fotos.example/31-1.jpg", "https://fotos.example/31-2.jpg")
    assert (duster.status, duster.condition) == ("sold", "new")


@pytest.mark.parametrize(
    ("content_type", "head", "kind"),
    [
        ("application/json", b' [{"a": 1}]', "json"),
        ("application/json", b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        ("", b'{"veiculos": [\n{"a": 1}\n]}', "json"),
        ("text/plain", b"<ADS>", "xml"),
        ("auto", b"id;make\n", "csv"),
        ("application/x-ndjson", b'{"a": 1}', "ndjson"),
        ("text/csv; charset=latin1", b"id;make", "csv"),
        ("tsv", b"id\tx", "csv"),
        ("auto", b"\xef\xbb\xbf<?xml", "xml"),
        ("application/octet-stream", b"[]", "json"),
    ],
)
def test_kinds(content_type: str, head: bytes, kind: str) -> None:
    assert detect(content_type, head) == kind


@pytest.mark.parametrize(
    ("content_type", "head", "why"),
    [
        ("image/png", b"\x89PNG", "not known"),
        ("auto", b"", "empty"),
        ("text/csv", b"  \n", "empty"),
        ("text/xml", b"<!DOCTYPE html><html>", "web page"),
        ("auto", b"<HTML><body>", "web page"),
    ],
)
def test_what_is_no_stock_file(content_type: str, head: bytes, why: str) -> None:
    with pytest.raises(StockFileError, match=why):
        detect(content_type, head)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    file = io.BytesIO("Citroën".encode(encoding))
    assert file.read().decode(text_encoding(io.BytesIO(file.getvalue()))) == "Citroën"


def test_rows_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_ROWS", 3)
    assert len(list(read_rows(io.BytesIO(b"[1,2,3]"), "auto"))) == 3
    with pytest.raises(StockFileError, match="more than 3 rows"):
        list(read_rows(io.BytesIO(b"[1,2,3,4]"), "auto"))
