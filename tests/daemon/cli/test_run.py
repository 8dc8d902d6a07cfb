import base64
import sys
import types
from pathlib import Path

import pytest
import trio

from daemon.cli import main
from daemon.config import Config
from daemon.secrets import Secrets


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, Secrets]]:
    """A pretended `daemon.main`; what it was started with."""
    calls: list[tuple[Config, Secrets]] = []

    async def serve(config: Config, secrets: Secrets, **_: object) -> None:
        await trio.lowlevel.checkpoint()
        calls.append((config, secrets))

    module = types.ModuleType("daemon.main")
    module.__dict__["serve"] = serve
    monkeypatch.setitem(sys.modules, "daemon.main", module)
    monkeypatch.setattr("daemon.logs.configure", lambda *_, **__: None)
    return calls


def test_serve_starts_the_daemon(
    served: list[tuple[Config, Secrets]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s.toml").write_text("[storage]\nthreads = 3")
    monkeypatch.setenv("SHOWROOMD_MASTER_KEY", base64.b64encode(b"k" * 32).decode())
    assert main(["serve", "--config", str(tmp_path / "s.toml")]) == 0
    ((config, secrets),) = served
    assert (config.storage.threads, secrets.master_key) == (3, b"k" * 32)


def test_serve_keeps_large_blocks_out_of_the_heaps_from_the_start(
    served: list[tuple[Config, Secrets]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s.toml").write_text("")
    monkeypatch.setenv("SHOWROOMD_MASTER_KEY", base64.b64encode(b"k" * 32).decode())
    running_then: list[int] = []
    monkeypatch.setattr("daemon.cli.run.map_large_blocks", lambda: running_then.append(len(served)))
    assert main(["serve", "--config", str(tmp_path / "s.toml")]) == 0
    assert running_then == [0]


def test_serve_refuses_without_a_master_key_and_tells_all_faults(
    served: list[tuple[Config, Secrets]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "s.toml").write_text("[storage]\nthreads = 0")
    monkeypatch.delenv("SHOWROOMD_MASTER_KEY", raising=False)
    assert main(["serve", "--config", str(tmp_path / "s.toml")]) == 1
    assert served == []
    err = capsys.readouterr().err
    assert "storage.threads" in err
    assert "SHOWROOMD_MASTER_KEY: is missing" in err


def test_entry_wants_cells_and_no_master_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = []

    async def serve(config: Config, secrets: Secrets) -> None:
        await trio.lowlevel.checkpoint()
        calls.append(config.entry.cells)

    module = types.ModuleType("daemon.entry.serving")
    module.__dict__["serve"] = serve
    monkeypatch.setitem(sys.modules, "daemon.entry.serving", module)
    monkeypatch.setattr("faulthandler.enable", lambda: None)  # the captured stderr has no descriptor
    monkeypatch.setattr("daemon.logs.configure", lambda *_, **__: None)
    monkeypatch.delenv("SHOWROOMD_MASTER_KEY", raising=False)
    (tmp_path / "e.toml").write_text("[entry]\ncells = []")
    assert main(["entry", "--config", str(tmp_path / "e.toml")]) == 1
    assert "entry.cells: is empty" in capsys.readouterr().err
    (tmp_path / "e.toml").write_text('[entry]\ncells = ["/run/showroomd-1.sock"]')
    assert main(["entry", "--config", str(tmp_path / "e.toml")]) == 0
    assert calls == [("/run/showroomd-1.sock",)]


def test_demo_is_given_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    module = types.ModuleType("daemon.emulator.demo")
    module.__dict__["run"] = lambda port, browser: calls.append((port, browser)) or 0
    monkeypatch.setitem(sys.modules, "daemon.emulator.demo", module)
    monkeypatch.setattr("daemon.emulator.demo", module, raising=False)
    assert main(["demo", "--port", "9", "--no-browser"]) == 0
    assert main(["demo"]) == 0
    assert calls == [(9, False), (8420, True)]
    with pytest.raises(SystemExit):
        main(["demo", "--port", "99999"])
