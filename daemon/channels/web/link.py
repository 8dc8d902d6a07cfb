"""Linking a phone: one unpaired connection, from the server's offer to the signature that ends it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import trio
from attrs import evolve, frozen

from daemon.channels.web.connection import Connection, Ended, NoAnswer, Randomness
from daemon.channels.web.keys import Device, Keys, Rows
from daemon.errors import ChannelError
from daemon.logs import get_logger
from daemon.whatsapp.web import link_code, notifications, pairing, passkey, queries, stanza
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.record import SignedPreKey

CODE_SECONDS: Final = 160.0
"""How long a pairing by code may take in all, and the refs of one connection."""
RESTART_SECONDS: Final = 20.0
"""WhatsApp ends the connection so soon after a device was linked; if not, we do."""
ASK_SECONDS: Final = 30.0
SIGNED_PREKEY: Final = 1
UNLINKED: Final = "unlinked"
"""The fact that says why no phone is linked any more."""


@frozen(kw_only=True)
class Shown:
    """What a person has to see now, and the sentence that says what to do with it."""

    sentence: str
    qr: str | None = None
    qr_expires_at: datetime | None = None
    pairing_code: str | None = None
    passkey: dict[str, Any] | None = None


Show = Callable[[Shown], None]

WAITS: Final = Shown(sentence="waits for WhatsApp's offer")
USED_UP: Final = "nobody answered to what was shown, which is used up"
LINKED: Final = Shown(sentence="the phone has linked this device, logging in")


def new_device(random_bytes: Callable[[int], bytes]) -> Device:
    """Keys of a device that no phone knows yet. To be stored before they are shown."""
    identity = KeyPair.generate(random_bytes(32))
    pair = KeyPair.generate(random_bytes(32))
    return Device(
        noise=KeyPair.generate(random_bytes(32)),
        identity=identity,
        registration_id=1 + int.from_bytes(random_bytes(2)) % 0x3FFF,
        signed_prekey=SignedPreKey.signed(identity, SIGNED_PREKEY, pair, random_bytes(64)),
        adv_secret=random_bytes(32),
    )


class Link:
    """One attempt over one connection. `shown` follows what the server and the phone do."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        device: Device,
        *,
        phone: str,
        show: Show,
        now: Callable[[], datetime],
        randomness: Randomness,
        tenant: str,
    ) -> None:
        """`phone`: digits to pair by code, "" to pair by QR."""
        self._connection = connection
        self._keys = keys
        self._device = device
        self._phone = phone
        self._show = show
        self._now = now
        self._random = randomness.bytes
        self._nursery: trio.Nursery | None = None
        self._beside: trio.CancelScope | None = None
        self._ephemeral: KeyPair | None = None  # of a pairing by code
        self._code = ""
        self._ref = b""
        self._asked: passkey.Asked | None = None
        self._proved: passkey.Proved | None = None
        self._confirming: passkey.Confirming | None = None
        self._log = get_logger("channels.web", tenant=tenant)
        self.paired = False
        self.refused = ""  # why the pairing cannot go on as it was begun

    async def run(self) -> Ended:
        """Serve the connection until it ends. Raises `ShardUnavailable` when the keys cannot be kept."""
        self._show(WAITS)
        async with trio.open_nursery() as self._nursery:
            ended = await self._connection.serve(self._handle)
            self._nursery.cancel_scope.cancel()
        return ended

    def give_up(self) -> None:
        """End the attempt; `run` returns soon."""
        self._connection.end(Ended("the pairing was given up", "ended"))

    def _from_now(self, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Let `work` run beside the connection, instead of what ran before."""
        assert self._nursery is not None
        if self._beside is not None:
            self._beside.cancel()
        self._beside = trio.CancelScope()
        self._nursery.start_soon(self._within, self._beside, work, *args)

    async def _within(self, scope: trio.CancelScope, work: Callable[..., Awaitable[None]], *args: Any) -> None:
        with scope:
            await work(*args)

    async def _end_in(self, seconds: float, why: str) -> None:
        await trio.sleep(seconds)
        self._connection.end(Ended(why, "ended"))

    async def _handle(self, node: Node) -> None:
        try:
            if node.tag == "iq":
                await self._iq(node)
            elif node.tag == "notification":
                await self._notification(node)
        except pairing.PairingRefused as error:
            self._log.warning("pairing_refused", reason=str(error))
            self.refused = f"the pairing was refused ({error}): begin again with POST …/channel/pair"
            if node.child("pair-success") is not None:
                await self._connection.send(pairing.refusal(node, error))
            self._connection.end(Ended(self.refused, "ended"))
        except Garbled as error:
            self._log.warning("pairing_stanza_unreadable", reason=str(error))

    async def _iq(self, node: Node) -> None:
        if (answer := queries.pong(node)) is not None:
            await self._connection.send(answer)
        elif node.child("pair-device") is not None:
            refs = pairing.read_pair_device(node)
            await self._connection.send(pairing.accepted(node))
            if self._phone:
                await self._ask_for_code()
            else:
                self._from_now(self._show_refs, refs)
        elif node.child("pair-success") is not None:
            await self._complete(node)

    # By QR

    async def _show_refs(self, refs: tuple[str, ...]) -> None:
        for ref in pairing.qr_schedule(refs):
            device = self._device
            text = pairing.qr_text(
                ref.ref, noise=device.noise.public, identity=device.identity.public, adv_secret=device.adv_secret
            )
            self._show(
                Shown(
                    sentence="waits for the QR to be scanned: WhatsApp on the phone, Linked devices, Link a device",
                    qr=text,
                    qr_expires_at=self._now() + timedelta(seconds=ref.seconds),
                )
            )
            await trio.sleep(ref.seconds)
        self._connection.end(Ended(USED_UP, "ended"))  # the next connection brings new refs

    # By code

    async def _ask_for_code(self) -> None:
        self._ephemeral = KeyPair.generate(self._random(32))
        self._code = link_code.code_from(self._random(5))
        salt, iv = self._random(32), self._random(16)
        key = await trio.to_thread.run_sync(link_code.code_key, self._code, salt)
        hello = link_code.companion_hello(
            phone=link_code.phone_jid(self._phone),
            wrapped=link_code.wrap(key, self._ephemeral.public, salt=salt, iv=iv),
            noise=self._device.noise.public,
        )
        self._ref = link_code.read_ref(await self._connection.ask(hello, seconds=ASK_SECONDS))
        self._show(
            Shown(
                sentence="waits for the code to be typed: WhatsApp on the phone, Linked devices,"
                " Link with phone number instead",
                pairing_code=link_code.shown(self._code),
                qr_expires_at=self._now() + timedelta(seconds=CODE_SECONDS),
            )
        )
        self._from_now(self._end_in, CODE_SECONDS, USED_UP)

    async def _code_entered(self, node: Node) -> None:
        if self._ephemeral is None:
            return
        hello = link_code.read_primary_hello(node, ref=self._ref)
        key = await trio.to_thread.run_sync(link_code.code_key, self._code, link_code.salt_of(hello.wrapped))
        finish = link_code.companion_finish(
            hello,
            key=key,
            phone=link_code.phone_jid(self._phone),
            ephemeral=self._ephemeral,
            identity=self._device.identity,
            adv_random=self._random(32),
            salt=self._random(32),
            nonce=self._random(12),
        )
        await self._keep(adv_secret=finish.adv_secret)
        self._show(Shown(sentence="the code was typed, waits for the phone"))
        self._from_now(self._end_in, CODE_SECONDS, USED_UP)
        await self._connection.ask(finish.node, seconds=ASK_SECONDS)

    # With a passkey

    async def _notification(self, node: Node) -> None:
        match notifications.read(node, None):
            case notifications.CodeEntered():
                await self._code_entered(node)
            case notifications.PasskeyAsked():
                await self._passkey_asked(node)
            case notifications.PasskeyContinued():
                await self._passkey_continued(node)
        for answer in stanza.clearing(node, None):
            await self._connection.send(answer)

    async def _passkey_asked(self, node: Node) -> None:
        now = self._now().timestamp()
        try:
            asked = passkey.asked(node, adv_secret=self._device.adv_secret, now=now)
        except Garbled:
            again = await self._connection.ask(passkey.FETCH_OPTIONS, seconds=ASK_SECONDS)
            asked = passkey.asked(again, adv_secret=self._device.adv_secret, now=now)
        self._asked = asked
        self._from_now(self._end_in, asked.until - now, USED_UP)
        self._show(Shown(sentence=asked.sentence, passkey=orjson.loads(asked.options)))

    async def answer_passkey(self, answer: Mapping[str, Any]) -> None:
        """Hand the browser's proof to WhatsApp, or with `{"confirmed": true}` say that the phone shows the same code.
        Raises `ChannelError` where that was not asked for or is no proof."""
        try:
            if answer.get("confirmed") is True:
                await self._confirmed()
            else:
                await self._prove(answer)
        except Garbled as error:
            raise ChannelError(f"the passkey's answer cannot be used: {error}", "ask the passkey again") from error
        except (Ended, NoAnswer) as error:
            raise ChannelError(
                f"WhatsApp did not take the passkey's answer ({error})", "begin the pairing anew"
            ) from error

    async def _prove(self, assertion: Mapping[str, Any]) -> None:
        if self._asked is None:
            raise ChannelError("WhatsApp has not asked for a passkey", "begin with POST …/channel/pair")
        proof = passkey.read_assertion(orjson.dumps(assertion).decode(), self._asked)
        ref = passkey.read_ref(await self._connection.ask(passkey.FETCH_REF, seconds=ASK_SECONDS))
        self._proved, node = passkey.prove(
            self._asked,
            proof,
            ref=ref,
            ephemeral=KeyPair.generate(self._random(32)),
            nonce=self._random(32),
            now=self._now().timestamp(),
        )
        self._show(Shown(sentence=self._proved.sentence))
        await self._connection.ask(node, seconds=ASK_SECONDS)

    async def _passkey_continued(self, node: Node) -> None:
        if self._proved is None:
            return
        self._confirming, revealed = passkey.confirm(self._proved, node)
        await self._connection.ask(revealed, seconds=ASK_SECONDS)
        if not self._confirming.code:
            await self._confirmed()
        else:
            code = link_code.shown(self._confirming.code)
            self._show(Shown(sentence=self._confirming.sentence, pairing_code=code))

    async def _confirmed(self) -> None:
        if self._confirming is None:
            raise ChannelError("there is no code to confirm", "begin with POST …/channel/pair")
        request = passkey.request(
            self._confirming,
            noise=self._device.noise.public,
            identity=self._device.identity.public,
            adv_secret=self._random(32),
            iv=self._random(12),
        )
        self._confirming = None
        await self._keep(adv_secret=request.adv_secret)
        self._show(Shown(sentence=request.sentence))
        await self._connection.ask(request.node, seconds=ASK_SECONDS)

    # The end

    async def _complete(self, node: Node) -> None:
        """Keep what the phone signed, then sign back: after that the phone believes us linked."""
        device = self._device
        done = pairing.complete(node, identity=device.identity, adv_secret=device.adv_secret, random64=self._random(64))
        now_ms = int(self._now().timestamp() * 1000)
        self._device = evolve(
            device,
            jid=done.jid,
            lid=done.lid,
            account=done.account,
            platform=done.platform,
            name=done.business_name,
            paired_at=now_ms,
        )
        await self._keys.write(lambda rows: _paired(rows, self._device, done.phone_identity))
        self.paired = True
        self._show(LINKED)
        await self._connection.send(done.reply)
        self._from_now(self._end_in, RESTART_SECONDS, "the phone has linked this device")

    async def _keep(self, *, adv_secret: bytes) -> None:
        self._device = evolve(self._device, adv_secret=adv_secret)
        await self._keys.write(lambda rows: rows.save_device(self._device))


def _paired(rows: Rows, device: Device, phone_identity: bytes) -> None:
    assert device.jid is not None
    rows.save_device(device)
    phone = device.jid.bare
    if device.lid is not None:
        rows.learn_address(lid_user=device.lid.user, pn_user=device.jid.user)
        phone = device.lid.bare
    rows.save_identity(phone.address, phone_identity)
    rows.set_fact(UNLINKED, None)
