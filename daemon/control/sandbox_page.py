"""`/sandbox`: the page that looks like a phone; `/pairing`: the one beside the dealer's phone. Their files lie in
`page/`."""

import mimetypes
import re
from html import escape
from importlib import resources
from typing import Final

from attrs import frozen
from quart import Quart, Response
from werkzeug.exceptions import NotFound

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data: blob:;"
    " media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
"""Pictures may come from elsewhere (vehicles' photos); nothing else may."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*\.(html|js|css|svg|png|webp|woff2)", re.ASCII)
_PAGES: Final = frozenset({"index.html", "pairing.html"})
_TYPES: Final = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
}


@frozen(kw_only=True)
class DemoInfo:
    """The demo: `/` leads to the page, and the pages know its token. Only for listeners on loopback."""

    token: str


def register(app: Quart, demo: DemoInfo | None) -> None:
    """Add the pages' routes; with a demo also `/`."""

    async def index() -> Response:
        return _file("index.html", demo)

    async def pairing() -> Response:
        return _file("pairing.html", demo)

    async def file(name: str) -> Response:
        return _file(name, demo)

    async def home() -> Response:
        return Response(b"", status=302, headers={"Location": "/sandbox"})

    app.add_url_rule("/sandbox", "sandbox", index, methods=["GET"])
    app.add_url_rule("/pairing", "pairing", pairing, methods=["GET"])
    app.add_url_rule("/sandbox/<name>", "sandboxFile", file, methods=["GET"])
    if demo is not None:
        app.add_url_rule("/", "home", home, methods=["GET"])


def _file(name: str, demo: DemoInfo | None) -> Response:
    if not _NAME.fullmatch(name):
        raise NotFound
    source = resources.files("daemon.control") / "page" / name
    if not source.is_file():
        raise NotFound
    body = source.read_bytes()
    if name in _PAGES and demo is not None:
        body = with_token(body, demo.token)
    kind = _TYPES.get(name.rpartition(".")[2]) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response(body, content_type=kind)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


def with_token(page: bytes, token: str) -> bytes:
    """The page with its token in a `<meta>`, right after `<head>`."""
    meta = f'\n  <meta name="showroomd-token" content="{escape(token)}">'.encode()
    return page.replace(b"<head>", b"<head>" + meta, 1)


__all__ = ["POLICY", "DemoInfo", "register", "with_token"]
