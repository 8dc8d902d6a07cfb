import pytest

from tests.support.control import Control

HASH = "ab" * 32


@pytest.mark.parametrize(
    ("mime", "shown", "disposition"),
    [
        ("image/jpeg", "image/jpeg", "inline"),
        ("audio/ogg; codecs=opus", "audio/ogg; codecs=opus", "inline"),
        ("text/html", "application/octet-stream", "attachment"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
        ("application/pdf", "application/octet-stream", "attachment"),
    ],
)
async def test_files_never_become_pages(desk: Control, mime: str, shown: str, disposition: str) -> None:
    await desk.add()
    await desk.tenancy.shard("auto-sul").write(lambda tx: tx.run("INSERT INTO media VALUES (?, ?, 3, 0)", (HASH, mime)))
    path = desk.media / "auto-sul" / HASH[:2]
    path.mkdir(parents=True)
    (path / HASH[2:]).write_bytes(b"abc")
    async with desk.client(trusted=True) as api:
        answer = await api.get(f"/v1/tenants/auto-sul/media/{HASH}")
    assert answer.content == b"abc"
    assert answer.headers["content-type"] == shown
    assert answer.headers["content-disposition"] == disposition
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_what_is_not_there(desk: Control) -> None:
    await desk.add()
    async with desk.client(trusted=True) as api:
        assert (await api.get(f"/v1/tenants/auto-sul/media/{HASH}")).status_code == 404
        assert (await api.get("/v1/tenants/auto-sul/media/..%2F..%2Fcentral.db")).status_code == 404
        await desk.tenancy.shard("auto-sul").write(
            lambda tx: tx.run("INSERT INTO media VALUES (?, 'image/png', 3, 0)", (HASH,))
        )
        assert (await api.get(f"/v1/tenants/auto-sul/media/{HASH}")).status_code == 404
