"""The lock on the data directory: two daemons never share one."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from daemon.errors import AlreadyRunning, ConfigError

FOLDERS: Final = ("shards", "sessions", "media", "copies")
LOOKS: Final = 6
LOOK_SECONDS: Final = 0.05


@frozen
class Holder:
    """Who holds a data directory, and where its admin API is (None: it serves none)."""

    pid: str
    admin_socket: Path | None


@contextmanager
def locked(data_dir: Path, admin_socket: Path | None = None) -> Iterator[None]:
    """Hold the data directory, and make its folders (mode 0700) where they are missing.

    `admin_socket` is left there for commands to find. The kernel lets go of the lock when the process dies,
    however it dies. Raises `AlreadyRunning` naming the holder's pid, `ConfigError` when the directory cannot
    be used.
    """
    try:
        for folder in (data_dir, *(data_dir / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(data_dir, error) from error
    try:
        if not _take_patiently(descriptor):
            raise AlreadyRunning(
                f"another showroomd (pid {_read(descriptor).pid}) holds {data_dir}",
                "stop it first, or use another data directory",
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n{admin_socket or ''}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(data_dir: Path) -> Holder | None:
    """Who holds the data directory now; None: nobody. Raises `ConfigError` when it cannot be seen."""
    try:
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unusable(data_dir, error) from error
    try:
        return None if _take(descriptor) else _read(descriptor)
    finally:
        os.close(descriptor)


def _take_patiently(descriptor: int) -> bool:
    # `holder` of another process takes the lock for an instant to see whether it is free.
    never = threading.Event()
    return any(_take(descriptor) or never.wait(LOOK_SECONDS) for _ in range(LOOKS))


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Holder:
    pid, _, rest = os.pread(descriptor, 4096, 0).decode("utf-8", "replace").partition("\n")
    socket = rest.partition("\n")[0]
    return Holder(pid or "unknown", Path(socket) if socket else None)


def _unusable(data_dir: Path, error: OSError) -> ConfigError:
    return ConfigError(
        (f"daemon.data_dir: {data_dir} cannot be used ({error.strerror}); check its owner, mode and mount",)
    )
