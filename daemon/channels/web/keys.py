"""What the `web` channel asks of the file that holds its keys. One file a tenant, forward only, never copied.

The channel composes each transaction as a function of `Rows`; so what belongs together (an advanced ratchet, the spent
prekey, the plaintext) is committed together or not at all. Keys are sealed by whoever implements this.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeVar

from attrs import field, frozen

from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.record import PreKey, SignedPreKey

T = TypeVar("T")


@frozen(kw_only=True)
class Device:
    """Our companion device: made before pairing, completed by it."""

    noise: KeyPair = field(repr=False)
    identity: KeyPair = field(repr=False)
    registration_id: int
    signed_prekey: SignedPreKey = field(repr=False)
    adv_secret: bytes = field(repr=False)
    jid: Jid | None = None  # None until paired
    lid: Jid | None = None
    account: bytes = field(default=b"", repr=False)  # serialised ADVSignedDeviceIdentity, with both signatures
    platform: str = ""
    name: str = ""  # what the phone calls itself: business name, else push name
    routing_info: bytes = b""
    paired_at: int = 0  # ms

    @property
    def paired(self) -> bool:
        """Whether a phone has linked it."""
        return self.jid is not None


@frozen(kw_only=True)
class DeviceList:
    """Whose devices a message must be encrypted for, as numbers under the person's own server.

    Devices that Meta hosts for a business (servers `hosted`, `hosted.lid`) are not kept: customers have none, and
    where our own account has one it learns of our messages from Meta. The list then differs from the server's, which
    costs another look-up after each message.
    """

    devices: tuple[int, ...]
    fetched_at: int  # ms


@frozen(kw_only=True)
class Inbound:
    """A stanza's decrypted content on its way into the shard. Its row stays, without `stanza` and `plaintext`, as
    proof."""

    seq: int = 0  # given by the file
    hash: bytes  # of the ciphertext: finds a redelivery
    chat: Jid  # bare, by LID where known
    sender: Jid  # device that wrote
    id: str
    stanza: bytes = field(default=b"", repr=False)  # packed: what of the stanza is read when it is drained
    plaintext: bytes = field(default=b"", repr=False)  # a serialised Message
    drained: bool = False
    at: int = 0  # ms, the network's time


@frozen(kw_only=True)
class Outbound:
    """A message of ours as it was encrypted: the same bytes go again until the network has it."""

    our_id: str  # the message's id in the shard; "" for peer messages and the like
    id: str  # the network's
    chat: Jid  # bare, as addressed
    node: bytes = field(repr=False)  # packed; b"" once it need not be sent again
    plaintext: bytes = field(repr=False)  # a serialised Message, for those who ask again (7 days)
    phash: str = ""
    state: Literal["encrypted", "acked", "failed"] = "encrypted"
    at: int = 0  # ms


@frozen(kw_only=True)
class PrivacyToken:
    """Proof that a contact knows us, and when we last gave ours."""

    token: bytes = field(default=b"", repr=False)
    received_at: int = 0  # seconds, the network's
    issued_at: int = 0  # seconds


class Rows(Protocol):
    """One open transaction of a session file. Synchronous; nothing may wait in it."""

    now_ms: int

    # our device
    def device(self) -> Device | None: ...
    def save_device(self, device: Device) -> None: ...
    def retire_device(self, reason: str) -> None:
        """Unlinked: keys and sessions are put aside (for support), a new device may be made. Proofs of what was
        received stay."""
        ...

    # Signal sessions and identities, by signal address ("222_1:7")
    def session(self, address: str) -> bytes | None: ...
    def save_session(self, address: str, record: bytes) -> None: ...
    def identity(self, address: str) -> bytes | None: ...
    def save_identity(self, address: str, identity: bytes) -> bytes | None:
        """Keeps it with the time; the one it replaced, if that was another."""
        ...

    def forget_session(self, address: str) -> None: ...
    def forget_person(self, person: Jid) -> None:
        """All sessions and identities of a person's devices, under both addresses, and the device list."""
        ...

    # one-time prekeys
    def prekey(self, id_: int) -> PreKey | None: ...
    def spend_prekey(self, id_: int) -> None: ...
    def add_prekeys(self, pairs: Sequence[KeyPair], *, uploaded: bool = False) -> list[PreKey]:
        """Numbered on from the last, 1 … 0xFFFFFF."""
        ...

    def unsent_prekeys(self, limit: int) -> list[PreKey]: ...
    def prekeys_uploaded(self, ids: Sequence[int]) -> None: ...
    def prekeys_left(self) -> int: ...

    # addresses
    def lid_of(self, pn_user: str) -> str | None: ...
    def pn_of(self, lid_user: str) -> str | None: ...
    def learn_address(self, *, lid_user: str, pn_user: str) -> bool:
        """The newest observation wins; sessions and identities kept under the number move to the LID. Whether
        anything changed."""
        ...

    # device lists, by bare Jid
    def devices(self, person: Jid) -> DeviceList | None: ...
    def save_devices(self, person: Jid, devices: Sequence[int]) -> None: ...
    def forget_devices(self, person: Jid) -> None: ...

    # received
    def inbound(self, hash_: bytes) -> Inbound | None: ...
    def inbound_of(self, chat: Jid, id_: str) -> Inbound | None: ...
    def store_inbound(self, inbound: Inbound) -> Inbound: ...
    def to_drain(self, limit: int) -> list[Inbound]:
        """In order of arrival."""
        ...

    def drained(self, seqs: Sequence[int]) -> None: ...

    # stanzas that could not be decrypted
    def count_failure(self, *, chat: Jid, sender: Jid, id_: str, at: int, reason: int) -> int:
        """One failure more; how many so far."""
        ...

    def failure_resolved(self, *, chat: Jid, id_: str) -> None: ...
    def failures(self) -> int:
        """How many messages were never resolved."""
        ...

    # sent
    def outbound(self, our_id: str) -> Outbound | None: ...
    def outbound_of(self, id_: str) -> Outbound | None:
        """By the network's id, ours are unique."""
        ...

    def save_outbound(self, outbound: Outbound) -> None: ...
    def count_retry(self, id_: str, device: Jid) -> int:
        """A device asked for a message again; how often so far."""
        ...

    # secrets of messages, privacy tokens, requests to our phone, app-state keys
    def secret(self, chat: Jid, id_: str) -> bytes | None: ...
    def save_secret(self, chat: Jid, sender: Jid, id_: str, secret: bytes) -> None: ...
    def privacy_token(self, lid_user: str) -> PrivacyToken: ...
    def save_privacy_token(self, lid_user: str, token: PrivacyToken) -> None: ...
    def ask_phone(self, request_id: str, kind: str, chat: Jid, id_: str) -> bool:
        """Note a request to our phone; False if the same thing was asked already."""
        ...

    def asked_phone(self, request_id: str, kind: str) -> tuple[tuple[Jid, str], ...]:
        """What that request asked for (chat, id); empty if it is none of ours."""
        ...

    def phone_answered(self, chat: Jid, id_: str) -> None: ...
    def save_app_state_key(self, key_id: bytes, key: bytes) -> None: ...

    # small facts ("nct_salt", "client_version", "pace", …); values that are secret are sealed all the same
    def fact(self, key: str) -> bytes | None: ...
    def set_fact(self, key: str, value: bytes | None) -> None: ...

    def tidy(self) -> None:
        """Forget what is past its time: sent plaintext after 7 days, proofs after 60, spent requests after 14."""
        ...


class Keys(Protocol):
    """One tenant's session file."""

    async def write(self, work: Callable[[Rows], T], *, brief: bool = True) -> T:
        """Run `work` in a transaction of its own; it is on disk when this returns. May be cancelled until it is
        picked up; then its outcome is waited for. Raises `ShardUnavailable`. `brief`: False for what may touch
        hundreds of rows, so that the event loop does not wait for it."""
        ...

    async def read(self, work: Callable[[Rows], T]) -> T:
        """As `write`, for reading: the newest committed state."""
        ...
