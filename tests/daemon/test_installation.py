import base64
import os
import stat
from pathlib import Path

import pytest

from daemon.config import load
from daemon.installation import Installation, NotInstalled


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "root")


def version(place: Installation, name: str) -> Path:
    prefix = place.program / "versions" / name
    (prefix / "bin").mkdir(parents=True)
    return prefix


def everything(place: Installation) -> dict[str, str]:
    return {
        str(path.relative_to(place.root)): path.read_text()
        for path in sorted(place.root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_settings_and_key_are_made_once(place: Installation) -> None:
    before = os.umask(0o077)
    try:
        said = place.put_settings()
    finally:
        os.umask(before)
    key = place.credentials / "showroomd_master_key"
    assert len(base64.b64decode(key.read_text())) == 32
    assert (mode(key), mode(place.credentials), mode(place.settings)) == (0o600, 0o700, 0o644)
    assert load(place.settings)  # the sample is good as it is
    assert [str(key) in line for line in said] == [True, False]
    place.settings.write_text("# mine")
    kept = everything(place)
    assert place.put_settings() == []
    assert everything(place) == kept


def test_secrets_of_an_older_place_are_moved_not_made_anew(place: Installation) -> None:
    place.settings.parent.mkdir(parents=True)
    old = place.settings.parent / "showroomd_master_key"
    old.write_text("the key")
    said = place.put_settings()
    assert (place.credentials / "showroomd_master_key").read_text() == "the key"
    assert not old.exists()
    assert said[0] == f"moved {old} to {place.credentials}/showroomd_master_key"


def test_data_is_never_given_another_key(place: Installation) -> None:
    data = place.root / "var/lib/showroomd"
    data.mkdir(parents=True)
    (data / "central.db").touch()
    with pytest.raises(NotInstalled, match="was sealed with a master key that is not in"):
        place.put_settings()
    assert not (place.credentials / "showroomd_master_key").exists()


def test_units_are_replaced_and_drop_ins_are_not(place: Installation) -> None:
    place.put_units(252)
    service = place.units / "showroomd.service"
    good = service.read_text()
    service.write_text("changed")
    mine = place.units / "showroomd.service.d" / "override.conf"
    mine.parent.mkdir()
    mine.write_text("[Service]\nWatchdogSec=60\n")
    place.put_units(252)
    assert service.read_text() == good
    assert mine.exists()
    assert not list(place.root.rglob("*.partial"))


@pytest.mark.parametrize(("systemd", "there"), [(249, False), (253, False), (254, True), (257, True)])
def test_longer_pauses_only_where_systemd_knows_them(place: Installation, systemd: int, there: bool) -> None:
    place.put_units(254)
    place.put_units(systemd)
    assert place.back_off.exists() == there


def test_versions_are_switched_and_the_one_before_is_kept(place: Installation) -> None:
    first, second = version(place, "0.1.0"), version(place, "0.2.0")
    assert place.is_version(first)
    assert not place.is_version(place.program)
    assert not place.is_version(Path("/usr"))
    assert place.switch(first)
    assert not place.previous.exists()
    assert not place.switch(first)
    assert place.switch(second)
    assert place.current.resolve() == second.resolve()
    assert place.previous.resolve() == first.resolve()
    assert place.is_version(place.previous)  # so that it can be gone back to by its link
    assert place.switch(place.previous)
    assert place.current.resolve() == first.resolve()
    assert place.previous.resolve() == second.resolve()


def test_the_command_is_linked_unless_there_is_another_of_its_name(place: Installation) -> None:
    place.put_command()
    assert place.command.readlink() == Path("/opt/showroomd/current/bin/showroomd")
    place.put_command()
    place.command.unlink()
    place.command.write_text("mine")
    place.put_command()
    assert place.command.read_text() == "mine"


def test_removing_leaves_settings_credentials_and_data(place: Installation) -> None:
    place.put_settings()
    kept = everything(place)
    data = place.root / "var/lib/showroomd/central.db"
    data.parent.mkdir(parents=True)
    data.write_text("rows")
    place.put_units(254)
    place.switch(version(place, "0.1.0"))
    place.put_command()
    place.remove()
    assert everything(place) == {**kept, "var/lib/showroomd/central.db": "rows"}
    assert not place.program.exists()
    assert not place.command.is_symlink()
    place.remove()  # again


def test_the_settings_of_cells_and_entry_are_found(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    assert (place.cells(), place.all_settings()) == ([], [])
    place.settings.parent.mkdir(parents=True)
    for name in ("cell-2.toml", "cell-1.toml", "entry.toml", "showroomd.toml", "cell-1.toml.bak"):
        place.settings.with_name(name).touch()
    assert [path.name for path in place.cells()] == ["cell-1.toml", "cell-2.toml"]
    assert [path.name for path in place.all_settings()] == [
        "showroomd.toml",
        "entry.toml",
        "cell-1.toml",
        "cell-2.toml",
    ]
