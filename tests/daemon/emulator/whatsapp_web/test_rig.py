"""Everything together."""

from pathlib import Path

import httpx

from daemon.emulator.whatsapp_web.rig import running


async def test_it_serves_and_new_phones_know_the_media_host(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.url.startswith("ws://127.0.0.1:")
        assert len(rig.root_public_key) == 32
        phone = rig.network.add_account("5551990000001")
        uploaded = rig.media.store.upload("image", b"x", "image/jpeg", rig.network.clock())
        async with httpx.AsyncClient(base_url=f"http://{rig.media.store.host}") as client:
            assert (await client.get(phone.reupload(uploaded.file.direct_path))).status_code == 200
