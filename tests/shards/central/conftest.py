"""Central on a disk of one test, without a loop."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shards import HandClock, open_shard, within


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def central(tmp_path: Path, clock: HandClock) -> Iterator[Callable[..., Any]]:
    """Runs a function of an open `Tx` with its arguments, each in a committed transaction."""
    shard = open_shard(tmp_path / "central.db", clock, "central")
    yield lambda work, *args, **named: within(shard, lambda tx: work(tx, *args, **named), clock)
    shard.close()
