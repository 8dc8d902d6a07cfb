from collections.abc import Iterator

import pytest

from tests.support.session import SessionFile, session_file


@pytest.fixture
def file() -> Iterator[SessionFile]:
    with session_file() as made:
        yield made
