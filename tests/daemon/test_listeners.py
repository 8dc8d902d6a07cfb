"""Where we listen: what systemd gave us, else what the configuration says."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import trio.testing
from attrs import evolve

from daemon.config import Config, DaemonConfig, EntryConfig, HttpConfig
from daemon.listeners import ACCEPTED_AT_ONCE, Accepting, CannotListen, address, entry_opened, opened, serve_on


def config_of(directory: Path, *binds: str) -> Config:
    return evolve(Config(), daemon=DaemonConfig(data_dir=str(directory)), http=HttpConfig(bind=binds))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_tcp_and_the_admin_socket(tmp_path: Path) -> None:
    with opened(config_of(tmp_path, "127.0.0.1:0", "[::1]:0"), {}) as listeners:
        assert [listener.family for listener in listeners.public] == [socket.AF_INET, socket.AF_INET6]
        assert not any(listener.getblocking() for listener in (*listeners.public, *listeners.admin))
        [admin] = listeners.admin
        assert admin.getsockname() == str(tmp_path / "admin.sock")
        assert mode(tmp_path / "admin.sock") == 0o600
        four, six = listeners.public
        assert address(four) == f"127.0.0.1:{four.getsockname()[1]}"
        assert address(six) == f"[::1]:{six.getsockname()[1]}"
        assert address(admin) == f"unix:{tmp_path / 'admin.sock'}"
    assert not (tmp_path / "admin.sock").exists()


def test_a_public_unix_socket_is_the_proxys_too(tmp_path: Path) -> None:
    path = tmp_path / "public.sock"
    with opened(config_of(tmp_path, f"unix:{path}"), {}) as listeners:
        assert listeners.public[0].family == socket.AF_UNIX
        assert mode(path) == 0o660
    assert not path.exists()


def test_a_taken_port_is_one_clear_line(tmp_path: Path, taken: int) -> None:
    with (
        pytest.raises(CannotListen, match=r"cannot listen on 127.0.0.1:\d+ \(Address already in use\): choose"),
        opened(config_of(tmp_path, f"127.0.0.1:{taken}"), {}),
    ):
        pass
    assert not (tmp_path / "admin.sock").exists()


def test_what_a_killed_daemon_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "admin.sock"))
    with opened(config_of(tmp_path, "127.0.0.1:0"), {}) as listeners, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(listeners.admin[0].getsockname())


def test_a_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "public.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with (
            pytest.raises(CannotListen, match="somebody does already"),
            opened(config_of(tmp_path, f"unix:{path}"), {}),
        ):
            pass
        assert path.is_socket()


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir")
    with pytest.raises(CannotListen, match="cannot listen on"), opened(config_of(tmp_path, f"unix:{path}"), {}):
        pass
    assert path.read_text() == "Dear Sir"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotListen, match="check that its directory is there"),
        opened(config_of(tmp_path, f"unix:{tmp_path}/none/public.sock"), {}),
    ):
        pass


def _given(stack: ExitStack, monkeypatch: pytest.MonkeyPatch, *names: str) -> tuple[dict[str, str], list[int]]:
    """Sockets as systemd hands them over, from a number that is free here."""
    ports = []
    first = 200
    for index in range(len(names)):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            ports.append(listener.getsockname()[1])
            os.dup2(listener.fileno(), first + index)
    del stack
    from daemon import listeners as subject

    real = subject.systemd_sockets
    monkeypatch.setattr(subject, "systemd_sockets", lambda environ, pid: real(environ, pid, first=first))
    environ = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}
    return environ, ports


def test_systemds_sockets_win_and_are_told_apart_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        environ, ports = _given(stack, monkeypatch, "public", "admin")
        with opened(config_of(tmp_path, "127.0.0.1:1"), environ) as listeners:
            assert [listener.getsockname()[1] for listener in listeners.public] == ports[:1]
            assert [listener.getsockname()[1] for listener in listeners.admin] == ports[1:]
    assert not (tmp_path / "admin.sock").exists()


def test_with_systemds_public_socket_alone_the_admin_socket_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        environ, ports = _given(stack, monkeypatch, "showroomd-http.socket")
        with opened(config_of(tmp_path, "127.0.0.1:1"), environ) as listeners:
            assert [listener.getsockname()[1] for listener in listeners.public] == ports
            assert listeners.admin[0].getsockname() == str(tmp_path / "admin.sock")


def test_a_cell_has_an_entry_socket_where_its_settings_say(tmp_path: Path) -> None:
    path = tmp_path / "entry.sock"
    config = config_of(tmp_path, "127.0.0.1:0")
    with opened(config, {}) as listeners:
        assert listeners.entry == ()
    with opened(evolve(config, http=evolve(config.http, entry_socket=str(path))), {}) as listeners:
        assert listeners.entry[0].getsockname() == str(path)
        assert mode(path) == 0o660
    assert not path.exists()


def test_an_entry_socket_of_systemd_is_not_public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        environ, ports = _given(stack, monkeypatch, "entry")
        config = config_of(tmp_path, "127.0.0.1:0")
        config = evolve(config, http=evolve(config.http, entry_socket=str(tmp_path / "unused.sock")))
        with opened(config, environ) as listeners:
            assert [listener.getsockname()[1] for listener in listeners.entry] == ports
            assert listeners.public[0].getsockname()[1] not in ports
    assert not (tmp_path / "unused.sock").exists()


def test_the_entry_listens_in_public_and_for_its_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = tmp_path / "status.sock"
    config = evolve(config_of(tmp_path, "127.0.0.1:0"), entry=EntryConfig(status=f"unix:{status}"))
    with entry_opened(config, {}) as (public, status_sockets):
        assert public[0].family == socket.AF_INET
        assert status_sockets[0].getsockname() == str(status)
    assert not status.exists()
    with ExitStack() as stack:
        environ, ports = _given(stack, monkeypatch, "public")
        with entry_opened(config, environ) as (public, _):
            assert [listener.getsockname()[1] for listener in public] == ports


def test_what_is_wrong_with_the_status_address_names_its_setting(tmp_path: Path, taken: int) -> None:
    config = evolve(config_of(tmp_path, "127.0.0.1:0"), entry=EntryConfig(status=f"127.0.0.1:{taken}"))
    with pytest.raises(CannotListen, match=r"choose another address in entry\.status"), entry_opened(config, {}):
        pass


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def test_an_application_is_served_until_it_is_told_to_stop(tmp_path: Path) -> None:
    stop = trio.Event()
    with opened(config_of(tmp_path, "127.0.0.1:0"), {}) as listeners:
        port = listeners.public[0].getsockname()[1]
        async with trio.open_nursery() as nursery:
            await nursery.start(lambda task_status: serve_on(
                _echo, listeners.public, stop.wait, graceful_seconds=1, task_status=task_status))  # fmt: skip
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://127.0.0.1:{port}/oi")
                assert (answer.status_code, answer.text) == (200, "/oi")
                assert "server" not in answer.headers
            stop.set()


async def test_what_was_accepted_before_the_stop_is_answered_though_it_is_read_after_it(tmp_path: Path) -> None:
    stop = trio.Event()
    with opened(config_of(tmp_path, "127.0.0.1:0"), {}) as listeners:
        port = listeners.public[0].getsockname()[1]
        serving = partial(serve_on, _echo, listeners.public, stop.wait, graceful_seconds=1, linger_seconds=1)
        async with trio.open_nursery() as nursery:
            await nursery.start(serving)
            accepted = await trio.open_tcp_stream("127.0.0.1", port)
            await trio.testing.wait_all_tasks_blocked(0.05)  # it has been accepted, and nothing was sent
            stop.set()
            await trio.testing.wait_all_tasks_blocked(0.05)
            waiting = await trio.open_tcp_stream("127.0.0.1", port)  # in the backlog, for the next process
            async with accepted, waiting:
                await accepted.send_all(b"GET /antes HTTP/1.1\r\nHost: x\r\n\r\n")
                with trio.fail_after(20):
                    assert (await accepted.receive_some()).startswith(b"HTTP/1.1 200")


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(ACCEPTED_AT_ONCE)
        listener.setblocking(False)
        yield listener


async def test_all_connections_that_wait_are_accepted_in_one_pass(listening: socket.socket) -> None:
    async with Accepting(listening.dup()) as accepting:
        with ExitStack() as clients:
            for _ in range(10):
                clients.enter_context(socket.create_connection(listening.getsockname()))
            streams = [await accepting.accept()]
            with trio.testing.assert_no_checkpoints():
                streams += [await accepting.accept() for _ in range(9)]
            for stream in streams:
                await stream.aclose()
        with trio.move_on_after(0) as nobody_came:
            await accepting.accept()
        assert nobody_came.cancelled_caught


async def test_who_waits_for_a_connection_is_told_that_the_listener_was_closed(listening: socket.socket) -> None:
    accepting = Accepting(listening.dup())
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await accepting.accept()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await accepting.aclose()


async def test_accepted_connections_that_nobody_took_are_closed_with_the_listener(listening: socket.socket) -> None:
    accepting = Accepting(listening.dup())
    with ExitStack() as clients:
        first, second = (clients.enter_context(socket.create_connection(listening.getsockname())) for _ in range(2))
        taken = await accepting.accept()
        await accepting.aclose()
        second.settimeout(60)
        assert second.recv(1) == b""
        await taken.send_all(b"x")
        first.settimeout(60)
        assert first.recv(1) == b"x"
        await taken.aclose()
