"""What `/healthz` and `/readyz` say."""

from collections.abc import Sequence

import orjson

from daemon.control.ports import Health


def alive(health: Health) -> tuple[int, bytes]:
    """200 as long as the loop turns: `ok`, or `degraded` with what is wrong though we run on."""
    degraded = health.degraded()
    return 200, _body("degraded" if degraded else "ok", degraded)


def ready(health: Health) -> tuple[int, bytes]:
    """200 when every tenant was tried once, else 503 with the reasons as sentences."""
    is_ready, reasons = health.ready()
    if not is_ready:
        return 503, _body("not ready", reasons)
    degraded = health.degraded()
    return 200, _body("degraded" if degraded else "ready", degraded)


def _body(status: str, reasons: Sequence[str]) -> bytes:
    return orjson.dumps({"status": status, "reasons": list(reasons)})
