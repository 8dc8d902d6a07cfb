"""The `demo` command: the very same daemon on a data directory of its own, with three invented dealerships."""

import os
import secrets as randomness
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Mapping
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, TextIO

import httpx
import trio
from attrs import evolve, frozen

from daemon import logs
from daemon.config import Config, DaemonConfig, HttpConfig
from daemon.control.asgi import App, Receive, Scope, Send
from daemon.control.sandbox_page import DemoInfo
from daemon.emulator import showroom, stand_in_voice
from daemon.emulator.drawings import draw
from daemon.errors import ShowroomError
from daemon.lock import locked
from daemon.main import offline, serve
from daemon.secrets import MASTER_KEY, MASTER_KEY_BYTES, Secrets, load_secrets
from shards.errors import NotFound
from shards.tenant.profile import TenantProfile, converter

DEFAULT_PORT: Final = 8420
PORTS_TRIED: Final = 50
TOKEN_NAME: Final = "demo page"  # noqa: S105 - its name
_KEY_FILE: Final = "demo.key"


@frozen(kw_only=True)
class Demo:
    """What one demo is: where it listens and keeps its files, and with what it answers."""

    config: Config
    secrets: Secrets
    url: str
    open_browser: bool
    kept: bool  # the data directory was given and stays
    out: TextIO


def run(port: int | None, open_browser: bool, data_dir: Path | None = None) -> int:
    """Serve the demo on loopback until Ctrl-C or SIGTERM; the exit code.

    `port`: None is 8420, 0 any; if it is taken the next free one is used and said. Without `data_dir` everything
    is kept in a temporary directory and removed at the end. Raises `ShowroomError` when it cannot begin.
    """
    environ = os.environ
    with ExitStack() as stack:
        logs.configure("auto", _level(environ))
        if data_dir is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="showroomd-demo-")))
        else:
            folder = data_dir
        wanted = DEFAULT_PORT if port is None else port
        found = free_port(wanted)
        demo = Demo(
            config=config_of(folder, found),
            secrets=secrets_of(environ, folder if data_dir else None),
            url=f"http://127.0.0.1:{found}",
            open_browser=open_browser,
            kept=data_dir is not None,
            out=sys.stdout,
        )
        if wanted and found != wanted:
            _say(demo, f"Port {wanted} is taken: using {found}.")
        try:
            trio.run(_run, demo)
        except* KeyboardInterrupt:
            pass
        _say(demo, "Demo ended." if demo.kept else "Demo ended; nothing was kept.")
    return 0


def config_of(folder: Path, port: int) -> Config:
    """The configuration of a demo: the defaults, on loopback, with its files in `folder`."""
    return Config(
        daemon=DaemonConfig(data_dir=str(folder), admin_socket=str(folder / "admin.sock")),
        http=HttpConfig(bind=(f"127.0.0.1:{port}",), public_url=f"http://127.0.0.1:{port}"),
    )


def secrets_of(environ: Mapping[str, str], folder: Path | None) -> Secrets:
    """The vendors' keys from the environment, and a master key of the demo's own.

    With a `folder` that stays, the key stays in it too. Raises `ConfigError` for a secret that cannot be read.
    """
    found = load_secrets({name: value for name, value in environ.items() if name != MASTER_KEY})
    key = randomness.token_bytes(MASTER_KEY_BYTES)
    if folder is not None:
        path = folder / _KEY_FILE
        if path.exists():
            key = path.read_bytes()
        else:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(key)
    return evolve(found, master_key=key, whatsapp_app_secret="", whatsapp_verify_token="")


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there on loopback, else the next that is free; 0 asks for any.

    Raises `ShowroomError` when a whole row of ports is taken.
    """
    last = min(wanted + PORTS_TRIED, 65536) if wanted else 1
    for port in range(wanted, last):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            name: tuple[str, int] = probe.getsockname()
            return name[1]
    raise ShowroomError(
        f"no port from {wanted} to {last - 1} can be used", "give another one with --port, or --port 0 for any"
    )


async def _run(demo: Demo) -> None:
    _say(demo, "Setting up three invented dealerships …")
    with locked(demo.config.data_dir, demo.config.admin_socket):
        async with (
            offline(demo.config, demo.secrets) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=demo.url) as api,
        ):
            count = await seed(api, demo.url)
            token = await page_token(api)

    async def ready(_: object) -> None:
        _say(demo, banner(demo, count))
        if demo.open_browser:
            await _browse(demo.url)

    await serve(
        demo.config,
        demo.secrets,
        demo=DemoInfo(token=token),
        stand_ins=stand_in_voice.stand_ins(),
        extra_routes={f"{showroom.PHOTOS_PATH}/": photos()},
        on_ready=ready,
    )


async def seed(api: httpx.AsyncClient, base_url: str) -> int:
    """Create the dealerships and load their stock through the API; how many vehicles there are now.

    Dealerships that are there already keep their profile and get the stock anew, as photos carry the address.
    Raises `ShowroomError` when the API refuses. May be cancelled between two requests.
    """
    count = 0
    for profile in showroom.PROFILES:
        created = await api.post("/v1/tenants", json=document_of(profile))
        if created.status_code != httpx.codes.CONFLICT:
            _expect_good(created)
        stock = showroom.vehicles(profile.id, base_url)
        loaded = await api.put(
            f"/v1/tenants/{profile.id}/vehicles",
            params={"mode": "replace"},
            content=showroom.stock_file(stock),
            headers={"Content-Type": "application/json"},
        )
        _expect_good(loaded)
        if refused := loaded.json()["refused"]:
            raise ShowroomError(f"{profile.id}: {refused} of the demo's vehicles were refused", loaded.text[:500])
        count += len(stock)
    return count


def document_of(profile: TenantProfile) -> dict[str, Any]:
    """The profile as `POST /v1/tenants` takes it."""
    document: dict[str, Any] = converter.unstructure(profile)
    return {name: value for name, value in document.items() if value is not None}


async def page_token(api: httpx.AsyncClient) -> str:
    """A new operator token for the page; those of former demos on this data directory are revoked."""
    listed = await api.get("/v1/tokens", params={"limit": 500})
    _expect_good(listed)
    for old in listed.json()["items"]:
        if old["name"] == TOKEN_NAME and old["revoked_at"] is None:
            _expect_good(await api.delete(f"/v1/tokens/{old['id']}"))
    created = await api.post("/v1/tokens", json={"name": TOKEN_NAME, "role": "admin"})
    _expect_good(created)
    token: str = created.json()["token"]
    return token


def _expect_good(response: httpx.Response) -> None:
    if response.is_error:
        raise ShowroomError(
            f"{response.request.method} {response.request.url.path} was answered {response.status_code}",
            response.text[:500],
        )


def photos() -> App:
    """An ASGI application that draws `/demo/photos/<tenant>/<vehicle>-<view>.svg`; keeps the last few hundred."""

    @lru_cache(maxsize=512)
    def drawn(tenant: str, vehicle: str, view: int) -> bytes:
        accent = showroom.accent_of(tenant)
        return draw(showroom.vehicle_shown(tenant, vehicle), view, accent).encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await trio.lowlevel.checkpoint()
        status, body = 404, b""
        tenant, _, name = str(scope["path"]).removeprefix(f"{showroom.PHOTOS_PATH}/").partition("/")
        vehicle, _, view = name.removesuffix(".svg").rpartition("-")
        if scope["method"] not in ("GET", "HEAD"):
            status = 405
        elif name.endswith(".svg") and view in ("1", "2", "3"):
            try:
                status, body = 200, drawn(tenant, vehicle, int(view))
            except NotFound:
                status = 404
        headers = [
            (b"content-type", b"image/svg+xml" if status == 200 else b"text/plain"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"public, max-age=3600" if status == 200 else b"no-store"),
            (b"content-security-policy", b"default-src 'none'; sandbox"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return app


def banner(demo: Demo, count: int) -> str:
    """What the person at the terminal is told once the page can be opened."""
    vendors = [
        name for name, key in (("Claude", demo.secrets.anthropic_api_key), ("GPT", demo.secrets.openai_api_key)) if key
    ]
    if vendors:
        fails = "it fails" if len(vendors) == 1 else "they fail"
        answers = f"{', then '.join(vendors)}, and the built-in catalogue when {fails}"
    else:
        answers = "the built-in catalogue (set ANTHROPIC_API_KEY or OPENAI_API_KEY to use Claude or GPT)"
    names = ", ".join(profile.name for profile in showroom.PROFILES)
    files = str(demo.config.data_dir) + ("" if demo.kept else " (removed at the end)")
    return (
        "\n  showroomd demo is ready\n\n"
        f"    Open      {demo.url}/sandbox\n"
        f"    API       {demo.url}/docs\n"
        f"    Shops     {names}: {count} vehicles\n"
        f"    Answers   {answers}\n"
        f"    Voice     {voice_of(demo.secrets)}\n"
        f"    Files     {files}\n\n"
        "  Write as a customer, in Portuguese. Ctrl-C ends it.\n"
    )


def voice_of(secrets: Secrets) -> str:
    """Who hears and speaks in a demo with these secrets, in a sentence."""
    keys = (("ElevenLabs", secrets.elevenlabs_api_key), ("OpenAI", secrets.openai_api_key))
    if vendors := [name for name, key in keys if key]:
        return ", then ".join(vendors)
    if stand_in_voice.can_speak():
        return "stand-ins: espeak-ng speaks, example questions are heard (set ELEVENLABS_API_KEY for real ones)"
    return "none: answers are written (set ELEVENLABS_API_KEY, or install espeak-ng and ffmpeg for a stand-in)"


async def _browse(url: str) -> None:
    # Without a screen the standard library would start a text browser in this very terminal.
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    open_page = partial(webbrowser.open, f"{url}/sandbox")
    await trio.to_thread.run_sync(open_page, abandon_on_cancel=True)


def _level(environ: Mapping[str, str]) -> int:
    quiet = {"LOG_LEVEL": "warning"}
    return logs.level_of({**quiet, **environ})


def _say(demo: Demo, text: str) -> None:
    demo.out.write(text + "\n")
    demo.out.flush()
