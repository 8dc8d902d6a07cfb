"""Reading protobuf from strangers."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from daemon.whatsapp.web.errors import Garbled

M = TypeVar("M", bound=Message)


def parse(kind: type[M], data: bytes) -> M:
    """The message in `data`; fields it does not know are kept. Raises `Garbled`."""
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise Garbled(f"these {len(data)} bytes are no {kind.DESCRIPTOR.name}") from None
    return message
