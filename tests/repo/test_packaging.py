import importlib.metadata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import daemon

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    built = next(iter(WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist")))))
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_it_is_called_showroomd(wheel: zipfile.ZipFile) -> None:
    assert Path(str(wheel.filename)).name.startswith(f"showroomd-{daemon.__version__}-py3-none-any")
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "showroomd = daemon.cli:main" in wheel.read(entry_points).decode()


def test_migrations_are_in_it_as_files(wheel: zipfile.ZipFile) -> None:
    for path in (ROOT / "migrations").glob("*/*.sql"):
        name = f"shards/_migrations/{path.parent.name}/{path.name}"
        assert wheel.read(name) == path.read_bytes(), name


def test_the_units_are_in_it_and_what_builds_packages_is_not(wheel: zipfile.ZipFile) -> None:
    for path in (ROOT / "systemd").iterdir():
        if path.is_file():
            assert wheel.read(f"daemon/_systemd/{path.name}") == path.read_bytes(), path.name
    assert not [name for name in wheel.namelist() if "debian" in name]


def test_every_source_and_every_page_is_in_it(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    for package in ("daemon", "shards"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and not {"__pycache__", "_migrations", "_systemd"} & set(path.parts):
                assert str(path.relative_to(ROOT)) in inside, path


def test_nothing_else_becomes_importable(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"daemon", "shards"}


def test_no_other_distribution_provides_our_packages() -> None:
    provided = importlib.metadata.packages_distributions()
    for package in ("daemon", "shards"):
        assert set(provided.get(package, ())) <= {"showroomd"}, "python-daemon and the like must not be installed"
    assert Path(daemon.__file__).is_relative_to(ROOT)
