import json
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.config import Config, parse


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CREDENTIALS_DIRECTORY", "SHOWROOMD_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_the_sample_checks_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample-config"]) == 0
    text = capsys.readouterr().out
    assert parse(text) == Config()
    (tmp_path / "s.toml").write_text(text)
    assert main(["check-config", "--config", str(tmp_path / "s.toml")]) == 0
    assert capsys.readouterr().out.endswith("s.toml: good\n")


def test_every_fault_is_told_and_the_exit_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOWROOMD_MASTER_KEY", "short")
    (tmp_path / "s.toml").write_text("[http]\nbind = ['x']\n[storage]\nthreads = 0\n")
    assert main(["check-config", "--config", str(tmp_path / "s.toml")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["http.bind", "storage.threads", "SHOWROOMD_MASTER_KEY"]
    assert main(["check-config", "--json", "--config", str(tmp_path / "s.toml")]) == 2
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 3
