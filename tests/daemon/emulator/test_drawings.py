import re
import xml.etree.ElementTree as ET

import pytest
from attrs import evolve

from daemon.emulator.drawings import PAINTS, draw, mix, paint_of, plate_of, thousands
from daemon.errors import ShowroomError
from shards.tenant.vehicle import BODIES, Vehicle

CAR = Vehicle(
    id="as001", make="Hyundai", model="HB20", version="1.0 Sense", year_model=2021, mileage_km=41250, color="vermelho",
    body="hatch", fuel="flex", transmission="manual", doors=5, plate_end="7", options=("ar-condicionado", "airbag"),
)  # fmt: skip


def texts(svg: str) -> str:
    return " ".join(text for text in ET.fromstring(svg).itertext() if text.strip())


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("view", [1, 2, 3])
def test_every_body_has_three_views(body: str, view: int) -> None:
    svg = draw(evolve(CAR, body=body), view)
    root = ET.fromstring(svg)
    assert root.get("viewBox") == "0 0 800 600"
    assert "Hyundai HB20 1.0 Sense" in texts(svg)
    assert "41.250 km" in texts(svg)


def test_pictures_load_nothing_and_run_nothing() -> None:
    for view in (1, 2, 3):
        svg = draw(CAR, view)
        assert not re.search(r"<script|\bon\w+=|<image|<foreignObject|javascript:|@import", svg)
        links = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', svg)
        assert all((link or url).startswith("#") for link, url in links)


def test_what_the_stock_says_is_escaped() -> None:
    rude = evolve(CAR, model='<script>"&', version="", color='"><b>', options=("<i>", "a&b"))
    for view in (1, 2, 3):
        ET.fromstring(draw(rude, view))
        assert "<script>" not in draw(rude, view)


def test_the_colour_is_the_vehicles_own() -> None:
    assert PAINTS["vermelho"] in draw(CAR, 1)
    assert PAINTS["vermelho"] not in draw(evolve(CAR, color="azul"), 1)
    assert paint_of("Prata metálico") == PAINTS["prata"]
    assert paint_of("Azul-petróleo? não sei").startswith("#")
    assert paint_of("") == paint_of("furta-cor")


def test_the_plate_ends_as_the_stock_says_and_is_a_mercosul_plate() -> None:
    plate = plate_of(CAR)
    assert re.fullmatch(r"[A-Z]{3}\d[A-Z]\d7", plate)
    assert plate in texts(draw(CAR, 2))
    assert re.fullmatch(r"[A-Z]{3}\d[A-Z]\d\d", plate_of(evolve(CAR, plate_end="")))


def test_the_same_vehicle_is_always_drawn_the_same() -> None:
    for view in (1, 2, 3):
        assert draw(CAR, view) == draw(CAR, view)
    assert draw(CAR, 2) != draw(evolve(CAR, id="as002"), 2)


def test_what_is_not_known_is_left_out() -> None:
    bare = Vehicle(id="x", make="Fiat", model="Uno")
    for view in (1, 2, 3):
        shown = texts(draw(bare, view))
        assert "None" not in shown
        assert " km" not in shown


@pytest.mark.parametrize("view", [0, 4, -1])
def test_other_views_are_refused(view: int) -> None:
    with pytest.raises(ShowroomError, match="no view"):
        draw(CAR, view)


def test_mixing_and_figures() -> None:
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert mix("#123456", "#ffffff", 0) == "#123456"
    assert thousands(1234567) == "1.234.567"
