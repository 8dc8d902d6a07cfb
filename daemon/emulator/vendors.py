"""A peer that speaks as Anthropic, OpenAI and ElevenLabs do over real HTTP, for the demo's tests and the benchmarks.

Besides the vendors' routes for chat, transcription and speech it takes `POST /control/script` (a JSON list of
`Step`s), `POST /control/release` (ends every stall) and `GET /control/seen` (how much was asked).
"""

import argparse
import json
import sys
from collections import Counter, deque
from functools import partial
from typing import Any, Final

import h11
import orjson
import trio
from attrs import define, field, frozen

from daemon.emulator import voice_wire
from daemon.emulator.brain import think
from daemon.emulator.scripts import Script, Step
from daemon.emulator.vendor_wire import (
    BadRequest,
    PrefixCache,
    anthropic_error,
    openai_error,
    read_completion,
    read_messages,
    write_completion,
    write_message,
)

RECORDED: Final = 256
"""Requests kept to look at, the newest."""
WRONG_KEY: Final = "wrong-key"
"""The one key that is refused."""

_HTML: Final = b"<!doctype html><html><head><title>Login</title></head><body>Wi-Fi gratuito</body></html>"
_STATUSES: Final = {
    "rate_limited": (429, "This request would exceed your rate limit."),
    "no_quota": (429, "You exceeded your current quota, please check your plan and billing details."),
    "overloaded": (529, "Overloaded"),
    "server_error": (500, "Internal server error"),
    "unauthorized": (401, "invalid key"),
    "bad_request": (400, "messages: unusable"),
}


@frozen
class Answer:
    """One HTTP answer; `cut` ends the connection half-way through the body."""

    status: int
    body: bytes
    content_type: str = "application/json"
    retry_after: str = ""
    cut: bool = False


@define(eq=False)
class VendorPeer:
    """The vendors' side of one test or benchmark. `latency_seconds` is how long a model seems to think."""

    latency_seconds: float = 0.0
    said: str = voice_wire.SAID  # what a sound file says that does not say it itself
    script: Script = field(factory=Script)
    requests: deque[tuple[str, dict[str, Any]]] = field(factory=lambda: deque(maxlen=RECORDED))
    asked: Counter[str] = field(factory=Counter)
    stalled: int = 0  # requests that stall now
    connections: int = 0  # opened so far
    _release: trio.Event = field(factory=trio.Event)
    _cache: PrefixCache = field(factory=PrefixCache)
    _changed: trio.Event = field(factory=trio.Event)

    def release(self) -> None:
        """End every stall there is."""
        self._release.set()
        self._release = trio.Event()

    async def wait_stalled(self, count: int = 1) -> None:
        """Return when `count` requests stall."""
        while self.stalled < count:
            await self._changed.wait()

    async def wait_gone(self) -> None:
        """Return when nothing stalls any more: answered, or the caller hung up."""
        while self.stalled:
            await self._changed.wait()

    def answer(self, vendor: str, key: str, raw: bytes) -> tuple[Answer, Step | None]:
        """The answer to one model request, and the step of the script that shaped it."""
        self.asked[vendor] += 1
        refuse = partial(_refusal, vendor)
        if key in ("", WRONG_KEY):
            return refuse("unauthorized"), None
        try:
            body = orjson.loads(raw)
            self.requests.append((vendor, body))
            seen = read_messages(body) if vendor == "anthropic" else read_completion(body)
        except (BadRequest, ValueError, KeyError, TypeError) as error:
            return refuse("bad_request", str(error)), None
        step = self.script.next(vendor, seen.said)
        fault = step.fault if step else None
        if step is not None and fault in _STATUSES:
            return refuse(fault, seconds=step.seconds), step
        if fault == "html":
            return Answer(200, _HTML, "text/html"), step
        if fault == "hollow":
            return Answer(200, b'{"object": "list", "data": []}'), step
        write = write_message if vendor == "anthropic" else write_completion
        document = write(self.asked.total(), body, think(seen, fault), self._cache)
        whole = orjson.dumps(document)
        if fault == "garbage":
            return Answer(200, whole[: len(whole) // 2]), step
        return Answer(200, whole, cut=fault == "cut"), step

    def voice(self, work: str, target: str, key: str, content_type: str, raw: bytes) -> tuple[Answer, Step | None]:
        """The answer to a request for a transcription or a speech, and the step of the script that shaped it."""
        self.asked[work] += 1
        refuse = partial(_refusal, work)
        if key in ("", WRONG_KEY):
            return refuse("unauthorized"), None
        whole, seen, mime_type = b"", "", "audio/ogg"
        try:
            if work.endswith("speech"):
                body = orjson.loads(raw)
                text, voice = voice_wire.read_speech(work, target, body)
                self.requests.append((work, {**body, "voice": voice}))
                whole, seen = voice_wire.speech(text), text
            else:
                upload = voice_wire.read_upload(content_type, raw)
                self.requests.append((work, {**upload.fields, "filename": upload.filename, "bytes": len(upload.file)}))
                document = voice_wire.transcribed(work, upload, self.said)
                whole, seen, mime_type = orjson.dumps(document), document["text"], "application/json"
        except (BadRequest, ValueError) as error:
            return refuse("bad_request", str(error)), None
        step = self.script.next(work, seen)
        fault = step.fault if step else None
        if step is not None and fault in _STATUSES:
            return refuse(fault, seconds=step.seconds), step
        if fault == "html":
            return Answer(200, _HTML, "text/html"), step
        if fault == "empty":
            return Answer(200, b"" if mime_type == "audio/ogg" else b'{"text": ""}', mime_type), step
        if fault == "hollow":
            return Answer(200, b'{"object": "list", "data": []}', mime_type), step
        if fault in ("garbage", "length"):
            return Answer(200, whole[: len(whole) * 2 // 3], mime_type), step
        return Answer(200, whole, mime_type, cut=fault == "cut"), step

    async def stall(self, seconds: float) -> None:
        """Wait as a stall does: `seconds`, or for `release` when that is 0."""
        self._stalls(1)
        try:
            if seconds:
                await trio.sleep(seconds)
            else:
                await self._release.wait()
        finally:
            self._stalls(-1)

    def _stalls(self, more: int) -> None:
        self.stalled += more
        self._changed.set()
        self._changed = trio.Event()

    def control(self, target: str, raw: bytes) -> Answer:
        """Carry out a control request."""
        if target == "/control/seen":
            return Answer(
                200,
                json.dumps({"asked": self.asked, "stalled": self.stalled, "connections": self.connections}).encode(),
            )
        if target == "/control/release":
            self.release()
            return Answer(200, b"{}")
        if target == "/control/script":
            try:
                self.script.replace([Step(**step) for step in json.loads(raw)])
            except (TypeError, ValueError) as error:
                return Answer(400, json.dumps({"error": str(error)}).encode())
            return Answer(200, b"{}")
        return Answer(404, b'{"error": "no such route"}')


def _refusal(vendor: str, fault: str, what: str = "", seconds: float = 0.0) -> Answer:
    status, usual = _STATUSES[fault]
    if vendor.startswith("elevenlabs"):
        code = "quota_exceeded" if fault == "no_quota" else ""
        document = voice_wire.elevenlabs_error(status, what or usual, code)
    elif vendor == "anthropic":
        document = anthropic_error(status, what or usual)
        if fault == "no_quota":
            document["error"]["details"] = {"error_code": "credit_balance_too_low"}
    else:
        document = openai_error(status, what or usual, "insufficient_quota" if fault == "no_quota" else None)
    retry_after = f"{seconds:g}" if fault in ("rate_limited", "overloaded") else ""
    return Answer(status, json.dumps(document).encode(), retry_after=retry_after)


_ROUTES: Final = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "openai",
    "/chat/completions": "openai",
}


@define(eq=False)
class _Connection:
    """One connection of a caller: requests one after another, as HTTP/1.1 has it."""

    peer: VendorPeer
    stream: trio.SocketStream
    http: h11.Connection = field(factory=lambda: h11.Connection(h11.SERVER))

    async def run(self) -> None:
        try:
            while self.http.our_state is not h11.MUST_CLOSE:
                request = await self._event()
                if not isinstance(request, h11.Request):
                    return
                parts = bytearray()
                while isinstance(event := await self._event(), h11.Data):
                    parts += event.data
                if not await self._serve(request, bytes(parts)):
                    return
                if self.http.our_state is h11.DONE and self.http.their_state is h11.DONE:
                    self.http.start_next_cycle()
        except (h11.RemoteProtocolError, trio.BrokenResourceError):
            return  # the caller went away or speaks no HTTP
        finally:
            await trio.aclose_forcefully(self.stream)

    async def _event(self) -> Any:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.stream.receive_some(65536))
        return event

    async def _serve(self, request: h11.Request, raw: bytes) -> bool:
        target = request.target.decode("latin-1").partition("?")[0]
        vendor, work = _ROUTES.get(target), voice_wire.work_of(target)
        if work:
            content_type = dict(request.headers).get(b"content-type", b"").decode("latin-1")
            answer, step = self.peer.voice(work, target, _key(request), content_type, raw)
        elif vendor is not None:
            answer, step = self.peer.answer(vendor, _key(request), raw)
        else:
            await self._send(self.peer.control(target, raw))
            return True
        if step is not None and step.fault == "stall":
            if not await self._unless_gone(step.seconds):
                return False
        elif self.peer.latency_seconds:
            await trio.sleep(self.peer.latency_seconds)
        await self._send(answer)
        return not answer.cut

    async def _unless_gone(self, seconds: float) -> bool:
        """Stall, but not for a caller who hung up; whether it is still there."""
        there = False
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                await self.stream.receive_some(1)  # a caller who waits for an answer sends nothing
                nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            await self.peer.stall(seconds)
            there = True
            nursery.cancel_scope.cancel()
        return there

    async def _send(self, answer: Answer) -> None:
        headers = [("content-type", answer.content_type), ("content-length", str(len(answer.body)))]
        if answer.retry_after:
            headers.append(("retry-after", answer.retry_after))
        head = self.http.send(h11.Response(status_code=answer.status, headers=headers))
        assert head is not None
        if answer.cut:
            await self.stream.send_all(head + answer.body[: len(answer.body) // 2])
            return
        body = self.http.send(h11.Data(data=answer.body)) or b""
        await self.stream.send_all(head + body + (self.http.send(h11.EndOfMessage()) or b""))


def _key(request: h11.Request) -> str:
    headers = dict(request.headers)
    _, _, bearer = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return bearer or (headers.get(b"x-api-key") or headers.get(b"xi-api-key", b"")).decode("latin-1")


async def serve(
    peer: VendorPeer,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve the peer until cancelled; `started` with the port once connections are taken."""

    async def connection(stream: trio.SocketStream) -> None:
        peer.connections += 1
        await _Connection(peer, stream).run()

    listeners = await trio.open_tcp_listeners(port, host=host, backlog=1024)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_listeners, connection, listeners))
        task_status.started(listeners[0].socket.getsockname()[1])


async def _run(host: str, port: int, latency_seconds: float) -> None:
    async with trio.open_nursery() as nursery:
        bound = await nursery.start(partial(serve, VendorPeer(latency_seconds=latency_seconds), host=host, port=port))
        sys.stdout.write(f"ready http://{host}:{bound}\n")
        sys.stdout.flush()


def main(arguments: list[str] | None = None) -> None:
    """`python -m daemon.emulator.vendors`: serve until interrupted; prints one line when ready."""
    parser = argparse.ArgumentParser(prog="vendors", description="AI vendors for tests and benchmarks.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the ready line names it")
    parser.add_argument("--latency-seconds", type=float, default=0.0, help="how long a model seems to think")
    chosen = parser.parse_args(arguments)
    try:
        trio.run(partial(_run, chosen.host, chosen.port, chosen.latency_seconds))
    except* KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
