import os
import signal
from pathlib import Path

import pytest
import trio
from attrs import define, evolve, field

from daemon import config as configuration
from daemon import logs as logging_set_up
from daemon.config import Config, parse
from daemon.reload import Change, Reload, change
from tests.conftest import Logs


def test_what_is_live_is_taken_and_the_rest_is_named() -> None:
    new = parse(
        """
        [daemon]
        log_format = "json"
        log_level = "debug"
        data_dir = "/elsewhere"
        [turns]
        quiet_spell_seconds = 3
        [outbox]
        resend_after_seconds = 60
        [fetch]
        allow_private = ["10.0.0.0/8"]
        [storage]
        threads = 4
        """
    )
    found = change(Config(), new)
    assert found.applied == (
        "daemon.log_format",
        "daemon.log_level",
        "turns.quiet_spell_seconds",
        "outbox.resend_after_seconds",
        "fetch.allow_private",
    )
    assert found.needs_restart == ("daemon.data_dir", "storage.threads")
    assert found.config == evolve(
        new, daemon=evolve(new.daemon, data_dir=Config().daemon.data_dir), storage=Config().storage
    )
    assert change(found.config, new).needs_restart == found.needs_restart  # and again, until the restart


def test_nothing_new_changes_nothing() -> None:
    assert change(Config(), Config()) == Change(Config(), (), ())


@define
class House:
    """A daemon as a reload sees it."""

    path: Path
    config: Config = field(factory=Config)
    troubles: list[str] = field(factory=list)

    def apply(self, config: Config) -> None:
        self.config = config

    @property
    def reload(self) -> Reload:
        return Reload(
            reread=lambda: configuration.load(self.path),
            current=lambda: self.config,
            apply=self.apply,
            trouble=self.troubles.append,
            environ={},
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "s.toml").write_text("")
    return House(tmp_path / "s.toml")


async def test_good_settings_are_applied(house: House, logs: Logs) -> None:
    house.path.write_text("[turns]\nmax_running = 7\n[storage]\nthreads = 4\n")
    await house.reload.now()
    assert (house.config.turns.max_running, house.config.storage.threads) == (7, 16)
    assert house.troubles == [""]
    assert logs.named("settings_read")[0]["applied"] == ["turns.max_running"]
    assert logs.named("settings_need_a_restart")[0]["keys"] == ["storage.threads"]


async def test_settings_with_faults_change_nothing_and_are_told_of(house: House, logs: Logs) -> None:
    house.path.write_text("[turns]\nmax_running = 0\nquiet = 1\n")
    await house.reload.now()
    assert house.config == Config()
    assert "has 2 faults, so the former settings stay in use" in house.troubles[0]
    assert len(logs.named("settings_refused")) == 2
    house.path.unlink()
    await house.reload.now()
    assert "has a fault" in house.troubles[1]
    house.path.write_text("")
    await house.reload.now()
    assert house.troubles[2] == ""


async def test_the_log_follows_and_the_environment_wins(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(logging_set_up, "reconfigure", lambda log_format, level: asked.append((log_format, level)))
    house.path.write_text('[daemon]\nlog_level = "debug"\n')
    await house.reload.now()
    house.path.write_text('[daemon]\nlog_level = "error"\nlog_format = "console"\n')
    await evolve(house.reload, environ={"SHOWROOMD_LOG_LEVEL": "warning"}).now()
    await house.reload.now()  # nothing new
    assert asked == [("auto", 10), ("console", 30)]


async def test_the_signal_is_answered_and_the_manager_told(house: House) -> None:
    again = trio.Event()
    told: list[str] = []

    def done() -> None:
        told.append("ready")
        again.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(house.reload.on_signal, lambda: told.append("reloading"), done)
        house.path.write_text("[turns]\nmax_running = 7\n")
        os.kill(os.getpid(), signal.SIGHUP)
        with trio.fail_after(20):
            await again.wait()
        nursery.cancel_scope.cancel()
    assert told == ["reloading", "ready"]
    assert house.config.turns.max_running == 7
