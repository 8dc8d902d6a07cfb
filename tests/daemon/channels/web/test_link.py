"""One attempt to link: what is refused, and the passkey that some accounts ask for."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from daemon.channels.web.link import new_device
from daemon.errors import ChannelError
from daemon.whatsapp.web import pairing
from daemon.whatsapp.web.adv import Details
from daemon.whatsapp.web.curve import KeyPair
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import pack
from tests.support.web_shop import SHOP, Clock, Shop, real_time, shop


@pytest.fixture
def clock() -> Clock:
    return real_time()


@pytest.fixture
async def made(tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with shop(tmp_path, linked=False, clock=clock) as found:
        yield found


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def assertion(options: dict[str, Any]) -> dict[str, Any]:
    """What a browser gives for them."""
    client = orjson.dumps(
        {"type": "webauthn.get", "challenge": options["challenge"], "origin": "https://web.whatsapp.com"}
    )
    response = {"clientDataJSON": encoded(client), "authenticatorData": encoded(b"a"), "signature": encoded(b"s")}
    return {"id": encoded(b"id"), "rawId": encoded(b"id"), "type": "public-key", "response": response}


def test_a_new_device_differs_each_time() -> None:
    made = new_device(lambda count: bytes(range(count)))
    assert 0 < made.registration_id < 1 << 14
    assert not made.paired
    assert made.signed_prekey.id == 1


async def test_the_phone_vouches_for_another_secret(made: Shop, clock: Clock) -> None:
    """Whoever answers without having read this QR code links nothing."""
    await made.channel.pair("", seconds=20)
    code = pairing.read_qr(made.shown.qr or "")
    [(candidate, line)] = made.network._candidates.items()
    forged = pairing.pair_success(
        "x",
        phone=KeyPair.generate(b"e" * 32),
        companion=candidate.registration.identity,
        adv_secret=b"w" * 32,
        details=Details(raw_id=1, timestamp=1, key_index=1),
        jid=Jid(SHOP, device=9),
        lid=None,
        random64=bytes(64),
    )
    assert code.adv_secret != b"w" * 32
    line.send(pack(forged))
    await made.until_said("down", "the pairing was refused")
    assert made.channel.details.jid is None
    device = await made.keys.read(lambda rows: rows.device())
    assert device is not None
    assert not device.paired
    await made.link()


@pytest.mark.parametrize("handed_off", [True, False])
async def test_with_a_passkey(made: Shop, clock: Clock, handed_off: bool) -> None:
    made.phone.wants_passkey = True
    await made.channel.pair("", seconds=20)
    made.network.scan(made.phone, made.shown.qr or "")
    await made.until(lambda: made.channel.details.shown and made.shown.passkey)
    options = made.shown.passkey
    assert options is not None
    assert "passkey" in made.state[1]
    if not handed_off:
        await made.jump(301)
        assert made.shown.passkey == options, "it may take its time"
    with pytest.raises(ChannelError, match="older request"):
        await made.channel.answer_passkey(assertion({"challenge": encoded(b"another")}))
    await made.channel.answer_passkey(assertion(options))
    if not handed_off:
        await made.until(lambda: made.channel.details.shown and made.shown.pairing_code)
        check = made.network.passkey(made.phone)
        assert check is not None
        assert (made.shown.pairing_code or "").replace("-", "") == check.code
        await made.channel.answer_passkey({"confirmed": True})
    await made.until_said("up")


async def test_a_passkey_that_nobody_has(made: Shop, clock: Clock) -> None:
    made.phone.wants_passkey = True
    await made.channel.pair("", seconds=20)
    made.network.scan(made.phone, made.shown.qr or "")
    await made.until(lambda: made.channel.details.shown and made.shown.passkey)
    await made.jump(600)
    await made.until_said("down", "nobody linked")
    assert made.channel.details.shown is None
