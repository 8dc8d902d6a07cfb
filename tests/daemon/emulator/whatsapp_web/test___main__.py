"""The server in a process of its own."""

import httpx
import pytest

from tests.support.line_process import CommandFailed
from tests.support.web_server import web_server


async def test_it_obeys_lines_and_ends_with_them() -> None:
    async with web_server() as server:
        assert server.url.startswith("ws://127.0.0.1:")
        assert len(bytes.fromhex(server.root_public_key)) == 32
        assert server.ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
        async with httpx.AsyncClient(base_url=server.media_origin) as client:
            assert (await client.get("/v/never")).status_code == 404
        await server.call("add_account", phone="5551990000001")
        with pytest.raises(CommandFailed, match="exists already"):
            await server.call("add_account", phone="5551990000001")
        assert (await server.call("counts"))["accounts"] == 1
        assert server.process.stdin is not None
        for line in (b"nonsense\n", b"[]\n"):
            await server.process.stdin.send_all(line)
        assert (await server.call("counts"))["accounts"] == 1
        assert sorted(server.failures) == ["a command is a JSON object", "a command is one line of JSON"]
        await server.process.stdin.aclose()
        assert await server.process.wait() == 0
