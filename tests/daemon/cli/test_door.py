import os
import subprocess
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import hypercorn.config
import hypercorn.trio
import pytest
import trio
import trio.testing

from daemon.cli import door
from daemon.cli.door import data_client, owner_name
from daemon.config import Config, parse
from daemon.errors import AlreadyRunning
from daemon.lock import holder, locked
from daemon.secrets import Secrets


async def hello(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Awaitable[None]]
) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse(f'[daemon]\ndata_dir = "{tmp_path}/data"')


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A pretended `daemon.main`; what it did."""
    done: list[str] = []

    @asynccontextmanager
    async def offline(config: Config, secrets: Secrets) -> AsyncIterator[Any]:
        found = holder(config.data_dir)
        done.append(f"opened, held by us: {found is not None and found.pid == str(os.getpid())}")
        yield hello
        done.append("closed")

    module = types.ModuleType("daemon.main")
    module.__dict__["offline"] = offline
    monkeypatch.setitem(sys.modules, "daemon.main", module)
    return done


async def test_without_a_daemon_it_serves_itself_under_the_lock(config: Config, offline: list[str]) -> None:
    async with data_client(config, Secrets(master_key=bytes(32))) as client:
        assert (await client.get("/v1/tenants")).text == "/v1/tenants"
    assert offline == ["opened, held by us: True", "closed"]
    assert holder(config.data_dir) is None


async def test_a_running_daemon_is_asked_on_its_socket(config: Config, offline: list[str]) -> None:
    settings = hypercorn.config.Config()
    settings.bind = [f"unix:{config.admin_socket}"]
    settings.errorlog = settings.accesslog = None
    with locked(config.data_dir, config.admin_socket):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: hypercorn.trio.serve(hello, settings, shutdown_trigger=trio.sleep_forever))  # type: ignore[arg-type]
            async with data_client(config, Secrets(master_key=bytes(32))) as client:
                assert (await client.get("/healthz")).text == "/healthz"
            nursery.cancel_scope.cancel()
    assert offline == []


async def test_a_daemon_that_never_answers_is_given_up(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PATIENCE_SECONDS", 0.01)
    with locked(config.data_dir, config.admin_socket), pytest.raises(AlreadyRunning, match="does not answer on"):
        async with data_client(config, Secrets(master_key=bytes(32))):
            pass


async def test_another_command_at_work_is_not_disturbed(config: Config) -> None:
    with locked(config.data_dir), pytest.raises(AlreadyRunning, match="another command"):
        async with data_client(config, Secrets(master_key=bytes(32))):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_the_owner(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 12345, 23456)
    tmp_path.chmod(0o755)
    code = (
        "import os, pathlib, sys; from daemon.cli.door import become_owner\n"
        "become_owner(pathlib.Path(sys.argv[1])); print(os.getuid(), os.getgid(), os.getgroups())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(data)], capture_output=True, text=True, check=True)
    assert done.stdout == "12345 23456 [23456]\n"
    assert owner_name(data) == "12345:23456"


def test_nobody_else_changes_who_they_are(tmp_path: Path) -> None:
    before = (os.getuid(), os.getgid(), os.getgroups())
    door.become_owner(tmp_path)
    door.become_owner(tmp_path / "none")
    assert (os.getuid(), os.getgid(), os.getgroups()) == before
