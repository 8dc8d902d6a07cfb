import random
import xml.etree.ElementTree as ET

import pytest

from daemon.emulator import scenes
from daemon.emulator.outlines import OUTLINES


def parsed(inner: str) -> ET.Element:
    return ET.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{inner}</svg>')


def test_every_scene_is_whole_xml() -> None:
    for scene in (
        scenes.showroom("#0f766e"),
        scenes.street(random.Random(1)),
        scenes.cockpit("#0f766e", True, "P R N D", "12.345 km"),
        scenes.motorcycle("#b3202c", "#333333"),
        scenes.caption("Fiat Uno", "2015", "#0f766e"),
    ):
        assert len(parsed(scene)) > 2


@pytest.mark.parametrize("body", [*OUTLINES, "other"])
def test_the_front_carries_the_plate(body: str) -> None:
    texts = [text.text for text in parsed(scenes.front(body, "#fff", "#ccc", "#000", "ABC1D23")).iter() if text.text]
    assert "ABC1D23" in texts


def test_a_street_depends_on_its_random_numbers_alone() -> None:
    assert scenes.street(random.Random(3)) == scenes.street(random.Random(3))
    assert scenes.street(random.Random(3)) != scenes.street(random.Random(4))
