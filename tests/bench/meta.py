"""Meta in one process: customers' messages in, answers taken over, statuses sent. `python -m tests.bench.meta`.

Its first line is its address. Then it takes one order a line (JSON, `Order`) and gives one line back (`Seen`), once
every message was answered and every status delivered, or `patience_seconds` have passed. Bodies are written and signed
before the first is sent. A webhook's time counts from when it was due, so a daemon that is behind cannot look quick.
"""

import asyncio
import hashlib
import hmac
import random
import secrets
import sys
import time
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from attrs import asdict, define, field, frozen

from daemon.emulator import deliveries
from daemon.emulator.graph_checks import check_message
from tests.bench.fast_http import Reply, Request, Sender, serve

QUESTIONS: Final = ("tem corolla?", "tem suv automático?", "qual o mais barato?")
STATUSES: Final = ("sent", "delivered", "read")
STATUS_CONNECTIONS: Final = 16


@frozen(kw_only=True)
class Order:
    """One load. Each customer writes once, so that no answer belongs to two messages, to a dealership at random."""

    webhook: str
    secret: str
    numbers: Sequence[str]  # the dealerships' phone_number_ids
    count: int
    seed: int
    rate: float | None = None  # messages a second; None: as `in_flight` allows
    in_flight: int | None = None  # at most so many unanswered; None: no bound
    hot: float = 0.0  # share of the messages that goes to the first number; 0: none is hot
    known: int = 0  # customers are among these many of `tests.bench.conversations`; 0: nobody has written before
    connections: int = 64
    patience_seconds: float = 900.0


@define
class Seen:
    """What came of it; lists have an item a message, in the order of sending, times in seconds."""

    began: float = 0.0  # Unix time
    seconds: float = 0.0  # until the last answer
    refused: int = 0  # webhooks answered otherwise than 200
    wrong: int = 0  # requests that Meta would refuse
    unanswered: int = 0
    reads: int = 0
    at: list[float] = field(factory=list)  # when it was due, since `began`
    number: list[int] = field(factory=list)  # index of the dealership
    webhook: list[float | None] = field(factory=list)  # until it was answered 200
    answer: list[float | None] = field(factory=list)  # until the answer came


def customer(index: int) -> str:
    """The phone of one who has written before."""
    return f"5551{900_000_000 + index}"


@define(eq=False)
class Meta:
    """The process."""

    order: Order | None = None
    seen: Seen = field(factory=Seen)
    _index: dict[str, int] = field(factory=dict)  # phone → which message
    _lost: set[int] = field(factory=set)  # messages whose webhook was not answered 200
    _left: int = 0  # answers, webhooks and statuses to come
    _in_flight: int = 0
    _moved: asyncio.Event = field(factory=asyncio.Event)
    _statuses: Sender | None = None

    def route(self, request: Request, reply: Reply) -> None:
        """The Graph API, as much as answering a text takes."""
        body = orjson.loads(request.body) if request.body else {}
        parts = request.target.partition("?")[0].strip("/").split("/")
        if len(parts) == 2:
            reply(200, orjson.dumps({"id": parts[1], "status": "CONNECTED", "quality_rating": "GREEN"}))
            return
        if check_message(body) is not None:
            self.seen.wrong += 1
            reply(400, b'{"error":{"code":100,"message":"unusable"}}')
            return
        if "status" in body:
            self.seen.reads += 1
            reply(200, b'{"success":true}')
            return
        wamid, to = f"wamid.{secrets.token_urlsafe(24)}", str(body["to"]).lstrip("+")
        contact = {"input": body["to"], "wa_id": to}
        answer = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]}
        reply(200, orjson.dumps(answer))
        self._answered(to)
        self._report(parts[1], to, wamid, str(body.get("biz_opaque_callback_data") or ""))

    def _answered(self, to: str) -> None:
        index = self._index.get(to)
        if index is None or index in self._lost or self.seen.answer[index] is not None:
            return
        now = time.time() - self.seen.began
        self.seen.answer[index] = now - self.seen.at[index]
        self.seen.seconds = now
        self._in_flight -= 1
        self._done()

    def _done(self) -> None:
        self._left -= 1
        self._moved.set()

    def _report(self, number: str, to: str, wamid: str, our_id: str) -> None:
        """The three statuses, one after the other."""
        if self.order is None or self._statuses is None:
            return
        order, sender = self.order, self._statuses
        self._left += len(STATUSES)

        def post(words: Sequence[str]) -> None:
            now = int(time.time())
            entry = deliveries.status(wamid, words[0], our_id=our_id, phone=to, phone_number_id=number, at=now)

            def taken(status: int) -> None:
                if self.order is not order:
                    return  # of a load that was given up
                self.seen.refused += status != 200
                self._done()
                if words[1:]:
                    post(words[1:])

            sender.post(_signed(sender, order.secret, deliveries.delivery(entry)), taken)

        post(STATUSES)

    async def load(self, order: Order) -> Seen:
        """Carry out an order."""
        address = urlsplit(order.webhook)
        assert address.hostname is not None
        assert address.port is not None
        sender = Sender(address.hostname, address.port, address.path, order.connections)
        self._statuses = Sender(address.hostname, address.port, address.path, STATUS_CONNECTIONS)
        self.order, self.seen = order, Seen()
        requests = self._written(order, sender)
        self._left, self._in_flight = 2 * order.count, 0
        seen = self.seen
        seen.began = time.time()
        try:
            async with asyncio.timeout(order.patience_seconds):
                await self._send(order, sender, requests)
                while self._left:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            pass
        finally:
            await sender.aclose()
            await self._statuses.aclose()
        seen.unanswered = seen.answer.count(None)
        return seen

    def _written(self, order: Order, sender: Sender) -> list[bytes]:
        rng = random.Random(order.seed)
        numbers = list(order.numbers)
        known = rng.sample(range(order.known), order.count) if order.known else []
        self._index, self._lost, requests = {}, set(), []
        for index in range(order.count):
            if known:
                phone, number = customer(known[index]), known[index] % len(numbers)
            else:
                phone = f"55{rng.randrange(10**10, 10**11)}"
                number = rng.randrange(len(numbers))
                if order.hot:
                    number = 0 if rng.random() < order.hot else rng.randrange(1, len(numbers))
            entry = deliveries.text(
                rng.choice(QUESTIONS), phone=phone, phone_number_id=numbers[number], at=int(time.time())
            )
            requests.append(_signed(sender, order.secret, deliveries.delivery(entry)))
            self._index[phone] = index
            self.seen.number.append(number)
        self.seen.at = [0.0] * order.count
        self.seen.webhook = [None] * order.count
        self.seen.answer = [None] * order.count
        return requests

    async def _send(self, order: Order, sender: Sender, requests: list[bytes]) -> None:
        seen = self.seen
        for index, request in enumerate(requests):
            due = index / order.rate if order.rate else time.time() - seen.began
            if (early := due - (time.time() - seen.began)) > 0:
                await asyncio.sleep(early)
            while order.in_flight is not None and self._in_flight >= order.in_flight:
                self._moved.clear()
                await self._moved.wait()
                due = time.time() - seen.began
            seen.at[index] = due
            self._in_flight += 1
            sender.post(request, lambda status, index=index: self._taken(index, status))  # type: ignore[misc]
            if index % 16 == 15:
                await asyncio.sleep(0)

    def _taken(self, index: int, status: int) -> None:
        if status == 200:
            self.seen.webhook[index] = time.time() - self.seen.began - self.seen.at[index]
        else:
            self.seen.refused += 1
            self._lost.add(index)  # nobody owes an answer to it
            self._in_flight -= 1
            self._done()
        self._done()


def _signed(sender: Sender, secret: str, body: bytes) -> bytes:
    return sender.request(body, "sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex())


async def main() -> None:
    """Serve until stdin ends."""
    meta = Meta()
    async with serve(meta.route) as port:
        print(f"http://127.0.0.1:{port}", flush=True)
        reader = asyncio.StreamReader(limit=1 << 24)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            seen: Any = asdict(await meta.load(Order(**orjson.loads(line))))
            sys.stdout.write(orjson.dumps(seen).decode() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
