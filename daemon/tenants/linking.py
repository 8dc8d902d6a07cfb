"""A tenant's channel behind the control API: its state, and linking a phone to the `web` channel."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from daemon.channels.web.channel import WebChannel
from daemon.control.ports import ChannelReport, TenantReport
from daemon.errors import ChannelError
from daemon.tenants.desk_calls import DeskCalls
from shards.errors import Conflict

PAIR_SECONDS: Final = 15.0
"""How long a request to link waits for something to show."""


class LinkCalls(DeskCalls):
    """The channel's part of `Tenancy`."""

    def report(self, tenant: str) -> TenantReport:
        """How the tenant is. Raises `NotFound`."""
        raise NotImplementedError

    def channel(self, tenant: str) -> ChannelReport:
        """How the tenant's channel is. Raises `NotFound`."""
        report = self.report(tenant)
        running = self._supervisor.running(tenant)
        if running is None or running.profile is None:
            return ChannelReport(kind="", state="down", reason=report.reason, retry_at=report.retry_at)
        paused = running.outbox.pause_reason if running.outbox is not None else ""
        state, reason = running.channel_state, running.channel_reason
        if running.web is not None:
            return _linked(running.web, state, reason)
        state = "paused" if paused else state
        return ChannelReport(kind=running.profile.channel.kind, state=state, reason=paused or reason)

    async def pair(self, tenant: str, phone: str) -> ChannelReport:
        """Begin to link a phone, and wait some seconds for what is to be shown. Raises `Conflict`."""
        with _refused_links():
            await self._web(tenant).pair(phone.removeprefix("+"), seconds=PAIR_SECONDS)
        return self.channel(tenant)

    async def answer_passkey(self, tenant: str, assertion: Mapping[str, Any]) -> ChannelReport:
        """Give WhatsApp the passkey's answer. Raises `Conflict`."""
        with _refused_links():
            await self._web(tenant).answer_passkey(assertion)
        return self.channel(tenant)

    async def unlink(self, tenant: str) -> ChannelReport:
        """Take the linked device back and put its keys aside. Raises `Conflict`."""
        with _refused_links():
            await self._web(tenant).logout()
        return self.channel(tenant)

    def _web(self, tenant: str) -> WebChannel:
        self.report(tenant)
        running = self._supervisor.running(tenant)
        if running is None:
            raise Conflict(f"{tenant} does not run", "see its reason with GET /v1/tenants/{t}, then try again")
        if running.web is None:
            raise Conflict(
                f"{tenant} is not on the `web` channel", 'set {"channel": {"kind": "web"}} with PATCH /v1/tenants/{t}'
            )
        return running.web


def _linked(web: WebChannel, state: str, reason: str) -> ChannelReport:
    """State and reason, and while a phone is being linked what a person has to see."""
    details = web.details
    shown = details.shown
    extra = {}
    if shown is not None:
        extra = {
            "qr": shown.qr,
            "qr_expires_at": shown.qr_expires_at,
            "pairing_code": shown.pairing_code,
            "passkey": shown.passkey,
        }
    return ChannelReport(
        kind="web", state=state, reason=reason, retry_at=details.retry_at, jid=details.jid, extra=extra
    )


@contextmanager
def _refused_links() -> Iterator[None]:
    """What the channel refuses is the caller's mistake or the phone's: a conflict, not a fault of the server."""
    try:
        yield
    except ChannelError as error:
        raise Conflict(error.what, error.remedy) from error
