import sys
from pathlib import Path

import pytest

from daemon.cli import install, main
from daemon.installation import Installation


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def test_below_a_root_it_writes_files_and_starts_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install-units", "--root", str(root)]) == 0
    place = Installation(root)
    assert (place.units / "showroomd.service").exists()
    assert place.settings.exists()
    assert not place.current.is_symlink()  # this program is not below it
    said = capsys.readouterr().out
    assert "made the master key" in said
    assert "systemctl" not in said
    assert main(["install-units", "--root", str(root)]) == 0
    assert "made the master key" not in capsys.readouterr().out


def test_the_version_that_runs_the_command_becomes_the_current_one(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = root / "opt/showroomd/versions/0.2.0"
    prefix.mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(prefix))
    assert main(["install-units", "--root", str(root)]) == 0
    assert Installation(root).current.resolve() == prefix.resolve()
    assert "is version" in capsys.readouterr().out


def test_settings_that_the_new_version_refuses_stop_it_before_anything_is_changed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Installation(root)
    place.settings.parent.mkdir(parents=True)
    place.settings.write_text("[daemon]\nport = 1\n")
    assert main(["install-units", "--root", str(root)]) == 1
    assert "daemon.port: is not a setting" in capsys.readouterr().err
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["showroomd.toml"]


@pytest.mark.parametrize("name", ["cell-2.toml", "entry.toml"])
def test_so_do_those_of_a_cell_and_of_the_entry(root: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = Installation(root)
    place.settings.parent.mkdir(parents=True)
    place.settings.with_name(name).write_text("[daemon]\nport = 1\n")
    assert main(["install-units", "--root", str(root)]) == 1
    assert f"{name}: daemon.port: is not a setting" in capsys.readouterr().err
    assert not place.units.exists()


def test_a_package_is_left_to_its_manager(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "opt/showroomd").mkdir(parents=True)
    (root / "opt/showroomd/packaged").touch()
    assert main(["install-units", "--root", str(root)]) == 1
    assert main(["uninstall-units", "--root", str(root)]) == 1
    assert "apt" in capsys.readouterr().err
    assert main(["install-units", "--settings-only", "--root", str(root)]) == 0
    assert Installation(root).settings.exists()
    assert not Installation(root).units.exists()


def test_uninstalling_what_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["uninstall-units", "--root", str(root)]) == 1
    assert "nothing is installed here" in capsys.readouterr().err
    assert main(["install-units", "--root", str(root)]) == 0
    assert main(["uninstall-units", "--root", str(root)]) == 0
    assert Installation(root).settings.exists()
    assert not list(Installation(root).units.iterdir())


def test_a_program_elsewhere_is_not_made_a_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install.os, "geteuid", lambda: 0)
    assert main(["install-units"]) == 1
    assert "install it with `make install`" in capsys.readouterr().err
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    assert main(["install-units"]) == 1
    assert main(["uninstall-units"]) == 1
    assert capsys.readouterr().err.count("use sudo") == 2


def test_start_goes_with_no_root(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install-units", "--start", "--root", str(root)]) == 1
    assert "--start" in capsys.readouterr().err
    assert not root.exists()
