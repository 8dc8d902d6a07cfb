import re

import pytest

from daemon.emulator.outlines import GROUND, OUTLINES, SINGLE_CAB, outline_of

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("outline", [*OUTLINES.values(), SINGLE_CAB], ids=[*OUTLINES, "single cab"])
def test_outlines_stand_on_the_ground_and_fit_the_canvas(outline) -> None:  # type: ignore[no-untyped-def]
    front, back = outline.axles
    assert outline.nose < front - outline.wheel
    assert front < back
    assert back + outline.wheel < outline.tail
    assert outline.bottom < GROUND
    for path in (outline.body(), outline.glass()):
        assert path.startswith("M")
        assert path.endswith("Z")
        assert all(-20 <= float(number) <= 800 for number in NUMBER.findall(path))


def test_the_glass_stays_below_the_roof() -> None:
    for name, outline in OUTLINES.items():
        top = min(outline.roof_front[1], outline.roof_rear[1])
        heights = [float(pair.split(",")[1]) for pair in re.findall(r"-?[\d.]+,-?[\d.]+", outline.glass())]
        assert min(heights) >= top, name


def test_a_pickup_with_two_doors_has_one_row_of_seats() -> None:
    assert outline_of("pickup", 2) is SINGLE_CAB
    assert outline_of("pickup", 4) is OUTLINES["pickup"]


def test_bodies_without_an_outline_are_drawn_as_a_hatch() -> None:
    assert outline_of("other", None) is OUTLINES["hatch"]
    assert outline_of("hatch", 3).seams != outline_of("hatch", 5).seams
