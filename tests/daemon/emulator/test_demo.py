import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from attrs import evolve

from daemon.emulator import demo, showroom, stand_in_voice
from daemon.emulator.demo import Demo, banner, config_of, free_port, page_token, photos, secrets_of, seed, voice_of
from daemon.errors import ShowroomError
from daemon.lock import locked
from daemon.main import offline
from daemon.secrets import MASTER_KEY_BYTES

URL = "http://127.0.0.1:8420"
REPO = Path(__file__).parents[3]


def drawing() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=photos()), base_url=URL)


async def test_every_photo_of_the_stock_is_drawn() -> None:
    async with drawing() as web:
        for profile in showroom.PROFILES:
            for address in showroom.vehicles(profile.id, URL)[0].photos:
                answer = await web.get(address)
                assert answer.status_code == 200
                assert answer.headers["content-type"] == "image/svg+xml"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "sandbox" in answer.headers["content-security-policy"]
                assert answer.text.startswith("<svg ")
                assert showroom.accent_of(profile.id) in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/demo/photos/auto-sul/as001-4.svg", "/demo/photos/auto-sul/as001-1.png", "/demo/photos/auto-sul/as999-1.svg",
        "/demo/photos/nobody/as001-1.svg", "/demo/photos/", "/demo/photos/auto-sul", "/demo/photos/auto-sul/-1.svg",
        "/demo/photos/auto-sul/../../etc/passwd", "/demo/photos/auto-sul/as001-١.svg",
    ],
)  # fmt: skip
async def test_other_addresses_are_not_found(path: str) -> None:
    async with drawing() as web:
        assert (await web.get(path)).status_code == 404


async def test_photos_are_only_read() -> None:
    async with drawing() as web:
        address = showroom.vehicles("auto-sul", URL)[0].photos[0]
        head = await web.head(address)
        assert head.status_code == 200
        assert head.content == b""
        assert int(head.headers["content-length"]) > 1000
        refused = await web.post(address)
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET, HEAD"


def test_a_taken_port_gives_the_next_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port(port) <= port + demo.PORTS_TRIED
    assert free_port(0) > 1023


def test_no_port_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PORTS_TRIED", 0)
    with pytest.raises(ShowroomError, match="--port 0"):
        free_port(8420)


def test_a_demo_makes_its_own_master_key(tmp_path: Path) -> None:
    environ = {"SHOWROOMD_MASTER_KEY": "not a key", "ANTHROPIC_API_KEY": "sk-a", "SHOWROOMD_WHATSAPP_APP_SECRET": "x"}
    once, again = secrets_of(environ, None), secrets_of(environ, None)
    assert once.anthropic_api_key == "sk-a"
    assert once.whatsapp_app_secret == ""
    assert len(once.required_master_key()) == MASTER_KEY_BYTES
    assert once.master_key != again.master_key
    kept = secrets_of({}, tmp_path / "demo")
    assert secrets_of({}, tmp_path / "demo").master_key == kept.master_key
    assert (tmp_path / "demo" / "demo.key").stat().st_mode & 0o077 == 0


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    config = config_of(tmp_path, 9000)
    assert config.http.bind == ("127.0.0.1:9000",)
    assert config.data_dir == tmp_path
    assert config.admin_socket.parent == tmp_path


def test_the_banner_says_who_answers(tmp_path: Path) -> None:
    bare = Demo(
        config=config_of(tmp_path, 8420), secrets=secrets_of({}, None), url=URL, open_browser=False, kept=False,
        out=io.StringIO(),
    )  # fmt: skip
    assert "built-in catalogue (set ANTHROPIC_API_KEY" in banner(bare, 270)
    assert f"{URL}/sandbox" in banner(bare, 270)
    keyed = evolve(bare, secrets=evolve(bare.secrets, openai_api_key="sk-secret"))
    assert "GPT, and the built-in catalogue when it fails" in banner(keyed, 270)
    assert "sk-secret" not in banner(keyed, 270)


def test_it_says_who_hears_and_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = secrets_of({}, None)
    monkeypatch.setattr(stand_in_voice, "can_speak", lambda: True)
    assert voice_of(bare).startswith("stand-ins: espeak-ng")
    monkeypatch.setattr(stand_in_voice, "can_speak", lambda: False)
    assert voice_of(bare).startswith("none: answers are written")
    assert voice_of(evolve(bare, openai_api_key="k", elevenlabs_api_key="k")) == "ElevenLabs, then OpenAI"


async def test_seeding_goes_through_the_api_and_may_be_repeated(tmp_path: Path) -> None:
    config, secrets = config_of(tmp_path, 8420), secrets_of({}, None)
    with locked(config.data_dir, config.admin_socket):
        async with (
            offline(config, secrets) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as api,
        ):
            count = await seed(api, URL)
            assert count == sum(len(showroom.vehicles(profile.id, URL)) for profile in showroom.PROFILES)
            assert await seed(api, "http://127.0.0.1:9999") == count
            tenants = (await api.get("/v1/tenants")).json()["items"]
            assert {tenant["id"] for tenant in tenants} == {profile.id for profile in showroom.PROFILES}
            vehicle = (await api.get("/v1/tenants/auto-sul/vehicles/as001")).json()
            assert vehicle["photos"][0].startswith("http://127.0.0.1:9999/demo/photos/auto-sul/as001-")
            first, second = await page_token(api), await page_token(api)
            assert first != second
            living = [row for row in (await api.get("/v1/tokens")).json()["items"] if row["revoked_at"] is None]
            assert [row["name"] for row in living] == [demo.TOKEN_NAME]


async def test_a_refusing_api_ends_it_with_its_words() -> None:
    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b"the disk is full"})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as api:
        with pytest.raises(ShowroomError, match="503: the disk is full"):
            await seed(api, URL)


def test_the_command_serves_the_page_and_ends_on_ctrl_c() -> None:
    """The real process: the banner, the page with its token, a photo, a customer's message, Ctrl-C."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon", "demo", "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPO, env=environ, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "Ctrl-C ends it" in line:
                break
        words = "".join(seen)
        found = re.search(r"http://127\.0\.0\.1:\d+", words)
        assert found, words
        folder = re.search(r"Files +(\S+)", words)
        assert folder, words
        with httpx.Client(base_url=found[0], trust_env=False) as web:
            assert web.get("/").headers["location"] == "/sandbox"
            page = web.get("/sandbox")
            assert page.status_code == 200
            token = re.search(r'<meta name="showroomd-token" content="([^"]+)">', page.text)
            assert token
            assert web.get("/sandbox", headers={"Host": "evil.example"}).status_code == 403
            allowed = {"Authorization": f"Bearer {token[1]}"}
            assert web.get("/v1/tenants").status_code == 401
            vehicle = web.get("/v1/tenants/auto-sul/vehicles/as001", headers=allowed).json()
            assert web.get(vehicle["photos"][0]).text.startswith("<svg ")
            path = "/v1/tenants/auto-sul/sandbox/messages"
            said = web.post(path, json={"from": "marina-0001", "text": "oi"}, headers=allowed)
            assert said.status_code == 201
            voices = {one["name"] for one in web.get("/v1/providers", headers=allowed).json()["items"]}
            assert "stand-in transcription" in voices, "without a key, and named so"
            listed = web.get(path, params={"from": "marina-0001"}, headers=allowed).json()
            assert listed["items"][0]["id"] == said.json()["id"]
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        assert process.returncode == 0, rest
        assert "Demo ended; nothing was kept." in rest
        assert "Traceback" not in rest
        assert not Path(folder[1]).exists()
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
