"""The wall clock and nothing else: every other module is given the time."""

from collections.abc import Callable
from datetime import datetime

from shards.shard import utc_now

Now = Callable[[], datetime]

__all__ = ["Now", "utc_now"]
