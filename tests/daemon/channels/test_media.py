"""Fetching files from the emulated Graph API; hosts, hashes, sizes and what is left on the disk."""

import base64
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from daemon.channels.media import (
    MediaFetcher,
    MediaGone,
    MediaRefused,
    MediaTooLarge,
    declared_hash,
    keep,
    may_have_token,
    media_path,
    sniffed,
)
from daemon.emulator.graph import Fault, GraphPeer
from daemon.errors import FetchError
from tests.support.graph_peer import PHONE_NUMBER_ID, TOKEN, VERSION, graph_peer, serving

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
HASH = hashlib.sha256(JPEG).hexdigest()
HOSTS = frozenset(("lookaside.fbsbx.com", "127.0.0.1:8431"))


@asynccontextmanager
async def fetching(tmp_path: Path, **options: Any) -> AsyncIterator[tuple[GraphPeer, MediaFetcher, str]]:
    """A peer, a fetcher that may go there, and the peer's base URL."""
    async with graph_peer(tokens=[TOKEN]) as (peer, url), httpx.AsyncClient() as client:
        yield peer, fetcher(client, url, tmp_path, **options), url


def fetcher(client: httpx.AsyncClient, url: str, media_dir: Path, **options: Any) -> MediaFetcher:
    given = {"hosts": [url.removeprefix("http://")], **options}
    return MediaFetcher(
        client,
        graph_url=url,
        version=VERSION,
        phone_number_id=PHONE_NUMBER_ID,
        token=lambda: TOKEN,
        tenant="auto-sul",
        media_dir=media_dir,
        **given,
    )


def left_over(media_dir: Path) -> list[str]:
    return sorted(str(path.relative_to(media_dir)) for path in media_dir.rglob("*") if path.is_file())


async def test_a_file_is_stored_by_its_content(tmp_path: Path) -> None:
    async with fetching(tmp_path) as (peer, fetch, _):
        media_id = peer.add_file(JPEG, "image/jpeg")
        sha256 = base64.b64encode(bytes.fromhex(HASH)).decode()
        stored = await fetch.fetch({"id": media_id, "mime_type": "image/jpeg; x=y", "sha256": sha256})
        again = await fetch.fetch({"id": media_id})
    assert stored == again
    assert (stored.hash, stored.bytes, stored.mime_type) == (HASH, len(JPEG), "image/jpeg")
    assert stored.path == tmp_path / "auto-sul" / HASH[:2] / HASH[2:] == media_path(tmp_path, "auto-sul", HASH)
    assert stored.path.read_bytes() == JPEG
    assert left_over(tmp_path) == [f"auto-sul/{HASH[:2]}/{HASH[2:]}"]
    assert [call.kind for call in peer.calls] == ["lookup", "download"] * 2


async def test_the_webhooks_own_address_saves_the_look_up(tmp_path: Path) -> None:
    async with fetching(tmp_path) as (peer, fetch, url):
        media_id = peer.add_file(JPEG, "image/jpeg")
        given = {"id": media_id, "url": f"{url}/emulator/files/{media_id}", "sha256": HASH}
        await fetch.fetch(given)
        assert [call.kind for call in peer.calls] == ["download"]
        peer.expire(media_id)
        await fetch.fetch(given)
        assert [call.kind for call in peer.calls[1:]] == ["download", "lookup", "download"]


async def test_an_address_that_is_not_on_the_list_never_sees_the_token(tmp_path: Path) -> None:
    stolen: list[Any] = []

    async def thief(scope: Any, receive: Any, send: Any) -> None:
        stolen.append(scope)

    async with fetching(tmp_path) as (peer, fetch, _), serving(thief) as elsewhere:
        media_id = peer.add_file(JPEG, "image/jpeg")
        stored = await fetch.fetch({"id": media_id, "url": f"{elsewhere}/x"})
        assert stored.hash == HASH
        with pytest.raises(MediaRefused):
            await fetch.fetch({"url": f"{elsewhere}/x"})
    assert stolen == []


async def test_a_look_up_that_names_another_host_is_refused(tmp_path: Path) -> None:
    async with fetching(tmp_path, hosts=["lookaside.fbsbx.com"]) as (peer, fetch, _):
        with pytest.raises(MediaRefused, match="media_hosts"):
            await fetch.fetch({"id": peer.add_file(JPEG, "image/jpeg")})


async def test_no_redirect_is_followed(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(302, headers={"location": "https://evil.example.com/"})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True)
    fetch = fetcher(client, "https://graph.example.com", tmp_path, hosts=["lookaside.fbsbx.com"])
    with pytest.raises(MediaRefused):
        await fetch.fetch({"url": "https://lookaside.fbsbx.com/x"})
    assert seen == ["lookaside.fbsbx.com"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_beyond_the_limit_leaves_nothing(tmp_path: Path, announced: bool) -> None:
    class Endless(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while not self.closed:
                await trio.lowlevel.checkpoint()
                yield bytes(100_000)

        async def aclose(self) -> None:
            self.closed = True

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"content-length": "99999999"} if announced else {}
        return httpx.Response(200, headers=headers, stream=Endless())

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    fetch = fetcher(client, "https://graph.example.com", tmp_path, hosts=["lookaside.fbsbx.com"], max_bytes=1_000_000)
    with pytest.raises(MediaTooLarge):
        await fetch.fetch({"url": "https://lookaside.fbsbx.com/x"})
    assert left_over(tmp_path) == []


async def test_a_file_beyond_the_limit_breaks_a_real_connection_off(tmp_path: Path) -> None:
    sent = 0

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while sent < 50_000_000:
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            sent += 100_000

    async with serving(endless) as url, httpx.AsyncClient() as client:
        with pytest.raises(MediaTooLarge):
            await fetcher(client, url, tmp_path, max_bytes=1_000_000).fetch({"url": f"{url}/x"})
    assert sent < 50_000_000
    assert left_over(tmp_path) == []


async def test_a_size_beyond_the_limit_is_not_even_begun(tmp_path: Path) -> None:
    async with fetching(tmp_path, max_bytes=100) as (peer, fetch, _):
        with pytest.raises(MediaTooLarge):
            await fetch.fetch({"id": peer.add_file(JPEG, "image/jpeg")})
        assert [call.kind for call in peer.calls] == ["lookup"]


async def test_other_bytes_than_promised_are_refused(tmp_path: Path) -> None:
    async with fetching(tmp_path) as (peer, fetch, _):
        media_id = peer.add_file(JPEG, "image/jpeg")
        with pytest.raises(MediaRefused):
            await fetch.fetch({"id": media_id, "sha256": "0" * 64})
    assert left_over(tmp_path) == []


async def test_a_file_of_another_number_is_gone(tmp_path: Path) -> None:
    async with fetching(tmp_path) as (peer, fetch, _):
        with pytest.raises(MediaGone):
            await fetch.fetch({"id": peer.add_file(JPEG, "image/jpeg", phone_number_id="42")})
        with pytest.raises(MediaGone):
            await fetch.fetch({"id": "300000000009999"})


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="cut", on="download"),
        Fault(kind="status", http_status=503, on="download"),
        Fault(kind="status", http_status=404, on="download"),
        Fault(kind="cut", on="lookup"),
        Fault(kind="error", code=131016, on="lookup"),
        Fault(kind="error", code=190, on="lookup"),
        Fault(kind="status", http_status=500, on="lookup"),
    ],
)
async def test_what_may_pass_is_worth_another_try(tmp_path: Path, fault: Fault) -> None:
    async with fetching(tmp_path) as (peer, fetch, _):
        media_id = peer.add_file(JPEG, "image/jpeg")
        peer.plan(fault)
        with pytest.raises(FetchError) as caught:
            await fetch.fetch({"id": media_id})
        assert type(caught.value) is FetchError
        assert TOKEN not in repr(caught.value)
        assert (await fetch.fetch({"id": media_id})).hash == HASH
    assert left_over(tmp_path) == [f"auto-sul/{HASH[:2]}/{HASH[2:]}"]


async def test_cancelled_half_way_leaves_nothing(tmp_path: Path) -> None:
    begun = trio.Event()

    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield bytes(300_000)
            begun.set()
            await trio.sleep_forever()

    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200, stream=Slow())))
    fetch = fetcher(client, "https://graph.example.com", tmp_path, hosts=["lookaside.fbsbx.com"])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch.fetch, {"url": "https://lookaside.fbsbx.com/x"})
        await begun.wait()
        assert len(left_over(tmp_path)) == 1
        nursery.cancel_scope.cancel()
    assert left_over(tmp_path) == []


async def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    async with fetching(tmp_path / "file") as (peer, fetch, _):
        with pytest.raises(FetchError, match="could not be stored"):
            await fetch.fetch({"id": peer.add_file(JPEG, "image/jpeg")})


@pytest.mark.parametrize("media", [{}, {"id": ""}, {"id": "../me"}, {"id": "a/b"}, {"id": None, "url": 5}])
async def test_what_names_no_file_is_refused(tmp_path: Path, media: dict[str, Any]) -> None:
    async with fetching(tmp_path) as (peer, fetch, _):
        with pytest.raises(MediaRefused):
            await fetch.fetch(media)
        assert peer.calls == []


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://lookaside.fbsbx.com/a?b=c", True),
        ("https://LOOKASIDE.fbsbx.com/a", True),
        ("https://lookaside.fbsbx.com:443/a", True),
        ("http://lookaside.fbsbx.com/a", False),
        ("https://lookaside.fbsbx.com:8443/a", False),
        ("https://lookaside.fbsbx.com.evil.com/a", False),
        ("https://evil.com/lookaside.fbsbx.com", False),
        ("https://lookaside.fbsbx.com@evil.com/a", False),
        ("https://user:pass@lookaside.fbsbx.com/a", False),
        ("https://lookaside.fbsbx.com./a", False),
        ("http://127.0.0.1:8431/x", True),
        ("http://127.0.0.1:8432/x", False),
        ("http://127.0.0.1/x", False),
        ("ftp://lookaside.fbsbx.com/a", False),
        ("//lookaside.fbsbx.com/a", False),
        ("", False),
        ("https://[", False),
    ],
)
def test_where_the_token_may_go(url: str, allowed: bool) -> None:
    assert may_have_token(url, HOSTS) is allowed


def test_plain_http_to_another_machine_is_refused_even_if_listed() -> None:
    assert not may_have_token("http://10.0.0.5:8431/x", {"10.0.0.5:8431"})


@given(st.text())
def test_no_address_raises(url: str) -> None:
    may_have_token(url, HOSTS)


@given(st.binary(min_size=32, max_size=32))
def test_hashes_in_either_spelling(digest: bytes) -> None:
    assert declared_hash(base64.b64encode(digest).decode()) == digest.hex()
    assert declared_hash(digest.hex().upper()) == digest.hex()


@pytest.mark.parametrize("value", [None, "", "x", "zz" * 32, 5, base64.b64encode(b"short").decode(), "á" * 44])
def test_what_is_no_hash(value: Any) -> None:
    assert declared_hash(value) == ""


@pytest.mark.parametrize(
    ("head", "mime_type"),
    [
        (JPEG[:16], "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_sniffing(head: bytes, mime_type: str) -> None:
    assert sniffed(head) == mime_type


async def pieces(data: bytes, size: int) -> AsyncGenerator[bytes, None]:
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


@pytest.mark.parametrize("size", [1, 50, 10_000])
async def test_a_file_that_is_given_is_kept_by_its_content(tmp_path: Path, size: int) -> None:
    stored = await keep(pieces(JPEG, size), media_dir=tmp_path, tenant="auto-sul", claimed="text/html")
    assert (stored.hash, stored.mime_type, stored.bytes) == (HASH, "image/jpeg", len(JPEG))
    assert stored.path.read_bytes() == JPEG
    assert len(left_over(tmp_path)) == 1


async def test_a_given_file_that_is_too_large_or_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield JPEG
        raise KeyError("the peer left")

    async with aclosing(pieces(JPEG, 100)) as body:
        with pytest.raises(MediaTooLarge):
            await keep(body, media_dir=tmp_path, tenant="auto-sul", max_bytes=len(JPEG) - 1)
    with pytest.raises(KeyError, match="the peer left"):
        await keep(broken(), media_dir=tmp_path, tenant="auto-sul")
    assert left_over(tmp_path) == []
