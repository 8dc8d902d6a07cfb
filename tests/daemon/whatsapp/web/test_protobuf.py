import pytest

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.protobuf import parse


def test_a_message_is_read() -> None:
    assert parse(wa.AppVersion, b"\x08\x02").primary == 2


@pytest.mark.parametrize("data", [b"\x08", b"\xff\xff\xff", b"\x0a\xff\x00"])
def test_garbage_is_garbled(data: bytes) -> None:
    with pytest.raises(Garbled, match="AppVersion"):
        parse(wa.AppVersion, data)
