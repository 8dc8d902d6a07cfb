"""`POST /webhooks/asaas`: check the token, take the notice over in one transaction, answer 200."""

from datetime import date
from functools import partial

from attrs import define

from daemon.billing import paying
from daemon.billing.asaas import MOST_BYTES, MalformedNotice, Notice, parse, token_ok
from daemon.billing.collection import Collector
from daemon.billing.paying import Taken
from daemon.control.asgi import Body, BodyTooLarge, Gone, Receive, Scope, Send, answer, header, refuse
from daemon.logs import get_logger
from shards.days import Calendar
from shards.errors import ShardUnavailable
from shards.shard import Shard, Tx

PATH = "/webhooks/asaas"

_log = get_logger("asaas")


@define(eq=False)
class AsaasWebhook:
    """The ASGI application. Asaas sends a notice again until it gets a 200, and stops sending after many others:
    a notice that we have no use for is answered 200 too."""

    central: Shard
    token: str
    collector: Collector

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises nothing on purpose."""
        body = Body(scope, receive)
        if scope["method"] != "POST":
            await refuse(scope, send, body, 405, b"use POST\n", headers=((b"allow", b"POST"),))
            return
        if not token_ok(self.token, header(scope, b"asaas-access-token")):
            _log.warning("asaas notice refused", configured=bool(self.token))
            await refuse(scope, send, body, 401, b"wrong token\n")
            return
        try:
            raw = await body.read(MOST_BYTES)
        except BodyTooLarge:
            await refuse(scope, send, body, 413, b"the body is larger than 256 KiB\n")
            return
        except Gone:
            return
        status, text = await self.take(raw)
        await answer(scope, send, status, text)

    async def take(self, raw: bytes) -> tuple[int, bytes]:
        """Take one notice over; status and text of the answer."""
        try:
            notice = parse(raw)
            today = Calendar.of(self.collector.around.terms().time_zone)
            taken = await self.central.write(partial(_take, notice=notice, calendar=today))
        except MalformedNotice as error:
            _log.warning("asaas notice is malformed", reason=str(error), bytes=len(raw))
            return 400, f"{error}\n".encode()
        except ShardUnavailable as error:
            _log.warning("asaas notice not stored, it will come again", reason=str(error))
            return 503, b""
        self._tell(notice, taken)
        return 200, b""

    def _tell(self, notice: Notice, taken: Taken) -> None:
        _log.info("asaas notice", notice=notice.event, payment=notice.payment, outcome=taken.outcome)
        if taken.outcome in ("seen", "nothing"):
            return
        invoice = taken.invoice
        fields = {
            "outcome": taken.outcome,
            "method": paying.ASAAS,
            "payment": notice.payment,
            "amount_centavos": notice.value_centavos,
            "invoice": invoice.id if invoice else None,
            "state": invoice.state if invoice else None,
            "reason": taken.sentence,
        }
        self.collector.around.say("payment", fields, invoice.tenant if invoice else None)
        self.collector.wake()


def _take(tx: Tx, notice: Notice, calendar: Calendar) -> Taken:
    today: date = calendar.day_of(tx.now)
    return paying.take(tx, notice, today)
