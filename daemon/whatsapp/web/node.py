"""Binary nodes: the XML-like tree that every frame carries, packed into one byte a common word.

`pack` and `unpack` are the two ways. A packed node is one byte of flags and a list of tag, attributes and content; each
item begins with a tag byte: a size, a kind of string, or the number of a word (`tokens`). Integers are big-endian.
Source: whatsmeow `binary/encoder.go`, `binary/decoder.go`, as summed up in the reference of the protocol.
"""

import builtins
import re
import zlib
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import DOMAIN_OF, INTEROP, MAX_DEVICE, MESSENGER, PN, Jid
from daemon.whatsapp.web.tokens import DOUBLE, ENCODED, FIRST_DICTIONARY, SINGLE

Attr = str | Jid
Content = bytes | tuple["Node", ...] | None

MAX_INFLATED: Final = 32 * 1024 * 1024
"""Bytes a compressed frame may grow to."""
MAX_DEPTH: Final = 32
"""Nodes inside nodes."""
MAX_ITEMS: Final = 2**18
"""List items in a whole frame: a node costs a hundred times the bytes it is written in."""

_COMPRESSED: Final = 2
_EMPTY: Final = 0
_INTEROP_JID: Final = 245
_MESSENGER_JID: Final = 246
_DOMAIN_JID: Final = 247
_LIST_8: Final = 248
_LIST_16: Final = 249
_JID_PAIR: Final = 250
_HEX: Final = 251
_BINARY_8: Final = 252
_BINARY_20: Final = 253
_BINARY_32: Final = 254
_NIBBLES: Final = 255

_MAX_PACKED: Final = 127
_NIBBLES_TO_HEX: Final = str.maketrans("-.", "ab")
_HEX_TO_NIBBLES: Final = str.maketrans("ab", "-.")
_NIBBLE_TEXT: Final = re.compile(r"[0-9.-]+")
_HEX_TEXT: Final = re.compile(r"[0-9A-F]+")
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_UNKNOWN_DOMAIN: Final = re.compile(r"(.+)\.([0-9]{1,3})")
_INTEGRATED: Final = re.compile(r"([0-9]{1,5})-(.+)")


def _shape(content: Content) -> str:
    """Content as it may be logged: keys and texts are in its bytes."""
    return f"<{len(content)} bytes>" if isinstance(content, bytes) else repr(content)


@frozen
class Node:
    """A tag, attributes, and either bytes or further nodes.

    An attribute that is "" is the same as none, and no children are the same as no content: neither is written.
    """

    tag: str
    attrs: Mapping[str, Attr] = field(factory=dict)
    content: Content = field(default=None, repr=_shape)

    def get(self, name: str, default: str = "") -> str:
        """An attribute as text."""
        value = self.attrs.get(name)
        return default if value is None else str(value)

    def jid(self, name: str) -> Jid | None:
        """An attribute as an address; None if it is missing or no address."""
        value = self.attrs.get(name)
        if value is None or isinstance(value, Jid):
            return value
        try:
            return Jid.parse(value)
        except Garbled:
            return None

    def int(self, name: str, default: builtins.int | None = None) -> builtins.int:
        """An attribute as a number. Raises `Garbled` if it is none, or missing without a default."""
        value = self.get(name)
        if not value and default is not None:
            return default
        if not _INTEGER.fullmatch(value):
            raise Garbled(f"{name} of <{self.tag}> is no number: {value[:40]!r}")
        return int(value)

    def child(self, tag: str) -> "Node | None":
        """The first child with this tag."""
        for child in self.children():
            if child.tag == tag:
                return child
        return None

    def children(self, tag: str | None = None) -> tuple["Node", ...]:
        """The children, or those with one tag."""
        if not isinstance(self.content, tuple):
            return ()
        return self.content if tag is None else tuple(child for child in self.content if child.tag == tag)

    @property
    def data(self) -> bytes:
        """The content if it is bytes, else b""."""
        return self.content if isinstance(self.content, bytes) else b""


def pack(node: Node) -> bytes:
    """The plain text of a frame, not compressed. Raises `Garbled` for what the format cannot say."""
    out = bytearray(1)
    _write_node(out, node, 0)
    return bytes(out)


def unpack(frame: bytes) -> Node:
    """The node of a frame's plain text. Raises `Garbled`, whatever the bytes."""
    if not frame:
        raise Garbled("an empty frame")
    body = _inflate(frame[1:]) if frame[0] & _COMPRESSED else frame[1:]
    reader = _Reader(body)
    node = reader.node(0)
    if reader.at != len(body):
        raise Garbled(f"{len(body) - reader.at} bytes after the end of the node")
    return node


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(data, MAX_INFLATED + 1)
    except zlib.error as error:
        raise Garbled(f"a frame that does not inflate: {error}") from None
    if len(body) > MAX_INFLATED:
        raise Garbled(f"a frame that inflates to more than {MAX_INFLATED} bytes")
    if not inflater.eof or inflater.unused_data:
        raise Garbled("a compressed frame that ends too soon or too late")
    return body


class _Reader:
    """One pass over a body. Lengths are compared with what is left before anything is taken."""

    __slots__ = ("_data", "_items", "at")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._items = MAX_ITEMS
        self.at = 0

    def node(self, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            raise Garbled(f"nodes inside nodes, more than {MAX_DEPTH}")
        size = self._list_size(self._byte())
        if size == 0:
            raise Garbled("a node without a tag")
        tag = self._string(self._byte())
        if not tag:
            raise Garbled("a node with an empty tag")
        attrs: dict[str, Attr] = {}
        for _ in range((size - 1) // 2):
            name = self._string(self._byte())
            if not name or name in attrs:
                raise Garbled(f"<{tag[:40]}> has an attribute without a name, or twice: {name[:40]!r}")
            value = self._value(self._byte())
            if value:
                attrs[name] = value
        return Node(tag, attrs, self._content(depth) if size % 2 == 0 else None)

    def _content(self, depth: int) -> Content:
        tag = self._byte()
        if tag in (_LIST_8, _LIST_16):
            size = self._list_size(tag)
            return tuple([self.node(depth + 1) for _ in range(size)]) or None
        if _BINARY_8 <= tag <= _BINARY_32:
            return self._take(self._length(tag))
        if tag == _EMPTY:
            return None
        return str(self._value(tag)).encode()

    def _value(self, tag: int) -> Attr:
        if tag == _JID_PAIR:
            user = self._string(self._byte())
            return Jid.checked(user, self._string(self._byte()))
        if tag == _DOMAIN_JID:
            domain, device = self._byte(), self._byte()
            return Jid.in_domain(self._string(self._byte()), domain, device)
        if tag == _MESSENGER_JID:
            user, device = self._string(self._byte()), self._number(2)
            return Jid.checked(user, self._server(MESSENGER), device)
        if tag == _INTEROP_JID:
            user = self._string(self._byte())
            device, integrator = self._number(2), self._number(2)
            return Jid.checked(f"{integrator}-{user}", self._server(INTEROP), device)
        return self._string(tag)

    def _server(self, expected: str) -> str:
        server = self._string(self._byte())
        if server != expected:
            raise Garbled(f"an address of {expected} on {server[:40]!r}")
        return server

    def _string(self, tag: int) -> str:
        if tag < FIRST_DICTIONARY:
            return SINGLE[tag]  # 0, an absent value, is "" there
        if tag < FIRST_DICTIONARY + len(DOUBLE):
            return DOUBLE[tag - FIRST_DICTIONARY][self._byte()]
        if tag in (_HEX, _NIBBLES):
            return self._packed(tag)
        if _BINARY_8 <= tag <= _BINARY_32:
            # A display name that was cut inside a character must not cost the message.
            return self._take(self._length(tag)).decode(errors="replace")
        raise Garbled(f"no string begins with {tag}")

    def _packed(self, tag: int) -> str:
        head = self._byte()
        text = self._take(head & 0x7F).hex()
        if head & 0x80:
            if not text:
                raise Garbled("a packed string with less than no character")
            text = text[:-1]
        if tag == _HEX:
            return text.upper()
        text = text.translate(_HEX_TO_NIBBLES)
        if text and not _NIBBLE_TEXT.fullmatch(text):
            raise Garbled("a packed number with something else in it")
        return text

    def _list_size(self, tag: int) -> int:
        if tag == _EMPTY:
            return 0
        if tag not in (_LIST_8, _LIST_16):
            raise Garbled(f"no list begins with {tag}")
        size = self._number(1 if tag == _LIST_8 else 2)
        self._items -= size
        if size > len(self._data) - self.at or self._items < 0:
            raise Garbled(f"a list of {size} items, more than there can be")
        return size

    def _length(self, tag: int) -> int:
        if tag == _BINARY_8:
            return self._byte()
        if tag == _BINARY_20:
            return self._number(3) & 0xFFFFF
        return self._number(4)

    def _byte(self) -> int:
        at = self.at
        if at >= len(self._data):
            raise Garbled("a node that ends too soon")
        self.at = at + 1
        return self._data[at]

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        start = self.at
        if size > len(self._data) - start:
            raise Garbled("a node that ends too soon")
        self.at = start + size
        return self._data[start : self.at]


def _write_node(out: bytearray, node: Node, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise Garbled(f"nodes inside nodes, more than {MAX_DEPTH}")
    if not node.tag:
        raise Garbled("a node without a tag")
    attrs = [(name, value) for name, value in node.attrs.items() if value != ""]
    content = None if node.content == () else node.content
    _write_list(out, 1 + 2 * len(attrs) + (content is not None))
    _write_string(out, node.tag)
    for name, value in attrs:
        if not name:
            raise Garbled(f"<{node.tag}> has an attribute without a name")
        _write_string(out, name)
        if isinstance(value, Jid):
            _write_jid(out, value)
        else:
            _write_string(out, value)
    if isinstance(content, tuple):
        _write_list(out, len(content))
        for child in content:
            _write_node(out, child, depth + 1)
    elif content is not None:
        _write_bytes(out, content)


def _write_list(out: bytearray, size: int) -> None:
    if size < 2**8:
        out += bytes((_LIST_8, size))
    elif size < 2**16:
        out.append(_LIST_16)
        out += size.to_bytes(2, "big")
    else:
        raise Garbled(f"a list of {size} items, where 65535 fit")


def _write_string(out: bytearray, text: str) -> None:
    known = ENCODED.get(text)
    if known is not None:
        out += known
    elif len(text) <= _MAX_PACKED and _NIBBLE_TEXT.fullmatch(text):
        _write_packed(out, _NIBBLES, text.translate(_NIBBLES_TO_HEX))
    elif len(text) <= _MAX_PACKED and _HEX_TEXT.fullmatch(text):
        _write_packed(out, _HEX, text)
    else:
        try:
            _write_bytes(out, text.encode())
        except UnicodeEncodeError:
            raise Garbled(f"text with half a character: {text[:40]!r}") from None


def _write_packed(out: bytearray, tag: int, text: str) -> None:
    odd = len(text) % 2
    out += bytes((tag, odd << 7 | (len(text) + 1) // 2))
    out += bytes.fromhex(text + "f" * odd)


def _write_bytes(out: bytearray, data: bytes) -> None:
    if len(data) < 2**8:
        out += bytes((_BINARY_8, len(data)))
    elif len(data) < 2**20:
        out.append(_BINARY_20)
        out += len(data).to_bytes(3, "big")
    else:
        out.append(_BINARY_32)
        out += len(data).to_bytes(4, "big")
    out += data


def _write_jid(out: bytearray, jid: Jid) -> None:
    user, server, device = jid.user, jid.server, jid.device
    if not 0 <= device <= MAX_DEVICE:
        raise Garbled(f"{jid}: no such device")
    domain = DOMAIN_OF.get(server)
    if server == PN and (unknown := _UNKNOWN_DOMAIN.fullmatch(user)):
        user, domain = unknown[1], int(unknown[2])
    if domain is not None and user and (device or domain not in (0, 1)):
        if device > 255 or domain > 255:
            raise Garbled(f"{jid}: domains and a person's devices are counted in one byte")
        out += bytes((_DOMAIN_JID, domain, device))
        _write_string(out, user)
    elif server == MESSENGER:
        out.append(_MESSENGER_JID)
        _write_string(out, user)
        out += device.to_bytes(2, "big")
        _write_string(out, server)
    elif server == INTEROP and (integrated := _INTEGRATED.fullmatch(user)) and int(integrated[1]) < 2**16:
        out.append(_INTEROP_JID)
        _write_string(out, integrated[2])
        out += device.to_bytes(2, "big") + int(integrated[1]).to_bytes(2, "big")
        _write_string(out, server)
    elif device:
        raise Garbled(f"{jid}: an address on {server} has no devices")
    else:
        out.append(_JID_PAIR)
        if user:
            _write_string(out, user)
        else:
            out.append(_EMPTY)
        _write_string(out, server)
