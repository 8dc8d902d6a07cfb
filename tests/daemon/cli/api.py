"""A pretended control API for the commands' tests: answers that were given, calls that are kept."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field

from daemon.cli import main


@define
class Api:
    """`answers` by "METHOD path"; `calls` as (method, path with query, body)."""

    config: Path
    answers: dict[str, Any] = field(factory=dict)
    calls: list[tuple[str, str, bytes]] = field(factory=list)
    headers: list[httpx.Headers] = field(factory=list)

    async def respond(self, request: httpx.Request) -> httpx.Response:
        """The answer for a request, 404 if none was given. A tuple is (status, body)."""
        body = await request.aread()
        self.calls.append((request.method, request.url.raw_path.decode(), body))
        self.headers.append(request.headers)
        answer = self.answers.get(
            f"{request.method} {request.url.raw_path.decode()}",
            self.answers.get(f"{request.method} {request.url.path}", (404, {"detail": "there is no such thing"})),
        )
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        if content is None:
            return httpx.Response(204)
        return httpx.Response(status, json=content)

    def body(self, index: int = -1) -> Any:
        """The JSON of a call."""
        return json.loads(self.calls[index][2])

    def run(self, *arguments: str) -> int:
        """Run a command against it."""
        return main([*arguments, "--config", str(self.config)])


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The pretended API in the place of the daemon's."""
    config = tmp_path / "showroomd.toml"
    config.write_text(f'[daemon]\ndata_dir = "{tmp_path}/data"\n')
    made = Api(config)

    @asynccontextmanager
    async def data_client(*_: Any) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.MockTransport(made.respond)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client

    monkeypatch.setattr("daemon.cli.common.data_client", data_client)
    monkeypatch.setattr("daemon.logs.configure", lambda *_, **__: None)
    for name in ("CREDENTIALS_DIRECTORY", "SHOWROOMD_MASTER_KEY", "LOG_LEVEL", "SHOWROOMD_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    return made
