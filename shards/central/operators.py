"""Operators' tokens: bearer tokens of the control API, stored as hashes."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from shards.errors import Invalid, NotFound
from shards.ids import new_id
from shards.shard import Tx

ROLES: Final = ("admin", "viewer")
_COLUMNS: Final = "id, name, role, tenant, hash, created_at, revoked_at"


@frozen(kw_only=True)
class OperatorToken:
    """What is kept of a token; the token itself is shown once and never stored."""

    id: str
    name: str
    role: str  # admin | viewer
    tenant: str | None  # None: the whole server
    hash: bytes  # SHA-256 of the whole token
    created_at: datetime
    revoked_at: datetime | None = None


def hashed(token: str) -> bytes:
    """The SHA-256 that is stored of a token. Tokens hold 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).digest()


def token_id(token: str) -> str:
    """The id inside `srd_<id>_<secret>`, "" if it is no such token."""
    prefix, _, rest = token.partition("_")
    id_, _, secret = rest.partition("_")
    return id_ if prefix == "srd" and secret else ""


def add(tx: Tx, *, name: str, role: str, tenant: str | None = None) -> tuple[OperatorToken, str]:
    """Make a token; what is kept of it, and the token in clear. Raises `Invalid`."""
    if role not in ROLES:
        raise Invalid(f"{role!r} is not a role", "use admin or viewer", path="role")
    if tenant is not None and tx.value("SELECT state FROM tenants WHERE id = ?", (tenant,)) in (
        None,
        "deleted",
    ):
        raise Invalid(f"there is no tenant {tenant!r}", "name an existing tenant or none", path="tenant")
    id_ = new_id(tx.now_ms)
    clear = f"srd_{id_}_{secrets.token_urlsafe(32)}"
    tx.run(
        "INSERT INTO operator_tokens (id, name, role, tenant, hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (id_, name, role, tenant, hashed(clear), tx.now_ms),
    )
    return get(tx, id_), clear


def get(tx: Tx, id_: str) -> OperatorToken:
    """One token, revoked or not. Raises `NotFound`."""
    row = tx.row(f"SELECT {_COLUMNS} FROM operator_tokens WHERE id = ?", (id_,))
    if row is None:
        raise NotFound(f"there is no token {id_!r}", "list the tokens to find its id")
    return _token(row)


def page(tx: Tx, *, after: str = "", limit: int = 100) -> list[OperatorToken]:
    """Tokens by id (oldest first), revoked ones included."""
    return [
        _token(row)
        for row in tx.rows(
            f"SELECT {_COLUMNS} FROM operator_tokens WHERE id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
    ]


def revoke(tx: Tx, id_: str) -> OperatorToken:
    """End a token for good; revoking it again changes nothing. Raises `NotFound`."""
    tx.run("UPDATE operator_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (tx.now_ms, id_))
    return get(tx, id_)


def _token(row: tuple[Any, ...]) -> OperatorToken:
    id_, name, role, tenant, hash_, created_at, revoked_at = row
    return OperatorToken(
        id=id_,
        name=name,
        role=role,
        tenant=tenant,
        hash=hash_,
        created_at=_time(created_at),
        revoked_at=None if revoked_at is None else _time(revoked_at),
    )


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
