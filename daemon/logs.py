"""Logs: events with fields, through structlog; phones masked, keys and tokens never written."""

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from daemon.errors import ConfigError

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
QUIET: Final = (
    "httpx",
    "httpcore",
    "httpcore2",
    "anthropic",
    "openai",
    "hypercorn.access",
    "quart",
    "asyncio",
)

_PHONE: Final = re.compile(
    r"\+\d[\d\s().-]{8,18}\d"  # +55 (51) 99999-8888
    r"|(?<!\d)\d{10,15}(?!\d)"  # 5551999998888
    r"|\(?(?<!\d)\d{2}\)?[\s-]?9?\d{4}[\s-]\d{4}(?!\d)"  # (51) 99999-8888
)
# A wamid holds its customer's phone in base64; its end is what tells it from others.
_WAMID: Final = re.compile(r"wamid\.[A-Za-z0-9+/=_-]+")
_CREDENTIAL: Final = re.compile(
    r"(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]+"
    r"|\bEAA[A-Za-z0-9]{8,}"
    r"|\bsk-[A-Za-z0-9_-]{8,}"
    r"|(?i:(?<=access_token=)|(?<=verify_token=)|(?<=api_key=)|(?<=apikey=)|(?<=input_token=))[^&\s\"']+"
)
_SECRET_FIELD: Final = re.compile(
    r"(?i)(^|[_.-])(token|secret|password|pin|authorization|api[_-]?key|master[_-]?key|xi[_-]?api[_-]?key)$"
)
HIDDEN: Final = "[hidden]"
DEEPEST: Final = 6


def get_logger(area: str, **fields: Any) -> FilteringBoundLogger:
    """The logger `showroomd.<area>`, with `fields` bound; quick when the level is off."""
    return cast("FilteringBoundLogger", structlog.get_logger(f"showroomd.{area}", **fields))


def redacted(text: str) -> str:
    """`text` with phones masked to their last four digits, message ids to their end, credentials hidden."""
    text = _WAMID.sub(lambda match: f"wamid.…{match[0][-12:]}", text)
    text = _CREDENTIAL.sub(HIDDEN, text)
    return _PHONE.sub(lambda match: f"…{re.sub('[^0-9]', '', match[0])[-4:]}", text)


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """structlog processor: every text of the event `redacted`, however deep; no field named for a secret."""
    return {name: _clean(name, value, 0) for name, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, str | bytes):
        if _SECRET_FIELD.search(name):
            return HIDDEN
        return redacted(value if isinstance(value, str) else value.decode("utf-8", "replace"))
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < DEEPEST and isinstance(value, Mapping):
        return {redacted(str(key)): _clean(str(key), item, depth + 1) for key, item in value.items()}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, item, depth + 1) for item in value]
    return redacted(str(value))


def level_of(environ: Mapping[str, str], default: str = "info") -> int:
    """The level that $SHOWROOMD_LOG_LEVEL or $LOG_LEVEL asks for; `default` without. Raises `ConfigError`."""
    for name in ("SHOWROOMD_LOG_LEVEL", "LOG_LEVEL"):
        if wanted := environ.get(name, "").strip().lower():
            if wanted not in LEVELS:
                raise ConfigError((f"{name}: must be one of {', '.join(LEVELS)}, not {wanted!r}",))
            return LEVELS[wanted]
    return LEVELS[default]


def configure(log_format: str, level: int, stream: TextIO | None = None, *, cache: bool = True) -> None:
    """Set structlog and the standard library's logging up for the process.

    `log_format`: console, json, or auto (console when `stream`, by default stderr, is a terminal). With
    `cache` (not in tests) loggers in use keep this set-up even if it is called again.
    """
    stream = stream or sys.stderr
    structlog.configure(
        processors=_processors(log_format, stream),
        wrapper_class=type("Leveled", (structlog.make_filtering_bound_logger(level),), {}),
        logger_factory=_Factory(stream),
        cache_logger_on_first_use=cache,
    )
    route_standard_logging()


def reconfigure(log_format: str, level: int, stream: TextIO | None = None) -> None:
    """Change format and level after `configure`, also for loggers in use: they share the list and the class."""
    settings = structlog.get_config()
    settings["processors"][:] = _processors(log_format, stream or sys.stderr)
    settings["wrapper_class"].__bases__ = (structlog.make_filtering_bound_logger(level),)


def _processors(log_format: str, stream: TextIO) -> list[Processor]:
    colors = stream.isatty()
    console = log_format == "console" or (log_format == "auto" and colors)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_name,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if console:
        return [*shared, structlog.dev.ConsoleRenderer(colors=colors)]
    return [*shared, structlog.processors.JSONRenderer(serializer=_json)]


def _add_name(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["logger"] = getattr(logger, "name", "showroomd")
    return event


class _Factory:
    """Makes the loggers that structlog wraps."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, name: str = "showroomd") -> "_Line":
        return _Line(self._stream, name)


class _Line:
    """Writes each event as one line, in one call."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        # A log that cannot be written must not stop what it tells of.
        with suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = log = msg


def _json(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _Routed(logging.Handler):
    """Hands the libraries' records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(10, min(50, record.levelno // 10 * 10))
        structlog.get_logger(record.name).log(level, record.getMessage(), exc_info=record.exc_info)


def route_standard_logging() -> None:
    """Libraries' logs go the same way as ours, from WARNING on."""
    root = logging.getLogger()
    root.handlers[:] = [_Routed()]
    root.setLevel(logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("hypercorn.error", "hypercorn.access"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
    logging.captureWarnings(capture=True)
