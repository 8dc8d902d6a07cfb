"""A voice note and a picture in the sandbox: the real process hears, answers by voice, and shows both files."""

from pathlib import Path
from typing import Any

from daemon.emulator.voice_wire import ogg_opus
from tests.support.rig import Rig, rig
from tests.support.stock import STOCK

AUDIO = Path(__file__).parents[1] / "data" / "audio"
SANDBOX = "/v1/tenants/auto-sul/sandbox"


async def page(daemon: Rig) -> dict[str, Any]:
    found: dict[str, Any] = await daemon.call("GET", f"{SANDBOX}/messages?from=ana")
    return found


async def settled(daemon: Rig) -> list[dict[str, Any]]:
    """The messages once nothing is owed and nothing is on its way."""

    async def done() -> bool:
        now = await page(daemon)
        out = [message for message in now["items"] if message["direction"] == "out"]
        return bool(out) and not now["conversation"]["waiting"] and all(one["state"] == "read" for one in out)

    await daemon.until(done)
    items: list[dict[str, Any]] = (await page(daemon))["items"]
    return items


async def send(daemon: Rig, file: bytes, mime_type: str, **query: str) -> None:
    answer = await daemon.admin.post(
        f"{SANDBOX}/files", params={"from": "ana", **query}, content=file, headers={"Content-Type": mime_type}
    )
    assert answer.status_code == 201, answer.text


async def test_who_speaks_in_the_sandbox_is_answered_by_voice(tmp_path: Path) -> None:
    async with rig(tmp_path, vendors=("elevenlabs",)) as daemon:
        daemon.vendor.said = "Oi, tem corolla?"
        await daemon.start()
        await daemon.add_tenant("auto-sul", voice={"enabled": True, "voice_id": None})
        await daemon.add_stock("auto-sul", STOCK)
        recorded = (AUDIO / "civic.webm").read_bytes()
        await send(daemon, recorded, "audio/webm;codecs=opus")
        question, answer, *_ = await settled(daemon)
        assert question["transcript"]["text"] == "Oi, tem corolla?"
        assert question["transcript"]["provider"] == "elevenlabs"
        assert (answer["kind"], answer["author"]) == ("voice", "assistant")
        assert "Corolla" in answer["text"]
        heard = await daemon.admin.get(question["media_url"])
        assert (heard.content, heard.headers["content-type"]) == (recorded, "audio/webm")
        spoken = await daemon.admin.get(answer["media_url"])
        assert spoken.headers["content-type"].startswith("audio/ogg")
        assert spoken.content.startswith(b"OggS")
        assert daemon.graph.sent == [], "nothing goes to WhatsApp"


async def test_broken_sound_is_asked_for_in_writing(tmp_path: Path) -> None:
    async with rig(tmp_path, vendors=("elevenlabs",)) as daemon:
        await daemon.start()
        await daemon.add_tenant("auto-sul")
        await send(daemon, ogg_opus(2)[:60], "audio/ogg")
        question, *answers = await settled(daemon)
        assert question["transcript"]["reason"] == "broken"
        assert answers
        assert daemon.vendor.asked["elevenlabs transcription"] == 0
