"""The fault tests' way to die at a chosen commit: `SHOWROOMD_KILL_AT_COMMIT=n[:before|after]`."""

import os
import signal
import threading

_VARIABLE = "SHOWROOMD_KILL_AT_COMMIT"


class CommitFault:
    """Counts the process's commits and kills it with SIGKILL at the n-th, before or after it is on disk."""

    def __init__(self, setting: str) -> None:
        """`setting`: "" never, else "n", "n:before" or "n:after" (the default). Raises ValueError."""
        number, _, moment = setting.partition(":")
        self._at = int(number) if setting else 0
        if moment not in ("", "before", "after"):
            raise ValueError(f"{_VARIABLE} takes n, n:before or n:after, not {setting!r}")
        self._moment = moment or "after"
        self._count = 0
        self._lock = threading.Lock()

    def reached(self, moment: str) -> None:
        """Called with "before" and "after" round each commit, from any thread."""
        if not self._at:
            return
        with self._lock:
            self._count += moment == "before"
            due = self._count == self._at and moment == self._moment
        if due:
            os.kill(os.getpid(), signal.SIGKILL)


commit_fault = CommitFault(os.environ.get(_VARIABLE, ""))
