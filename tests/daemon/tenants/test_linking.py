"""A tenant's channel behind the control API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from daemon.assembly import Parts
from daemon.channels.web.link import Shown
from shards.errors import Conflict, NotFound
from shards.tenant.profile import ChannelProfile
from tests.support.house import house, sandbox_profile, until


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with house(tmp_path) as made:
        await made.service.create(sandbox_profile("caixa"), {})
        await made.service.create(evolve(sandbox_profile("auto-sul"), channel=ChannelProfile(kind="web")), {})
        await until(lambda: "no phone is linked" in made.service.channel("auto-sul").reason)
        yield made


async def test_a_channel_that_nobody_has_linked(parts: Parts) -> None:
    report = parts.service.channel("auto-sul")
    assert (report.kind, report.state, report.jid, report.retry_at) == ("web", "down", None, None)
    assert "POST …/channel/pair" in report.reason
    assert parts.service.report("auto-sul").state == "active"


async def test_other_channels_have_nothing_to_link(parts: Parts) -> None:
    assert (parts.service.channel("caixa").kind, parts.service.channel("caixa").state) == ("sandbox", "up")
    with pytest.raises(Conflict, match="not on the `web` channel"):
        await parts.service.pair("caixa", "")
    with pytest.raises(NotFound):
        await parts.service.pair("nobody", "")


async def test_a_suspended_tenant_links_nothing(parts: Parts) -> None:
    await parts.service.suspend("auto-sul", "did not pay")
    with pytest.raises(Conflict, match="does not run"):
        await parts.service.pair("auto-sul", "")
    assert "did not pay" in parts.service.channel("auto-sul").reason


async def test_what_the_channel_refuses_is_a_conflict(parts: Parts) -> None:
    with pytest.raises(Conflict, match="no pairing is under way"):
        await parts.service.answer_passkey("auto-sul", {"confirmed": True})


async def test_unlinking_what_was_never_linked(parts: Parts) -> None:
    report = await parts.service.unlink("auto-sul")
    assert (report.state, "no phone is linked" in report.reason) == ("down", True)


async def test_what_a_person_has_to_see(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    running = parts.supervisor.running("auto-sul")
    assert running is not None
    web = running.web
    assert web is not None
    details = evolve(web.details, shown=Shown(sentence="x", pairing_code="ABCD-EFGH"), jid="1:2@s.whatsapp.net")
    monkeypatch.setattr(type(web), "details", details)
    report = parts.service.channel("auto-sul")
    assert report.jid == "1:2@s.whatsapp.net"
    assert report.extra == {"qr": None, "qr_expires_at": None, "pairing_code": "ABCD-EFGH", "passkey": None}
