from collections.abc import Sequence
from typing import Any

import pytest
import trio

from daemon.control.asgi import Body, BodyTooLarge, Gone, Message, declared_length, refuse


def scope(*headers: tuple[bytes, bytes], method: str = "POST", version: str = "1.1") -> dict[str, Any]:
    return {"type": "http", "method": method, "headers": list(headers), "http_version": version}


def body_of(parts: Sequence[bytes | None], *headers: tuple[bytes, bytes]) -> Body:
    """A request body in parts; None: the peer leaves."""
    waiting = list(parts)

    async def receive() -> Message:
        await trio.lowlevel.checkpoint()
        if not waiting:
            await trio.sleep_forever()
        part = waiting.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    return Body(scope(*headers), receive)


@pytest.mark.parametrize(
    ("value", "length"), [(b"12", 12), (b"", None), (b"-1", None), (b"x", None), (b"9" * 16, None)]
)
def test_declared_length(value: bytes, length: int | None) -> None:
    assert declared_length(scope((b"content-length", value))) == length


async def test_reading() -> None:
    assert await body_of([b"ab", b"c"]).read(3) == b"abc"
    assert await body_of([b""]).read(0) == b""
    with pytest.raises(BodyTooLarge):
        await body_of([b"ab", b"cd"]).read(3)
    with pytest.raises(BodyTooLarge):
        await body_of([], (b"content-length", b"4")).read(3)
    with pytest.raises(Gone):
        await body_of([b"ab", None]).read(3)


async def test_draining() -> None:
    assert await body_of([b"ab", b"c"]).drain()
    assert not await body_of([b"ab"] * 9).drain(limit=4)
    assert not await body_of([], (b"content-length", b"5")).drain(limit=4)
    gone = body_of([b"ab", None])
    assert await gone.drain()
    assert gone.gone
    stuck = Body(scope(), trio.sleep_forever)  # type: ignore[arg-type]
    assert not await stuck.drain(seconds=0.01)


@pytest.mark.parametrize(("version", "closes"), [("1.1", True), ("2", False)])
async def test_a_refusal_of_an_endless_body(version: str, closes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.control.asgi.LINGER_SECONDS", 0.01)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    rest = body_of([], (b"content-length", b"9" * 12))
    await refuse(scope(version=version), send, rest, 413, b"no")
    assert sent[0]["status"] == 413
    assert ((b"connection", b"close") in sent[0]["headers"]) is closes
    assert b"".join(message.get("body", b"") for message in sent) == b"no"
    assert sent[-1]["more_body"] is False


async def test_nothing_is_sent_to_who_left() -> None:
    async def send(_: Message) -> None:
        raise AssertionError

    rest = body_of([None])
    await refuse(scope(), send, rest, 403)
