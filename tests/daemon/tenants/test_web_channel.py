"""The web channel put together for a tenant."""

from pathlib import Path

import httpx
import pytest
from attrs import evolve

from daemon.channels.web.version import PAGE
from daemon.config import WebConfig
from daemon.tenants.web_channel import web_app
from shards.tenant.profile import ChannelProfile
from tests.daemon.tenants.test_web_device import DEVICE
from tests.support.house import house, sandbox_profile, until


@pytest.mark.parametrize(
    ("url", "page", "tls"),
    [
        ("wss://web.whatsapp.com/ws/chat", PAGE, True),
        ("ws://127.0.0.1:9/ws", "", False),
        ("wss://a.example/", "", True),
    ],
)
async def test_only_whatsapp_has_a_page_for_its_version_and_tls_is_shared(url: str, page: str, tls: bool) -> None:
    async with httpx.AsyncClient() as client:
        app = web_app(WebConfig(url=url), client)
    assert (app.version.page, app.tls is not None) == (page, tls)


async def test_another_master_key_is_credentials_needed_and_no_restart_loop(tmp_path: Path) -> None:
    web = evolve(sandbox_profile("auto-sul"), channel=ChannelProfile(kind="web"))
    async with house(tmp_path) as first:
        await first.service.create(web, {})
        await until(lambda: "no phone" in first.service.channel("auto-sul").reason)
        running = first.supervisor.running("auto-sul")
        assert running is not None
        assert running.web is not None
        await running.web._keys.write(lambda rows: rows.save_device(evolve(DEVICE, jid=None, lid=None)))
    async with house(tmp_path, master_key=b"k" * 32) as second:
        await until(lambda: second.service.report("auto-sul").state == "credentials_needed")
        assert "master key" in second.service.report("auto-sul").reason
        assert "master key" in second.service.channel("auto-sul").reason
        running = second.supervisor.running("auto-sul")
        await second.service.unlink("auto-sul")
        await until(lambda: second.service.report("auto-sul").state == "active")
        assert second.supervisor.running("auto-sul") is running, "it was never restarted"
