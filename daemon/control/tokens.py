"""Operators' tokens: making, listing, revoking."""

from typing import Final

from daemon.control.call import Answer, Call, Route, dump, listed, shown
from daemon.control.queries import NoQuery, PageQuery
from daemon.control.shapes import NewTokenOut, TokenIn, TokenOut
from shards import requests
from shards.central import operators
from shards.central.operators import OperatorToken
from shards.shard import Tx


async def create_token(call: Call) -> Answer:
    body: TokenIn = call.body

    def work(tx: Tx) -> tuple[OperatorToken, str]:
        made, clear = operators.add(tx, name=body.name, role=body.role, tenant=body.tenant)
        requests.store(tx, call.to_store(lambda _, __: dump(shown(made, NewTokenOut, token=None))), made.id)
        return made, clear

    made, clear = await call.services.central.write(work)
    detail = {"name": made.name, "role": made.role, "tenant": made.tenant}
    return Answer(body=dump(shown(made, NewTokenOut, token=clear)), target=made.id, audit=detail)


async def list_tokens(call: Call) -> Answer:
    query: PageQuery = call.query
    found = await call.services.central.read(lambda tx: operators.page(tx, after=query.after, limit=query.limit + 1))
    page = found[: query.limit]
    return listed([shown(token, TokenOut) for token in page], page[-1].id if len(found) > query.limit else None)


async def revoke_token(call: Call) -> Answer:
    id_ = call.args["k"]
    revoked = await call.services.central.write(lambda tx: operators.revoke(tx, id_))
    call.services.tokens.forget(id_)
    return Answer(target=id_, audit={"name": revoked.name})


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/tokens",
        name="createToken",
        tag="operators",
        summary="Make an operator token; it is shown this once.",
        handler=create_token,
        query=NoQuery,
        status=201,
        body=TokenIn,
        answer=NewTokenOut,
        reach="server",
        admin_only=True,
        action="token.create",
        keeps_in_central=True,
    ),
    Route(
        method="GET",
        path="/v1/tokens",
        name="listTokens",
        tag="operators",
        summary="All tokens, revoked ones too, without their secrets.",
        handler=list_tokens,
        query=PageQuery,
        answer=TokenOut,
        listed=True,
        reach="server",
        admin_only=True,
    ),
    Route(
        method="DELETE",
        path="/v1/tokens/{k}",
        name="revokeToken",
        tag="operators",
        summary="Revoke a token, effective at once.",
        handler=revoke_token,
        query=NoQuery,
        status=204,
        reach="server",
        admin_only=True,
        action="token.revoke",
    ),
)
