"""How every route is served: who, what, once; then the handler; then the audit."""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson
import trio
from quart import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from daemon.control import auth
from daemon.control.auth import Actor
from daemon.control.call import JSON, Answer, Call, Limits, Route, Services
from daemon.control.problems import Refusal, refuse
from daemon.control.queries import read as read_query
from daemon.control.rules import RULES
from daemon.control.strict import FieldFault, structure
from daemon.logs import get_logger
from shards import requests
from shards.central import audit
from shards.errors import ShardUnavailable
from shards.requests import AlreadyDone, DoneRequest, RequestKey

REPLAYED: Final = ("Idempotency-Replayed", "true")
_LONGEST_KEY: Final = 255

_log = get_logger("control")


async def serve(services: Services, route: Route, actor: Actor, request: Request, args: Mapping[str, str]) -> Response:
    """Carry out one request. Raises what `problems.of` knows."""
    auth.check(
        actor,
        method=route.method,
        reach=route.reach,
        admin_only=route.admin_only,
        tenant=args.get("t"),
    )
    upload = _Upload(services, route, request) if route.uploads else None
    raw = b"" if upload or route.body is None else await _body(_Upload(services, route, request))
    query = read_query(request.args.to_dict(flat=False), route.query, RULES)
    call = Call(
        services=services,
        actor=actor,
        route=route,
        args=args,
        query=query,
        body=_parsed(route, raw),
        upload=upload,
        request=request,
        key=_key(route, actor, request, raw),
    )
    # What an upload brings is not known before its handler has read it.
    if call.key is not None and upload is None and (done := await _done(call, call.key)) is not None:
        return _replay(done, call.key)
    try:
        answer = await route.handler(call)
    except AlreadyDone as error:
        return _replay(error.done, error.key)
    if isinstance(answer, Response):
        return answer
    if route.action:
        await _record(call, answer)
        await _keep_late(call, answer)
    status = answer.status or route.status
    response = Response(answer.body, status=status, content_type=answer.content_type)
    if not answer.body:
        del response.headers["Content-Type"]
    for name, value in answer.headers:
        response.headers[name] = value
    return response


# The body


class _Upload:
    """The body as it comes. Iterating raises `Refusal` when it is too large (413) or too slow (408)."""

    def __init__(self, services: Services, route: Route, request: Request) -> None:
        limits = services.limits
        self._left = self._most = _most_bytes(limits, route)
        self._seconds = limits.upload_seconds if route.uploads else limits.body_seconds
        self._deadline = trio.current_time() + self._seconds
        self._body = request.body
        length = request.content_length
        if length is not None and length > self._most:
            raise self._too_large()
        _check_type(route, request, empty=length == 0 or (length is None and not _is_chunked(request)))

    def _too_large(self) -> Refusal:
        return refuse(413, f"the body is larger than {self._most} bytes: send less, or in parts")

    def __aiter__(self) -> "_Upload":
        return self

    async def __anext__(self) -> bytes:
        with trio.move_on_at(self._deadline):
            try:
                chunk = await self._body.__anext__()
            except RequestEntityTooLarge as error:
                raise self._too_large() from error
            self._left -= len(chunk)
            if self._left < 0:
                raise self._too_large()
            return chunk
        raise refuse(408, f"the body did not come within {self._seconds:g} seconds: send it again")


def _most_bytes(limits: Limits, route: Route) -> int:
    if not route.uploads:
        return limits.json_bytes
    return limits.file_bytes if route.takes == "file" else limits.stock_bytes


async def _body(upload: _Upload) -> bytes:
    whole = bytearray()
    async for chunk in upload:
        whole += chunk
    return bytes(whole)


def _is_chunked(request: Request) -> bool:
    return "Transfer-Encoding" in request.headers or str(request.http_version) not in ("1.0", "1.1")


def _check_type(route: Route, request: Request, *, empty: bool) -> None:
    given = request.mimetype.lower()
    if (empty and (route.body_optional or not given)) or (route.uploads and not given):
        return
    if route.uploads:
        allowed: tuple[str, ...] = route.uploads
    elif route.method == "PATCH":
        allowed = (JSON, "application/merge-patch+json")
    else:
        allowed = (JSON,)
    if given not in allowed:
        said = f"not {given}" if given else "and say so in Content-Type"
        raise refuse(415, f"send {' or '.join(allowed)}, {said}", headers=(("Accept", ", ".join(allowed)),))


def _parsed(route: Route, raw: bytes) -> Any:
    if route.body is None:
        return None
    if not raw.strip():
        if not route.body_optional:
            raise refuse(400, "a JSON body is needed and there is none")
        raw = b"{}"
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise refuse(400, f"the body is not JSON: {error}") from error
    return document if route.merge_patch else structure(document, route.body, RULES)


# Idempotency


def _key(route: Route, actor: Actor, request: Request, raw: bytes) -> RequestKey | None:
    key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
    if key is None:
        return None
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable() and not key.isspace()):
        message = f"must have 1 to {_LONGEST_KEY} printable ASCII characters"
        raise refuse(422, "the Idempotency-Key cannot be taken", FieldFault("header.Idempotency-Key", message))
    return RequestKey(actor.id, request.path, key, requests.body_hash(raw))


async def _done(call: Call, key: RequestKey) -> DoneRequest | None:
    if call.route.keeps_in_central:
        return await call.services.central.glance(lambda tx: requests.find(tx, key))
    return await call.shard.glance(lambda tx: requests.find(tx, key))


def _replay(done: DoneRequest, key: RequestKey) -> Response:
    if not hmac.compare_digest(done.body_hash, key.body_hash):
        message = "was used for another body in the last 24 hours: use a new key for a new call"
        raise refuse(422, "the Idempotency-Key cannot be taken", FieldFault("header.Idempotency-Key", message))
    response = Response(done.response, status=done.status, content_type=JSON)
    response.headers.set(*REPLAYED)
    return response


async def _keep_late(call: Call, answer: Answer) -> None:
    """For a call whose effect is no row (a restart): the key is kept after it, at worst the call is repeated."""
    if call.key is None or call.route.name != "restartTenant":
        return
    stored = call.to_store(lambda _, __: answer.body)
    try:
        await call.services.central.write(lambda tx: requests.store(tx, stored, ""))
    except (AlreadyDone, ShardUnavailable) as error:
        _log.warning("idempotency key not kept", reason=str(error))


# The audit


async def _record(call: Call, answer: Answer) -> None:
    target = answer.target or call.args.get("v") or call.args.get("c") or call.tenant
    tenant = call.tenant or (target if call.route.action == "tenant.create" else None)
    detail = answer.audit
    try:
        await call.services.central.write(
            lambda tx: audit.append(
                tx,
                actor=call.actor.audit_name,
                action=call.route.action,
                tenant=tenant,
                target=target,
                detail=detail,
            )
        )
    except ShardUnavailable as error:
        # The change is made and durable: refusing the answer would only have it made again.
        _log.error("audit row lost", action=call.route.action, tenant=tenant, target=target, reason=str(error))
