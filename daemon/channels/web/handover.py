"""Handing a message over: what was encrypted goes again as it was, the rest when the number's pace lets it."""

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

import trio
from attrs import define

from daemon.channels.base import Outgoing, Receipt
from daemon.channels.web import chats
from daemon.channels.web.care import Care
from daemon.channels.web.composing import Composer
from daemon.channels.web.connection import Ended
from daemon.channels.web.keys import Keys, Outbound
from daemon.channels.web.outbound import Draft
from daemon.channels.web.sending import Sending
from daemon.channels.web.uplink import Uplink
from daemon.errors import ChannelPaused, SendRefused, SendUnsettled
from daemon.logs import get_logger
from daemon.whatsapp.web import content, envelope, outgoing, pace
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import Jid

UNCONFIRMED_HOURS: Final = 24
"""What the server did not confirm for so long is not sent again."""


@define(eq=False)
class Handover:
    """One tenant's. One message of a conversation at a time is the caller's."""

    keys: Keys
    tenant: str
    uplink: Uplink
    care: Care
    composer: Composer
    now: Callable[[], datetime]
    rng: random.Random
    factor: float  # of the pace

    async def send(self, message: Outgoing) -> Receipt:
        """As `Channel.send`; `ChannelPaused` while the link is down.

        A message that was encrypted, and whose fate is unknown, waits for the link instead: nobody may take it back
        any more. Raises `SendUnsettled` once the link is there, so that its owner looks whether it should still go.
        """
        before = await self.keys.read(lambda rows: rows.outbound(message.id))
        if before is not None and before.state == "acked":
            return Receipt(network_id=content.network_id(before.id, str(before.chat)), phone=message.phone)
        encrypted = before is not None and before.state == "encrypted"
        if before is not None and encrypted:
            self._check_age(before)
        sending = self.uplink.sending
        if sending is None:
            if not encrypted:
                raise ChannelPaused("the phone's link is down", "see GET …/channel")
            await self.uplink.wait()
            raise SendUnsettled("the connection is back")
        chat = before.chat if before is not None else await self._destination(sending, message)
        self.care.begin(str(chat), human=message.human or encrypted)
        try:
            draft = await self._draft(sending, chat, message, before)
            network_id = await sending.send(draft)
        except Ended as error:
            raise SendUnsettled(f"the connection ended ({error})") from error
        finally:
            self.care.free(str(chat))
            if sending.connection.over:
                self.uplink.ended(sending)
        await self.care.keep()
        return Receipt(network_id=network_id, phone=message.phone)

    def _check_age(self, before: Outbound) -> None:
        if self.now().timestamp() * 1000 - before.at > UNCONFIRMED_HOURS * 3_600_000:
            raise SendRefused("WhatsApp never confirmed the message", "write again if it still matters")

    async def _destination(self, sending: Sending, message: Outgoing) -> Jid:
        return await sending.destination(lid=message.lid, phone=message.phone)

    async def _draft(self, sending: Sending, chat: Jid, message: Outgoing, before: Outbound | None) -> Draft:
        """What is to be encrypted. A message that was encrypted before keeps its content: its file is up already."""
        if before is not None and before.plaintext:
            return Draft(our_id=message.id, chat=chat, message=envelope.parse(before.plaintext))
        if not message.human:
            await self._show_typing(sending, chat, message)
        lifetime = await self.keys.read(partial(chats.lifetime, chat=chat))
        return Draft(our_id=message.id, chat=chat, message=await self.composer.message(message, lifetime))

    async def _show_typing(self, sending: Sending, chat: Jid, message: Outgoing) -> None:
        """Let the customer see that an answer is being written, for as long as a person would need."""
        state: outgoing.ChatState = "recording" if message.kind == "voice" else "composing"
        await sending.connection.send(outgoing.chatstate(chat, state, sending.own))
        await trio.sleep(pace.typing_seconds(len(message.text), self.rng, factor=self.factor))

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        """As `Channel.mark_read`."""
        id_, _, chat = network_id.partition("/")
        sending = self.uplink.sending
        if sending is None or not id_ or not chat:
            return
        try:
            jid = Jid.parse(chat)
            for node in outgoing.read(jid, [id_], now=int(self.now().timestamp())):
                await sending.connection.send(node)
            if typing:
                await sending.connection.send(outgoing.chatstate(jid, "composing", sending.own))
        except (Ended, Garbled) as error:
            get_logger("channels.web", tenant=self.tenant).info("web_not_marked_read", reason=str(error))
