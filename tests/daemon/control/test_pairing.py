import struct
import zlib

import pytest

from daemon.control.ports import ChannelReport
from tests.support.control import Control

PATH = "/v1/tenants/auto-sul/channel"


async def test_by_qr(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        assert (await api.get(f"{PATH}/qr.png")).status_code == 404
        begun = await api.post(f"{PATH}/pair")
        assert begun.status_code == 200
        assert begun.json()["qr"].startswith("https://wa.me/settings/linked_devices#")
        assert begun.headers["cache-control"] == "no-store"
        assert (await api.get(PATH)).json()["qr"] == begun.json()["qr"]
        png = await api.get(f"{PATH}/qr.png")
        svg = await api.get(f"{PATH}/qr.svg")
    assert (png.headers["content-type"], svg.headers["content-type"]) == ("image/png", "image/svg+xml")
    width, height = struct.unpack(">II", png.content[16:24])
    assert width == height > 200
    assert zlib.crc32(png.content[12:29]) == struct.unpack(">I", png.content[29:33])[0]
    assert svg.content.lstrip().startswith((b"<?xml", b"<svg"))


async def test_by_code(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        begun = (await api.post(f"{PATH}/pair", json={"phone": "+5551999990000"})).json()
        assert (begun["pairing_code"], begun["qr"]) == ("ABCD-EFGH", None)
        refused = await api.post(f"{PATH}/pair", json={"phone": "51 9999"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "phone"


async def test_who_may_only_look_never_sees_what_links_a_phone(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        await api.post(f"{PATH}/pair")
    async with desk.client(await desk.token("viewer")) as api:
        seen = (await api.get(PATH)).json()
        assert (seen["state"], seen["qr"]) == ("down", None)
        for path in ("qr.png", "qr.svg"):
            assert (await api.get(f"{PATH}/{path}")).status_code == 403
        for path in ("pair", "logout", "passkey"):
            assert (await api.post(f"{PATH}/{path}")).status_code == 403


async def test_unlinking(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        await api.post(f"{PATH}/pair")
        assert (await api.post(f"{PATH}/logout")).json()["reason"] == "no phone is linked"
        assert (await api.get(f"{PATH}/qr.svg")).status_code == 404


@pytest.mark.parametrize("body", [{}, {"id": "a", "rawId": "a", "type": "password", "response": {}}])
async def test_a_passkey_answer_is_checked(desk: Control, body: dict[str, object]) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        assert (await api.post(f"{PATH}/passkey", json=body)).status_code == 422


async def test_a_passkey_nobody_asked_for(desk: Control) -> None:
    await desk.add()
    whole = {"id": "a", "rawId": "a", "type": "public-key", "response": {"signature": "x"}}
    async with desk.client(trusted=True) as api:
        answer = await api.post(f"{PATH}/passkey", json=whole)
    assert answer.status_code == 409
    assert "POST …/channel/pair" in answer.json()["detail"]


async def test_what_went_wrong_is_said(desk: Control) -> None:
    await desk.add()
    desk.tenancy.channels["auto-sul"] = ChannelReport(
        kind="web", state="down", reason="the phone unlinked this device: link it again", jid="5551@s.whatsapp.net"
    )
    async with desk.client(trusted=True) as api:
        shown = (await api.get(PATH)).json()
    assert shown["reason"] == "the phone unlinked this device: link it again"
    assert shown["jid"] == "5551@s.whatsapp.net"
