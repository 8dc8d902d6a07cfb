"""The control API of a fresh data directory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.control import Control, control


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Control]:
    async with control(tmp_path) as made:
        yield made
