"""The table of the market: well formed, without contradictions."""

from daemon.desk.catalogue.lexicon import Lexicon, squash
from daemon.desk.catalogue.models import EVERYDAY, MAKE_SPELLINGS, TABLE
from shards.tenant.vehicle import BODIES, StockSummary


def test_every_line_is_a_make_or_a_body_with_models() -> None:
    make = ""
    for line in TABLE.strip().splitlines():
        if not line.startswith(" "):
            make = line
            continue
        body, colon, names = line.strip().partition(":")
        assert make
        assert colon, line
        assert body in BODIES, line
        assert all(entry.strip() for entry in names.split(" | ")), line


def test_every_model_is_found_by_its_make_and_name() -> None:
    names = Lexicon(StockSummary())
    make = ""
    for line in TABLE.strip().splitlines():
        if not line.startswith(" "):
            make = line.strip()
            continue
        for entry in line.partition(":")[2].split(" | "):
            name = entry.partition("=")[0].strip()
            found = [mention.known.model for mention in names.find(f"{make} {name}") if mention.known.model]
            assert found == [name], (make, name)


def test_spellings_of_makes_are_of_one_make() -> None:
    seen: dict[str, str] = {}
    for make, spellings in MAKE_SPELLINGS.items():
        for spelling in spellings.split(","):
            assert seen.setdefault(squash(spelling), make) == make, spelling


def test_hb20x_is_a_model_of_its_own() -> None:
    names = Lexicon(StockSummary())
    assert [m.known.model for m in names.find("tem hb20x?")] == ["HB20X"]
    assert [m.known.model for m in names.find("tem hb20?")] == ["HB20"]


def test_everyday_names_are_squashed() -> None:
    assert all(name == squash(name) for name in EVERYDAY)
