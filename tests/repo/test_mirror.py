"""Every source has a test of its name, in the same folder under tests/."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

WITHOUT = {
    "daemon/__main__.py": "two lines; tests/daemon/cli/test_entry.py runs it",
    "daemon/assembly.py": "wiring; tests/support/house.py puts it together, tests/journeys run it whole",
    "daemon/channels/base.py": "types and protocols alone",
    "daemon/clock.py": "a name for shards.shard.utc_now",
    "daemon/control/backup_ports.py": "types and protocols alone",
    "daemon/control/billing_shapes.py": "types alone",
    "daemon/control/ports.py": "types and protocols alone",
    "daemon/control/shapes.py": "types alone",
    "daemon/desk/brief.py": "types alone",
    "daemon/entry/serving.py": "tests/journeys/test_cells.py runs it whole",
    "daemon/errors.py": "types alone",
    "daemon/main.py": "tests/journeys run it whole",
    "daemon/providers/base.py": "types and protocols alone",
    "daemon/tenants/surroundings.py": "types and one loop; tests/daemon/tenants/test_reception.py counts with it",
    "daemon/whatsapp/events.py": "types alone",
    "daemon/whatsapp/web/errors.py": "types alone",
    "daemon/channels/web/keys.py": "types and protocols alone",
    "shards/errors.py": "types alone",
    "shards/tenant/vehicle.py": "types alone",
}

GRAB_BAGS = {"utils", "util", "helpers", "helper", "manager", "managers", "misc"}
LONGEST_LINES = 400


def sources() -> Iterator[Path]:
    for package in ("daemon", "shards"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "_migrations" not in path.parts and not path.name.endswith("_pb2.py"):  # generated
                yield path.relative_to(ROOT)


def test_every_source_has_its_test() -> None:
    missing = [
        str(path)
        for path in sources()
        if path.name != "__init__.py"
        and str(path) not in WITHOUT
        and not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()
    ]
    assert not missing, f"write a test of the same name for {missing}, or say in WITHOUT why there is none"


def test_the_exceptions_are_needed() -> None:
    for name in WITHOUT:
        path = Path(name)
        assert (ROOT / path).exists() or name == "daemon/main.py", f"{name} is gone, take it from WITHOUT"
        assert not (ROOT / "tests" / path.parent / f"test_{path.name}").exists(), f"{name} has a test now"


def test_every_folder_of_tests_is_a_package() -> None:
    # Without it `tests/daemon` would shadow the real package.
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    parents = {
        parent
        for folder in folders
        for parent in (folder, *folder.parents)
        if ROOT / "tests" in (parent, *parent.parents)
    }
    missing = [str(folder) for folder in parents if not (folder / "__init__.py").exists()]
    assert not missing


def test_no_grab_bags_and_no_giants() -> None:
    named = [str(path) for path in sources() if path.stem in GRAB_BAGS]
    assert not named, f"name the module for what it does: {named}"
    lengths = {str(path): (ROOT / path).read_text("utf-8").count("\n") for path in sources()}
    giants = {path: lines for path, lines in lengths.items() if lines > LONGEST_LINES}
    assert not giants, f"split what has more than {LONGEST_LINES} lines: {giants}"
