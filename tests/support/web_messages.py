"""Hypothesis strategies for the protobuf messages of WhatsApp Web, and files to refer to."""

from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from daemon.whatsapp.web import messages_pb2 as wa

M = TypeVar("M", bound=Message)

FILE = {
    "directPath": "/v/t62.7118-24/12345_n.enc?ccb=11-4&oh=01_x&oe=6789",
    "mediaKey": bytes(range(32)),
    "fileSha256": b"\x01" * 32,
    "fileEncSha256": b"\x02" * 32,
    "fileLength": 54321,
}
"""The fields with which a message names a file."""

_TEXTS = st.text(max_size=40) | st.sampled_from(["", "Oi", "a" * 70_000, "nome\x00\u202egpj.exe", "../../etc/passwd"])
_HASHES = st.binary(min_size=32, max_size=32)
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: _TEXTS,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=40) | _HASHES,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, (1 << 32) - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, (1 << 64) - 1),
    FieldDescriptor.TYPE_FIXED32: st.integers(0, (1 << 32) - 1),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.TYPE_DOUBLE: st.floats() | st.floats(-180, 180),
}


def valid(**more: Any) -> dict[str, Any]:
    """`FILE` with other fields beside it."""
    return {**FILE, **more}


def of_kind(kind: type[M], *, depth: int = 4) -> st.SearchStrategy[M]:
    """Arbitrary messages of a type, nested at most `depth` deep."""
    return _of(kind.DESCRIPTOR, depth).map(lambda fields: kind(**fields))


def messages() -> st.SearchStrategy[wa.Message]:
    """Arbitrary messages, with more wrappers and protocol messages than chance would give."""
    plain = of_kind(wa.Message)
    ids = st.sampled_from(["3EB0AA", "", "a/b", "x" * 300])
    key = st.builds(wa.MessageKey, fromMe=st.booleans(), id=ids)
    protocol = of_kind(wa.ProtocolMessage, depth=3) | st.builds(
        wa.ProtocolMessage,
        key=key,
        type=st.sampled_from(wa.ProtocolMessage.Type.values()),
        editedMessage=of_kind(wa.Message, depth=2),
    )
    base = plain | st.builds(wa.Message, protocolMessage=protocol)
    return st.recursive(base, _wrapped, max_leaves=12)


def _wrapped(inner: st.SearchStrategy[wa.Message]) -> st.SearchStrategy[wa.Message]:
    future = st.builds(wa.FutureProofMessage, message=inner)
    names = ["ephemeralMessage", "viewOnceMessageV2", "documentWithCaptionMessage", "editedMessage", "spoilerMessage"]
    return (
        st.builds(lambda name, held: wa.Message(**{name: held}), st.sampled_from(names), future)
        | st.builds(wa.Message, deviceSentMessage=st.builds(wa.DeviceSentMessage, message=inner))
        | st.builds(wa.Message, extendedTextMessage=st.builds(_quoting, _TEXTS, inner))
    )


def _quoting(text: str, quoted: wa.Message) -> wa.ExtendedTextMessage:
    return wa.ExtendedTextMessage(text=text, contextInfo=wa.ContextInfo(stanzaId="3EB0AA", quotedMessage=quoted))


@st.composite
def _of(draw: st.DrawFn, kind: Descriptor, depth: int) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(kind.fields_by_name)), max_size=5, unique=True))
    fields = (kind.fields_by_name[name] for name in names)
    return {field.name: draw(_value(field, depth)) for field in fields if field.message_type is None or depth > 0}


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    one: st.SearchStrategy[Any]
    if field.message_type is not None:
        one = _of(field.message_type, depth - 1)
    elif field.enum_type is not None:
        one = st.sampled_from([value.number for value in field.enum_type.values])
    elif field.name in FILE:
        one = st.just(FILE[field.name]) | _SCALARS[field.type]
    else:
        one = _SCALARS[field.type]
    return st.lists(one, max_size=3) if field.is_repeated else one
