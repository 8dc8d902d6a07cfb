"""Copies, backups and restores of the real process, under traffic."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio

from daemon.backup.verify import verify
from daemon.emulator import deliveries
from shards.shard import utc_now
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

CP_RUNS = int(os.environ.get("CP_RUNS", "40"))
RESTORE_RUNS = int(os.environ.get("RESTORE_RUNS", "6"))
SETTINGS = """
[storage]
copy_every_seconds = 1
"""


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path, settings=SETTINGS) as made:
        await made.start()
        yield made


async def command(daemon: Rig, *arguments: str, expect: int = 0) -> str:
    """Run a command as an operator would; what it printed."""
    done = await trio.run_process(
        [sys.executable, "-m", "daemon", *arguments],
        env=daemon.environ,
        check=False,
        capture_stdout=True,
        stderr=subprocess.STDOUT,
    )
    text = done.stdout.decode()
    assert done.returncode == expect, text
    return text


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def bad(paths: list[Path]) -> list[str]:
    return [f"{one.path}: {one.faults}" for one in verify(paths, utc_now()) if one.faults]


async def says(daemon: Rig, number: str, phone: str, text: str, wamid: str, at: int | None = None) -> None:
    entry = deliveries.text(text, phone=phone, phone_number_id=number, message_id=wamid, at=at or now_s())
    assert (await daemon.webhook(entry)).status_code == 200


async def conversations(daemon: Rig, tenant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await daemon.call("GET", f"/v1/tenants/{tenant}/conversations?limit=500"))["items"]
    return found


async def nothing_owed(daemon: Rig, tenant: str) -> bool:
    found = await conversations(daemon, tenant)
    return bool(found) and not any(one["waiting"] and one["state"] == "assistant" for one in found)


async def settled(daemon: Rig, tenant: str) -> None:
    await daemon.until(lambda: nothing_owed(daemon, tenant))
    assert daemon.graph.courier is not None
    await daemon.graph.courier.until_idle()


def phone_of(conversation: dict[str, Any]) -> str:
    found: str = next(one["value"] for one in conversation["contact"]["aliases"] if one["kind"] == "phone")
    return found


def copied(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("**/*.db"))


async def test_any_copy_taken_with_cp_at_any_instant_is_whole(
    daemon: Rig, tmp_path: Path, rng: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [await daemon.add_tenant(f"loja-{index}", index) for index in range(1, 6)]
    for index in range(1, 6):
        await daemon.add_stock(f"loja-{index}", STOCK)
    posted = 0
    over = trio.Event()

    async def traffic() -> None:
        nonlocal posted
        began = trio.current_time()
        async with trio.open_nursery() as posts:
            while not over.is_set():
                phone = f"55119{rng.randrange(200):08}"
                posts.start_soon(says, daemon, rng.choice(numbers), phone, "tem civic?", f"wamid.{posted}")
                posted += 1
                await trio.sleep_until(began + posted / 50)

    folders = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(traffic)
        await daemon.until_logged("copied")
        for run in range(CP_RUNS):
            await trio.sleep(rng.uniform(0.0, 0.15))
            folders.append(tmp_path / f"cp-{run}")
            await trio.run_process(["cp", "-r", str(daemon.data_dir / "copies"), str(folders[-1])])
        over.set()
    looked = 0
    for folder in folders:
        found = [path for path in copied(folder) if "before-migration" not in path.parts]
        assert not bad(found)
        assert all(path.suffix == ".db" for path in folder.rglob("*") if path.is_file()), "nothing half-made is there"
        looked += len(found)
    assert looked >= CP_RUNS
    with capsys.disabled():
        print(f"\n{CP_RUNS} cp of copies/ under {posted} messages: {looked} files, all good")


async def test_a_tenant_goes_back_and_nothing_old_happens_again(daemon: Rig, tmp_path: Path) -> None:
    number, other = await daemon.add_tenant("auto-sul", 1), await daemon.add_tenant("vizinha", 2)
    for tenant in ("auto-sul", "vizinha"):
        await daemon.add_stock(tenant, STOCK)
    ana, bia, caio, davi = (f"551195550010{index}" for index in range(1, 5))
    for index, phone in enumerate((ana, bia, caio)):
        await says(daemon, number, phone, "Oi, tem corolla?", f"wamid.before.{index}")
    await settled(daemon, "auto-sul")
    # the backup falls between a question and its answer, and has a message on its way
    await daemon.call("POST", "/v1/copies")
    backup = tmp_path / "old.db"
    shutil.copy(daemon.data_dir / "copies" / "shards" / "auto-sul.db", backup)
    connection = apsw.Connection(str(backup))
    connection.execute(
        "UPDATE messages SET state = 'queued', network_id = NULL WHERE seq = (SELECT min(seq) FROM messages WHERE"
        " direction = 'out'); UPDATE conversations SET owed_since = 1, due_at = 1 WHERE seq = 1"
    )
    connection.close()
    # since then: one opts out, one is erased, one comes anew and opts out, one asks on
    await says(daemon, number, ana, "tem hb20?", "wamid.after.1")
    await says(daemon, number, bia, "PARAR", "wamid.after.2")
    await says(daemon, number, davi, "oi, sair", "wamid.after.3")
    await says(daemon, number, davi, "sair", "wamid.after.4")
    await settled(daemon, "auto-sul")
    [erased] = [one["contact"]["id"] for one in await conversations(daemon, "auto-sul") if phone_of(one) == caio]
    await daemon.call("DELETE", f"/v1/tenants/auto-sul/contacts/{erased}")
    await settled(daemon, "auto-sul")
    sent, ledger = len(daemon.graph.sent), ledger_of(daemon, "auto-sul")
    report = json.loads(
        await command(daemon, "restore", "--config", str(daemon.config), "--json", "--tenant", "auto-sul", str(backup))
    )
    assert (report["unknown_sends"], report["opted_out"], report["erased"]) == (1, 1, 1)
    assert report["handed_over"] == 1
    lost = {message["network_id"] for message in report["lost"]["messages"] if message["direction"] == "in"}
    assert {"wamid.after.1", "wamid.after.2", "wamid.after.3", "wamid.after.4"} <= lost
    assert report["lost"]["received"] == 4
    assert (daemon.data_dir / report["kept_aside"] / "auto-sul.db").exists()
    assert not bad([daemon.data_dir / report["kept_aside"] / "auto-sul.db"])
    # the neighbour never noticed, and the restored one answers what comes now
    await says(daemon, other, ana, "tem civic?", "wamid.other.1")
    await daemon.graph.until_calls(sent + 1)
    assert daemon.graph.sent[sent].phone_number_id == other
    # an old message comes again and one that was written before the restore comes late: neither is answered
    await says(daemon, number, ana, "tem hb20?", "wamid.after.1", at=now_s() - 30)
    await says(daemon, number, bia, "oi?", "wamid.later.2", at=now_s() + 3)
    await says(daemon, number, davi, "oi de novo", "wamid.later.4", at=now_s() + 3)
    eva = "5511955500199"
    await daemon.until(lambda: later_than(report["restored_at"]))
    await says(daemon, number, eva, "tem corolla?", "wamid.later.5")
    await daemon.until(lambda: sent_to(daemon, number, eva))
    await settled(daemon, "auto-sul")
    told = {call.to for call in daemon.graph.sent[sent:] if call.phone_number_id == number}
    assert told == {eva}, "only who wrote after the restore, and did not opt out, is answered"
    now = {phone_of(one): one for one in await conversations(daemon, "auto-sul")}
    assert caio not in now
    assert now[bia]["opted_out"]
    assert now[davi]["opted_out"], "the file forgot that contact, not its choice"
    assert now[ana]["state"] == "human"
    states = rows(daemon.data_dir / "shards" / "auto-sul.db", "SELECT count(*) FROM messages WHERE state = 'unknown'")
    assert states == [(1,)]
    # money: what was counted is counted once, and the difference is named
    await daemon.until(lambda: accounted(daemon, "auto-sul"))
    after = ledger_of(daemon, "auto-sul")
    assert ledger <= after
    [line] = (await daemon.call("GET", "/v1/reconcile?tenant=auto-sul"))["items"]
    assert (line["missing"], line["error"]) == (0, "")
    here = {event for (event,) in rows(daemon.data_dir / "shards" / "auto-sul.db", "SELECT event_id FROM usage")}
    assert here <= after
    assert sum(one["receipts"] for one in line["only_central"]) == len(after - here) > 0
    assert "auto-sul" in await command(daemon, "reconcile", "--config", str(daemon.config))


async def later_than(restored_at: str) -> bool:
    # the network's times are whole seconds
    return f"{utc_now():%Y-%m-%dT%H:%M:%S}" > restored_at[:19]


async def sent_to(daemon: Rig, number: str, phone: str) -> bool:
    return any(call.to == phone and call.phone_number_id == number for call in daemon.graph.sent)


def ledger_of(daemon: Rig, tenant: str) -> set[str]:
    return {
        event
        for event, owner in rows(daemon.data_dir / "central.db", "SELECT event_id, tenant FROM ledger")
        if owner == tenant
    }


async def accounted(daemon: Rig, tenant: str) -> bool:
    shard = daemon.data_dir / "shards" / f"{tenant}.db"
    return rows(shard, "SELECT count(*) FROM usage WHERE copied = 0") == [(0,)]


async def test_restores_of_one_tenant_lose_nothing_of_the_others(
    daemon: Rig, rng: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    restored, other = await daemon.add_tenant("muda", 1), await daemon.add_tenant("fica", 2)
    for tenant in ("muda", "fica"):
        await daemon.add_stock(tenant, STOCK)
    await says(daemon, restored, "5511955500001", "oi", "wamid.first")
    await settled(daemon, "muda")
    posted: dict[str, list[str]] = {restored: [], other: []}
    over = trio.Event()

    async def traffic() -> None:
        count = 0
        while not over.is_set():
            count += 1
            number = rng.choice((restored, other))
            wamid = f"wamid.{count}"
            await says(daemon, number, f"55119{rng.randrange(40):08}", "tem civic?", wamid)
            posted[number].append(wamid)
            await trio.sleep(0.02)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(traffic)
        for _ in range(RESTORE_RUNS):
            made = await daemon.call("POST", "/v1/backups", {"tenant": "muda"})

            async def done(id_: str = made["id"]) -> bool:
                return (await daemon.call("GET", f"/v1/backups/{id_}"))["backup"]["state"] == "done"

            await daemon.until(done)
            await trio.sleep(rng.uniform(0, 0.3))
            await daemon.call("POST", "/v1/tenants/muda/restore", {"backup": made["id"]})
        over.set()
    for tenant in ("fica", "muda"):
        await settled(daemon, tenant)
    kept = {id_ for (id_,) in rows(daemon.data_dir / "shards" / "fica.db", "SELECT network_id FROM messages")}
    assert set(posted[other]) <= kept
    phones = {call.our_id for call in daemon.graph.sent}
    assert len(phones) == len(daemon.graph.sent), "nothing was handed over twice"
    # what the restored one lost is in the files kept aside, and in the reports
    mine = {id_ for (id_,) in rows(daemon.data_dir / "shards" / "muda.db", "SELECT network_id FROM messages")}
    reported: set[str] = set()
    for path in (daemon.data_dir / "aside").glob("*/report.json"):
        reported |= {one["network_id"] for one in json.loads(path.read_text())["lost"]["messages"]}
    assert set(posted[restored]) <= mine | reported
    for line in (await daemon.call("GET", "/v1/reconcile"))["items"]:
        assert (line["missing"], line["error"]) == (0, "")
    with capsys.disabled():
        count = {"muda": len(posted[restored]), "fica": len(posted[other])}
        print(f"\n{RESTORE_RUNS} restores under {count} messages; lost and named {len(reported)}")


async def test_the_whole_server_comes_back_on_an_empty_machine(daemon: Rig, tmp_path: Path) -> None:
    number = await daemon.add_tenant("auto-sul", 1)
    await daemon.add_tenant("vizinha", 2)
    await daemon.add_stock("auto-sul", STOCK)
    await says(daemon, number, "5511955500001", "tem corolla?", "wamid.1")
    await settled(daemon, "auto-sul")
    hash_ = "ab" + "0" * 62
    media = daemon.data_dir / "media" / "auto-sul" / "ab" / hash_[2:]
    media.parent.mkdir(parents=True)
    media.write_bytes(b"a picture")
    target = tmp_path / "sets"
    target.mkdir()
    for _ in range(3):
        made = json.loads(
            await command(
                daemon, "backup", "--config", str(daemon.config), "--to", str(target), "--keep", "2", "--json"
            )
        )
    sets = sorted(target.iterdir())
    assert len(sets) == 2, "old sets are thinned out"
    assert str(sets[-1]) == made["folder"]
    assert (await daemon.call("GET", "/v1/backups"))["items"] == []
    table = await command(daemon, "verify-backup", str(sets[-1]))
    assert "good" in table
    assert "BAD" not in table
    damaged = tmp_path / "damaged"
    shutil.copytree(sets[-1], damaged)
    with (damaged / "shards" / "auto-sul.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff" * 300)
    assert "BAD" in await command(daemon, "verify-backup", str(damaged), expect=1)
    before = len(daemon.graph.sent)
    assert await daemon.stop() == 0
    refused = await command(daemon, "restore", "--config", str(daemon.config), str(sets[-1]), expect=1)
    assert "has data already" in refused
    daemon.data_dir.rename(tmp_path / "lost")
    said = await command(daemon, "restore", "--config", str(daemon.config), str(sets[-1]))
    assert "2 dealerships" in said
    await daemon.start()
    assert {one["id"] for one in (await daemon.call("GET", "/v1/tenants"))["items"]} == {"auto-sul", "vizinha"}
    assert media.read_bytes() == b"a picture"
    assert len(await conversations(daemon, "auto-sul")) == 1
    await trio.sleep(1.1)  # the network's times are whole seconds
    await says(daemon, number, "5511955500002", "tem civic?", "wamid.2")
    await daemon.graph.until_calls(before + 1)
    assert {call.to for call in daemon.graph.sent[before:]} == {"5511955500002"}
    [line] = (await daemon.call("GET", "/v1/reconcile?tenant=auto-sul"))["items"]
    assert (line["missing"], line["error"]) == (0, "")


async def test_a_dealership_moves_to_another_server(daemon: Rig, tmp_path: Path) -> None:
    number = await daemon.add_tenant("auto-sul", 1)
    await daemon.add_stock("auto-sul", STOCK)
    await says(daemon, number, "5511955500001", "tem corolla?", "wamid.1")
    await settled(daemon, "auto-sul")
    await daemon.call("POST", "/v1/copies")
    copy = daemon.data_dir / "copies" / "shards" / "auto-sul.db"
    taken = await command(daemon, "adopt", "--config", str(daemon.config), str(copy), expect=1)
    assert "is taken" in taken
    (tmp_path / "other").mkdir()
    async with rig(tmp_path / "other") as other:
        await other.start()
        assert "adopted" in await command(other, "adopt", "--config", str(other.config), str(copy))
        assert [one["id"] for one in (await other.call("GET", "/v1/tenants"))["items"]] == ["auto-sul"]
        await trio.sleep(1.1)  # the network's times are whole seconds
        await says(other, number, "5511955500009", "tem civic?", "wamid.9")
        await other.graph.until_calls(1)
        await other.until(lambda: accounted(other, "auto-sul"))
        assert ledger_of(daemon, "auto-sul") <= ledger_of(other, "auto-sul"), "usage came along"


async def test_a_disk_that_fills_up_costs_files_and_copies_but_no_answer(tmp_path: Path) -> None:
    settings = "[storage]\ncopy_every_seconds = 1\nfloor_mb = 1_000_000\n"  # more than this machine has
    async with rig(tmp_path, settings=settings) as daemon:
        await daemon.start()
        number = await daemon.add_tenant("auto-sul", 1)
        await daemon.add_stock("auto-sul", STOCK)
        await says(daemon, number, "5511955500001", "tem corolla?", "wamid.1")
        await daemon.graph.until_calls(1)
        health = (await daemon.client.get("/healthz")).json()
        assert health["status"] == "degraded"
        assert any("storage.floor_mb" in reason for reason in health["reasons"])
        await daemon.until_logged("round_failed")
        assert not list((daemon.data_dir / "copies").rglob("*.db"))
        refused = await daemon.admin.post("/v1/copies")
        assert (refused.status_code, "free some space" in refused.json()["detail"]) == (503, True)
        metrics = (await daemon.admin.get("/metrics")).text
        assert "showroomd_disk_low 1.0" in metrics
        assert "showroomd_copy_age_seconds" in metrics
