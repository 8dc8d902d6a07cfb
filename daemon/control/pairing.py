"""The channel's state, and linking a phone to the `web` channel: by QR, by code, with a passkey."""

import io
from datetime import datetime
from typing import Any, Final

import segno
from attrs import field, frozen

from daemon.control.call import Answer, Call, Route, dump
from daemon.control.ports import ChannelReport
from daemon.control.problems import refuse
from daemon.control.queries import NoQuery
from daemon.control.shapes import Nothing

_ONE: Final = "/v1/tenants/{t}/channel"
_PIXELS: Final = 8
"""Of the picture to one module of the code: legible on a screen at arm's length."""
_FRESH: Final = (("Cache-Control", "no-store"),)


@frozen(kw_only=True)
class ChannelStateOut:
    """The channel's state. While a phone is being linked, and to administrators alone: `qr`, `qr_expires_at` and
    `pairing_code`, or the `passkey` request that a person must answer."""

    kind: str
    state: str
    reason: str
    retry_at: datetime | None
    jid: str | None
    qr: str | None = None
    qr_expires_at: datetime | None = None
    pairing_code: str | None = None
    passkey: dict[str, Any] | None = None


@frozen(kw_only=True)
class PairIn:
    """How to link: without `phone` by QR, with it by a code that is typed into that phone."""

    phone: str = ""


@frozen(kw_only=True)
class PasskeyIn:
    """The answer of `navigator.credentials.get()` to the `passkey` request, as JSON; or, where a code is shown that
    the phone shows too, `{"confirmed": true}`."""

    id: str = ""
    rawId: str = ""  # noqa: N815 - as the browser names it
    type: str = "public-key"
    response: dict[str, Any] = field(factory=dict)
    confirmed: bool = False


async def state(call: Call) -> Answer:
    await call.services.tenancy.row(call.tenant)
    return _shown(call, call.services.tenancy.channel(call.tenant))


async def pair(call: Call) -> Answer:
    body: PairIn = call.body
    report = await call.services.tenancy.pair(call.tenant, body.phone)
    detail = {"by": "code", "phone": f"…{body.phone[-4:]}"} if body.phone else {"by": "qr"}
    answer = _shown(call, report)
    return Answer(body=answer.body, headers=_FRESH, audit=detail)


async def passkey(call: Call) -> Answer:
    body: PasskeyIn = call.body
    document: dict[str, Any] = {"id": body.id, "rawId": body.rawId, "type": body.type, "response": body.response}
    if body.confirmed:
        document = {"confirmed": True}
    elif not body.rawId:
        raise refuse(422, "the passkey's answer is missing: send the browser's JSON whole")
    return _shown(call, await call.services.tenancy.answer_passkey(call.tenant, document))


async def logout(call: Call) -> Answer:
    return _shown(call, await call.services.tenancy.unlink(call.tenant))


async def png(call: Call) -> Answer:
    return await _picture(call, "png", "image/png")


async def svg(call: Call) -> Answer:
    return await _picture(call, "svg", "image/svg+xml")


async def _picture(call: Call, kind: str, content_type: str) -> Answer:
    await call.services.tenancy.row(call.tenant)
    text = call.services.tenancy.channel(call.tenant).extra.get("qr")
    if not text:
        raise refuse(404, "no QR is shown now: begin with POST …/channel/pair, and scan within its time")
    picture = io.BytesIO()
    segno.make(text, error="l", micro=False).save(picture, kind=kind, scale=_PIXELS, border=4)
    return Answer(body=picture.getvalue(), content_type=content_type, headers=_FRESH)


def _shown(call: Call, report: ChannelReport) -> Answer:
    names = ("qr", "qr_expires_at", "pairing_code", "passkey") if call.actor.role == "admin" else ()
    out = ChannelStateOut(
        kind=report.kind,
        state=report.state,
        reason=report.reason,
        retry_at=report.retry_at,
        jid=report.jid,
        **{name: report.extra.get(name) for name in names},
    )
    return Answer(body=dump(out), headers=_FRESH)


def _route(method: str, path: str, name: str, summary: str, handler: Any, **more: Any) -> Route:
    return Route(
        method=method,
        path=f"{_ONE}{path}",
        name=name,
        tag="tenants",
        summary=summary,
        handler=handler,
        query=NoQuery,
        **more,
    )


ROUTES: Final = (
    _route("GET", "", "getChannel", "The channel's state and its reason.", state, answer=ChannelStateOut),
    _route(
        "POST",
        "/pair",
        "pairChannel",
        "Link a phone: shows a QR, or with `phone` a code to type there.",
        pair,
        body=PairIn,
        body_optional=True,
        answer=ChannelStateOut,
        action="channel.pair",
        keeps_in_central=True,
        conflicts=True,
    ),
    _route(
        "GET", "/qr.png", "getChannelQrPng", "The QR to scan, as a picture.", png, only="image/png", admin_only=True
    ),
    _route(
        "GET", "/qr.svg", "getChannelQrSvg", "The QR to scan, as a drawing.", svg, only="image/svg+xml", admin_only=True
    ),
    _route(
        "POST",
        "/passkey",
        "answerPasskey",
        "Give the passkey's answer that WhatsApp asked for while linking.",
        passkey,
        body=PasskeyIn,
        answer=ChannelStateOut,
        action="channel.passkey",
        keeps_in_central=True,
        conflicts=True,
    ),
    _route(
        "POST",
        "/logout",
        "logoutChannel",
        "Unlink the phone; linking again begins anew.",
        logout,
        body=Nothing,
        body_optional=True,
        answer=ChannelStateOut,
        action="channel.logout",
        keeps_in_central=True,
        conflicts=True,
    ),
)
