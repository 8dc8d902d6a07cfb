"""One cell, seen from the entry: its entry socket, and how it is."""

import ssl
from typing import Final, NoReturn

import orjson
from attrs import define, field

from daemon.control.webhooks import NUMBERS_PATH, PATH
from daemon.errors import ShowroomError
from daemon.http1 import Response
from daemon.wire import Lost, NotConnected, Origin, Wire

CONNECT_SECONDS: Final = 2.0
DELIVER_SECONDS: Final = 10.0
"""How long a delivery may wait for its commit. Then Meta is told to send it again; the cell knows a repeat."""
NUMBERS_SECONDS: Final = 2.0
MOST_UNDER_WAY: Final = 512
"""Deliveries that wait for one cell. What a dead cell cannot take must not fill the memory of the others' entry."""
MOST_BYTES_UNDER_WAY: Final = 64 * 1024 * 1024
"""The same in bytes: one delivery may have 4 MiB."""

# Closed after it: the cell leaves a connection that once asked to hypercorn, where a delivery costs five times as much.
_NUMBERS: Final = b"GET %b HTTP/1.1\r\nhost: cell\r\nconnection: close\r\n\r\n" % NUMBERS_PATH.encode()
_DELIVERY: Final = (
    b"POST %b HTTP/1.1\r\nhost: cell\r\nx-hub-signature-256: %%b\r\ncontent-length: %%d\r\n\r\n%%b" % PATH.encode()
)


class CellAway(ShowroomError):
    """A cell did not do what it was asked; nobody knows whether it stored the delivery."""


@define(eq=False)
class Cell:
    """A cell by the path of its entry socket. `aclose` ends its connections."""

    path: str
    taken: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)
    under_way: int = field(default=0, init=False)
    bytes_under_way: int = field(default=0, init=False)
    silent: str = field(default="", init=False)  # why it did not say its numbers, last time
    refusing: str = field(default="", init=False)  # why it did not take a delivery, last time
    numbers: frozenset[str] | None = field(default=None, init=False)  # None: it never said
    _wire: Wire = field(init=False)
    _origin: Origin = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._wire = Wire(_no_tls)
        self._origin = Origin(False, "", 0, self.path)

    def troubles(self) -> list[str]:
        """What is wrong with it, as sentences."""
        return [sentence for sentence in dict.fromkeys((self.silent, self.refusing)) if sentence]

    async def deliver(self, body: bytes, signature: str) -> frozenset[str]:
        """Hand a delivery over. When this returns, what the cell owns of it is on disk there.

        The answer is what it does not own: numbers, and accounts. Raises `CellAway`. May be cancelled; the cell may
        have stored it all the same.
        """
        try:
            if self.under_way >= MOST_UNDER_WAY or self.bytes_under_way + len(body) > MOST_BYTES_UNDER_WAY:
                raise CellAway(f"{self.under_way} deliveries wait for the cell at {self.path}", "look at its log")
            self.under_way += 1
            self.bytes_under_way += len(body)
            try:
                response = await self._asked(_DELIVERY % (signature.encode(), len(body), body), DELIVER_SECONDS)
            finally:
                self.under_way -= 1
                self.bytes_under_way -= len(body)
            not_owned = _texts(response.body, self.path) if response.body else []
        except CellAway as error:
            self.failed += 1
            self.refusing = str(error)
            raise
        self.taken += 1
        self.refusing = ""
        return frozenset(not_owned)

    async def ask_numbers(self) -> None:
        """Ask which numbers are its own. Raises `CellAway`; what it said before stays then. May be cancelled."""
        try:
            response = await self._asked(_NUMBERS, NUMBERS_SECONDS)
            self.numbers = frozenset(_texts(response.body, self.path, "phone_number_ids"))
        except CellAway as error:
            self.silent = str(error)
            raise
        self.silent = ""

    async def _asked(self, request: bytes, seconds: float) -> Response:
        try:
            try:
                response = await self._exchanged(request, seconds)
            except Lost as error:
                if error.late:
                    raise
                response = await self._exchanged(request, seconds)  # a connection that the cell was about to close
        except (NotConnected, Lost) as error:
            what = f"the cell at {self.path} does not answer ({error})"
            raise CellAway(what, "start it, or look at its log") from error
        if response.status == 403:
            raise CellAway(f"the cell at {self.path} refuses the signature", "give both the same app secret")
        if response.status != 200:
            said = response.body[:200].decode("utf-8", "replace").strip()
            raise CellAway(f"the cell at {self.path} answers {response.status} ({said})", "look at its log")
        return response

    async def _exchanged(self, request: bytes, seconds: float) -> Response:
        return await self._wire.exchange(
            self._origin, request, connect_seconds=CONNECT_SECONDS, silence_seconds=seconds
        )

    async def aclose(self) -> None:
        """Close the connections that are not in use."""
        await self._wire.aclose()


def _texts(body: bytes, path: str, member: str = "") -> list[str]:
    try:
        found = orjson.loads(body)
        texts = found[member] if member else found
    except (orjson.JSONDecodeError, KeyError, TypeError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise CellAway(f"what listens at {path} is no entry socket of a cell", "set entry.cells to their entry sockets")
    return texts


def _no_tls() -> NoReturn:
    raise ssl.SSLError("a unix socket has no TLS")
