"""Who calls: bearer tokens, their roles, and what each may reach."""

import hmac
from collections import OrderedDict
from typing import Final, Literal

from attrs import frozen

from daemon.control.problems import refuse, unauthorised
from shards.central import operators
from shards.central.operators import OperatorToken
from shards.errors import NotFound
from shards.shard import Shard

MOST_CACHED: Final = 4_096

Reach = Literal["tenant", "list", "server"]
"""What a route touches: one tenant, all of the caller's tenants, or the server as a whole."""


@frozen(kw_only=True)
class Actor:
    """Who makes a request. `tenant` is the only one it may touch, None: all."""

    id: str  # of the token; "admin-socket" for who may open that
    name: str
    role: str
    tenant: str | None = None

    @property
    def audit_name(self) -> str:
        """As the audit names it."""
        return self.id if self.id == ADMIN_SOCKET.id else f"token:{self.id} {self.name}"


ADMIN_SOCKET: Final = Actor(id="admin-socket", name="admin socket", role="admin")


class TokenBook:
    """The living tokens, remembered in memory; a revoked one is forgotten at once."""

    def __init__(self, central: Shard) -> None:
        self._central = central
        self._known: OrderedDict[str, OperatorToken] = OrderedDict()

    async def actor(self, authorization: str | None) -> Actor:
        """Who the header speaks for. Raises `Refusal` 401 and `ShardUnavailable`."""
        if not authorization:
            raise unauthorised("a token is needed: send `Authorization: Bearer srd_…`")
        scheme, _, given = authorization.partition(" ")
        token = given.strip()
        id_ = operators.token_id(token)
        if scheme.lower() != "bearer" or not id_ or not token.isascii():
            raise unauthorised("the Authorization header holds no showroomd token: send `Bearer srd_…`")
        known = await self._find(id_)
        if known is None or not hmac.compare_digest(known.hash, operators.hashed(token)):
            raise unauthorised("the token is unknown or revoked: create one with `showroomd token create`")
        return Actor(id=known.id, name=known.name, role=known.role, tenant=known.tenant)

    async def _find(self, id_: str) -> OperatorToken | None:
        known = self._known.get(id_)
        if known is None:
            try:
                known = await self._central.glance(lambda tx: operators.get(tx, id_))
            except NotFound:
                return None
            if known.revoked_at is not None:
                return None
            self._known[id_] = known
            if len(self._known) > MOST_CACHED:
                self._known.popitem(last=False)
        return known

    async def living(self, actor: Actor) -> bool:
        """Whether the actor's token is still good (a long answer asks from time to time)."""
        return actor.id == ADMIN_SOCKET.id or await self._find(actor.id) is not None

    def forget(self, id_: str) -> None:
        """The token was revoked: from now on it is refused."""
        self._known.pop(id_, None)


def check(actor: Actor, *, method: str, reach: Reach, admin_only: bool, tenant: str | None) -> None:
    """Whether the actor may make this call. Raises `Refusal` 403."""
    if actor.role != "admin" and (admin_only or method not in ("GET", "HEAD")):
        raise refuse(403, "a viewer's token may only read: use an admin's token")
    if actor.tenant is None:
        return
    if reach == "server":
        raise refuse(403, "this token is bound to one tenant: use a token of the whole server")
    if tenant is not None and tenant != actor.tenant:
        raise refuse(403, "this token is bound to another tenant")
