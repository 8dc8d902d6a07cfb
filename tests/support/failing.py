"""Shards that fail on demand."""

from collections.abc import Callable
from typing import Any

import trio

from shards.shard import Shard, Tx


class Failing:
    """Makes `Shard.write` of chosen files fail, from the n-th write on."""

    def __init__(self, monkeypatch: Any) -> None:
        self._plans: dict[str, list[Any]] = {}
        real = Shard.write

        async def write(shard: Shard, work: Callable[[Tx], Any], **options: Any) -> Any:
            plan = self._plans.get(shard.path.name)
            if plan is not None:
                plan[0] -= 1
                if plan[0] < 0:
                    await trio.lowlevel.checkpoint()
                    raise plan[1]
            return await real(shard, work, **options)

        monkeypatch.setattr(Shard, "write", write)

    def plan(self, file: str, error: BaseException, *, after: int = 0) -> None:
        """Writes of `file` fail with `error`, after so many that do not."""
        self._plans[file] = [after, error]

    def heal(self, file: str) -> None:
        """They do not any more."""
        self._plans.pop(file, None)
