"""Meta's webhooks: check, store, answer 200; nothing else. Bare ASGI, because every message passes here four times."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from attrs import define, field, frozen

from daemon.control.asgi import Body, BodyTooLarge, Gone, Receive, Scope, Send, answer, header, refuse
from daemon.logs import get_logger
from daemon.whatsapp.cloud import MalformedDelivery, signature_ok, verification
from shards.errors import ShardUnavailable

PATH: Final = "/webhooks/whatsapp"
NUMBERS_PATH: Final = "/numbers"
"""On a cell's entry socket: the phone number ids that are its own."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Meta sends up to 3 MB."""

# Headers cost time in the server below, and a machine that gets an empty answer needs no others.
_STORED: Final = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
_END: Final = {"type": "http.response.body", "body": b"", "more_body": False}

_log = get_logger("webhooks")


@frozen
class Answered:
    """The answer to a delivery."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


@define(eq=False)
class WebhookCounts:
    """What came in since start, for the metrics."""

    accepted: int = 0
    bad_signature: int = 0
    too_large: int = 0
    malformed: int = 0
    not_stored: int = 0


@define(eq=False)
class Webhooks:
    """The ASGI application of `/webhooks/whatsapp`.

    `receive` stores a delivery durably and raises `ShardUnavailable` only when nothing of it could be stored;
    then Meta is told to send it again. `MalformedDelivery` says that the body is no webhook: 400. What it returns is
    the body of the 200.
    """

    receive: Callable[[bytes], Awaitable[bytes | None]]
    app_secret: str
    verify_token: str
    counts: WebhookCounts = field(factory=WebhookCounts)
    _warned: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises nothing on purpose; cancelled only by a stop."""
        body = Body(scope, receive)
        method = scope["method"]
        if method == "POST":
            await self._deliver(scope, body, send)
        elif method in ("GET", "HEAD"):
            await self._verify(scope, body, send)
        else:
            await refuse(scope, send, body, 405, b"use GET or POST\n", headers=((b"allow", b"GET, HEAD, POST"),))

    async def _verify(self, scope: Scope, body: Body, send: Send) -> None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        challenge = verification(query, self.verify_token)
        if challenge is None:
            _log.warning("webhook verification refused", configured=bool(self.verify_token))
            await refuse(scope, send, body, 403, b"verification refused\n")
        else:
            await refuse(scope, send, body, 200, challenge.encode())

    async def _deliver(self, scope: Scope, body: Body, send: Send) -> None:
        try:
            raw = await body.read(MOST_BYTES)
        except BodyTooLarge:
            self.counts.too_large += 1
            _log.warning("webhook too large", limit_bytes=MOST_BYTES, declared_bytes=body.declared)
            await refuse(scope, send, body, 413, b"the body is larger than 4 MiB\n")
            return
        except Gone:
            return
        answered = await self.deliver(raw, header(scope, b"x-hub-signature-256"))
        if answered.status == 200 and not answered.body:
            await send(_STORED)
            await send(_END)
        else:
            await answer(scope, send, answered.status, answered.body, headers=answered.headers)

    async def deliver(self, body: bytes, signature: bytes) -> Answered:
        """Check and store one delivery; what to answer. Nothing is raised on purpose."""
        if not self._signed(body, signature):
            self.counts.bad_signature += 1
            return Answered(403, b"bad signature\n")
        try:
            said = await self.receive(body)
        except MalformedDelivery as error:
            self.counts.malformed += 1
            _log.warning("webhook is malformed", reason=str(error), bytes=len(body))
            return Answered(400, f"{error}\n".encode())
        except ShardUnavailable as error:
            self.counts.not_stored += 1
            _log.warning("webhook not stored, asking for it again", reason=str(error))
            return Answered(503, headers=((b"retry-after", b"5"),))
        self.counts.accepted += 1
        return Answered(200, said or b"")

    def _signed(self, raw: bytes, signature: bytes) -> bool:
        if not self.app_secret:
            if not self._warned:
                self._warned = True
                _log.error(
                    "webhooks are refused: no app secret",
                    remedy="set SHOWROOMD_WHATSAPP_APP_SECRET to the Meta app's secret and restart",
                )
            return False
        if signature_ok(self.app_secret, raw, signature.decode("latin-1")):
            return True
        _log.warning("webhook with a bad signature", bytes=len(raw))
        return False
