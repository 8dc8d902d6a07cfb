"""Addresses of WhatsApp: who, on which server, and on which of their devices.

Source: whatsmeow `types/jid.go`, as summed up in the reference of the protocol.
"""

import re
from typing import Final

from attrs import evolve, frozen

from daemon.whatsapp.web.errors import Garbled

PN: Final = "s.whatsapp.net"
LID: Final = "lid"
HOSTED: Final = "hosted"
HOSTED_LID: Final = "hosted.lid"
GROUP: Final = "g.us"
BROADCAST: Final = "broadcast"
NEWSLETTER: Final = "newsletter"
BOT: Final = "bot"
MESSENGER: Final = "msgr"
INTEROP: Final = "interop"

DOMAINS: Final = {0: PN, 1: LID, 128: HOSTED, 129: HOSTED_LID}
"""The domain byte ("agent") of an address with a device, and the server it means."""
DOMAIN_OF: Final = {server: domain for domain, server in DOMAINS.items()}

MAX_DEVICE: Final = 2**16 - 1

_LEGACY_PN: Final = "c.us"
_SERVERS: Final = frozenset(
    {PN, LID, HOSTED, HOSTED_LID, GROUP, BROADCAST, NEWSLETTER, BOT, MESSENGER, INTEROP, _LEGACY_PN, "call"}
)
_USER: Final = re.compile(r"[^\s@:]+")
_PERSON: Final = re.compile(r"[^\s@:._]+")
_SERVER: Final = re.compile(r"[a-z0-9][a-z0-9.-]*")
_TEXT: Final = re.compile(r"([^\s@:]*?)(?:[._]([0-9]{1,3}))?(?::([0-9]{1,5}))?@([a-z0-9][a-z0-9.-]*)")
_PLAIN_TEXT: Final = re.compile(r"([^\s@:]*)(?::([0-9]{1,5}))?@([a-z0-9][a-z0-9.-]*)")


@frozen
class Jid:
    """One address. Device 0 is the phone itself; no user is the server itself.

    Two addresses are the same only with the same server: `1@lid` and `1@s.whatsapp.net` are two people. A person
    on a domain we do not know keeps its number in the user ("1.7"), so that it goes back as it came.
    """

    user: str = ""
    server: str = PN
    device: int = 0

    @classmethod
    def parse(cls, text: str) -> "Jid":
        """The address of `user@server`, `user:device@server`, `user.domain:device@server` or a known server alone.

        Raises `Garbled` for anything else.
        """
        if text in _SERVERS:
            return cls.checked("", text)
        plain = _PLAIN_TEXT.fullmatch(text)
        if plain is None:
            raise Garbled(f"no address: {text[:80]!r}")
        user, device, server = plain[1], int(plain[2] or 0), plain[3]
        if server in DOMAIN_OF or server == _LEGACY_PN:
            whole = _TEXT.fullmatch(text)
            if whole is not None and whole[2] is not None and int(whole[2]):
                return cls.in_domain(whole[1], int(whole[2]), device)
            user = whole[1] if whole is not None else user
        return cls.checked(user, server, device)

    @classmethod
    def checked(cls, user: str, server: str, device: int = 0) -> "Jid":
        """An address of parts that came from outside. Raises `Garbled` if its text could be read as another one."""
        if server == _LEGACY_PN:
            server = PN
        # The usual user is a number; the patterns are for the rest.
        if user and not user.isalnum() and not (_PERSON if server in DOMAIN_OF else _USER).fullmatch(user):
            raise Garbled(f"no user of {server}: {user[:80]!r}")
        if (device and not user) or not 0 <= device <= MAX_DEVICE:
            raise Garbled(f"no device of {user}@{server}: {device}")
        if server not in _SERVERS and not _SERVER.fullmatch(server):
            raise Garbled(f"no server: {server[:80]!r}")
        return cls(user, server, device)

    @classmethod
    def in_domain(cls, user: str, domain: int, device: int) -> "Jid":
        """A person by the number of the domain. Raises `Garbled` for a user that cannot be one."""
        if not _PERSON.fullmatch(user) or not 0 <= domain <= 255:
            raise Garbled(f"no user of domain {domain}: {user[:80]!r}")
        server = DOMAINS.get(domain)
        if server is None:
            return cls(f"{user}.{domain}", PN, device)
        return cls.checked(user, server, device)

    @property
    def bare(self) -> "Jid":
        """The same without the device."""
        return evolve(self, device=0) if self.device else self

    @property
    def is_user(self) -> bool:
        """Whether this is a person, by phone number or by hidden id (not WhatsApp's own "0", not a hosted device)."""
        return self.server in (PN, LID) and self.user.isdecimal() and self.user.isascii() and self.user != "0"

    @property
    def is_lid(self) -> bool:
        """Whether the user is a hidden id, not a phone number."""
        return self.server == LID

    @property
    def address(self) -> str:
        """What Signal sessions are kept under: `user:device`, with `_1`, `_128` or `_129` for other domains than PN.

        Raises `Garbled` for what has no sessions.
        """
        domain = DOMAIN_OF.get(self.server)
        if domain is None or not _PERSON.fullmatch(self.user):
            raise Garbled(f"{self} has no sessions")
        return f"{self.user}_{domain}:{self.device}" if domain else f"{self.user}:{self.device}"

    def __str__(self) -> str:
        if not self.user:
            return self.server if self.server in _SERVERS else f"@{self.server}"
        if self.device:
            return f"{self.user}:{self.device}@{self.server}"
        return f"{self.user}@{self.server}"


SERVER: Final = Jid()
"""WhatsApp itself: whom most requests go to."""
