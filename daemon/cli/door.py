"""The way to the data: a running daemon's admin socket, or the data directory itself while none runs."""

import grp
import importlib
import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import trio

from daemon.config import Config
from daemon.errors import AlreadyRunning
from daemon.lock import Holder, holder, locked
from daemon.secrets import Secrets
from shards.migrate import migrations

BASE_URL: Final = "http://showroomd"
PATIENCE_SECONDS: Final = 15.0
"""How long a daemon that is just starting may take to open its admin socket."""
LOADED_LATE: Final = (
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_8_sig",
    "httpcore",
)
TIMEOUT: Final = httpx.Timeout(600, connect=5)


@asynccontextmanager
async def data_client(config: Config, secrets: Secrets) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the trusted API; the caller need not care whether a daemon runs.

    Without one it becomes the data directory's owner (if it is root), takes the lock and serves itself.
    Raises `AlreadyRunning` when the holder of the lock does not answer, `ConfigError`.
    """
    found = holder(config.data_dir)
    if found is not None:
        transport = httpx.AsyncHTTPTransport(uds=str(await _awaited(found, config.data_dir)))
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=TIMEOUT) as client:
            yield client
        return
    secrets.required_master_key()  # before a directory is made that would be of no use
    from daemon.main import offline  # late: `--help` and calls of a running daemon need none of it

    become_owner(config.data_dir)
    os.umask(0o077)
    with locked(config.data_dir):
        async with offline(config, secrets) as app:
            transport_here = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport_here, base_url=BASE_URL, timeout=TIMEOUT) as client:
                yield client


async def _awaited(found: Holder, data_dir: Path) -> Path:
    if found.admin_socket is None:
        raise AlreadyRunning(f"another command (pid {found.pid}) is at work on {data_dir}", "try again when it is done")
    with trio.move_on_after(PATIENCE_SECONDS):
        while True:
            try:
                stream = await trio.open_unix_socket(str(found.admin_socket))
            except PermissionError:
                raise AlreadyRunning(
                    f"{found.admin_socket} is not open to this user", "run the command as root or as its owner"
                ) from None
            except OSError:
                await trio.sleep(0.1)
            else:
                await stream.aclose()
                return found.admin_socket
    raise AlreadyRunning(f"the daemon (pid {found.pid}) does not answer on {found.admin_socket}", "look at its log")


def become_owner(data_dir: Path) -> None:
    """If we are root and the directory is somebody else's, be that user from here on: no file of root's is left."""
    if os.geteuid() != 0 or not data_dir.exists():
        return
    status = data_dir.stat()
    if status.st_uid == 0:
        return
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
        groups = os.getgrouplist(name, status.st_gid)
    except KeyError:
        groups = [status.st_gid]
    _read_in_advance()
    os.setgroups(groups)
    os.setgid(status.st_gid)
    os.setuid(status.st_uid)


def _read_in_advance() -> None:
    # The owner may not be allowed where root's Python is: what is loaded late elsewhere is loaded now.
    for kind in ("central", "tenant"):
        migrations(kind)
    for module in LOADED_LATE:
        importlib.import_module(module)


def owner_name(path: Path) -> str:
    """user:group of a file, by name where they have one."""
    status = path.stat()
    try:
        user = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        user = str(status.st_uid)
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    return f"{user}:{group}"
