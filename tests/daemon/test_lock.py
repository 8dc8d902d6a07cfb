import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.errors import AlreadyRunning, ConfigError
from daemon.lock import FOLDERS, Holder, holder, locked


def test_folders_are_made_for_us_alone(tmp_path: Path) -> None:
    data = tmp_path / "new"
    with locked(data):
        for folder in (data, *(data / name for name in FOLDERS)):
            assert folder.stat().st_mode & 0o777 == 0o700


def test_a_second_one_is_refused_with_the_pid(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(AlreadyRunning, match=rf"pid {os.getpid()}\)"), locked(tmp_path):
        pass


def test_the_holder_can_be_found(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere") is None
    with locked(tmp_path, Path("/run/x/admin.sock")):
        assert holder(tmp_path) == Holder(str(os.getpid()), Path("/run/x/admin.sock"))
    assert holder(tmp_path) is None
    with locked(tmp_path):
        assert holder(tmp_path) == Holder(str(os.getpid()), None)


def test_looking_does_not_take_it(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    assert holder(tmp_path) is None
    with locked(tmp_path):
        pass


def test_a_passing_look_does_not_keep_a_daemon_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(tmp_path):
        pass
    with (tmp_path / "lock").open("r+") as looking:
        fcntl.flock(looking, fcntl.LOCK_EX)
        tries = []

        def look_ends(*_: object) -> bool:
            tries.append(1)
            fcntl.flock(looking, fcntl.LOCK_UN)
            return False

        monkeypatch.setattr("threading.Event.wait", look_ends)
        with locked(tmp_path):
            assert tries == [1]


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from daemon.lock import locked\n"
        f"with locked(pathlib.Path({str(tmp_path)!r})): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        found = holder(tmp_path)
        assert found is not None
        assert found.pid == str(process.pid)
        process.send_signal(signal.SIGKILL)
    with locked(tmp_path):
        pass


def test_a_directory_that_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"daemon\.data_dir"), locked(tmp_path / "file"):
        pass
    assert holder(tmp_path / "file") is None
