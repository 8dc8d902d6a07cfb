"""Who speaks is answered by voice: the real process, with vendors that fail in every way, and kills."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.audio import inspect
from daemon.emulator import deliveries
from daemon.emulator.graph_wire import Call, Fault
from daemon.emulator.scripts import Step
from daemon.emulator.voice_wire import ogg_opus
from tests.support.desk import conversations, messages, nothing_owed, rows, shard_of
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

GREETING = "Oi, boa tarde, tudo bem?"
FAULTS = ("stall", "cut", "empty", "html", "garbage", "server_error")
SPEAKERS = ("elevenlabs speech", "openai speech")


@asynccontextmanager
async def shop(directory: Path, *, settings: str = "", **voice: Any) -> AsyncIterator[tuple[Rig, str]]:
    """A running daemon with one dealership that answers by voice, and its number."""
    async with rig(directory, settings=settings, vendors=("elevenlabs", "openai")) as daemon:
        await daemon.start()
        number = await daemon.add_tenant("auto-sul", voice={"enabled": True, "voice_id": None, **voice})
        await daemon.add_stock("auto-sul", STOCK)
        yield daemon, number


async def speaks(daemon: Rig, number: str, words: str = GREETING, *, phone: str = "5511955500101") -> None:
    """A customer's voice note with these words."""
    media_id = daemon.graph.add_file(ogg_opus(2, transcript=words), "audio/ogg", number)
    await daemon.webhook(deliveries.audio(media_id, phone=phone, phone_number_id=number, at=now_s()))


async def all_said(daemon: Rig) -> list[Call]:
    """What was sent once nobody waits for anything."""
    await daemon.until(lambda: _answered(daemon))
    return daemon.graph.sent


async def _answered(daemon: Rig) -> bool:
    return bool(await conversations(daemon, "auto-sul")) and await nothing_owed(daemon, "auto-sul")


def kinds(calls: list[Call]) -> list[str]:
    return [call.body["type"] for call in calls]


def receipts(daemon: Rig, kind: str = "speech") -> list[Any]:
    """(provider, characters, message) of the receipts of a kind."""
    return rows(shard_of(daemon, "auto-sul"), "SELECT provider, characters, message FROM usage WHERE kind = ?", (kind,))


async def test_a_voice_note_is_answered_by_a_voice_note(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        await speaks(daemon, number)
        [call] = await all_said(daemon)
        assert call.body["type"] == "audio"
        assert call.body["audio"]["voice"] is True
        [said] = [body for work, body in daemon.vendor.requests if work == "elevenlabs speech"]
        assert said["voice"] == "rig-voice"
        [upload] = [each for each in daemon.graph.calls if each.kind == "upload"]
        assert upload.phone_number_id == number
        [conversation] = await conversations(daemon, "auto-sul")
        _, answer = await messages(daemon, "auto-sul", conversation["id"])
        assert (answer["kind"], answer["author"]) == ("voice", "assistant")
        assert answer["text"], "it can be read too"
        file = (await daemon.admin.get(answer["media_url"])).content
        sound = inspect(BytesIO(file))
        assert (sound.opus, sound.channels) == (True, 1)
        assert receipts(daemon) == [("elevenlabs", len(said["text"]), answer["id"])]


async def test_who_writes_is_answered_in_writing(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        await daemon.webhook(deliveries.text(GREETING, phone_number_id=number, at=now_s()))
        assert kinds(await all_said(daemon)) == ["text"]
        assert not any(daemon.vendor.asked[one] for one in SPEAKERS)


async def test_a_list_is_sent_in_writing_behind_the_voice(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        await speaks(daemon, number, "O que vocês têm até cento e cinquenta mil?")
        voice, text, *photos = await all_said(daemon)
        assert kinds([voice, text]) == ["audio", "text"]
        assert text.body["text"]["body"].count("R$") >= 3
        assert set(kinds(photos)) <= {"image"}
        [said] = [body["text"] for work, body in daemon.vendor.requests if work == "elevenlabs speech"]
        assert "por escrito aqui embaixo" in said
        assert not any(letter.isdigit() for letter in said)


async def test_the_second_vendor_speaks_where_the_first_fails(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        daemon.vendor.script.replace([Step(fault="empty", times=0, vendor="elevenlabs speech")])
        await speaks(daemon, number)
        assert kinds(await all_said(daemon)) == ["audio"]
        assert [provider for provider, _, _ in receipts(daemon)] == ["openai"]
        assert [provider for provider, _, _ in receipts(daemon, "unknown")] == ["elevenlabs"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_text_goes_out_where_nobody_speaks(tmp_path: Path, fault: str) -> None:
    async with shop(tmp_path) as (daemon, number):
        daemon.vendor.script.replace([Step(fault=fault, times=0, vendor=one) for one in SPEAKERS])
        await speaks(daemon, number, "O que vocês têm até cento e cinquenta mil?")
        sent = await all_said(daemon)
        assert kinds(sent)[:1] == ["text"]
        assert kinds(sent).count("text") == 1, "whole, and once"
        assert "audio" not in kinds(sent)
        assert sent[0].body["text"]["body"].count("R$") >= 3
        assert receipts(daemon) == []


async def test_the_same_answer_is_spoken_once(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        for phone in ("5511955500101", "5511955500102"):
            await speaks(daemon, number, phone=phone)
            await all_said(daemon)
        assert kinds(daemon.graph.sent) == ["audio", "audio"]
        assert daemon.vendor.asked["elevenlabs speech"] == 1
        assert sum(call.kind == "upload" for call in daemon.graph.calls) == 1, "Meta has the file already"
        assert len(receipts(daemon)) == 1


async def test_a_file_that_whatsapp_refuses_goes_out_as_text(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        daemon.graph.plan(Fault(kind="error", code=131053, on="upload", times=0))
        await speaks(daemon, number)
        assert kinds(await all_said(daemon)) == ["text"]
        [conversation] = await conversations(daemon, "auto-sul")
        assert conversation["state"] == "assistant"


async def test_a_voice_note_that_whatsapp_loses_later_is_written(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        daemon.graph.plan(Fault(kind="refuse_late", code=131053))
        await speaks(daemon, number)
        await daemon.graph.until_calls(2)
        assert kinds(await all_said(daemon)) == ["audio", "text"]
        [conversation] = await conversations(daemon, "auto-sul")
        assert conversation["state"] == "assistant"


async def test_killed_while_a_vendor_speaks_the_answer_arrives_once(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        daemon.vendor.script.replace([Step(fault="stall", vendor="elevenlabs speech")])
        await speaks(daemon, number)
        await daemon.until(lambda: _stalled(daemon))
        await daemon.kill()
        assert rows(shard_of(daemon, "auto-sul"), "SELECT state FROM speech") == [("wished",)]
        await daemon.start()
        assert kinds(await all_said(daemon)) == ["audio"]
        assert [provider for provider, _, _ in receipts(daemon)] == ["elevenlabs"]
        assert [provider for provider, _, _ in receipts(daemon, "unknown")] == ["elevenlabs"], "nobody knows its cost"
        assert not list((daemon.data_dir / "media" / "auto-sul").glob(".speaking-*"))


async def _stalled(daemon: Rig) -> bool:
    return daemon.vendor.asked["elevenlabs speech"] > 0


async def test_killed_on_the_way_to_whatsapp_the_answer_arrives_once(tmp_path: Path) -> None:
    settings = "[outbox]\nresend_after_seconds = 1\n"
    async with shop(tmp_path, settings=settings) as (daemon, number):
        daemon.graph.plan(Fault(kind="stall", on="upload"))
        await speaks(daemon, number)
        await daemon.graph.until_calls(1, "upload")
        await daemon.kill()
        daemon.graph.heal()
        await daemon.start()
        # a status webhook of anything else tells that webhooks come
        await daemon.webhook(deliveries.text("oi", phone="5511955500102", phone_number_id=number, at=now_s()))
        sent = await all_said(daemon)
        assert sorted(kinds(sent)) == ["audio", "text"]
        assert daemon.vendor.asked["elevenlabs speech"] == 1, "what was spoken is kept"


async def test_who_takes_over_while_a_vendor_speaks_silences_the_voice(tmp_path: Path) -> None:
    async with shop(tmp_path) as (daemon, number):
        daemon.vendor.script.replace([Step(fault="stall", vendor="elevenlabs speech")])
        await speaks(daemon, number)
        await daemon.until(lambda: _stalled(daemon))
        [conversation] = await conversations(daemon, "auto-sul")
        await daemon.call("POST", f"/v1/tenants/auto-sul/conversations/{conversation['id']}/takeover", {})
        daemon.vendor.release()
        await daemon.until(lambda: nothing_owed(daemon, "auto-sul"))
        with trio.move_on_after(0):
            await daemon.graph.until_calls(1)
        assert daemon.graph.sent == []
        states = rows(shard_of(daemon, "auto-sul"), "SELECT state FROM messages WHERE direction = 'out'")
        assert states == [("cancelled",)]
