import hashlib
import hmac
from pathlib import Path

import pytest
import trio

from daemon.control.webhooks import MOST_BYTES
from shards.errors import ShardUnavailable
from tests.conftest import Logs
from tests.support.control import SECRET, VERIFY, Control, control

PATH = "/webhooks/whatsapp"


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_what_is_signed_is_stored_as_it_came(desk: Control) -> None:
    body = b'{"entry":[{"caf\\u00e9":  "\\/"}]}'
    async with desk.client() as api:
        answer = await api.post(PATH, content=body, headers=signature(body))
    assert (answer.status_code, answer.content) == (200, b"")
    assert desk.received == [body]
    assert desk.webhooks.counts.accepted == 1


async def test_what_the_receiver_says_is_answered(desk: Control) -> None:
    async def receive(_: bytes) -> bytes:
        await trio.lowlevel.checkpoint()
        return b'["999"]'

    desk.webhooks.receive = receive
    async with desk.client() as api:
        answer = await api.post(PATH, content=b"{}", headers=signature(b"{}"))
    assert (answer.status_code, answer.content) == (200, b'["999"]')


@pytest.mark.parametrize("body", [b"not json", b"", b"{" * 1000])
async def test_nothing_is_parsed_here(desk: Control, body: bytes) -> None:
    async with desk.client() as api:
        assert (await api.post(PATH, content=body, headers=signature(body))).status_code == 200


async def test_wrong_signatures(desk: Control) -> None:
    body = b"{}"
    right = signature(body)["X-Hub-Signature-256"]
    async with desk.client() as api:
        for header in (
            {},
            {"X-Hub-Signature-256": ""},
            {"X-Hub-Signature-256": right[:-1]},
            {"X-Hub-Signature-256": right.replace("sha256", "sha1")},
            {"X-Hub-Signature": right},
            signature(body, "another secret"),
            signature(b"{} "),
        ):
            assert (await api.post(PATH, content=body, headers=header)).status_code == 403
    assert desk.received == []
    assert desk.webhooks.counts.bad_signature == 7


async def test_a_body_may_be_as_large_as_meta_sends(desk: Control) -> None:
    async with desk.client() as api:
        body = b" " * MOST_BYTES
        assert (await api.post(PATH, content=body, headers=signature(body))).status_code == 200
        body += b" "
        assert (await api.post(PATH, content=body, headers=signature(body))).status_code == 413
    assert desk.webhooks.counts.too_large == 1


async def test_without_an_app_secret_everything_is_refused_and_said_once(tmp_path: Path, logs: Logs) -> None:
    logs.expect_error("no app secret")
    async with control(tmp_path, secret="") as desk, desk.client() as api:
        for _ in range(3):
            assert (await api.post(PATH, content=b"{}", headers=signature(b"{}", ""))).status_code == 403
    assert len(logs.named("no app secret")) == 1


async def test_what_could_not_be_stored_is_asked_for_again(desk: Control) -> None:
    async def full(_: bytes) -> None:
        await trio.lowlevel.checkpoint()
        raise ShardUnavailable("the disk is full")

    desk.webhooks.receive = full
    async with desk.client() as api:
        answer = await api.post(PATH, content=b"{}", headers=signature(b"{}"))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"hub.verify_token": "wrong"}, 403),
        ({"hub.mode": "unsubscribe"}, 403),
        ({"hub.verify_token": ""}, 403),
    ],
)
async def test_verification(desk: Control, change: dict[str, str], status: int) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "001<b>", **change}
    async with desk.client() as api:
        answer = await api.get(PATH, params=query)
    assert answer.status_code == status
    if status == 200:
        assert answer.text == "001<b>"
        assert answer.headers["content-type"].startswith("text/plain")


async def test_other_methods(desk: Control) -> None:
    async with desk.client() as api:
        assert (await api.put(PATH, content=b"x")).status_code == 405
