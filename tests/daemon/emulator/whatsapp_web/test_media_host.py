"""Files over HTTP."""

import base64
import hashlib
import random
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import trio

from daemon.emulator.whatsapp_web.media_host import Certificate, MediaServer, MediaStore
from daemon.whatsapp.web import media
from daemon.whatsapp.web.compose import Uploaded
from tests.daemon.emulator.whatsapp_web.people import NOW

PLAIN = bytes(range(256)) * 300


@pytest.fixture
def store() -> MediaStore:
    return MediaStore(random.Random(5).randbytes)


@pytest.fixture
async def server(store: MediaStore, tmp_path: Path) -> AsyncIterator[MediaServer]:
    server = MediaServer(store, Certificate.make(datetime.now(UTC)), tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve)
        yield server
        nursery.cancel_scope.cancel()


def decrypted(uploaded: Uploaded, stored: bytes) -> bytes:
    file = uploaded.file
    decryptor = media.Decryptor(
        media.keys(file.media_key, file.kind), enc_sha256=file.enc_sha256, sha256=file.sha256, max_bytes=len(stored)
    )
    return decryptor.feed(stored) + decryptor.finish()


def target(store: MediaStore, body: bytes, *, auth: str | None = None) -> str:
    token = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()
    return f"/mms/image/{token}?auth={store.auth if auth is None else auth}&token={token}"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_file_there_and_back(server: MediaServer, store: MediaStore, scheme: str) -> None:
    trust = ssl.create_default_context(cafile=str(server.ca_file))
    async with httpx.AsyncClient(verify=trust, base_url=f"{scheme}://{server.known_as.hostname}") as client:
        answer = await client.post(target(store, PLAIN), content=PLAIN)
        path = answer.json()["direct_path"]
        assert (await client.get(path + "&hash=x&mms-type=image")).content == PLAIN
        assert answer.json()["url"].startswith(f"https://{store.host}{path}")
    assert (store.uploads, store.downloads) == (1, 1)


def test_who_may_upload_what(store: MediaStore) -> None:
    assert store.answer("POST", target(store, PLAIN, auth="wrong"), PLAIN)[0] == 401
    assert store.answer("POST", target(store, PLAIN), b"something else")[0] == 400
    assert store.answer("POST", target(store, PLAIN).replace("/mms/", "/else/"), PLAIN)[0] == 400
    assert store.answer("POST", target(store, PLAIN).replace("%3D", ""), PLAIN)[0] == 200
    assert len(store.files) == 1


def test_a_phones_upload_can_be_decrypted(store: MediaStore) -> None:
    uploaded = store.upload("image", PLAIN, "image/jpeg", NOW)
    status, stored = store.answer("GET", uploaded.file.direct_path, b"")
    assert status == 200
    assert decrypted(uploaded, stored) == PLAIN


def test_a_file_expires_and_is_uploaded_again(store: MediaStore) -> None:
    path = store.upload("image", PLAIN, "image/jpeg", NOW).file.direct_path
    store.expire(path)
    assert store.answer("GET", path, b"")[0] == 410
    assert store.answer("GET", "/v/never", b"")[0] == 404
    renewed = store.renew(path)
    assert renewed != path
    assert store.answer("GET", renewed, b"")[0] == 200
    assert store.renew("/v/never") == ""
    with pytest.raises(KeyError):
        store.expire(path)


def test_refusals_come_first(store: MediaStore) -> None:
    path = store.upload("image", PLAIN, "image/jpeg", NOW).file.direct_path
    store.refusals += [503, 429]
    assert [store.answer("GET", path, b"")[0] for _ in range(3)] == [503, 429, 200]


async def test_nonsense_ends_the_connection_alone(server: MediaServer) -> None:
    port = int(server.store.host.rpartition(":")[2])
    for nonsense in (b"hello\r\n\r\n", b"\x16\x03\x01nonsense"):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(nonsense)
            with trio.fail_after(60):
                try:
                    while await stream.receive_some(1000):
                        pass
                except trio.BrokenResourceError:
                    pass
    async with httpx.AsyncClient(base_url=f"http://{server.store.host}") as client:
        assert (await client.get("/v/never")).status_code == 404
