"""What people do in a tenant's conversations, behind the control API: taking over, writing, erasing."""

from collections.abc import AsyncIterable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import trio
from attrs import evolve

from daemon.channels.media import media_path
from daemon.desk.receive import Received, Rules, receive
from daemon.tenants import sandbox_files
from daemon.tenants.supervisor import Supervisor
from daemon.tenants.surroundings import Surroundings
from daemon.tenants.tenant import rules_of
from daemon.whatsapp.events import MessageReceived, Sender
from shards import requests
from shards.directory import ShardHandle
from shards.errors import NotFound
from shards.ids import new_id
from shards.requests import StoredRequest
from shards.shard import Tx
from shards.tenant import contacts, conversations, media, messages, tombstones
from shards.tenant import profile as profiles
from shards.tenant.profile import TenantProfile

CLOSING_SECONDS: Final = 10.0
"""How long an erasure waits for a moment in which nobody uses the shard."""


class DeskCalls:
    """The desk's part of `daemon.control.ports.Tenancy`. Works whether the tenant's nursery runs or not."""

    def __init__(self, *, around: Surroundings, supervisor: Supervisor) -> None:
        self._around = around
        self._directory = around.directory
        self._supervisor = supervisor

    def shard(self, tenant: str) -> ShardHandle:
        """The tenant's rows. Raises `NotFound` for a tenant that is not there."""
        raise NotImplementedError

    async def take_over(
        self, tenant: str, conversation: str, minutes: int | None, *, request: StoredRequest | None = None
    ) -> None:
        """A person has the conversation until `minutes` are over (None: until released)."""
        changed = await self.shard(tenant).write(
            partial(_take_over, id_=conversation, minutes=minutes, request=request)
        )
        self._wake(tenant, changed)

    async def hand_back(self, tenant: str, conversation: str, *, request: StoredRequest | None = None) -> None:
        """The assistant has the conversation again."""
        changed = await self.shard(tenant).write(partial(_hand_back, id_=conversation, request=request))
        self._wake(tenant, changed)

    async def human_says(
        self, tenant: str, conversation: str, text: str, *, request: StoredRequest | None = None
    ) -> str:
        """Queue a salesperson's message and take the conversation over for the agreed time; the message's id."""
        id_, changed = await self.shard(tenant).write(
            partial(_human_says, id_=conversation, text=text, request=request)
        )
        self._wake(tenant, changed)
        return id_

    async def sandbox_says(self, tenant: str, sender: str, text: str, *, request: StoredRequest | None = None) -> str:
        """A message from the sandbox customer `sender`; the message's id."""
        event = self._sandbox_event(sender, text)
        id_, changed = await self.shard(tenant).write(
            partial(_sandbox_says, event=event, rules_of=self._sandbox_rules, request=request)
        )
        self._wake(tenant, changed)
        return id_

    async def sandbox_sends(
        self,
        tenant: str,
        sender: str,
        file: AsyncIterable[bytes],
        *,
        mime_type: str,
        text: str = "",
        request: StoredRequest | None = None,
    ) -> str:
        """A file from the sandbox customer `sender`, with a caption; the message's id."""
        shard, event = self.shard(tenant), self._sandbox_event(sender, text)
        files = sandbox_files.SandboxFiles(shard, self._around)
        kept = await files.keep(file, mime_type)
        try:
            id_, changed = await shard.write(
                partial(_sandbox_sends, kept=kept, event=event, rules_of=self._sandbox_rules, request=request)
            )
        finally:
            await files.forget(kept)
        self._wake(tenant, changed)
        return id_

    def _sandbox_event(self, sender: str, text: str) -> MessageReceived:
        now = self._around.now()
        return MessageReceived(
            network_id=f"sandbox:{sender}:{new_id(int(now.timestamp() * 1000))}",
            sender=Sender(sandbox=sender, name=sender),
            at=now,
            kind="text",
            text=text,
        )

    def _sandbox_rules(self, profile: TenantProfile) -> Rules:
        return evolve(rules_of(profile, self._around), channel="sandbox")

    async def stock_changed(self, tenant: str) -> None:
        """Vehicles were written."""
        await trio.lowlevel.checkpoint()
        running = self._supervisor.running(tenant)
        if running is not None:
            running.stock_changed()

    async def erase_contact(self, tenant: str, contact: str) -> None:
        """Remove the contact with everything it said and was said to it; leave a tombstone (LGPD)."""
        hashes, changed = await self.shard(tenant).write(
            partial(erase, id_=contact, keyed_hash=partial(self._around.sealer.keyed_hash, tenant))
        )
        self._wake(tenant, changed)
        folder = self._around.data_dir / "media"
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(
                _remove_files, [media_path(folder, tenant, value) for value in hashes], limiter=self._directory.limiter
            )
            # closing the file folds the log into it and empties it: the old pages are in there too
            with trio.move_on_after(CLOSING_SECONDS):
                await self._directory.release(tenant)

    def _wake(self, tenant: str, changed: Received) -> None:
        running = self._supervisor.running(tenant)
        if running is not None:
            running.received(changed)
        else:
            self._around.publish(tenant, changed.news)
            if changed.receipts:
                self._around.receipts(tenant)


def _take_over(tx: Tx, id_: str, minutes: int | None, request: StoredRequest | None) -> Received:
    changed = Received()
    conversation = conversations.by_id(tx, id_)
    until = None if minutes is None else tx.now_ms + minutes * 60_000
    conversations.take_over(tx, conversation.seq, until)
    messages.cancel_unsent(tx, conversation.seq, "a person took over")
    changed.overtaken.add(conversation.seq)
    if until is not None and conversation.owed_since is not None:
        changed.due[conversation.seq] = (until, conversation.turns)
    changed.news.append(("conversation", {"conversation": id_, "state": "human", "reason": "a person took over"}))
    requests.store(tx, request, id_)
    return changed


def _hand_back(tx: Tx, id_: str, request: StoredRequest | None) -> Received:
    changed = Received()
    conversation = conversations.by_id(tx, id_)
    conversations.release(tx, conversation.seq)
    if conversation.owed_since is not None:
        changed.due[conversation.seq] = (tx.now_ms, conversation.turns)
    changed.news.append(("conversation", {"conversation": id_, "state": "assistant", "reason": "released"}))
    requests.store(tx, request, id_)
    return changed


def _human_says(tx: Tx, id_: str, text: str, request: StoredRequest | None) -> tuple[str, Received]:
    changed = Received()
    conversation = conversations.by_id(tx, id_)
    messages.cancel_unsent(tx, conversation.seq, "a person answered")
    message = messages.queue(tx, conversation.seq, author="human", kind="text", text=text)
    if not (conversation.state == "human" and conversation.human_until is None):
        minutes = profiles.load(tx).assistant.handover_minutes
        until = tx.now_ms + minutes * 60_000
        if conversation.state == "human":
            until = max(until, conversation.human_until or 0)
        conversations.take_over(tx, conversation.seq, until)
    conversations.answered(tx, conversation.seq, conversations.newest_inbound(tx, conversation.seq))
    changed.overtaken.add(conversation.seq)
    changed.to_send.add(conversation.seq)
    changed.news += [
        ("message", {"conversation": id_, "message": message, "direction": "out", "state": "queued"}),
        ("conversation", {"conversation": id_, "state": "human", "reason": "a person answered"}),
    ]
    requests.store(tx, request, message)
    return message, changed


def _sandbox_says(
    tx: Tx, event: MessageReceived, rules_of: Callable[[TenantProfile], Rules], request: StoredRequest | None
) -> tuple[str, Received]:
    changed = receive(tx, [event], rules_of(profiles.load(tx)))
    message: str = tx.value("SELECT id FROM messages WHERE network_id = ?", (event.network_id,))
    requests.store(tx, request, message)
    return message, changed


def _sandbox_sends(
    tx: Tx,
    kept: sandbox_files.Kept,
    event: MessageReceived,
    rules_of: Callable[[TenantProfile], Rules],
    request: StoredRequest | None,
) -> tuple[str, Received]:
    return sandbox_files.store(tx, kept, event, rules_of(profiles.load(tx)), request)


def erase(tx: Tx, id_: str, keyed_hash: Callable[[str], bytes]) -> tuple[list[str], Received]:
    """Remove a contact with all its rows and leave a tombstone; the hashes of files to remove. Raises `NotFound`."""
    seq = tx.value("SELECT seq FROM contacts WHERE id = ?", (id_,))
    if seq is None:
        raise NotFound(f"there is no contact {id_!r}", "list the contacts to find the id")
    changed = Received(receipts=True)
    threads: dict[int, str] = dict(tx.rows("SELECT seq, id FROM conversations WHERE contact = ?", (seq,)))
    changed.overtaken = set(threads)
    tombstones.bury(tx, "erasure", [keyed_hash(f"{kind}:{value}") for kind, value in contacts.aliases(tx, seq)])
    # what is deleted must not be readable in the file's free pages either
    tx.connection.pragma("secure_delete", True)
    try:
        for thread, public_id in threads.items():
            _erase_loose(tx, thread, public_id)
        if tx.value("SELECT 1 FROM aliases WHERE contact = ? AND kind = 'sandbox'", (seq,)):
            tx.run("DELETE FROM requests WHERE path LIKE '%/sandbox/%'")
        tx.run("DELETE FROM contacts WHERE seq = ?", (seq,))
        hashes = media.unused(tx)  # also what the customer had deleted before; what others sent too stays
    finally:
        tx.connection.pragma("secure_delete", False)
    changed.news.append(("contact", {"contact": id_, "erased": True}))
    return hashes, changed


def _erase_loose(tx: Tx, seq: int, id_: str) -> None:
    """What no foreign key ties to the conversation: reactions, early statuses, answers kept for repeated calls."""
    ids = "(SELECT network_id FROM messages WHERE conversation = ?)"
    tx.run(f"DELETE FROM reactions WHERE target IN {ids}", (seq,))  # noqa: S608 - a constant
    tx.run(f"DELETE FROM early_statuses WHERE network_id IN {ids}", (seq,))  # noqa: S608 - a constant
    tx.run("DELETE FROM requests WHERE path LIKE '%/conversations/' || ? || '/%'", (id_,))


def _remove_files(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
