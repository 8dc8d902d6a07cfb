"""The Cloud API channel: sends over one shared httpx client; what comes in arrives through the webhooks."""

import math
import random
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import orjson
import trio
from attrs import define, field

from daemon.backoff import delay_seconds
from daemon.channels.base import ChannelState, Outgoing, Receipt, Report
from daemon.channels.uploads import Shelf, UploadLost, UploadRefused, Uploads
from daemon.errors import (
    ChannelError,
    ChannelPaused,
    SealBroken,
    SendDelayed,
    SendRefused,
    SendUnsettled,
)
from daemon.logs import get_logger
from daemon.whatsapp import graph
from daemon.whatsapp.graph_errors import GraphError, Reaction, reaction_to

SEND_TIMEOUT: Final = httpx.Timeout(20.0, connect=5.0, pool=10.0)
_SEND_SECONDS: Final = SEND_TIMEOUT.as_dict()
CHECK_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0, pool=30.0)
FIRST_RETRY_SECONDS: Final = 2.0
FIRST_RECHECK_SECONDS: Final = 300.0
LONGEST_RECHECK_SECONDS: Final = 3600.0
MAX_TALLIES: Final = 4096
GARBAGE_ATTEMPTS: Final = 5
VOICE_UPLOADS: Final = 2

_log = get_logger("channels.cloud")
# Raised before a byte of the request was written: surely not sent.
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


@define(eq=False)
class CloudApp:
    """What all tenants of one Meta app share: its call limit, and how many numbers are checked at a time."""

    not_before: float = -math.inf  # trio.current_time()
    checks: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(8))


class _Tally:
    """Failures in a row by key, bounded: the oldest is forgotten first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()

    def add(self, key: str) -> int:
        count = self._counts[key] = self._counts.pop(key, 0) + 1
        if len(self._counts) > MAX_TALLIES:
            self._counts.popitem(last=False)
        return count

    def clear(self, key: str) -> None:
        self._counts.pop(key, None)


class CloudChannel:
    """One tenant's number at the Cloud API. Belongs to the tenant's nursery; owns nothing that needs closing.

    `token` gives the access token anew for each request and may raise `SealBroken`. The token goes into
    the Authorization header alone: never into an address, a log line or an exception.
    """

    kind = "cloud"

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        graph_url: str,
        version: str,
        phone_number_id: str,
        token: Callable[[], str],
        rng: random.Random,
        app: CloudApp | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._client = client
        self._token = token
        self._rng = rng
        self._app = app or CloudApp()
        base = httpx.URL(graph_url.rstrip("/") + f"/{version}/{phone_number_id}")
        self._number_url = base.copy_merge_params({"fields": "id,display_phone_number"})
        self._messages_url = base.copy_with(path=f"{base.path}/messages")
        self._host = base.netloc.decode()
        self._uploads = Uploads(client, base.copy_with(path=f"{base.path}/media"), shelf)
        self._not_before = -math.inf
        self._paused: ChannelPaused | None = None
        self._state: ChannelState = "starting"
        self._report: Report | None = None
        self._stirred = trio.Event()
        self._tally = _Tally()

    def __repr__(self) -> str:
        return f"<CloudChannel {self._messages_url.path} {self._state}>"

    async def run(self, report: Report, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Check the number, report, and check again while it is not up. `started()` after the first check.

        While the network fails the state is `down`, yet sending is tried all the same. While the channel is
        `paused` nothing is sent; each later check that passes lets sending try again.
        """
        self._report = report
        failures = 0
        try:
            while True:
                await self._check()
                task_status.started()
                task_status = trio.TASK_STATUS_IGNORED
                if self._state == "up":
                    failures = 0
                    self._stirred = trio.Event()
                    await self._stirred.wait()  # until a send finds that nothing goes any more
                failures += 1
                await trio.sleep(self._recheck_seconds(failures))
        finally:
            self._report = None

    def _recheck_seconds(self, failures: int) -> float:
        if self._state != "paused":
            return delay_seconds(failures, self._rng, first_seconds=FIRST_RETRY_SECONDS)
        return delay_seconds(
            failures,
            self._rng,
            first_seconds=FIRST_RECHECK_SECONDS,
            longest_seconds=LONGEST_RECHECK_SECONDS,
        )

    def _set(self, state: ChannelState, reason: str) -> None:
        self._state = state
        if self._report is not None:
            self._report(state, reason)

    async def _check(self) -> None:
        """Ask Meta for the number; sets and reports the state. Raises nothing but `Cancelled`."""
        try:
            headers = self._headers()
            async with self._app.checks:
                response = await self._client.get(
                    self._number_url, headers=headers, timeout=CHECK_TIMEOUT, follow_redirects=False
                )
        except ChannelPaused as error:
            self._pause(error)
            return
        except httpx.HTTPError as error:
            if self._paused is None:
                self._set("down", f"WhatsApp cannot be reached ({type(error).__name__}): trying again")
            return
        if response.is_success:
            self._paused = None
            self._set("up", "")
            return
        fault = graph.error(response.content)
        if fault is not None or response.status_code == 401:
            paused = _pause_of(fault) if fault else _token_refused()
            if paused is not None:
                self._pause(paused)
                return
        if self._paused is None:
            said = str(fault) if fault else f"HTTP {response.status_code}"
            self._set("down", f"WhatsApp did not confirm the number ({said}): trying again")

    def _pause(self, error: ChannelPaused) -> None:
        self._paused = error
        self._set("paused", str(error))
        self._stirred.set()

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over, as `Channel.send` says. A file by path or a vehicle's picture is uploaded first."""
        self._ensure_open()
        headers = self._headers()
        try:
            body = await self._body(message, headers)
        except graph.CannotExpress as error:
            raise SendRefused(error.what, error.remedy) from None
        try:
            response = await self._post(body, headers)
        except _NOT_SENT as error:
            raise self._delayed(message, f"WhatsApp cannot be reached ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise SendUnsettled(f"the answer to a send was lost ({type(error).__name__})") from None
        if response.is_success:
            taken = graph.accepted(response.content)
            if taken is not None:
                self._succeeded(message)
                return Receipt(network_id=taken.wamid, phone=taken.wa_id, user_id=taken.user_id)
            if graph.error(response.content) is None:
                raise SendUnsettled(f"WhatsApp answered HTTP {response.status_code} without a message id")
        failure = self._failure(message, response)
        if isinstance(failure, SendRefused) and await self._uploads.forget(message, failure.code):
            raise self._delayed(message, f"WhatsApp has forgotten an uploaded picture ({failure.what})")
        raise failure

    async def _post(self, body: dict[str, Any], headers: Mapping[str, str]) -> httpx.Response:
        """To the number's messages. Not the client's `post`: merging its defaults in costs 0.1 ms, and the framing
        that httpx would add 0.01 ms."""
        content = orjson.dumps(body)
        request = httpx.Request(
            "POST",
            self._messages_url,
            headers=[
                ("Host", self._host),
                *headers.items(),
                ("Content-Type", "application/json"),
                ("User-Agent", "showroomd"),
                ("Content-Length", str(len(content))),
            ],
            stream=httpx.ByteStream(content),
            extensions={"timeout": _SEND_SECONDS},
        )
        request.read()
        return await self._client.send(request, follow_redirects=False)

    def _ensure_open(self) -> None:
        if self._paused is not None:
            raise ChannelPaused(self._paused.what, self._paused.remedy, self._paused.code)
        now = trio.current_time()
        if self._app.not_before > now:
            raise SendDelayed("the Meta app reached its call limit", self._app.not_before - now, "app")
        if self._not_before > now:
            raise SendDelayed("the number was asked to slow down", self._not_before - now, "channel")

    def _headers(self) -> dict[str, str]:
        try:
            token = self._token()
        except SealBroken as error:
            raise ChannelPaused(error.what, error.remedy) from None
        if not token or not token.isascii() or not token.isprintable():
            raise ChannelPaused("no usable access token is set", "set channel.access_token")
        return {"Authorization": f"Bearer {token}"}

    async def _body(self, message: Outgoing, headers: Mapping[str, str]) -> dict[str, Any]:
        phone, user_id = message.phone, message.user_id
        if message.kind == "text":
            return graph.text(phone, user_id, message.text, our_id=message.id, reply_to=message.reply_to)
        if message.kind not in ("image", "voice", "document"):
            raise graph.CannotExpress(f"the cloud channel sends no {message.kind}")
        graph.recipient(phone, user_id)  # before an upload that would be for nothing
        file = await self._file(message, headers)
        if message.kind == "voice":
            return graph.voice(phone, user_id, file, our_id=message.id, reply_to=message.reply_to)
        if message.kind == "image":
            return graph.image(phone, user_id, file, caption=message.text, our_id=message.id, reply_to=message.reply_to)
        return graph.document(
            phone,
            user_id,
            file,
            filename=str(message.content.get("filename") or ""),
            caption=message.text,
            our_id=message.id,
            reply_to=message.reply_to,
        )

    async def _file(self, message: Outgoing, headers: Mapping[str, str]) -> graph.File:
        try:
            return await self._uploads.file(message, headers)
        except UploadLost as error:
            # what is said by voice can be written instead, and the customer waits
            attempts = VOICE_UPLOADS if message.kind == "voice" else None
            raise self._delayed(message, error.what, attempts) from None
        except UploadRefused as refused:
            raise self._failure(message, refused.response) from None

    def _succeeded(self, message: Outgoing) -> None:
        self._tally.clear(_contact(message))
        self._tally.clear("")
        if self._state == "down":
            self._set("up", "")

    def _failure(self, message: Outgoing, response: httpx.Response) -> ChannelError:
        """What to raise for an answer that is not 2xx; decided by Meta's code, and by the status only without one."""
        status = response.status_code
        fault = graph.error(response.content)
        if fault is not None:
            return self._graph_failure(
                message, fault, reaction_to(fault.code, http_status=status, transient=fault.transient)
            )
        if status == 401:
            paused = _token_refused()
            self._pause(paused)
            return paused
        if status == 429:
            return self._slowed(f"WhatsApp answered HTTP {status}", "channel", None, 5.0)
        if status >= 500 or status == 408:
            return SendUnsettled(f"WhatsApp answered HTTP {status} without saying whether it took the message")
        return self._delayed(message, f"WhatsApp answered HTTP {status} without a reason", GARBAGE_ATTEMPTS)

    def _graph_failure(self, message: Outgoing, fault: GraphError, reaction: Reaction) -> ChannelError:
        what = f"{reaction.meaning} ({fault})"
        if reaction.do == "pause":
            paused = ChannelPaused(what, reaction.remedy, fault.code)
            self._pause(paused)
            return paused
        if reaction.do != "retry":
            return SendRefused(what, reaction.remedy, fault.code)
        if reaction.scope == "contact":
            # The pair limit counts what was sent to the customer, other errors what became of this message.
            pair = reaction.factor == 4
            attempt = self._tally.add(_contact(message) if pair else f"{fault.code} {message.id}")
            if reaction.attempts is not None and attempt >= reaction.attempts:
                return SendRefused(what, "the attempts are used up", fault.code)
            seconds = reaction.delay_seconds(attempt)
            return SendDelayed(what, seconds if pair else self._jittered(seconds), "contact", fault.code)
        seconds = reaction.delay_seconds(self._tally.add(""))
        return self._slowed(what, "app" if reaction.scope == "app" else "channel", fault.code, seconds)

    def _slowed(self, what: str, scope: str, code: int | None, seconds: float) -> SendDelayed:
        seconds = self._jittered(seconds)
        until = trio.current_time() + seconds
        if scope == "app":
            self._app.not_before = max(self._app.not_before, until)
        else:
            self._not_before = max(self._not_before, until)
        return SendDelayed(what, seconds, scope, code)

    def _delayed(self, message: Outgoing, what: str, attempts: int | None = None) -> ChannelError:
        attempt = self._tally.add(f"{'network' if attempts is None else 'http'} {message.id}")
        if attempts is not None and attempt >= attempts:
            return SendRefused(what, "check whatsapp.cloud.graph_url and graph_version")
        return SendDelayed(what, delay_seconds(attempt, self._rng, first_seconds=2.0, longest_seconds=60.0))

    def _jittered(self, seconds: float) -> float:
        return seconds * (1.0 + 0.25 * self._rng.random())

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        """As `Channel.mark_read` says. Not tried while the channel is paused or slowed down."""
        try:
            self._ensure_open()
            response = await self._post(graph.read(network_id, typing=typing), self._headers())
        except ChannelError:
            return
        except httpx.HTTPError as error:
            _log.info("mark_read_failed", network_id=network_id, error=type(error).__name__)
            return
        if not response.is_success:
            fault = graph.error(response.content)
            said = str(fault) if fault else f"HTTP {response.status_code}"
            _log.info("mark_read_failed", network_id=network_id, error=said)


def _contact(message: Outgoing) -> str:
    return f"{message.phone}|{message.user_id}"


def _pause_of(fault: GraphError) -> ChannelPaused | None:
    reaction = reaction_to(fault.code)
    if reaction.do == "pause":
        return ChannelPaused(f"{reaction.meaning} ({fault})", reaction.remedy, fault.code)
    if (fault.code, fault.subcode) == (100, 33):
        # Meta's answer to a number that does not exist or that the token may not see.
        return ChannelPaused(
            f"WhatsApp does not know the number ({fault})", "check channel.phone_number_id and the token", fault.code
        )
    return None


def _token_refused() -> ChannelPaused:
    return ChannelPaused("WhatsApp refused the access token (HTTP 401)", "set a new channel.access_token")
