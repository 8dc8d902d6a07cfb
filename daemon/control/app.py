"""The Quart application of the control API, built from explicit arguments. `Gate` stands in front of it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, cast

import orjson
from quart import Response, g, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, InternalServerError

from daemon.billing.collection import Collector
from daemon.control import docs_page, openapi, problems, sandbox_page
from daemon.control.asgi import SECURITY_HEADERS
from daemon.control.auth import ADMIN_SOCKET, Actor, TokenBook
from daemon.control.backup_ports import Backups
from daemon.control.call import ImportStock, Limits, Route, Services, VendorReport
from daemon.control.events import EventRing
from daemon.control.gate import TRUSTED
from daemon.control.ports import Tenancy
from daemon.control.problems import PROBLEM, Problem
from daemon.control.routes import ROUTES
from daemon.control.sandbox_page import DemoInfo
from daemon.control.service import serve
from daemon.logs import get_logger
from shards.ids import new_id
from shards.shard import Shard

_MARGIN_BYTES: Final = 1024
_log = get_logger("control")


class ControlApp(QuartTrio):
    """Quart that answers every error with a problem and logs the unforeseen ones under an id."""

    def log_exception(
        self,
        exception_info: (tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]),
    ) -> None:
        """Note an error that nobody foresaw; the caller gets the id and nothing else."""
        g.error_id = new_id(int(g.services.now().timestamp() * 1000))
        _log.error(
            "request failed",
            error_id=g.error_id,
            method=request.method,
            route=str(request.url_rule),
            exc_info=cast("Any", exception_info),
        )


def build_app(
    *,
    tenancy: Tenancy,
    central: Shard,
    tokens: TokenBook,
    ring: EventRing,
    import_stock: ImportStock,
    media_path: Callable[[str, str], Path],
    now: Callable[[], datetime],
    limits: Limits = Limits(),  # noqa: B008 - frozen
    public_url: str = "",
    demo: DemoInfo | None = None,
    backups: Backups | None = None,
    providers: Callable[[], Sequence[VendorReport]] = tuple,
    collector: Collector | None = None,
    server_cost_centavos: Callable[[], int] = lambda: 0,
) -> ControlApp:
    """The application: all of `/v1`, the OpenAPI document, `/docs` and `/sandbox`.

    It keeps no task and needs no start-up, so several gates may share it. `media_path` is called with a tenant
    and a hash; `providers` says how the vendors do.
    """
    services = Services(
        tenancy=tenancy,
        central=central,
        tokens=tokens,
        ring=ring,
        import_stock=import_stock,
        media_path=media_path,
        now=now,
        limits=limits,
        backups=backups,
        providers=providers,
        collector=collector,
        server_cost_centavos=server_cost_centavos,
    )
    app = ControlApp("showroomd", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = limits.stock_bytes + _MARGIN_BYTES
    app.config["BODY_TIMEOUT"] = None  # each route has its own
    app.config["RESPONSE_TIMEOUT"] = None
    app.before_request(partial(_identify, services))
    app.after_request(_secure)
    for kind in (HTTPException, *problems.EXPECTED):
        app.register_error_handler(kind, _problem)
    _register(app, services, ROUTES)
    _register_pages(app, public_url, demo)
    return app


async def _identify(services: Services) -> None:
    """Who asks; on `/v1` nothing is told to strangers, not even which paths there are."""
    g.services = services
    if request.path == "/v1" or request.path.startswith("/v1/"):
        trusted = bool(request.scope.get(TRUSTED))
        g.actor = ADMIN_SOCKET if trusted else await services.tokens.actor(request.headers.get("Authorization"))


def _register(app: ControlApp, services: Services, routes: Iterable[Route]) -> None:
    for route in routes:
        # The last part of a vehicle's path may hold slashes: feeds choose the ids.
        path = route.path.replace("{v}", "<path:v>").replace("{", "<").replace("}", ">")
        app.add_url_rule(path, route.name, _view(services, route), methods=[route.method])


def _view(services: Services, route: Route) -> Callable[..., Awaitable[Response]]:
    async def view(**args: str) -> Response:
        actor: Actor = g.actor
        return await serve(services, route, actor, request._get_current_object(), args)  # type: ignore[attr-defined]

    return view


def _register_pages(app: ControlApp, public_url: str, demo: DemoInfo | None) -> None:
    described = orjson.dumps(openapi.document(ROUTES, public_url))
    page = docs_page.render(orjson.loads(described)).encode()

    async def spec() -> Response:
        return Response(described, content_type="application/json")

    async def docs() -> Response:
        response = Response(page, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = docs_page.POLICY
        return response

    app.add_url_rule("/openapi.json", "openapi", spec, methods=["GET"])
    app.add_url_rule("/docs", "docs", docs, methods=["GET"])
    sandbox_page.register(app, demo)


async def _secure(response: Response) -> Response:
    for name, value in SECURITY_HEADERS:
        response.headers.setdefault(name.decode().title(), value.decode())
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    return response


async def _problem(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        problem = _of_http(error)
    else:
        found = problems.of(error)
        assert found is not None, error
        problem = found
    response = Response(problem.body(), status=problem.status, content_type=PROBLEM)
    for name, value in problem.headers:
        response.headers[name] = value
    return response


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    if isinstance(error, InternalServerError):
        detail = "this is a fault of showroomd: look in its log for the id"
        return Problem(status=500, detail=detail, id=getattr(g, "error_id", ""))
    details = {
        404: "there is no such path: see /docs",
        405: f"{request.method} is not for this path: see the Allow header, or /docs",
        413: "the body is too large: send less, or in parts",
    }
    headers: tuple[tuple[str, str], ...] = ()
    if status == 405 and (allowed := getattr(error, "valid_methods", None)):
        headers = (("Allow", ", ".join(sorted(allowed))),)
    return Problem(status=status, detail=details.get(status, error.description or ""), headers=headers)


__all__ = ["ControlApp", "build_app"]
