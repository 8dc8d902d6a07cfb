"""Pictures both ways through the real process: a dealer's site and Meta are peers, everything between them is HTTP."""

import io
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import define, field
from PIL import Image

from daemon.emulator import deliveries, listening
from daemon.emulator.graph_wire import Fault
from tests.support.desk import change, conversations, messages, nothing_owed, rows, shard_of
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import vehicle

ANA, BIA = "5511955500101", "5511955500102"


def drawn(format_: str, colour: str = "red", size: tuple[int, int] = (1600, 1200)) -> bytes:
    """A picture of one colour."""
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, format_)
    return target.getvalue()


@define(eq=False)
class Site:
    """The dealer's web site: pictures by path, 404 for the rest."""

    pages: dict[str, tuple[str, bytes]] = field(factory=dict)
    asked: Counter[str] = field(factory=Counter)
    url: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self.asked[path] += 1
        kind, body = self.pages.get(path, ("", b""))
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if kind else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def daemon_and_site(
    directory: Path, settings: str = "", vendors: Sequence[str] = ()
) -> AsyncIterator[tuple[Rig, Site]]:
    """A running daemon that may fetch from the site."""
    site = Site()
    site.pages = {
        "/1.webp": ("image/webp", drawn("WEBP")),
        "/2.jpg": ("image/jpeg", drawn("JPEG", "blue")),
        "/page": ("text/html", b"<html>Wi-Fi gratuito</html>"),
    }
    async with trio.open_nursery() as nursery:
        port: int = await nursery.start(listening.serve, site)
        site.url = f"http://127.0.0.1:{port}"
        fetching = f'[fetch]\nallow_private = ["127.0.0.1:{port}"]\n{settings}'
        async with rig(directory, settings=fetching, vendors=vendors) as daemon:
            await daemon.start()
            yield daemon, site
        nursery.cancel_scope.cancel()


async def settled(daemon: Rig) -> None:
    """Wait until everything was answered and handed over."""
    await daemon.until(lambda: nothing_owed(daemon, "auto-sul"))


def sent(daemon: Rig, to: str, kind: str) -> list[dict[str, Any]]:
    """The bodies of what one customer was sent."""
    return [call.body[kind] for call in daemon.graph.sent if call.to == to and call.body["type"] == kind]


def uploads(daemon: Rig) -> int:
    return sum(call.kind == "upload" for call in daemon.graph.calls)


async def asks(daemon: Rig, number: str, said: str, phone: str = ANA) -> None:
    """A customer writes and is answered."""
    await daemon.webhook(deliveries.text(said, phone=phone, phone_number_id=number, at=now_s()))
    await settled(daemon)


async def test_photos_are_converted_uploaded_once_and_broken_ones_skipped(tmp_path: Path) -> None:
    async with daemon_and_site(tmp_path) as (daemon, site):
        number = await daemon.add_tenant("auto-sul")
        photos = [f"{site.url}{path}" for path in ("/1.webp", "/gone.jpg", "/page", "/2.jpg")]
        await daemon.add_stock(
            "auto-sul",
            [
                vehicle("corolla", "Toyota", "Corolla", photos=photos),
                vehicle("civic", "Honda", "Civic", photos=[f"{site.url}/never.jpg"]),
            ],
        )
        await asks(daemon, number, "Me manda fotos do Corolla?")
        pictures = sent(daemon, ANA, "image")
        assert len(pictures) == 2, "of four, two are there"
        assert "Corolla" in pictures[0]["caption"]
        files = [daemon.graph._files[picture["id"]] for picture in pictures]
        assert [file.mime_type for file in files] == ["image/jpeg", "image/jpeg"]
        shown = [Image.open(io.BytesIO(file.data)) for file in files]
        assert [image.format for image in shown] == ["JPEG", "JPEG"]
        red, _, blue = shown[0].convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        assert red > 200 > 100 > blue, "it is the webp"
        assert files[1].data == site.pages["/2.jpg"][1], "what is good stays as it is"

        await asks(daemon, number, "Quero ver fotos do Corolla", BIA)
        assert [picture["id"] for picture in sent(daemon, BIA, "image")] == [picture["id"] for picture in pictures]
        assert uploads(daemon) == 2
        assert set(site.asked.values()) == {1}, "and nothing is fetched twice"

        await asks(daemon, number, "Me manda fotos do Civic?")
        assert len(sent(daemon, ANA, "image")) == 2
        assert "As fotos não abriram" in sent(daemon, ANA, "text")[-1]["body"]


async def test_an_id_that_meta_has_forgotten_is_replaced(tmp_path: Path) -> None:
    async with daemon_and_site(tmp_path) as (daemon, site):
        number = await daemon.add_tenant("auto-sul")
        await daemon.add_stock("auto-sul", [vehicle("corolla", "Toyota", "Corolla", photos=[f"{site.url}/2.jpg"])])
        await asks(daemon, number, "Me manda fotos do Corolla?")
        assert await daemon.stop() == 0
        change(shard_of(daemon, "auto-sul"), "UPDATE uploads SET uploaded_at = uploaded_at - 3600000")
        await daemon.start()
        # the text is taken over though its answer breaks off; then the picture is refused, once
        daemon.graph.plan(Fault(kind="cut", to=BIA), Fault(kind="error", code=131053, to=BIA))
        await asks(daemon, number, "Quero ver fotos do Corolla", BIA)
        [old], [new] = sent(daemon, ANA, "image"), sent(daemon, BIA, "image")
        assert new["id"] != old["id"]
        assert uploads(daemon) == 2


@pytest.mark.parametrize("providers", [["anthropic", "catalogue"], ["openai", "catalogue"]])
async def test_a_model_sees_what_the_customer_sent(tmp_path: Path, providers: list[str]) -> None:
    async with daemon_and_site(tmp_path, vendors=providers[:1]) as (daemon, _):
        number = await daemon.add_tenant("auto-sul", providers=providers, quiet_spell_seconds=0.5)
        media_id = daemon.graph.add_file(drawn("JPEG", size=(3000, 2000)), "image/jpeg", number)
        image = deliveries.image(media_id, caption="tem esse corolla?", phone_number_id=number, at=now_s())
        await daemon.webhook(image)
        await settled(daemon)
        asked = [str(body["messages"]) for vendor, body in daemon.vendor.requests if vendor == providers[0]]
        assert asked
        assert "/9j/" in asked[0], "a JPEG in base64"
        assert len(asked[0]) < 100_000, "made small"
        await daemon.until(lambda: _counted(daemon))
        usage = (await daemon.call("GET", "/v1/tenants/auto-sul/usage"))["items"]
        [line] = [line for line in usage if line["kind"] == "picture"]
        assert (line["provider"], line["receipts"]) == (providers[0], 1)


async def _counted(daemon: Rig) -> bool:
    usage = (await daemon.call("GET", "/v1/tenants/auto-sul/usage"))["items"]
    return any(line["kind"] == "picture" for line in usage)


async def test_without_a_model_a_picture_is_a_trade_in_for_the_salesperson(tmp_path: Path) -> None:
    async with daemon_and_site(tmp_path) as (daemon, _):
        number = await daemon.add_tenant("auto-sul")
        data = drawn("JPEG")
        media_id = daemon.graph.add_file(data, "image/jpeg", number)
        await daemon.webhook(deliveries.image(media_id, phone_number_id=number, at=now_s()))
        await settled(daemon)
        [text] = sent(daemon, ANA, "text")
        assert "quilometragem" in text["body"]
        [lead] = (await daemon.call("GET", "/v1/tenants/auto-sul/leads"))["items"]
        assert "foto" in lead["trade_in"]
        [conversation] = await conversations(daemon, "auto-sul")
        await daemon.until(lambda: _fetched(daemon))
        [picture, _] = await messages(daemon, "auto-sul", conversation["id"])
        assert (await daemon.admin.get(picture["media_url"])).content == data


async def _fetched(daemon: Rig) -> bool:
    return bool(rows(shard_of(daemon, "auto-sul"), "SELECT 1 FROM media"))


async def test_at_the_quota_pictures_are_not_kept_and_answers_go_on(tmp_path: Path) -> None:
    async with daemon_and_site(tmp_path, "[retention]\nmedia_mb_per_tenant = 1\n") as (daemon, _):
        number = await daemon.add_tenant("auto-sul")
        noise = io.BytesIO()
        Image.effect_noise((1200, 1200), 80).save(noise, "PNG")
        assert len(noise.getvalue()) > 1_000_000
        for index, phone in enumerate((ANA, BIA)):
            media_id = daemon.graph.add_file(noise.getvalue(), "image/png", number)
            await daemon.webhook(deliveries.image(media_id, phone=phone, phone_number_id=number, at=now_s()))
            await settled(daemon)
            assert len(sent(daemon, phone, "text")) == 1
            await daemon.until(lambda: _none_wanted(daemon))
            assert len(rows(shard_of(daemon, "auto-sul"), "SELECT 1 FROM media")) == 1, index
        tasks = (await daemon.call("GET", "/v1/tenants/auto-sul/tasks"))["items"]
        [inbound] = [task for task in tasks if task["name"] == "inbound media"]
        assert inbound["state"] == "paused"
        assert "media_mb_per_tenant" in inbound["reason"]
        assert 'showroomd_media_quota_reached{tenant="auto-sul"} 1.0' in (await daemon.admin.get("/metrics")).text


async def _none_wanted(daemon: Rig) -> bool:
    return not rows(shard_of(daemon, "auto-sul"), "SELECT 1 FROM media_wanted")
