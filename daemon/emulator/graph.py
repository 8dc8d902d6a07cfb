"""A Graph API peer: takes messages as Meta would, refuses what Meta would, and sends the status webhooks.

    python -m daemon.emulator.graph --port N --webhook URL --app-secret S [--statuses sent,delivered,read]

It remembers nothing on disk. Whoever tests against it reads `sent`, or `GET /emulator/sent?after=`.
"""

import argparse
import hashlib
import random
import sys
from collections import deque
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final, Literal
from urllib.parse import parse_qs

import orjson
import trio
from attrs import asdict, define, frozen

from daemon.clock import Now, utc_now
from daemon.emulator import deliveries
from daemon.emulator.courier import Courier
from daemon.emulator.graph_checks import Refusal, check_message, refusal
from daemon.emulator.graph_wire import (
    Answer,
    Call,
    Fault,
    Receive,
    Scope,
    Send,
    form_fields,
    json_answer,
    read_body,
    refused,
    unknown_object,
)
from daemon.emulator.listening import serve
from daemon.whatsapp import phones

STATUSES: Final = ("sent", "delivered", "read")


@define
class _Planned:
    fault: Fault
    left: int


@frozen
class _File:
    data: bytes
    mime_type: str
    phone_number_id: str


class GraphPeer:
    """The peer as an ASGI application. `run` its courier in a nursery if it is to send statuses.

    `tokens` and `numbers` are those it knows; None takes any. `wa_ids` maps the digits written to (canonical) to the
    number the person really has, as with Brazil's ninth digit. With `status_first` the first status is
    delivered before the HTTP answer.
    """

    def __init__(
        self,
        *,
        webhook: str = "",
        app_secret: str = "",
        statuses: Collection[str] = (),
        status_first: bool = False,
        tokens: Collection[str] | None = None,
        numbers: Collection[str] | None = None,
        wa_ids: Mapping[str, str] | None = None,
        rng: random.Random | None = None,
        now: Now = utc_now,
    ) -> None:
        self.courier = Courier(webhook, app_secret, rng=rng or random.Random()) if webhook else None  # noqa: S311
        self.calls: list[Call] = []
        self.tokens = tokens
        self.numbers = numbers
        self.wa_ids = dict(wa_ids or {})
        self.stalled = 0  # calls that hang now
        self._statuses = tuple(statuses)
        self._status_first = status_first
        self._now = now
        self._faults: deque[_Planned] = deque()
        self._files: dict[str, _File] = {}
        self._expired: set[str] = set()
        self._arrived = trio.Event()
        self._freed = trio.Event()

    @property
    def sent(self) -> list[Call]:
        """The messages that were taken over, in order, lost ones too."""
        return [call for call in self.calls if call.kind == "message" and call.wamid]

    async def until_calls(self, count: int, kind: str = "message") -> None:
        """Wait until `count` calls of a kind came in."""
        while sum(call.kind == kind for call in self.calls) < count:
            await self._arrived.wait()

    def plan(self, *faults: Fault) -> None:
        """Script what goes wrong: for each call the first planned fault that fits it is used."""
        self._faults.extend(_Planned(fault, fault.times) for fault in faults)

    def heal(self) -> None:
        """Forget the planned faults and let stalled calls break off."""
        self._faults.clear()
        self._freed.set()
        self._freed = trio.Event()

    def add_file(self, data: bytes, mime_type: str, phone_number_id: str = deliveries.PHONE_NUMBER_ID) -> str:
        """A customer's file; its media id."""
        media_id = str(300_000_000_000_000 + len(self._files))
        self._files[media_id] = _File(data, mime_type, phone_number_id)
        return media_id

    def expire(self, media_id: str) -> None:
        """The addresses given out so far for this file stop working; a new look-up gives a good one."""
        self._expired.add(media_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        body = await read_body(receive)
        answer = await self._answer(scope, body)
        length = len(answer.body) + (64 if answer.cut else 0)
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(length).encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        # A cut answer ends short of its announced length, and the server closes the connection.
        await send({"type": "http.response.body", "body": answer.body, "more_body": answer.cut})

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        method, path = scope["method"], scope["path"].strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        headers = {name.decode().lower(): each.decode("latin-1") for name, each in scope["headers"]}
        download = path[:2] == ["emulator", "files"] and len(path) == 3
        if path[0] == "emulator" and not download:
            return await self._control(method, path[1:], query, body)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or (self.tokens is not None and token not in self.tokens):
            return refused(Refusal(190, "The access token is not valid", 401))
        if download:
            return await self._download(path[2], query)
        if len(path) == 3 and method == "POST" and path[2] in ("messages", "media"):
            if self.numbers is not None and path[1] not in self.numbers:
                return unknown_object(path[1])
            if path[2] == "media":
                return await self._upload(path[1], headers.get("content-type", ""), body)
            return await self._message(path[1], body)
        if len(path) == 2 and method == "GET":
            if "phone_number_id" in query or path[1] in self._files:
                return await self._look_up(path[1], query, headers.get("host", ""))
            return await self._number(path[1])
        return refused(Refusal(2500, "Unknown path components", 400))

    async def _message(self, phone_number_id: str, body: bytes) -> Answer:
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            request = None
        wrong = check_message(request)
        request = request if isinstance(request, dict) else {}
        kind: Literal["message", "read"] = "read" if "status" in request else "message"
        raw_to = str(request.get("to") or "")
        to = phones.phone_digits(raw_to) or raw_to or str(request.get("recipient") or "")
        our_id = str(request.get("biz_opaque_callback_data") or "")
        fault = self._fault(kind, to)
        if wrong is None and fault is not None and fault.kind == "error":
            wrong = refusal(fault.code, fault.details)
        told = "" if fault is None else f"error {fault.code}" if fault.kind == "error" else fault.kind
        taken = wrong is None and (fault is None or fault.kind not in ("status", "lost"))
        wamid = deliveries.new_wamid() if taken and kind == "message" else ""
        self._record(
            kind=kind,
            phone_number_id=phone_number_id,
            to=to,
            our_id=our_id,
            wamid=wamid,
            fault=told if fault else f"error {wrong.code}" if wrong else "",
            body=request,
        )
        if wrong is not None:
            return refused(wrong)
        if fault is not None and fault.kind == "status":
            return Answer(fault.http_status, b"<html>upstream error</html>", "text/html")
        if fault is not None and fault.kind == "lost":
            return Answer(200, b"{", cut=True)
        if kind == "read":
            return json_answer({"success": True})
        wa_id = "" if phones.is_user_id(to) else self.wa_ids.get(phones.canonical(to), to)
        # A user id in `to`: its digits are dialled, so that nobody gets the message and no status comes.
        if not phones.is_user_id(raw_to):
            await self._deliver_statuses(phone_number_id, wamid, our_id, wa_id, fault)
        if fault is not None and fault.kind != "refuse_late":
            return await self._broken(fault)
        contact = {"input": raw_to or to, **({"wa_id": wa_id} if wa_id else {"user_id": to})}
        return json_answer({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]})

    async def _broken(self, fault: Fault) -> Answer:
        if fault.kind == "stall":
            self.stalled += 1
            try:
                await self._freed.wait()
            finally:
                self.stalled -= 1
        if fault.kind == "garbage":
            return Answer(200, b'{"messages":[]}')
        return Answer(200, b'{"messaging_product":', cut=True)

    async def _deliver_statuses(
        self, phone_number_id: str, wamid: str, our_id: str, phone: str, fault: Fault | None
    ) -> None:
        if self.courier is None:
            return
        now = int(self._now().timestamp())
        words, error = self._statuses, None
        if fault is not None and fault.kind == "refuse_late":
            words, error = ("failed",), refusal(fault.code, fault.details).body()["error"]
        bodies = [
            deliveries.delivery(
                deliveries.status(
                    wamid,
                    word,
                    our_id=our_id,
                    phone=phone,
                    phone_number_id=phone_number_id,
                    at=now,
                    error=error,
                )
            )
            for word in words
        ]
        if bodies and self._status_first:
            await self.courier.deliver(bodies.pop(0), attempts=3)
        if bodies:
            self.courier.hand_over(*bodies)

    async def _number(self, phone_number_id: str) -> Answer:
        fault = self._fault("number", "")
        self._record(kind="number", phone_number_id=phone_number_id, fault=fault.kind if fault else "")
        if fault is not None:
            return await self._faulty(fault)
        if self.numbers is not None and phone_number_id not in self.numbers:
            return unknown_object(phone_number_id)
        return json_answer(
            {
                "id": phone_number_id,
                "display_phone_number": "+55 11 4000-0001",
                "verified_name": "Loja de Exemplo",
                "quality_rating": "GREEN",
                "status": "CONNECTED",
            }
        )

    async def _upload(self, phone_number_id: str, content_type: str, body: bytes) -> Answer:
        fault = self._fault("upload", "")
        self._record(kind="upload", phone_number_id=phone_number_id, fault=fault.kind if fault else "")
        if fault is not None:
            return await self._faulty(fault)
        form = form_fields(content_type, body)
        if form.get("messaging_product", ("", b""))[1] != b"whatsapp" or "file" not in form:
            return refused(Refusal(100, "messaging_product and file are required"))
        return json_answer({"id": self.add_file(form["file"][1], form["file"][0], phone_number_id)})

    async def _look_up(self, media_id: str, query: Mapping[str, str], host: str) -> Answer:
        fault = self._fault("lookup", "")
        owner = query.get("phone_number_id", "")
        self._record(kind="lookup", phone_number_id=owner, body={"id": media_id}, fault=fault.kind if fault else "")
        if fault is not None:
            return await self._faulty(fault)
        file = self._files.get(media_id)
        if file is None or (owner and owner != file.phone_number_id):
            return unknown_object(media_id)
        self._expired.discard(media_id)
        return json_answer(
            {
                "messaging_product": "whatsapp",
                "id": media_id,
                "url": f"http://{host}/emulator/files/{media_id}?fresh=1",
                "mime_type": file.mime_type,
                "sha256": hashlib.sha256(file.data).hexdigest(),
                "file_size": str(len(file.data)),
            }
        )

    async def _download(self, media_id: str, query: Mapping[str, str]) -> Answer:
        fault = self._fault("download", "")
        self._record(kind="download", body={"id": media_id}, fault=fault.kind if fault else "")
        if fault is not None:
            return await self._faulty(fault)
        file = self._files.get(media_id)
        if file is None or media_id in self._expired:
            return Answer(404, b"")
        return Answer(200, file.data, file.mime_type)

    async def _faulty(self, fault: Fault) -> Answer:
        if fault.kind == "error":
            return refused(refusal(fault.code, fault.details))
        if fault.kind == "status":
            return Answer(fault.http_status, b"", "text/html")
        return await self._broken(fault)

    def _fault(self, on: str, to: str) -> Fault | None:
        for planned in self._faults:
            fault = planned.fault
            if fault.on != on or (fault.to and fault.to != to):
                continue
            if fault.times:
                planned.left -= 1
                if not planned.left:
                    self._faults.remove(planned)
            return fault
        return None

    def _record(self, **members: Any) -> None:
        self.calls.append(Call(seq=len(self.calls) + 1, at=self._now().timestamp(), **members))
        self._arrived.set()
        self._arrived = trio.Event()

    async def _control(self, method: str, path: list[str], query: Mapping[str, str], body: bytes) -> Answer:
        """For tests in another process."""
        if (method, path) == ("GET", ["sent"]):
            after, limit = int(query.get("after", "0")), int(query.get("limit", "1000"))
            calls = [call for call in self.calls[after : after + limit] if query.get("kind") in (None, call.kind)]
            pending = self.courier.pending if self.courier else 0
            following = min(after + limit, len(self.calls))
            return json_answer({"items": [asdict(call) for call in calls], "next": following, "pending": pending})
        if (method, path) == ("POST", ["faults"]):
            self.plan(*(Fault(**each) for each in orjson.loads(body)))
            return json_answer({"planned": len(self._faults)})
        if (method, path) == ("POST", ["heal"]):
            self.heal()
            return json_answer({})
        if (method, path) == ("POST", ["files"]):
            return json_answer(
                {"id": self.add_file(body, query.get("mime_type", "image/jpeg"), query["phone_number_id"])}
            )
        return Answer(404, b"{}")


async def _main(arguments: argparse.Namespace) -> None:
    statuses = tuple(word for word in arguments.statuses.split(",") if word)
    peer = GraphPeer(
        webhook=arguments.webhook,
        app_secret=arguments.app_secret,
        statuses=statuses,
        status_first=arguments.status_first,
    )
    async with trio.open_nursery() as nursery:
        if peer.courier is not None:
            await nursery.start(peer.courier.run)
        port = await nursery.start(serve, peer, arguments.port)
        sys.stdout.write(f"ready {port}\n")
        sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m daemon.emulator.graph", description="A Graph API peer.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--webhook", default="", help="where status webhooks go; none without it")
    parser.add_argument("--app-secret", default="", help="what they are signed with")
    parser.add_argument("--statuses", default=",".join(STATUSES), help="which, in order, separated by commas")
    parser.add_argument("--status-first", action="store_true", help="the first status before the HTTP answer")
    return parser.parse_args()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        trio.run(_main, _arguments())
