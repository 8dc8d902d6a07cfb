"""What journeys read of a dealership: through the API, and from its files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from tests.support.rig import Rig

Json = dict[str, Any]


async def conversations(daemon: Rig, tenant: str) -> list[Json]:
    """All conversations of a tenant."""
    found: list[Json] = (await daemon.call("GET", f"/v1/tenants/{tenant}/conversations?limit=500"))["items"]
    return found


async def messages(daemon: Rig, tenant: str, conversation: str) -> list[Json]:
    """The messages of a conversation, oldest first."""
    path = f"/v1/tenants/{tenant}/conversations/{conversation}/messages?limit=500"
    found: list[Json] = (await daemon.call("GET", path))["items"]
    return sorted(found, key=lambda message: message["id"])


async def nothing_owed(daemon: Rig, *tenants: str) -> bool:
    """Whether the assistant owes nobody an answer, and everything said was handed over."""
    for tenant in tenants:
        for conversation in await conversations(daemon, tenant):
            if conversation["waiting"] and conversation["state"] == "assistant":
                return False
        if rows(shard_of(daemon, tenant), "SELECT 1 FROM messages WHERE state IN ('queued', 'sending') LIMIT 1"):
            return False
    return True


def shard_of(daemon: Rig, tenant: str) -> Path:
    """The tenant's file."""
    return daemon.data_dir / "shards" / f"{tenant}.db"


def rows(path: Path, sql: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
    """Rows of a file, read beside whoever has it open."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5_000)
        return connection.execute(sql, bindings).fetchall()
    finally:
        connection.close()


def change(path: Path, sql: str, bindings: tuple[Any, ...] = ()) -> None:
    """Change a file that nobody has open."""
    connection = apsw.Connection(str(path))
    try:
        connection.execute(sql, bindings)
    finally:
        connection.close()


def texts(daemon: Rig, phone_number_id: str) -> list[str]:
    """What was said to customers from one number, in the order of the wire."""
    return [
        call.body["text"]["body"]
        for call in daemon.graph.sent
        if call.phone_number_id == phone_number_id and call.body["type"] == "text"
    ]


def files(directory: Path) -> Iterator[Path]:
    """Every regular file below."""
    yield from (path for path in directory.rglob("*") if path.is_file())
