import json
import resource
import socket
from pathlib import Path

import pytest

from daemon import config as configuration
from daemon.cli import doctor, main
from daemon.cli.doctor import Finding, binds, credentials, disk, disk_speed, open_files, permissions, speed
from daemon.config import Config, parse
from daemon.lock import locked
from daemon.secrets import Secrets


def test_bad_findings_give_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOWROOMD_MASTER_KEY", raising=False)
    (tmp_path / "s.toml").write_text(f'[daemon]\ndata_dir = "{tmp_path}/data"\n[http]\nbind = ["127.0.0.1:0"]')
    assert main(["doctor", "--offline", "--json", "--config", str(tmp_path / "s.toml")]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert [f["what"] for f in found["findings"] if f["state"] == "bad"] == ["SHOWROOMD_MASTER_KEY is missing"]
    assert main(["doctor", "--offline", "--config", str(tmp_path / "none")]) == 1
    assert "no such file" in capsys.readouterr().out


def test_a_daemon_that_does_not_answer_is_bad(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.toml").write_text(f'[daemon]\ndata_dir = "{tmp_path}/data"')
    with locked(tmp_path / "data", tmp_path / "admin.sock"):
        assert main(["doctor", "--offline", "--config", str(tmp_path / "s.toml")]) == 1
    assert "does not answer on its admin socket" in capsys.readouterr().out
    with locked(tmp_path / "data"):
        assert main(["doctor", "--offline", "--config", str(tmp_path / "s.toml")]) == 0
    assert "another command" in capsys.readouterr().out


@pytest.mark.parametrize(("ms", "state"), [(0.1, "good"), (20, "good"), (20.1, "warning"), (201, "bad")])
def test_a_slow_disk(ms: float, state: str) -> None:
    assert speed(ms).state == state
    assert bool(speed(ms).remedy) == (state != "good")


def test_the_disk_is_timed_and_nothing_is_left(tmp_path: Path) -> None:
    (found,) = disk_speed(tmp_path)
    assert "ms to be sure of a write" in found.what
    assert list(tmp_path.iterdir()) == []
    assert list(disk_speed(tmp_path / "none")) == []


def test_credentials_open_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "key").touch(mode=0o600)
    assert [finding.state for finding in permissions(tmp_path)] == ["good"]
    (tmp_path / "key").chmod(0o640)
    assert [finding.remedy for finding in permissions(tmp_path)] == [f"chmod go= {tmp_path}/key"]


def test_as_root_the_service_s_credentials_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.toml").write_text(f'[daemon]\ndata_dir = "{tmp_path}/data"\n[http]\nbind = ["127.0.0.1:0"]')
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    for name in ("showroomd_whatsapp_app_secret", "openai_api_key"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o600)
    monkeypatch.setattr(doctor, "INSTALLED_CREDENTIALS", folder)
    monkeypatch.setattr(configuration, "DEFAULT_PATH", tmp_path / "s.toml")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert main(["doctor", "--offline", "--config", str(tmp_path / "s.toml")]) == 1
    said = capsys.readouterr().out
    assert f"{folder} belongs to" in said
    assert "SHOWROOMD_MASTER_KEY is missing" in said
    assert "no AI vendor's key" not in said


def test_secrets() -> None:
    assert {finding.state for finding in credentials(Secrets())} == {"bad", "warning"}
    full = Secrets(master_key=b"k" * 32, openai_api_key="x", whatsapp_app_secret="x", whatsapp_verify_token="x")
    assert list(credentials(full)) == []


def test_a_data_directory_open_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert f"chmod 700 {tmp_path}" in [finding.remedy for finding in disk(tmp_path)]
    tmp_path.chmod(0o700)
    assert [finding.state for finding in disk(tmp_path) if "free" not in finding.what] == ["good"]


def test_open_files() -> None:
    assert open_files(Config(), 1024).state == "warning"
    assert open_files(Config(), 65536).state == "good"
    assert open_files(Config(), resource.RLIM_INFINITY).state == "good"


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (found,) = binds(parse(f'[http]\nbind = ["127.0.0.1:{port}"]'))
    assert (found.state, found.what) == ("bad", f"cannot listen on 127.0.0.1:{port} (Address already in use)")
    assert list(binds(parse('[http]\nbind = ["127.0.0.1:0", "[::]:0", "unix:/tmp/x.sock"]'))) == []
    assert isinstance(found, Finding)


def test_the_entry_is_asked_how_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = tmp_path / "status.sock"
    (tmp_path / "e.toml").write_text(f'[entry]\ncells = ["/run/a.sock"]\nstatus = "unix:{status}"')
    assert main(["doctor", "--offline", "--json", "--config", str(tmp_path / "e.toml")]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [f["what"] for f in found if f["state"] == "bad"] == [f"the webhook entry does not answer at unix:{status}"]
    assert not any("data" in f["what"] for f in found), "it keeps nothing"


def test_a_cell_needs_no_public_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f'[daemon]\ndata_dir = "{tmp_path}/data"\n[http]\nbind = ["127.0.0.1:0"]\nentry_socket = "{tmp_path}/e.sock"'
    (tmp_path / "c.toml").write_text(text)
    main(["doctor", "--offline", "--config", str(tmp_path / "c.toml")])
    assert "public_url" not in capsys.readouterr().out


def test_a_cell_that_does_not_run_is_started_by_its_own_unit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    text = f'[daemon]\ndata_dir = "{tmp_path}/data"\n[http]\nbind = ["127.0.0.1:0"]\nentry_socket = "{tmp_path}/e.sock"'
    (tmp_path / "cell-2.toml").write_text(text)
    main(["doctor", "--offline", "--json", "--config", str(tmp_path / "cell-2.toml")])
    remedies = [found["remedy"] for found in json.loads(capsys.readouterr().out)["findings"]]
    assert "start it: systemctl start showroomd@2" in remedies
