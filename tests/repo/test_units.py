"""The units, as systemd's own tools see them. Nothing is booted."""

import re
import subprocess
from pathlib import Path

import pytest

from daemon.config import DEFAULT_PATH
from daemon.entry import serving
from daemon.installation import Installation, sources
from daemon.listeners import ADMIN_NAME, ENTRY_NAME
from daemon.main import CLOSE_SECONDS, DRAIN_SECONDS
from daemon.secrets import NAMES
from tests.support import units
from tests.support.reference import commands
from tests.support.units import SERVICES, SYSTEMD, UNITS

MOST_EXPOSED = 1.5

analyze = pytest.mark.skipif(not units.available(), reason="there is no systemd-analyze here")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return units.put(tmp_path_factory.mktemp("root"))


@analyze
@pytest.mark.parametrize("unit", UNITS)
def test_verify_has_nothing_to_say(root: Path, unit: str) -> None:
    ended = units.analyze(root, "verify", unit.replace("@", "@x"))
    assert (ended.returncode, ended.stdout) == (0, "")


@analyze
@pytest.mark.parametrize("unit", SERVICES)
def test_services_are_hardened(root: Path, unit: str) -> None:
    assert units.exposure(root, unit) <= MOST_EXPOSED


@analyze
@pytest.mark.parametrize("timer", [name for name in UNITS if name.endswith(".timer")])
def test_timers_have_a_service_and_a_calendar(root: Path, timer: str) -> None:
    assert timer.replace(".timer", ".service") in UNITS
    calendar = _values(timer, "OnCalendar")[0]
    assert subprocess.run(["systemd-analyze", "calendar", calendar], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("unit", ["showroomd-backup.service", "showroomd-backup@.service"])
def test_a_backup_has_a_folder_to_go_to(unit: str) -> None:
    """The command refuses one that is not there."""
    [start] = _values(unit, "ExecStart")
    folder = start.split(" --to ")[1]
    made = [
        line.split()[1] for line in (SYSTEMD / "showroomd.tmpfiles").read_text("utf-8").splitlines() if line[:2] == "d "
    ]
    made += [
        command.split()[-1].rstrip("'")
        for command in _values(unit, "ExecStartPre")
        if command.startswith("/bin/sh -c 'mkdir -p ")
    ]
    assert folder in made


@analyze
def test_verify_would_speak_of_a_mistake(root: Path) -> None:
    bad = Installation(root).units / "bad.service"
    bad.write_text("[Service]\nExecStart=/bin/sh\nRestartStep=3\n")
    assert "RestartStep" in units.analyze(root, "verify", bad.name).stdout
    bad.unlink()


def _values(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", (SYSTEMD / unit).read_text("utf-8"), re.MULTILINE)


ENTRY_NAMES = ("SHOWROOMD_WHATSAPP_APP_SECRET", "SHOWROOMD_WHATSAPP_VERIFY_TOKEN")


@pytest.mark.parametrize(
    ("service", "names"),
    [("showroomd.service", NAMES), ("showroomd@.service", NAMES), ("showroomd-entry.service", ENTRY_NAMES)],
)
def test_the_service_is_given_every_secret_and_none_must_be_there(service: str, names: tuple[str, ...]) -> None:
    loaded = _values(service, "LoadCredential")
    assert loaded == [f"{name.lower()}:/etc/showroomd/credentials/{name.lower()}" for name in _in_order(loaded)]
    assert sorted(_in_order(loaded)) == sorted(names)
    assert [line.split(":")[0] for line in _values(service, "SetCredential")] == [line.split(":")[0] for line in loaded]


def _in_order(loaded: list[str]) -> list[str]:
    return [line.split(":")[0].upper() for line in loaded]


def test_the_public_sockets_are_not_taken_for_the_admin_socket() -> None:
    (name,) = _values("showroomd.socket", "FileDescriptorName")
    assert name != ADMIN_NAME
    assert "127.0.0.1:8420" in _values("showroomd.socket", "ListenStream")


def test_the_entry_takes_the_place_of_the_one_process() -> None:
    assert _values("showroomd-entry.socket", "ListenStream") == _values("showroomd.socket", "ListenStream")
    assert _values("showroomd-entry.socket", "Conflicts") == ["showroomd.socket"]
    assert _values("showroomd@.socket", "FileDescriptorName") == [ENTRY_NAME]


def test_a_cell_is_the_one_process_but_for_its_places() -> None:
    def without_remarks(unit: str) -> list[str]:
        text = (SYSTEMD / unit).read_text("utf-8")
        return [line for line in text.splitlines() if not line.startswith(("#", "Description"))]

    of_a_cell = {
        "showroomd.socket": "showroomd@%i.socket",
        "/showroomd.toml": "/cell-%i.toml",
        "Directory=showroomd": "Directory=showroomd-%i",
    }
    expected = "\n".join(without_remarks("showroomd.service"))
    for one, cell in of_a_cell.items():
        expected = expected.replace(one, cell)
    assert without_remarks("showroomd@.service") == expected.splitlines()


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        ("showroomd.service", DRAIN_SECONDS + CLOSE_SECONDS),
        ("showroomd@.service", DRAIN_SECONDS + CLOSE_SECONDS),
        ("showroomd-entry.service", serving.DRAIN_SECONDS),
    ],
)
def test_stopping_has_time_to_drain(service: str, seconds: float) -> None:
    (stop,) = _values(service, "TimeoutStopSec")
    assert float(stop) > seconds


@pytest.mark.parametrize("name", ["showroomd", "showroomd@", "showroomd-entry"])
def test_it_never_gives_up(name: str) -> None:
    assert _values(f"{name}.service", "StartLimitIntervalSec") == ["0"]
    assert _values(f"{name}.socket", "TriggerLimitIntervalSec") == ["0"]
    assert _values(f"{name}.service", "Restart") == ["always"]


def test_units_call_commands_that_exist_with_the_settings_of_the_installation() -> None:
    known = {name.split()[1] for name, _ in commands()}
    called = 0
    for unit in SERVICES:
        for line in _values(unit, "ExecStart"):
            for command in re.findall(r"/opt/showroomd/current/bin/showroomd ([a-z-]+)", line):
                called += 1
                assert command in known, f"{unit} calls {command}"
            for settings in re.findall(r"--config (\S+)", line):
                assert settings == str(_settings_of(unit))
    assert called == 8


def _settings_of(unit: str) -> Path:
    if unit == "showroomd-entry.service":
        return DEFAULT_PATH.with_name("entry.toml")
    return DEFAULT_PATH.with_name("cell-%i.toml") if "@" in unit else DEFAULT_PATH


def test_the_installed_files_are_those_of_the_tree() -> None:
    assert {name for name, _ in sources()} == {path.name for path in SYSTEMD.iterdir() if path.is_file()}
    written = Installation(Path("/x")).files()
    assert {path.name for path in written if path.parent.name == "system"} == set(UNITS)
    assert Path("/x/etc/sysusers.d/showroomd.conf") in written
    assert Path("/x/etc/tmpfiles.d/showroomd.conf") in written
