"""Reading the settings anew (SIGHUP): what can change while we run does, the rest is said to need a restart."""

import os
import signal
from collections.abc import Callable, Mapping
from typing import Any, Final

import trio
from attrs import evolve, frozen

from daemon import logs
from daemon.config import Config, settings
from daemon.errors import ConfigError
from daemon.logs import get_logger

LIVE: Final = (
    "daemon.log_format", "daemon.log_level", "turns.", "outbox.", "fetch.", "retention.media_mb_per_tenant"
)  # fmt: skip
"""What changes without a restart: these keys, and all keys of these tables."""

_log = get_logger("reload")


@frozen
class Change:
    """The settings to use from now on, which keys differ from before, and which differ in vain."""

    config: Config
    applied: tuple[str, ...]
    needs_restart: tuple[str, ...]


def change(old: Config, new: Config) -> Change:
    """Take from `new` what is `LIVE`, and the rest from `old`."""
    differing = [path for path, _, _ in settings() if _value(old, path) != _value(new, path)]
    applied = tuple(path for path in differing if path.startswith(LIVE))
    merged = evolve(
        old,
        daemon=evolve(old.daemon, log_format=new.daemon.log_format, log_level=new.daemon.log_level),
        turns=new.turns,
        outbox=new.outbox,
        fetch=new.fetch,
        retention=evolve(old.retention, media_mb_per_tenant=new.retention.media_mb_per_tenant),
    )
    return Change(merged, applied, tuple(path for path in differing if path not in applied))


def _value(config: Config, path: str) -> Any:
    value: Any = config
    for name in path.split("."):
        value = getattr(value, name)
    return value


@frozen(kw_only=True)
class Reload:
    """One daemon's way to read its settings anew."""

    reread: Callable[[], Config]  # raises `ConfigError`
    current: Callable[[], Config]
    apply: Callable[[Config], None]
    trouble: Callable[[str], None]  # "" takes it back
    environ: Mapping[str, str] = os.environ

    async def now(self) -> None:
        """Read and apply; a file with faults changes nothing and is told of. Not cancelled half-way."""
        try:
            wanted = change(self.current(), await trio.to_thread.run_sync(self.reread))
            level = logs.level_of(self.environ, wanted.config.daemon.log_level)
            self.apply(wanted.config)
        except ConfigError as error:
            for fault in error.faults:
                _log.warning("settings_refused", fault=fault)
            faults = "a fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
            self.trouble(f"the settings file has {faults}, so the former settings stay in use: showroomd check-config")
            return
        if {"daemon.log_format", "daemon.log_level"} & set(wanted.applied):
            logs.reconfigure(wanted.config.daemon.log_format, level)
        self.trouble("")
        _log.info("settings_read", applied=list(wanted.applied))
        if wanted.needs_restart:
            _log.warning("settings_need_a_restart", keys=list(wanted.needs_restart))

    async def on_signal(
        self,
        reloading: Callable[[], object],
        done: Callable[[], object],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Read anew at each SIGHUP, until cancelled; `reloading` and `done` tell the service manager."""
        with trio.open_signal_receiver(signal.SIGHUP) as signals:
            task_status.started()
            async for _ in signals:
                reloading()
                await self.now()
                done()
