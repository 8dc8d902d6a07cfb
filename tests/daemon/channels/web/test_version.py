"""Which client version we say we are: looked up rarely, never lowered, and never for want of an answer given up."""

import httpx
import pytest
import trio
import trio.testing

from daemon.channels.web.version import LEAST_AFTER_FAILURE_SECONDS, LEAST_SECONDS, MAX_BYTES, ClientVersion
from daemon.whatsapp.web.payload import BUILT_IN_VERSION

NEWER = (2, 3000, 4_000_000_000)
PAGE = b'{"client_revision":4000000000,"x":1}'


class Site:
    def __init__(self, *answers: bytes | int) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, content=answer)

    def version(self) -> ClientVersion:
        return ClientVersion(httpx.AsyncClient(transport=httpx.MockTransport(self)), page="https://page/sw.js")


async def test_the_page_tells(autojump_clock: trio.testing.MockClock) -> None:
    site = Site(PAGE)
    version = site.version()
    assert version.current == BUILT_IN_VERSION
    assert await version.refresh()
    assert version.current == NEWER


async def test_many_tenants_ask_once_an_hour(autojump_clock: trio.testing.MockClock) -> None:
    site = Site(PAGE)
    version = site.version()
    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(version.refresh)
    assert site.asked == 1
    await trio.sleep(LEAST_SECONDS)
    await version.refresh()
    assert site.asked == 2


async def test_never_lower(autojump_clock: trio.testing.MockClock) -> None:
    version = Site(b'"client_revision":7,').version()
    assert await version.refresh()
    assert version.current == BUILT_IN_VERSION
    version.took((2, 3000, 1))
    assert version.current == BUILT_IN_VERSION
    version.took(NEWER)
    assert version.current == NEWER


@pytest.mark.parametrize("bad", [500, 404, b"", b"<html>no</html>", b"x" * (MAX_BYTES + 5) + PAGE])
async def test_a_page_that_does_not_tell_is_asked_again_soon(
    autojump_clock: trio.testing.MockClock, bad: bytes | int
) -> None:
    site = Site(bad, PAGE)
    version = site.version()
    assert not await version.refresh()
    assert not await version.refresh()
    assert site.asked == 1
    await trio.sleep(LEAST_AFTER_FAILURE_SECONDS)
    assert await version.refresh()
    assert version.current == NEWER


async def test_a_test_server_has_no_page(autojump_clock: trio.testing.MockClock) -> None:
    async with httpx.AsyncClient() as client:
        assert await ClientVersion(client, page="").refresh()
