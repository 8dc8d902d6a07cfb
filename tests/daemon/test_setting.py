from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.setting import Bind


@pytest.mark.parametrize("text", ["127.0.0.1:8420", "[::1]:80", "localhost:0", "unix:/run/x.sock"])
def test_a_bind_says_itself(text: str) -> None:
    assert str(Bind.parse(text)) == text


@pytest.mark.parametrize("text", ["", ":80", "host", "host:", "host:99999", "host:8x", "unix:x", "host:²"])
def test_what_is_no_bind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        Bind.parse(text)


@given(st.text())
def test_parsing_raises_nothing_else(text: str) -> None:
    with suppress(ValueError):
        Bind.parse(text)
