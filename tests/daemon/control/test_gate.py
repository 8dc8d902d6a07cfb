"""The gate behind a real listener: every refusal leaves the connection usable, or ends it."""

import hashlib
import hmac
from pathlib import Path

import pytest
import trio

from daemon.control import asgi
from daemon.control.sandbox_page import DemoInfo
from tests.support.control import SECRET, Control, control
from tests.support.listener import RawClient, connected, listening

MB = 1024 * 1024


def post(path: str, body: bytes, *, headers: str = "", length: int | None = None) -> bytes:
    sized = len(body) if length is None else length
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {sized}\r\n{headers}\r\n".encode() + body


def signed(body: bytes) -> str:
    return f"X-Hub-Signature-256: sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}\r\n"


async def still_usable(client: RawClient) -> None:
    await client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await client.answer("GET")).status == 200


@pytest.mark.parametrize(
    ("path", "headers", "size", "status"),
    [
        ("/webhooks/whatsapp", "", 100, 403),
        ("/webhooks/whatsapp", "X-Hub-Signature-256: sha256=00\r\n", 3 * MB, 403),
        ("/webhooks/whatsapp", "", 10 * MB, 413),
        ("/v1/tenants", "", 100, 401),
        ("/v1/tenants", "", 2 * MB, 401),
        ("/v1/nothing", "", 2 * MB, 401),
        ("/nothing", "", 2 * MB, 404),
        ("/docs", "", 2 * MB, 405),
        ("/metrics", "", 2 * MB, 405),
        ("/healthz", "", 2 * MB, 405),
    ],
)
async def test_a_refusal_leaves_the_connection_usable(
    desk: Control, path: str, headers: str, size: int, status: int
) -> None:
    async with listening(desk.gate()) as port, connected(port) as client:
        for _ in range(2):
            await client.send(post(path, b"x" * size, headers=headers))
            got = await client.answer()
            assert got.status == status, got
            assert "connection" not in got.headers
        await still_usable(client)


async def test_a_token_without_the_right_meets_a_body(desk: Control) -> None:
    await desk.add()
    bearer = f"Authorization: Bearer {await desk.token('viewer')}\r\nContent-Type: application/json\r\n"
    async with listening(desk.gate()) as port, connected(port) as client:
        for path, status in (("/v1/tenants", 403), ("/v1/tenants/none/resume", 403)):
            await client.send(post(path, b" " * 2 * MB, headers=bearer))
            assert (await client.answer()).status == status
        await still_usable(client)


async def test_a_json_body_over_its_limit(desk: Control) -> None:
    await desk.add()
    bearer = f"Authorization: Bearer {await desk.token()}\r\nContent-Type: application/json\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    async with listening(desk.gate()) as port, connected(port) as client:
        await client.send(post("/v1/tenants", b" " * 3 * MB, headers=bearer))
        assert (await client.answer()).status == 413
        await client.send(f"POST /v1/tenants HTTP/1.1\r\nHost: x\r\n{bearer}{chunked}\r\n".encode())
        for _ in range(40):
            await client.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await client.send(b"0\r\n\r\n")
        assert (await client.answer()).status == 413
        await still_usable(client)


@pytest.mark.parametrize("path", ["/webhooks/whatsapp", "/v1/tenants", "/healthz"])
async def test_a_body_that_is_far_too_large_ends_the_connection(
    desk: Control, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.control.gate.DRAIN_SECONDS", 0.05)
    monkeypatch.setattr("daemon.control.gate.LINGER_SECONDS", 0.05)
    monkeypatch.setattr(asgi, "LINGER_SECONDS", 0.05)
    async with listening(desk.gate()) as port:
        async with connected(port) as client:
            await client.send(post(path, b"x" * MB, length=1000 * MB))
            got = await client.answer()
            assert got.status in (401, 405, 413)
            assert got.headers["connection"] == "close"
            assert await client.closed()
        async with connected(port) as client:
            await still_usable(client)


async def test_a_peer_that_leaves_in_the_middle_of_its_body(desk: Control) -> None:
    async with listening(desk.gate()) as port:
        for path in ("/webhooks/whatsapp", "/v1/tenants", "/healthz"):
            async with connected(port) as client:
                await client.send(post(path, b"x" * 100, length=1000))
        async with connected(port) as client:
            await still_usable(client)


async def test_pipelined_requests_are_answered_in_order(desk: Control) -> None:
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    async with listening(desk.gate()) as port, connected(port) as client:
        await client.send(post("/webhooks/whatsapp", body, headers=signed(body)))
        assert (await client.answer()).status == 200
        await client.send(post("/webhooks/whatsapp", body))
        assert (await client.answer()).status == 403
        await still_usable(client)
    assert desk.received == [body]


async def test_two_listeners_share_one_application(desk: Control) -> None:
    async with listening(desk.gate(trusted=True)) as admin, listening(desk.gate()) as public:
        for port, status in ((admin, 200), (public, 401), (admin, 200)):
            async with connected(port) as client:
                await client.send(b"GET /v1/tenants HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await client.answer("GET")).status == status
    async with listening(desk.gate(trusted=True)) as again, connected(again) as client:
        await client.send(b"GET /v1/tenants HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer("GET")).status == 200


async def test_health_and_metrics(desk: Control) -> None:
    async with desk.client() as api:
        assert (await api.get("/healthz")).json() == {"status": "ok", "reasons": []}
        desk.health.reasons = ["auto-sul: not tried yet"]
        unready = await api.get("/readyz")
        assert (unready.status_code, unready.json()["reasons"]) == (503, ["auto-sul: not tried yet"])
        assert (await api.get("/metrics")).status_code == 401
        head = await api.head("/healthz")
        assert (head.status_code, head.content) == (200, b"")
    async with desk.client(await desk.token("viewer")) as api:
        metrics = await api.get("/metrics")
        assert metrics.text == "showroomd_up 1\n"
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    async with desk.client(trusted=True) as api:
        assert (await api.get("/metrics")).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 302),
        ("127.0.0.1:8420", 302),
        ("[::1]:8420", 302),
        ("evil.example", 403),
        ("127.0.0.1.evil.example:8420", 403),
        ("localhost.evil.example", 403),
        ("", 403),
    ],
)
async def test_the_demo_answers_to_loopback_names_alone(tmp_path: Path, host: str, status: int) -> None:
    async with control(tmp_path, demo=DemoInfo(token="srd_a_b")) as desk, desk.client() as api:
        answer = await api.get("/", headers={"Host": host})
        assert answer.status_code == status
        assert "srd_a_b" not in answer.text


async def test_a_websocket_is_closed(desk: Control) -> None:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        await trio.lowlevel.checkpoint()
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        await trio.lowlevel.checkpoint()
        assert isinstance(message, dict)
        sent.append(message)

    await desk.gate()({"type": "websocket", "path": "/"}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_admin_socket_is_a_unix_socket(desk: Control, tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    async with listening(desk.gate(trusted=True), f"unix:{path}"), await trio.open_unix_socket(str(path)) as stream:
        client = RawClient(stream)
        for _ in range(2):
            await client.send(b"GET /v1/tenants HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await client.answer("GET")).body == b'{"items":[],"next":null}'
