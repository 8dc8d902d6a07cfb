"""Files on the `web` channel: a customer with Baileys speaks and is spoken to, and sees the vehicles' photos."""

import base64
from io import BytesIO
from pathlib import Path

import trio
from PIL import Image

from daemon.audio import inspect
from daemon.emulator import listening
from daemon.emulator.voice_wire import ogg_opus
from daemon.whatsapp.web import messages_pb2 as wa
from tests.journeys.test_pictures import Site, drawn
from tests.support.baileys_peer import baileys, link, needs_baileys
from tests.support.stock import vehicle
from tests.support.web_desk import web_desk

pytestmark = needs_baileys

KEYS = {"ELEVENLABS_API_KEY": "rig-elevenlabs-key"}
SPOKEN = {"mimetype": "audio/ogg; codecs=opus", "ptt": True, "seconds": 2}


async def test_who_speaks_is_answered_by_voice(tmp_path: Path) -> None:
    async with (
        web_desk(tmp_path, environ=KEYS, voice={"enabled": True, "voice_id": None}) as desk,
        baileys(desk.whatsapp.url, tmp_path / "ana", ca_file=desk.whatsapp.media.ca_file) as ana,
    ):
        await link(ana, desk.network, desk.ana)
        note = ogg_opus(2, transcript="Oi, boa tarde, tudo bem?")
        await ana.send(str(desk.shop.account.lid), {"audio": base64.b64encode(note).decode(), **SPOKEN})
        event = await ana.event("message", where=lambda event: not event["key"]["fromMe"])
        said = wa.Message.FromString(base64.b64decode(event["message"])).audioMessage
        assert (said.ptt, said.mimetype, len(said.waveform)) == (True, "audio/ogg; codecs=opus", 64)
        assert said.seconds >= 1
        sound = inspect(BytesIO(await ana.download(event["key"]["id"])))
        assert (sound.opus, sound.channels) == (True, 1)
        found = await desk.until_messages(lambda all_: len(all_) == 2 and all_[1]["state"] == "delivered")
        assert [one["kind"] for one in found] == ["voice", "voice"]
        assert found[0]["transcript"]["text"] == "Oi, boa tarde, tudo bem?"
        assert found[1]["text"], "it can be read too"


async def test_photos_of_a_vehicle_arrive(tmp_path: Path) -> None:
    site = Site(pages={"/1.webp": ("image/webp", drawn("WEBP")), "/2.jpg": ("image/jpeg", drawn("JPEG", "blue"))})
    async with trio.open_nursery() as nursery:
        port: int = await nursery.start(listening.serve, site)
        site.url = f"http://127.0.0.1:{port}"
        allowed = f'[fetch]\nallow_private = ["127.0.0.1:{port}"]\n'
        async with (
            web_desk(tmp_path, more=allowed) as desk,
            baileys(desk.whatsapp.url, tmp_path / "ana", ca_file=desk.whatsapp.media.ca_file) as ana,
        ):
            photos = [f"{site.url}{path}" for path in site.pages]
            await desk.daemon.add_stock("auto-sul", [vehicle("corolla", "Toyota", "Corolla", photos=photos)])
            await link(ana, desk.network, desk.ana)
            await ana.text(str(desk.shop.account.lid), "Me manda fotos do Corolla?")
            for _ in photos:
                event = await ana.event("message", where=lambda event: event["kind"] == "imageMessage")
                assert Image.open(BytesIO(await ana.download(event["key"]["id"]))).format == "JPEG"
        nursery.cancel_scope.cancel()
