"""What the Graph API peer is told to do wrong, what it remembers of each call, and its bodies on the wire."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal

import orjson
from attrs import field, frozen

from daemon.emulator.graph_checks import Refusal
from daemon.whatsapp.fields import Json

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MAX_BODY: Final = 120 << 20


@frozen(kw_only=True)
class Fault:
    """What goes wrong with a call.

    error: Meta's error `code` · status: HTTP `http_status` without a Graph error · garbage: 200 without a message
    id · stall: taken over, never answered · cut: taken over, the connection breaks in the answer · lost: not taken
    over, the connection breaks · refuse_late: taken over with 200, then a `failed` status with `code`.
    """

    kind: Literal["error", "status", "garbage", "stall", "cut", "lost", "refuse_late"]
    code: int = 131000
    http_status: int = 500
    details: str = ""
    to: str = ""  # only sends to this phone (digits) or user id; "" any
    times: int = 1  # how many calls it hits; 0: all
    on: Literal["message", "read", "upload", "number", "lookup", "download"] = "message"


@frozen(kw_only=True)
class Call:
    """One call that reached the peer, in the order of arrival."""

    seq: int
    at: float  # Unix seconds
    kind: str  # message | read | upload | lookup | download | number
    phone_number_id: str = ""
    to: str = ""  # phone digits or user id
    our_id: str = ""  # biz_opaque_callback_data
    wamid: str = ""  # "" unless taken over
    fault: str = ""  # what was done to it: "", "error 131056", "cut", …
    body: Json = field(factory=dict)


@frozen
class Answer:
    """One answer. A `cut` one ends short of the length it announces, so that the connection breaks in it."""

    status: int
    body: bytes
    content_type: str = "application/json"
    cut: bool = False


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request; what is beyond `MAX_BODY` is dropped."""
    chunks: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        chunk = event.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        if not event.get("more_body"):
            return b"".join(chunks)


def json_answer(value: Any) -> Answer:
    """200 with JSON."""
    return Answer(200, orjson.dumps(value))


def refused(why: Refusal) -> Answer:
    """Meta's error."""
    return Answer(why.http_status, orjson.dumps(why.body()))


def unknown_object(name: str) -> Answer:
    """Meta's error for a number or file that is not there, or not for this caller."""
    return refused(Refusal(100, f"Object with ID '{name}' does not exist or cannot be loaded", 400, 33))


def form_fields(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The fields of a multipart form: name → (MIME type, bytes)."""
    boundary = content_type.partition("boundary=")[2].strip('"')
    found: dict[str, tuple[str, bytes]] = {}
    for piece in body.split(f"--{boundary}".encode()) if boundary else ():
        head, gap, data = piece.partition(b"\r\n\r\n")
        if not gap:
            continue
        lines = head.decode("latin-1").split("\r\n")
        name = next((line.partition('name="')[2].partition('"')[0] for line in lines if 'name="' in line), "")
        mime_type = next(
            (line.partition(":")[2].strip() for line in lines if line.lower().startswith("content-type")), ""
        )
        found[name] = (mime_type, data.removesuffix(b"\r\n"))
    return found
