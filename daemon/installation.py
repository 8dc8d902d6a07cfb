"""The installation on a machine: where program, units, settings and credentials lie, and putting them there.

Everything may be done again: what is there already is kept (settings, keys) or replaced whole (units, the link to
the program). Nothing here needs a running systemd, and `root` may be any directory.
"""

import base64
import os
import secrets
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

from attrs import frozen

from daemon.config import sample_config
from daemon.errors import ShowroomError
from daemon.secrets import MASTER_KEY, MASTER_KEY_BYTES, NAMES

BACK_OFF_SYSTEMD: Final = 254
"""The first systemd that can wait longer and longer between restarts."""
UNIT_KINDS: Final = (".service", ".socket", ".timer")


class NotInstalled(ShowroomError):
    """Something stands in the way of an installation. Nothing was changed."""


@frozen
class Installation:
    """The paths of an installation below `root`."""

    root: Path = Path("/")

    @property
    def program(self) -> Path:
        """Versions of the program, each a virtual environment, and the links `current` and `previous`."""
        return self.root / "opt" / "showroomd"

    @property
    def current(self) -> Path:
        """A link to the version that the units start."""
        return self.program / "current"

    @property
    def previous(self) -> Path:
        """A link to the version before."""
        return self.program / "previous"

    @property
    def command(self) -> Path:
        """The command in everybody's path."""
        return self.root / "usr" / "local" / "bin" / "showroomd"

    @property
    def units(self) -> Path:
        """The units' folder."""
        return self.root / "etc" / "systemd" / "system"

    @property
    def settings(self) -> Path:
        """The configuration file."""
        return self.root / "etc" / "showroomd" / "showroomd.toml"

    def cells(self) -> list[Path]:
        """The settings of the cells, where there are several instead of one process."""
        return sorted(self.settings.parent.glob("cell-*.toml"))

    def all_settings(self) -> list[Path]:
        """Every configuration file that is there."""
        found = [self.settings, self.settings.with_name("entry.toml")]
        return [path for path in found if path.exists()] + self.cells()

    @property
    def credentials(self) -> Path:
        """One file a secret, for root alone."""
        return self.root / "etc" / "showroomd" / "credentials"

    @property
    def first_token(self) -> Path:
        """The first operator token, for root alone; to be removed once it was read."""
        return self.root / "etc" / "showroomd" / "first-admin-token"

    @property
    def packaged(self) -> bool:
        """Whether a package of the distribution brought the program: then that is in charge of it."""
        return (self.program / "packaged").exists()

    def files(self) -> dict[Path, str]:
        """The files that an installation replaces whole, with their text."""
        found = {self.units / name: text for name, text in sources() if name.endswith(UNIT_KINDS)}
        texts = dict(sources())
        found[self.root / "etc" / "sysusers.d" / "showroomd.conf"] = texts["showroomd.sysusers"]
        found[self.root / "etc" / "tmpfiles.d" / "showroomd.conf"] = texts["showroomd.tmpfiles"]
        return found

    @property
    def back_off(self) -> Path:
        """Where longer and longer pauses between restarts are asked for."""
        return self.units / "showroomd.service.d" / "50-back-off.conf"

    # Putting it there

    def put_units(self, systemd_version: int) -> None:
        """Write the units and what belongs to them; those of the administrator's drop-ins stay."""
        for path, text in self.files().items():
            _write(path, text)
        if systemd_version >= BACK_OFF_SYSTEMD:
            _write(self.back_off, dict(sources())["back-off.conf"])
        else:
            self.back_off.unlink(missing_ok=True)

    def put_settings(self) -> list[str]:
        """Make settings and master key where they are missing; sentences of what was done. Raises `NotInstalled`."""
        done: list[str] = []
        self.settings.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.credentials.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.credentials.chmod(0o700)
        for name in map(str.lower, NAMES):
            old, new = self.settings.parent / name, self.credentials / name
            if old.is_file() and not new.exists():
                old.rename(new)
                done.append(f"moved {old} to {new}")
        key = self.credentials / MASTER_KEY.lower()
        if not key.exists():
            self._refuse_another_key(key)
            _write_once(key, base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode() + "\n", 0o600)
            done.append(f"made the master key, {key}: keep a copy of it away from this machine")
        if not self.settings.exists():
            _write_once(self.settings, sample_config(), 0o644)
            done.append(f"wrote {self.settings}")
        return done

    def _refuse_another_key(self, key: Path) -> None:
        data = self.root / "var" / "lib" / "showroomd" / "central.db"
        if data.exists():
            raise NotInstalled(
                f"{data} was sealed with a master key that is not in {key}", "put that key there, then install again"
            )

    def is_version(self, prefix: Path) -> bool:
        """Whether a virtual environment is one of the installed versions."""
        return prefix.resolve().parent == (self.program / "versions").resolve()

    def switch(self, prefix: Path) -> bool:
        """Make the version in `prefix` the current one, at one instant; False if it was. The old one stays."""
        wanted = Path("versions") / prefix.resolve().name
        before = self.current.readlink() if self.current.is_symlink() else None
        if before == wanted:
            return False
        if before is not None:
            _link(self.previous, before)
        _link(self.current, wanted)
        return True

    def put_command(self) -> None:
        """Link the command into everybody's path, unless there is another file of that name."""
        if self.command.is_symlink() or not self.command.exists():
            self.command.parent.mkdir(parents=True, exist_ok=True)
            _link(self.command, Path("/opt/showroomd/current/bin/showroomd"))

    def remove(self) -> None:
        """Take program and units away. Settings, credentials, data and backups stay."""
        for path in (*self.files(), self.back_off):
            path.unlink(missing_ok=True)
        if self.command.is_symlink() and "/opt/showroomd/" in str(self.command.readlink()):
            self.command.unlink()
        if self.program.exists():
            shutil.rmtree(self.program)


def sources() -> Iterator[tuple[str, str]]:
    """Name and text of each file of `systemd/`."""
    for entry in sorted((resources.files("daemon") / "_systemd").iterdir(), key=lambda entry: entry.name):
        if entry.is_file():
            yield entry.name, entry.read_text("utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, "utf-8")
    partial.chmod(0o644)
    partial.replace(path)


def _write_once(path: Path, text: str, mode: int) -> None:
    # Whole or not at all, and never over what somebody else has just put there.
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(partial, path)
    finally:
        partial.unlink()


def _link(path: Path, target: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(path)
