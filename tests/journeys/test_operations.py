"""A second daemon, a disk that takes nothing, a directory that may not be written, a stop under load."""

import os
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio

from daemon.emulator import deliveries
from daemon.main import DRAIN_SECONDS
from tests.support.desk import nothing_owed, rows, shard_of, texts
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

LOAD = 60


@pytest.fixture
async def daemon(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with rig(tmp_path, vendors=getattr(request, "param", ())) as made:
        await made.start()
        yield made


async def again(daemon: Rig, config: Path | None = None) -> tuple[int, str]:
    """One more daemon; its status and what it said."""
    ended = await trio.run_process(
        [*daemon.command, "serve", "--config", str(config or daemon.config)],
        env=daemon.environ,
        capture_stderr=True,
        check=False,
    )
    return ended.returncode, ended.stderr.decode()


async def test_a_second_daemon_on_the_same_files_is_refused(daemon: Rig) -> None:
    number = await daemon.add_tenant("auto-sul")
    assert daemon.process is not None
    status, said = await again(daemon)
    assert status == 1
    [line] = said.strip().splitlines()
    assert f"another showroomd (pid {daemon.process.pid}) holds {daemon.data_dir}" in line
    assert "stop it first" in line
    await daemon.webhook(deliveries.text("Oi", phone_number_id=number, at=now_s()))
    await daemon.graph.until_calls(1)
    status, said = await again(daemon, _config(daemon, "elsewhere"))
    assert status == 1, "other files, the same port"
    [line] = said.strip().splitlines()
    assert "cannot listen on 127.0.0.1" in line
    assert "http.bind" in line


def _config(daemon: Rig, data_dir: str) -> Path:
    """The same settings on another data directory."""
    path = daemon.directory / f"{Path(data_dir).name}.toml"
    text = daemon.config.read_text("utf-8")
    path.write_text(text.replace(f'"{daemon.data_dir}"', f'"{daemon.directory / data_dir}"'))
    return path


async def test_a_data_directory_that_may_not_be_written_is_one_clear_line(daemon: Rig, tmp_path: Path) -> None:
    closed = "/proc/showroomd"  # not even root may
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        closed = str(tmp_path / "closed")
    status, said = await again(daemon, _config(daemon, closed))
    assert status in (1, 2)
    [line] = said.strip().splitlines()
    assert "daemon.data_dir" in line
    assert closed in line
    assert "check its owner, mode and mount" in line


def _disk_takes(daemon: Rig, most: int) -> None:
    """Let the process write files of so many bytes; -1: any."""
    assert daemon.process is not None
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


async def test_a_disk_that_takes_nothing_is_shown_and_loses_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path) as daemon:
        await daemon.start(WATCHDOG_USEC="400000")  # so that the disk is probed often
        number = await daemon.add_tenant("auto-sul")
        await daemon.add_stock("auto-sul", STOCK)
        await daemon.webhook(deliveries.text("tem civic?", phone_number_id=number, at=now_s()))
        await daemon.until(lambda: nothing_owed(daemon, "auto-sul"))
        sent = len(daemon.graph.sent)
        _disk_takes(daemon, 0)
        entry = deliveries.text("tem hb20?", phone_number_id=number, message_id="wamid.full", at=now_s())
        response = await daemon.webhook(entry)
        assert response.status_code == 503, "what is not on disk is not acknowledged"
        assert response.headers["retry-after"]
        await daemon.until(lambda: _degraded(daemon, "does not take writes"))
        assert (await daemon.admin.get("/healthz")).status_code == 200, "a restart would not help"
        change = await daemon.admin.patch("/v1/tenants/auto-sul", json={"name": "Outro Nome"})
        assert change.status_code == 503
        assert len(daemon.graph.sent) == sent
        _disk_takes(daemon, resource.RLIM_INFINITY)
        assert (await daemon.webhook(entry)).status_code == 200, "Meta sends it again"
        await daemon.graph.until_calls(sent + 1)
        assert "HB20" in texts(daemon, number)[-1]
        await daemon.until(lambda: _well(daemon))
        assert (await daemon.call("GET", "/v1/tenants/auto-sul"))["name"] == "Loja auto-sul", "nothing half-done"
        assert await daemon.stop() == 0
        for file in (daemon.data_dir / "central.db", shard_of(daemon, "auto-sul")):
            assert rows(file, "PRAGMA integrity_check") == [("ok",)]


async def _degraded(daemon: Rig, part: str) -> bool:
    health = (await daemon.admin.get("/readyz")).json()
    return health["status"] == "degraded" and any(part in reason for reason in health["reasons"])


async def _well(daemon: Rig) -> bool:
    return bool((await daemon.admin.get("/readyz")).json()["status"] == "ready")


@pytest.mark.parametrize("daemon", [("anthropic",)], indirect=True)
async def test_a_stop_under_load_is_in_time_and_forgets_nothing(daemon: Rig) -> None:
    """Messages are coming in while it is told to stop. Whatever was acknowledged is answered, then or after."""
    numbers = {
        "por-catalogo": await daemon.add_tenant("por-catalogo", 1),
        "por-modelo": await daemon.add_tenant("por-modelo", 2, providers=["anthropic", "catalogue"]),
    }
    for tenant in numbers:
        await daemon.add_stock(tenant, STOCK)
    daemon.vendor.latency_seconds = 0.2
    acknowledged: dict[str, str] = {}
    half = trio.Event()

    async def write(index: int, client: httpx.AsyncClient) -> None:
        tenant = ("por-catalogo", "por-modelo")[index % 2]
        phone = f"55119{index:08}"
        entry = deliveries.text("tem civic?", phone=phone, phone_number_id=numbers[tenant], at=now_s())
        try:
            response = await daemon.webhook(entry, client=client)
        except httpx.TransportError:
            return  # not acknowledged: Meta would send it again
        if response.status_code == 200:
            acknowledged[phone] = tenant
        if len(acknowledged) >= LOAD // 2:
            half.set()

    async with (
        httpx.AsyncClient(
            base_url=str(daemon.client.base_url), limits=httpx.Limits(max_connections=8), timeout=60
        ) as client,
        trio.open_nursery() as nursery,
    ):
        for index in range(LOAD):
            nursery.start_soon(write, index, client)
        await half.wait()
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGTERM)
        with trio.fail_after(DRAIN_SECONDS + 10):
            assert await daemon.ended() == 0
    assert len(acknowledged) >= LOAD // 2
    assert not list(daemon.data_dir.glob("**/*-wal")), "a clean stop"
    await daemon.start()
    await daemon.until(lambda: nothing_owed(daemon, *numbers))
    answered = [call.to for call in daemon.graph.sent if call.body["type"] == "text"]
    assert set(answered) >= set(acknowledged), "what was acknowledged is answered"
    assert len(answered) == len(set(answered)), "once"
    for tenant in numbers:
        stored = rows(shard_of(daemon, tenant), "SELECT count(*) FROM messages WHERE direction = 'in'")
        assert stored[0][0] >= sum(owner == tenant for owner in acknowledged.values())
