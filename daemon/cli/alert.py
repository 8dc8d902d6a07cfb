"""`report-failure`: what `showroomd-failed@.service` runs when a unit has failed."""

import argparse
import os
import socket
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from daemon import logs
from daemon.cli.common import CommandFailed, Commands
from daemon.clock import utc_now

ADDRESS: Final = "alert_webhook_url"
"""The credential with the address to tell; there need be none."""
TIMEOUT_SECONDS: Final = 15.0

_log = logs.get_logger("alert")


def register(commands: Commands) -> None:
    """Add the command."""
    report = commands.add_parser(
        "report-failure",
        help="tell the journal and a webhook that a unit has failed",
        description="For showroomd-failed@.service. Posts JSON (text, unit, host, result, at) to the address in the"
        " credential alert_webhook_url, if there is one.",
    )
    report.add_argument("unit", metavar="UNIT", help="without `.service`")
    report.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> int:
    logs.configure("auto", logs.LEVELS["info"])
    found = failure(arguments.unit, socket.gethostname(), _result(arguments.unit), utc_now())
    _log.error("unit_failed", **{name: found[name] for name in ("unit", "host", "result")})
    if address := _address():
        tell(address, found)
    return 0


def failure(unit: str, host: str, result: str, now: datetime) -> dict[str, Any]:
    """What is posted. `text` is what chat services show."""
    text = f"{unit} on {host} has failed ({result}); `journalctl -u {unit}` says why"
    return {"text": text, "unit": unit, "host": host, "result": result, "at": now.isoformat(timespec="seconds")}


def tell(address: str, found: dict[str, Any], transport: httpx.BaseTransport | None = None) -> None:
    """Post it. Raises `CommandFailed`, which does not name the address: it is a secret of its own."""
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, transport=transport) as client:
            response = client.post(address, json=found)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise CommandFailed(f"the alert could not be posted ({type(error).__name__})", f"check {ADDRESS}") from None
    if not response.is_success:
        raise CommandFailed(f"the alert was refused with {response.status_code}", f"check {ADDRESS}")


def _address() -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        return (Path(folder) / ADDRESS).read_text("utf-8").strip() if folder else ""
    except FileNotFoundError:
        return ""


def _result(unit: str) -> str:
    """How the unit ended, in systemd's words."""
    try:
        ended = subprocess.run(  # noqa: S603 - no shell, and the unit names itself
            ["systemctl", "show", "--property=Result", "--value", f"{unit}.service"],  # noqa: S607 - where it lies varies
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return ended.stdout.strip() or "unknown"
