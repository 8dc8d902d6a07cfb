"""What a key of the configuration is for, and which values it may have."""

import ipaddress
import math
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import frozen

Check = Callable[[Any], str]
"""Takes a value of the right type and returns what is wrong with it, "" if nothing."""


@frozen
class Setting:
    """What a key is for (it becomes the comment in the sample) and which values it may have."""

    about: str
    check: Check = lambda value: ""


def url(*schemes: str, empty: bool = False) -> Check:
    def check(value: str) -> str:
        if empty and not value:
            return ""
        try:
            parts = urlsplit(value)
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        return "" if good else f"must be a URL that begins with {' or '.join(s + '://' for s in schemes)}"

    return check


def matches(pattern: str, wanted: str) -> Check:
    return lambda value: "" if re.fullmatch(pattern, value) else f"must be {wanted}"


def between(low: float, high: float = math.inf) -> Check:
    wanted = f"from {low:g} to {high:g}" if high < math.inf else f"{low:g} or more"
    return lambda value: "" if low <= value <= high else f"must be {wanted}"


def one_of(*choices: str) -> Check:
    return lambda value: "" if value in choices else f"must be one of {', '.join(choices)}"


def path(value: str) -> str:
    return "" if value and "\0" not in value else "must be a path"


def address(value: str) -> str:
    try:
        Bind.parse(value)
    except ValueError as error:
        return str(error)
    return ""


def absolute_path(value: str) -> str:
    return "" if value.startswith("/") and "\0" not in value else "must be an absolute path"


def absolute_path_or_empty(value: str) -> str:
    return f"{fault}, or empty" if value and (fault := absolute_path(value)) else ""


def time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return "must be the name of a time zone, as America/Sao_Paulo"
    return ""


def private(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        host, _, port = value.rpartition(":")
        if not (host and port.isdigit() and 0 < int(port) < 65536):
            return "must be host:port or a network, as 10.0.0.5:8080 or 10.0.0.0/8"
    return ""


HOST: Final = matches(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?", "a host name")
NAME: Final = matches(r"\S+", "a name without spaces")


@frozen
class Bind:
    """One address to listen on: a TCP host and port, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> "Bind":
        """`host:port`, `[v6]:port` or `unix:/path`. Raises ValueError."""
        if text.startswith("unix:"):
            path = text.removeprefix("unix:")
            if not path.startswith("/"):
                raise ValueError("must be unix:/path with an absolute path")
            return cls(path=path)
        host, _, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not (host and port.isascii() and port.isdigit() and int(port) < 65536):
            raise ValueError("must be host:port or unix:/path")
        return cls(host=host, port=int(port))

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
