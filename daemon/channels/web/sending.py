"""Handing one message to WhatsApp Web: who has which devices, encrypt, write, wait for the ack."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from attrs import define, evolve

from daemon.channels.web import chats, outbound
from daemon.channels.web.connection import Connection, NoAnswer, Randomness
from daemon.channels.web.keys import Device, Keys, Outbound, Rows
from daemon.channels.web.outbound import Draft, Missing, Unreachable
from daemon.errors import SendDelayed, SendRefused, SendUnsettled
from daemon.logs import get_logger
from daemon.whatsapp.web import bundle, content, devices, pace, privacy, receipts
from daemon.whatsapp.web.bundle import Bundle
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import LID, PN, Jid
from daemon.whatsapp.web.node import unpack
from daemon.whatsapp.web.queries import QueryRefused
from daemon.whatsapp.web.stanza import Incoming, Own

ACK_SECONDS: Final = 75.0
QUERY_SECONDS: Final = 30.0
ATTEMPTS: Final = 6
"""Rounds of fetching what is missing for one message; more means that the server's answers do not fit its questions."""
LATER_SECONDS: Final = 30.0
UNREACHABLE_SECONDS: Final = 600.0
TOO_FAST: Final = 429


@define(eq=False)
class Sending:
    """What a logged-in connection sends with. One per connection; one message of a chat at a time is the caller's."""

    connection: Connection
    keys: Keys
    device: Device
    own: Own
    randomness: Randomness
    tenant: str
    trouble: Callable[[pace.Trouble, float | None], Awaitable[None]]  # the server watches the number
    aside: Callable[[Callable[[], Awaitable[None]]], object]  # do it meanwhile; it may be left out

    async def destination(self, *, lid: str, phone: str) -> Jid:
        """The address a customer is written to: the LID wherever there is one. Raises `SendRefused`, `SendDelayed`."""
        if not lid and not phone:
            raise SendRefused("the customer has neither a phone number nor an address on this channel")
        if lid:
            return Jid(lid, LID)
        known = await self.keys.read(lambda rows: rows.lid_of(phone))
        if known is not None:
            return Jid(known, LID)
        person = Jid(phone, PN)
        await self.look_up((person,), lids=True)
        learned = await self.keys.read(lambda rows: rows.lid_of(phone))
        return Jid(learned, LID) if learned is not None else person

    async def look_up(self, people: tuple[Jid, ...], *, lids: bool = False) -> None:
        """Learn the devices of people (and their LIDs). Raises `SendDelayed` where the server does not tell."""
        query = devices.query(people, sid=self.randomness.bytes(8).hex(), lids=lids)
        try:
            found = devices.read(await self.connection.ask(query, seconds=QUERY_SECONDS))
        except (Garbled, NoAnswer) as error:
            raise _later(f"WhatsApp does not tell the customer's devices ({error})", error) from error
        await self.keys.write(partial(_learn, found=found))

    async def send(self, draft: Draft) -> str:
        """Encrypt and hand over; the network id once the server has acknowledged it.

        Raises `SendRefused`, `SendDelayed`, or `SendUnsettled` when the outcome is unknown: then call it again, and the
        same bytes go. If cancelled the outcome is unknown, too.
        """
        log = get_logger("channels.web", tenant=self.tenant)
        bundles: dict[Jid, Bundle | None] = {}
        looked_up: set[Jid] = set()
        tried: list[receipts.Do] = []
        for _ in range(ATTEMPTS):
            sealed = await self.keys.write(
                partial(
                    outbound.seal,
                    draft=draft,
                    own=self.own,
                    device=self.device,
                    fresh=self.randomness.bytes,
                    bundles=bundles,
                    looked_up=looked_up,
                )
            )
            match sealed:
                case Unreachable():
                    raise SendDelayed("none of the customer's devices can be written to now", UNREACHABLE_SECONDS)
                case Missing():
                    await self._fetch(sealed, bundles)
                    looked_up.update(sealed.lists)
                case Outbound(state="acked"):
                    return content.network_id(sealed.id, str(sealed.chat))
                case Outbound():
                    ack = await self._hand_over(sealed)
                    meaning = receipts.meaning_of(ack.error, tried)
                    if meaning.do == "accepted":
                        return await self._accepted(sealed, ack)
                    log.warning("send_answered", error=ack.error, meaning=meaning.meaning)
                    if meaning.do == "again":
                        raise _again(meaning, ack)
                    await self.keys.write(partial(outbound.refused, our_id=draft.our_id))
                    if meaning.trouble:
                        await self.trouble("stranger", None)
                    if meaning.do == "refused":
                        raise SendRefused(meaning.meaning, meaning.remedy, code=_code(ack.error))
                    tried.append(meaning.do)
                    draft = await self._otherwise(draft, meaning.do)
                    looked_up.clear()
        raise SendDelayed("WhatsApp's answers about the customer's devices do not fit together", LATER_SECONDS)

    async def _hand_over(self, sealed: Outbound) -> receipts.Ack:
        node = unpack(sealed.node)
        try:
            answer = await self.connection.exchange(node, ("ack", sealed.id), seconds=ACK_SECONDS)
        except NoAnswer as error:
            raise SendUnsettled(f"the message was written and not acknowledged ({error})") from error
        ack = receipts.read_ack(answer)
        if ack is None:
            raise SendUnsettled("the message was answered with something that is no acknowledgement")
        return ack

    async def _accepted(self, sealed: Outbound, ack: receipts.Ack) -> str:
        stale = bool(ack.phash) and ack.phash != sealed.phash
        due = await self.keys.write(partial(_accepted, sealed=sealed, own=self.own, stale=stale))
        if due:
            self.aside(partial(self._give_token, sealed.chat))
        return content.network_id(sealed.id, str(sealed.chat))

    async def _give_token(self, chat: Jid) -> None:
        """Give the customer our privacy token. Raises `NoAnswer`."""
        now = await self.keys.read(lambda rows: rows.now_ms // 1000)
        answer = await self.connection.ask(privacy.issue(chat, now), seconds=QUERY_SECONDS)
        if answer.get("type") == "result":
            await self.keys.write(partial(outbound.token_issued, chat=chat))

    async def _otherwise(self, draft: Draft, do: receipts.Do) -> Draft:
        """The same message for fresh device lists, or under the chat's other kind of address."""
        if do == "rebuild":
            await self.keys.write(partial(_forget_lists, people=(draft.chat, self.own.beside(draft.chat).bare)))
            return draft
        other = await self.keys.read(partial(chats.other_address, person=draft.chat))
        if other is None:
            raise SendRefused("WhatsApp does not take messages to the customer under the only address we know")
        return evolve(draft, chat=other)

    async def _fetch(self, missing: Missing, bundles: dict[Jid, Bundle | None]) -> None:
        if missing.lists:
            await self.look_up(missing.lists)
        if missing.bundles:
            bundles.update(await self.fetch_bundles(missing.bundles))

    async def fetch_bundles(self, wanted: tuple[Jid, ...]) -> dict[Jid, Bundle | None]:
        """The bundles of devices, None for those the server has none of. Raises `SendDelayed`."""
        try:
            found = bundle.read(await self.connection.ask(bundle.query(wanted), seconds=QUERY_SECONDS))
        except (Garbled, NoAnswer) as error:
            raise _later(f"WhatsApp does not give the keys of the customer's devices ({error})", error) from error
        return {device: found.get(device) for device in wanted}

    async def ask_phone(self, message: Incoming) -> None:
        """Ask our own phone for a message that did not reach us whole. Raises `Ended`, `SendDelayed`."""
        found: Bundle | None = None
        for _ in range(2):
            sealed = await self.keys.write(
                partial(
                    outbound.ask_phone,
                    message=message,
                    own=self.own,
                    device=self.device,
                    fresh=self.randomness.bytes,
                    bundle=found,
                )
            )
            if isinstance(sealed, Outbound):
                await self.connection.send(unpack(sealed.node))
                return
            fetched = await self.fetch_bundles(sealed.bundles)
            found = fetched[sealed.bundles[0]]
            if found is None:
                return

    async def again(self, request: receipts.RetryRequest, keys: Bundle | None, resends_last_minute: int) -> str:
        """Answer a device that could not read a message of ours; why it was done or not. Raises `Ended`."""
        found: Bundle | None = None
        for _ in range(2):
            decided = await self.keys.write(
                partial(
                    outbound.again,
                    request=request,
                    own=self.own,
                    device=self.device,
                    fresh=self.randomness.bytes,
                    resends_last_minute=resends_last_minute,
                    keys=keys,
                    bundle=found,
                )
            )
            if decided.node:
                await self.connection.send(unpack(decided.node))
                return f"sent again: {decided.why}"
            if decided.bundle_of is None:
                return decided.why
            found = (await self.fetch_bundles((decided.bundle_of,)))[decided.bundle_of]
            if found is None:
                return "the server has no keys of that device"
        return "the server's keys of that device are of no use"


def _learn(rows: Rows, found: dict[Jid, devices.Person]) -> None:
    for person, known in found.items():
        numbers = [device.device for device in known.devices if device.server == person.server]
        rows.save_devices(person, numbers)
        if known.lid is not None and person.server == PN:
            rows.learn_address(lid_user=known.lid.user, pn_user=person.user)
            rows.save_devices(known.lid, numbers)


def _accepted(rows: Rows, sealed: Outbound, own: Own, *, stale: bool) -> bool:
    outbound.acked(rows, sealed.our_id)
    if stale:
        _forget_lists(rows, (sealed.chat, own.beside(sealed.chat).bare))
    return outbound.token_due(rows, sealed.chat, own)


def _forget_lists(rows: Rows, people: tuple[Jid, ...]) -> None:
    for person in people:
        rows.forget_devices(person)


def _again(meaning: receipts.AckMeaning, ack: receipts.Ack) -> SendDelayed:
    """Too fast is the number's fault, all else this chat's."""
    code = _code(ack.error)
    scope = "channel" if code == TOO_FAST else "contact"
    return SendDelayed(meaning.meaning, meaning.seconds or LATER_SECONDS, scope, code)


def _code(error: str) -> int | None:
    return int(error) if error.isdigit() else None


def _later(what: str, cause: Exception) -> SendDelayed:
    overlimit = isinstance(cause, QueryRefused) and cause.error.overlimit
    return SendDelayed(what, 300.0 if overlimit else LATER_SECONDS, "channel" if overlimit else "contact")
