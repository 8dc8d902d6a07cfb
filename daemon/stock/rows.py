"""What the readers of all formats share: their limits, and a row that cannot be read."""

from typing import Final

from attrs import frozen

MAX_BODY_BYTES: Final = 64_000_000
MAX_ROWS: Final = 200_000
MAX_ENTRY: Final = 1_000_000
"""Characters of one vehicle's entry."""
MAX_DEPTH: Final = 32


@frozen
class Unusable:
    """A row that is there and cannot be read; its neighbours can."""

    reason: str
