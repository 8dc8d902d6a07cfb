"""A real Baileys client in a Node process of its own, driven from a test. `baileys/peer.mjs` is the other half."""

import base64
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import trio
from attrs import define, field, frozen

FOLDER: Final = Path(__file__).parent / "baileys"
WAIT_SECONDS: Final = 60

Event = Mapping[str, Any]


def missing() -> str:
    """Why Baileys cannot run here; "" if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FOLDER / "node_modules" / "baileys").is_dir():
        return "Baileys is not installed: run tests/support/baileys/install"
    return ""


needs_baileys = pytest.mark.skipif(
    bool(missing()) and os.environ.get("SHOWROOMD_TEST_BAILEYS") != "must", reason=missing() or "Baileys is there"
)


class BaileysError(Exception):
    """Baileys refused or failed a command."""


@frozen(kw_only=True)
class Memory:
    """Of the whole Node process, after a garbage collection, in bytes."""

    rss: int
    heap: int
    external: int
    array_buffers: int
    sockets: int  # that are open


@define(eq=False)
class Peer:
    """A running process. Events are kept until a test asks for them; each is given once."""

    process: trio.Process
    events: list[Event] = field(factory=list)
    _answers: dict[int, Event] = field(factory=dict)
    _asked: int = 0
    _news: trio.Event = field(factory=trio.Event)

    async def call(self, do: str, *, socket: str = "main", **fields: Any) -> Event:
        """Run a command. Raises `BaileysError`."""
        self._asked += 1
        id_ = self._asked
        assert self.process.stdin is not None
        await self.process.stdin.send_all(orjson.dumps({"do": do, "id": id_, "socket": socket, **fields}) + b"\n")
        with trio.fail_after(WAIT_SECONDS):
            while id_ not in self._answers:
                await self._news.wait()
        answer = self._answers.pop(id_)
        if "error" in answer:
            raise BaileysError(answer["error"])
        return answer

    async def event(
        self, *kinds: str, socket: str = "main", where: Callable[[Event], bool] = lambda _: True
    ) -> Event:
        """The oldest event of these kinds on that socket, once there is one."""
        with trio.fail_after(WAIT_SECONDS):
            while True:
                for n, event in enumerate(self.events):
                    if event["event"] in kinds and event["socket"] == socket and where(event):
                        return self.events.pop(n)
                await self._news.wait()

    async def open(self, *, socket: str = "main", **options: Any) -> None:
        """Start a device: it pairs (its QR code is an event) or logs in again."""
        await self.call("open", socket=socket, options=options)

    async def close(self, *, socket: str = "main") -> None:
        """End its connection; the device stays linked."""
        await self.call("close", socket=socket)

    async def send(
        self, to: str, content: Mapping[str, Any], *, socket: str = "main", quote: str | None = None, **options: Any
    ) -> str:
        """Send what Baileys calls `content`, files as base64; the message's id."""
        extra = {} if quote is None else {"quote": quote}
        answer = await self.call("send", socket=socket, to=to, content=content, options=options, **extra)
        return str(answer["key"]["id"])

    async def text(self, to: str, text: str, *, socket: str = "main", quote: str | None = None) -> str:
        """Send a text; the message's id."""
        return await self.send(to, {"text": text}, socket=socket, quote=quote)

    async def react(self, to: str, message_id: str, text: str, *, socket: str = "main") -> None:
        """React to a message; "" takes it back."""
        await self.call("react", socket=socket, to=to, message_id=message_id, text=text)

    async def read(self, *message_ids: str, socket: str = "main") -> None:
        """Mark as read."""
        await self.call("read", socket=socket, message_ids=message_ids)

    async def download(self, message_id: str, *, socket: str = "main") -> bytes:
        """The file of a message that was received."""
        answer = await self.call("download", socket=socket, message_id=message_id)
        return base64.b64decode(answer["bytes"])

    async def memory(self) -> Memory:
        """What the process holds."""
        answer = await self.call("memory")
        return Memory(**{name: answer[name] for name in ("rss", "heap", "external", "array_buffers", "sockets")})

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        unread = b""
        async for chunk in self.process.stdout:
            *lines, unread = (unread + chunk).split(b"\n")
            for line in lines:
                said = orjson.loads(line)
                if "answer" in said:
                    self._answers[said["answer"]] = said
                else:
                    self.events.append(said)
            self._news.set()
            self._news = trio.Event()


@asynccontextmanager
async def baileys(url: str, directory: Path, *, ca_file: Path | None = None) -> AsyncIterator[Peer]:
    """A process that connects to `url` and keeps its devices in `directory`; killed at the end.

    ca_file: certificates it trusts besides (PEM), for a media host of ours.
    """
    environ = dict(os.environ)
    if ca_file is not None:
        environ["NODE_EXTRA_CA_CERTS"] = str(ca_file)
    directory.mkdir(parents=True, exist_ok=True)
    environ["TMPDIR"] = str(directory)  # Baileys writes what it uploads there
    process = await trio.lowlevel.open_process(
        ["node", "--expose-gc", str(FOLDER / "peer.mjs"), url, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
    )
    peer = Peer(process)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer._listen)
        try:
            yield peer
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            nursery.cancel_scope.cancel()
