"""Two cells and their entry on a machine with a real systemd, set up as docs/how-to/two-cores.md says."""

import trio

from tests.systemd.machine import Machine
from tests.systemd.place import (
    PHONE_NUMBER_ID,
    TENANT,
    add_tenant,
    install,
    socket_client,
    stored,
    traffic,
    until,
    until_state,
)

OTHER_TENANT = "auto-norte"
NUMBERS = (PHONE_NUMBER_ID, "200000000000002")
CELLS = ("showroomd@1", "showroomd@2")
UNITS = (*CELLS, "showroomd-entry")


def _settings(machine: Machine) -> None:
    whole = machine.inside("/etc/showroomd/showroomd.toml").read_text()
    for cell in (1, 2):
        changed = whole.replace('data_dir = "/var/lib/showroomd"', f'data_dir = "/var/lib/showroomd-{cell}"')
        changed = changed.replace('bind = ["127.0.0.1:8420"]', f'bind = ["127.0.0.1:842{cell}"]')
        changed = changed.replace('entry_socket = ""', f'entry_socket = "/run/showroomd-{cell}.sock"')
        machine.write(f"/etc/showroomd/cell-{cell}.toml", changed)
    machine.write("/etc/showroomd/entry.toml", '[entry]\ncells = ["/run/showroomd-1.sock", "/run/showroomd-2.sock"]\n')
    for name in ("cell-1", "cell-2", "entry"):
        machine.run("showroomd", "check-config", "--config", f"/etc/showroomd/{name}.toml")


def _start(machine: Machine) -> None:
    backups = ("showroomd-backup.timer", "showroomd-verify-backup.timer")
    machine.run("systemctl", "disable", "--now", "showroomd.socket", "showroomd.service", *backups)
    machine.run("mv", "/var/lib/showroomd", "/var/lib/showroomd-1")
    machine.run("systemctl", "enable", "--now", *(f"{cell}.socket" for cell in CELLS), *CELLS)
    machine.run("systemctl", "enable", "--now", "showroomd-entry.socket", "showroomd-entry")


async def test_one_process_becomes_two_cells_behind_an_entry(machine: Machine) -> None:
    await add_tenant(machine)
    _settings(machine)
    _start(machine)
    assert machine.run("systemctl", "--failed", "--no-legend") == ""
    await add_tenant(machine, OTHER_TENANT, NUMBERS[1], "showroomd-2")
    await until(lambda: machine.property("showroomd-entry", "StatusText") == "2 of 2 cells answer")
    async with traffic(machine, stubborn=True, numbers=NUMBERS) as flow:
        for unit in UNITS:  # no connection is refused, whoever restarts
            await machine.call("systemctl", "restart", unit)
            await flow.flow(10)
    assert [said for said in flow.troubles if ": 503 " not in said] == []  # those come again, none was turned away
    async with traffic(machine, first=len(flow.sent), stubborn=True, numbers=NUMBERS) as more:
        for unit in UNITS:
            await machine.call("systemctl", "kill", "--signal=KILL", unit)
            await more.flow(10)
            await until_state(machine, unit, "active")
    sent = flow.sent + more.sent
    assert sorted(await stored(machine, TENANT, "showroomd-1")) == sorted(sent[0::2])
    assert sorted(await stored(machine, OTHER_TENANT, "showroomd-2")) == sorted(sent[1::2])

    # nobody but root and the group may connect
    assert machine.run("stat", "-c", "%a %U %G", "/run/showroomd-1.sock").split() == ["660", "root", "showroomd"]
    for cell in (1, 2):
        machine.run("systemctl", "start", f"showroomd-backup@{cell}", f"showroomd-verify-backup@{cell}")
        assert len(machine.run("ls", f"/var/backups/showroomd/cell-{cell}").split()) == 1
    install(machine, "again")  # an upgrade finds the cells, and leaves the one process alone
    assert machine.property("showroomd", "ActiveState") == "inactive"
    for unit in UNITS:
        await until_state(machine, unit, "active")
    await until(lambda: machine.property("showroomd-entry", "StatusText") == "2 of 2 cells answer")
    async with socket_client(machine, "/run/showroomd.sock") as client:
        with trio.fail_after(60):
            assert (await client.get("/healthz")).json() == {"status": "ok", "reasons": []}
    machine.run("showroomd", "uninstall-units")
    assert machine.run("systemctl", "list-unit-files", "--no-legend", "showroomd*", check=False) == ""
    assert machine.run("ls", "/var/lib/showroomd-1/shards", "/var/lib/showroomd-2/shards").split() == [
        "/var/lib/showroomd-1/shards:",
        f"{TENANT}.db",
        "/var/lib/showroomd-2/shards:",
        f"{OTHER_TENANT}.db",
    ]
