"""Cells to talk to, on real unix sockets: what they answer is set by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import orjson
import trio
from attrs import define, field

from daemon.control.webhooks import NUMBERS_PATH
from daemon.http1 import headers_of, length_of

NO_ANSWER: Final = b""


def answer(status: int, body: bytes = b"") -> bytes:
    """A response as the lane writes it."""
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


@define(eq=False)
class StandIn:
    """A cell. It owns `numbers`; `scripted` answers go out first, `NO_ANSWER` closes the connection instead."""

    path: str
    numbers: list[str] = field(factory=list)
    accounts: list[str] = field(factory=list)
    scripted: list[bytes] = field(factory=list)
    deliveries: list[tuple[bytes, bytes]] = field(factory=list)
    asked: int = 0
    connections: int = 0
    silent: bool = False
    holding: trio.Event | None = None

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        data = b""
        while chunk := await stream.receive_some(65536):
            data += chunk
            while (end := data.find(b"\r\n\r\n")) >= 0:
                line, _, rest = data[:end].partition(b"\r\n")
                headers = headers_of(rest)
                length = length_of(headers) or 0
                if len(data) < end + 4 + length:
                    break
                body, data = data[end + 4 : end + 4 + length], data[end + 4 + length :]
                if self.silent:
                    await trio.sleep_forever()
                reply = self._reply(line, dict(headers), body)
                if self.holding is not None:
                    await self.holding.wait()
                if reply == NO_ANSWER:
                    return
                await stream.send_all(reply)

    def _reply(self, line: bytes, headers: dict[bytes, bytes], body: bytes) -> bytes:
        if line.split()[1] == NUMBERS_PATH.encode():
            self.asked += 1
            return answer(200, orjson.dumps({"phone_number_ids": self.numbers}))
        self.deliveries.append((body, headers[b"x-hub-signature-256"]))
        if self.scripted:
            return self.scripted.pop(0)
        document = orjson.loads(body)
        named = {_address(entry) for entry in document.get("entry", ())}
        return answer(200, orjson.dumps(sorted(named - {*self.numbers, *self.accounts})))


def _address(entry: dict[str, object]) -> object:
    [change] = entry["changes"]  # type: ignore[misc]
    return change["value"].get("metadata", {}).get("phone_number_id") or entry["id"]


@asynccontextmanager
async def listening(*cells: StandIn) -> AsyncIterator[trio.Nursery]:
    """While inside, those cells answer."""
    async with trio.open_nursery() as nursery:
        for cell in cells:
            await nursery.start(listen, cell)
        yield nursery
        nursery.cancel_scope.cancel()


async def listen(cell: StandIn, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Answer on the cell's socket until cancelled."""
    Path(cell.path).unlink(missing_ok=True)
    sock = trio.socket.socket(trio.socket.AF_UNIX)
    await sock.bind(cell.path)
    sock.listen(64)

    async def serve(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await cell.serve(stream)

    task_status.started()
    await trio.serve_listeners(serve, [trio.SocketListener(sock)])
