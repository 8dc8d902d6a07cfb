"""`install-units` and `uninstall-units`: the program as a service of this machine."""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, Literal

from daemon import __version__
from daemon import config as configuration
from daemon.cli.common import CommandFailed, Commands
from daemon.errors import ConfigError
from daemon.installation import Installation

SOCKET: Final = "showroomd.socket"
SERVICE: Final = "showroomd.service"
ENTRY_SOCKET: Final = "showroomd-entry.socket"
SEVERAL: Final = ("showroomd-entry.service", "showroomd@*.service")
"""What runs where there are several cells instead of one process."""
TEMPLATES: Final = (
    "showroomd@.service",
    "showroomd@.socket",
    "showroomd-backup@.timer",
    "showroomd-verify-backup@.timer",
)
TIMERS: Final = ("showroomd-backup.timer", "showroomd-verify-backup.timer")


def register(commands: Commands) -> None:
    """Add the commands."""
    install = commands.add_parser(
        "install-units",
        help="make this program a service of this machine",
        description="Run it from /opt/showroomd/versions/NAME/bin/showroomd: makes that version the current one, writes"
        " the systemd units, and makes settings, master key, user and first operator token where they are missing."
        " Safe to run again.",
    )
    install.add_argument("--root", metavar="DIR", default="/", help="write below this directory, start nothing")
    install.add_argument("--start", action="store_true", help="also enable and start, or restart, everything")
    install.add_argument(
        "--settings-only", action="store_true", help="leave program and units alone: a package brought them"
    )
    install.set_defaults(run=_install)
    uninstall = commands.add_parser(
        "uninstall-units",
        help="take program and units away",
        description="Stops the service. Data, backups, settings and credentials stay, and so does the user.",
    )
    uninstall.add_argument("--root", metavar="DIR", default="/", help="as for install-units")
    uninstall.set_defaults(run=_uninstall)


def _install(arguments: argparse.Namespace) -> int:
    place = Installation(Path(arguments.root))
    live = place.root == Path("/")
    _check(place, arguments, live=live)
    done = place.put_settings()
    if not arguments.settings_only:
        place.put_units(_systemd_version())
        done.append(f"wrote the units to {place.units}")
        if place.is_version(Path(sys.prefix)):
            if place.switch(Path(sys.prefix)):
                done.append(f"{place.current} is version {__version__} now")
            place.put_command()
    if live:
        _prepare(place, done)
        if arguments.start:
            done.append(_start())
    for line in done:
        print(line)
    if live and not arguments.start and not arguments.settings_only:
        print(f"next: systemctl enable --now {SOCKET} {SERVICE} {' '.join(TIMERS)}")
        print("      (after an upgrade: systemctl restart showroomd)")
    return 0


def _check(place: Installation, arguments: argparse.Namespace, *, live: bool) -> None:
    if live and os.geteuid() != 0:
        raise CommandFailed("only root can install", "use sudo")
    if arguments.start and not live:
        raise CommandFailed("--start goes with no --root", "leave one of them out")
    if place.packaged and not arguments.settings_only:
        raise CommandFailed("a package brought this program", "upgrade it with apt")
    if live and not arguments.settings_only and not place.is_version(Path(sys.prefix)):
        raise CommandFailed(
            f"this program lies in {sys.prefix}",
            f"install it with `make install`, or with pip into {place.program}/versions/{__version__}",
        )
    homes = ("/root/", "/home/", "/run/user/")
    if live and os.path.realpath(sys.base_prefix).startswith(homes):
        raise CommandFailed(
            f"the service cannot reach the Python in {sys.base_prefix}",
            "make the virtual environment with the system's: /usr/bin/python3 -m venv",
        )
    for settings in place.all_settings():  # before anything is changed: the new version must accept them
        try:
            configuration.load(settings)
        except ConfigError as error:
            raise ConfigError(tuple(f"{settings.name}: {fault}" for fault in error.faults)) from None


def _prepare(place: Installation, done: list[str]) -> None:
    """The user, its directories, and the first token."""
    _call("systemd-sysusers", "showroomd.conf")
    _call("systemd-tmpfiles", "--create", "showroomd.conf")
    if _booted():
        _call("systemctl", "daemon-reload")
    config = configuration.load(place.settings)
    if (config.data_dir / "central.db").exists() or place.first_token.exists() or place.cells():
        return  # it has its operators
    token = _call(
        str(place.current / "bin" / "showroomd"),
        *("token", "create", "--config", str(place.settings), "--name", "first-admin", "--role", "admin"),
        remedy="mend it, install again, and if there is no token then: showroomd token create --name N --role admin",
        CREDENTIALS_DIRECTORY=str(place.credentials),
    )
    descriptor = os.open(place.first_token, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    done.append(f"the first operator token is in {place.first_token}: read it, then remove that file")


def _start() -> str:
    """What was started, as a line for the person who asked."""
    if not _booted():
        raise CommandFailed("systemd does not run here", "leave --start out")
    if _is("active", ENTRY_SOCKET) or _is("enabled", ENTRY_SOCKET):  # the single process must not come up beside them
        _call("systemctl", "try-restart", *SEVERAL, remedy="journalctl -u 'showroomd*' says why")
        return "the entry and the cells that ran were restarted: systemctl status 'showroomd*'"
    if not _is("active", SOCKET) and _is("active", SERVICE):
        _call("systemctl", "stop", SERVICE)  # it listens by itself, and the socket could not
    _call("systemctl", "enable", "--quiet", "--now", SOCKET, *TIMERS)
    _call("systemctl", "enable", "--quiet", SERVICE)
    _call("systemctl", "restart", SERVICE, remedy="journalctl -u showroomd says why")
    return "showroomd is up: systemctl status showroomd"


def _uninstall(arguments: argparse.Namespace) -> int:
    place = Installation(Path(arguments.root))
    live = place.root == Path("/")
    if live and os.geteuid() != 0:
        raise CommandFailed("only root can uninstall", "use sudo")
    if place.packaged:
        raise CommandFailed("a package brought this program", "use `apt remove showroomd`")
    if not (place.units / SERVICE).exists():
        raise CommandFailed(f"there is no {place.units / SERVICE}", "nothing is installed here")
    if live and _booted():
        _call("systemctl", "stop", ENTRY_SOCKET, "showroomd-*@*.timer", *SEVERAL, "showroomd@*.socket")
        _call("systemctl", "disable", "--quiet", "--now", *TIMERS, SERVICE, SOCKET)
        _call("systemctl", "disable", "--quiet", ENTRY_SOCKET, SEVERAL[0], *TEMPLATES)  # with their instances
    place.remove()
    if live and _booted():
        _call("systemctl", "daemon-reload")
    print(f"program and units are gone; {place.settings.parent} and the data directory are as they were")
    return 0


def _booted() -> bool:
    return Path("/run/systemd/system").is_dir()


def _is(state: Literal["active", "enabled"], unit: str) -> bool:
    words = ["systemctl", "--quiet", f"is-{state}", unit]
    return subprocess.run(words, check=False).returncode == 0  # noqa: S603 - words of our own


def _systemd_version() -> int:
    """Of this machine; 0 where it cannot be asked."""
    if shutil.which("systemctl") is None:
        return 0
    found = re.match(r"systemd (\d+)", _call("systemctl", "--version"))
    return int(found[1]) if found else 0


def _call(*words: str, remedy: str = "mend it and install again", **environ: str) -> str:
    """Run a command; its output. Raises `CommandFailed` with its last line."""
    try:
        ended = subprocess.run(  # noqa: S603 - words of our own
            words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, **environ}
        )
    except FileNotFoundError:
        raise CommandFailed(f"there is no {words[0]}", "showroomd is installed on machines with systemd") from None
    if ended.returncode != 0:
        said = (ended.stderr or ended.stdout).strip().splitlines() or ["it said nothing"]
        raise CommandFailed(f"`{' '.join(words[:3])}` failed ({said[-1]})", remedy)
    return ended.stdout
