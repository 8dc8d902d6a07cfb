"""The floor of free space: below it nothing is written that could wait."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio

from daemon.logs import get_logger

LOOK_SECONDS: Final = 15.0
REGAINED: Final = 1.1
"""How far above the floor free space must rise before all is well again, so that it does not flicker."""
MIB: Final = 1 << 20

_log = get_logger("disk")


def free_bytes(path: Path) -> int:
    """What an ordinary user may still write there. Raises `OSError`."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


class DiskFloor:
    """Knows whether there is room for media and copies. Answers to customers go on either way."""

    def __init__(
        self,
        data_dir: Path,
        floor_bytes: int,
        trouble: Callable[[str], None],
        *,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """`trouble` gets a sentence while there is too little room, "" when there is enough again."""
        self._data_dir = data_dir
        self._floor = floor_bytes
        self._trouble = trouble
        self._free = free
        self.free = floor_bytes
        """Bytes that were free at the last look."""
        self.low = False

    def room(self, size: int = 0) -> bool:
        """Whether so many bytes may be written and the floor still holds, as of the last look."""
        return not self.low and self.free - size >= self._floor

    async def look(self) -> None:
        """Look now. May be cancelled."""
        try:
            self.free = await trio.to_thread.run_sync(self._free, self._data_dir)
        except OSError as error:
            _log.warning("disk_not_seen", reason=str(error))
            return
        was = self.low
        self.low = self.free < self._floor * (REGAINED if was else 1.0)
        if self.low:
            self._trouble(
                f"only {self.free // MIB} MB are free under {self._data_dir} (storage.floor_mb is"
                f" {self._floor // MIB}): customers' files and copies wait, answers go on; free some space"
            )
        elif was:
            self._trouble("")
        if was != self.low:
            _log.warning("disk_low" if self.low else "disk_regained", free_mb=self.free // MIB)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look again and again, until cancelled."""
        await self.look()
        task_status.started()
        while True:
            await trio.sleep(LOOK_SECONDS)
            await self.look()
