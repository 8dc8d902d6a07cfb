"""The service on a machine with a real systemd."""

import base64
import json
import shutil
from pathlib import Path

import httpx
import trio

from tests.systemd.machine import Machine, next_wheel
from tests.systemd.place import (
    PATIENCE_SECONDS,
    TENANT,
    add_tenant,
    admin,
    events,
    install,
    socket_client,
    stored,
    traffic,
    unpack,
    until,
    until_state,
)


def _pid(machine: Machine) -> int:
    return int(machine.property("showroomd", "MainPID"))


async def test_it_is_up_after_the_installation_and_after_a_power_cut(machine: Machine) -> None:
    await add_tenant(machine)
    machine.run("systemctl", "restart", "showroomd")  # returns when it is ready
    assert machine.property("showroomd", "StatusText") == "1 of 1 tenants up"
    assert machine.run("systemctl", "--failed", "--no-legend") == ""
    assert machine.run("curl", "-s", "http://127.0.0.1:8420/readyz").startswith('{"status":"ready"')
    machine.crash()
    machine.boot()
    await until_state(machine, "showroomd", "active")
    assert machine.property("showroomd", "StatusText") == "1 of 1 tenants up"


def test_the_first_token_is_root_s_alone_and_works(machine: Machine) -> None:
    path = "/etc/showroomd/first-admin-token"
    assert machine.run("stat", "-c", "%a %U", path).split() == ["600", "root"]
    token = machine.run("cat", path).strip()
    ask = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8420/v1/tenants")
    assert machine.run(*ask) == "401"
    assert machine.run(*ask, "-H", f"Authorization: Bearer {token}") == "200"


def test_installing_again_changes_nothing_that_is_the_operator_s(machine: Machine) -> None:
    kept = ("/etc/showroomd/credentials/showroomd_master_key", "/etc/showroomd/showroomd.toml")
    machine.run("sh", "-c", "echo '# mine' >> /etc/showroomd/showroomd.toml; rm /etc/showroomd/first-admin-token")
    before = [machine.run("cat", path) for path in kept]
    key = base64.b64decode(before[0])
    assert len(key) == 32
    said = machine.run("/opt/showroomd/current/bin/showroomd", "install-units", "--start")
    assert "master key" not in said
    assert [machine.run("cat", path) for path in kept] == before
    assert not machine.inside("/etc/showroomd/first-admin-token").exists()
    assert machine.property("showroomd", "ActiveState") == "active"


async def test_a_restart_refuses_no_connection_and_loses_no_webhook(machine: Machine) -> None:
    await add_tenant(machine)
    async with traffic(machine) as flow:
        for _ in range(3):
            await machine.call("systemctl", "restart", "showroomd")
            await flow.flow(15)
    assert flow.troubles == []
    assert sorted(await stored(machine)) == sorted(flow.sent)
    assert machine.property("showroomd", "Result") == "success"


async def test_after_kill_9_it_comes_back_and_what_was_acknowledged_is_there(machine: Machine) -> None:
    await add_tenant(machine)
    before = _pid(machine)
    async with traffic(machine, stubborn=True) as flow:
        await machine.call("systemctl", "kill", "--signal=KILL", "showroomd")
        await flow.flow(100)
        await until_state(machine, "showroomd", "active")
        await flow.flow(10)
    assert _pid(machine) != before
    assert machine.property("showroomd", "NRestarts") == "1"
    assert sorted(await stored(machine)) == sorted(flow.sent)  # each once


async def test_a_hang_ends_by_the_watchdog(machine: Machine) -> None:
    # not so quick that the next process, on a machine that does much else, is taken for hanging too
    machine.write("/etc/systemd/system/showroomd.service.d/quick.conf", "[Service]\nWatchdogSec=8\nTimeoutAbortSec=1\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "showroomd")
    before = _pid(machine)
    machine.run("kill", "-STOP", str(before))
    async with socket_client(machine, "/run/showroomd.sock") as client:
        with trio.fail_after(PATIENCE_SECONDS):
            response = await client.get("/healthz")  # waits at the socket for the next process
    assert response.status_code == 200
    assert _pid(machine) != before
    assert "watchdog" in machine.journal("showroomd")


async def test_a_reload_applies_what_it_can_and_drops_nothing(machine: Machine) -> None:
    before = _pid(machine)
    path = machine.inside("/etc/showroomd/showroomd.toml")
    good = path.read_text()
    path.write_text(good.replace('log_level = "info"', 'log_level = "debug"').replace("threads = 16", "threads = 8"))
    async with socket_client(machine, "/run/showroomd.sock") as client:
        machine.run("systemctl", "reload", "showroomd")
        await until(lambda: bool(events(machine, "settings_read")))
        assert events(machine, "settings_read")[0]["applied"] == ["daemon.log_level"]
        assert events(machine, "settings_need_a_restart")[0]["keys"] == ["storage.threads"]
        path.write_text(good + "\n[turns]\nmax_running = 0\n")
        machine.run("systemctl", "reload", "showroomd")
        await until(lambda: "former settings stay" in machine.property("showroomd", "StatusText"))
        assert events(machine, "settings_refused")
        assert (await client.get("/healthz")).json()["status"] == "degraded"
    path.write_text(good)
    machine.run("systemctl", "reload", "showroomd")
    await until(lambda: machine.property("showroomd", "StatusText") == "0 of 0 tenants up")
    assert _pid(machine) == before
    assert machine.property("showroomd", "ActiveState") == "active"


async def test_settings_with_a_fault_keep_connections_waiting_until_they_are_mended(machine: Machine) -> None:
    path = machine.inside("/etc/showroomd/showroomd.toml")
    good = path.read_text()
    path.write_text("[daemon]\nport = 1\n")
    machine.run("systemctl", "restart", "showroomd", check=False)
    async with socket_client(machine, "/run/showroomd.sock") as client, trio.open_nursery() as nursery:
        answers: list[httpx.Response] = []

        async def ask() -> None:
            answers.append(await client.get("/healthz"))

        for _ in range(30):  # more than the socket unit's default trigger limit
            nursery.start_soon(ask)
        await until(lambda: int(machine.property("showroomd", "NRestarts")) >= 2)
        assert not answers
        path.write_text(good)
    assert [answer.status_code for answer in answers] == [200] * 30
    assert "daemon.port: is not a setting" in machine.journal("showroomd")


def test_credentials_are_the_service_s_alone(machine: Machine) -> None:
    # no optional one was given: the service runs all the same
    given = machine.run("ls", "/etc/showroomd/credentials").split()
    assert "anthropic_api_key" not in given
    inside = "/run/credentials/showroomd.service/showroomd_master_key"
    asked = f"nsenter --mount --target {_pid(machine)} -- cat {inside}"
    assert len(base64.b64decode(machine.run("sh", "-c", asked))) == 32
    for user, path in (
        ("nobody", inside),
        ("showroomd", "/etc/showroomd/credentials/showroomd_master_key"),
        ("nobody", "/var/lib/showroomd/central.db"),
    ):
        said = machine.run("setpriv", f"--reuid={user}", "--clear-groups", "cat", path, check=False)
        assert said == "", (user, path)
    environ = machine.run("cat", f"/proc/{_pid(machine)}/environ")
    assert "MASTER_KEY" not in environ


def test_it_writes_nowhere_but_to_its_data(machine: Machine) -> None:
    pid = str(_pid(machine))

    def write(path: str, *as_user: str) -> str:
        """What is said of writing in the file systems as the service sees them, by root if nobody else is named."""
        enter = ("nsenter", "--mount", "--target", pid, "--")
        return machine.run(*enter, *as_user, "sh", "-c", f"echo x > {path} && echo written", check=False)

    for path in ("/etc/x", "/opt/showroomd/current/x", "/usr/x", "/var/lib/x", "/var/log/x", "/home/x", "/root/x"):
        assert write(path) == "", path
    user = ("setpriv", "--reuid=showroomd", "--regid=showroomd", "--clear-groups")
    for path in ("/run/x", "/etc/showroomd/showroomd.toml", "/run/credentials/showroomd.service/x"):
        assert write(path, *user) == "", path
    assert write("/var/lib/showroomd/x", *user) == "written\n"
    status = machine.run("cat", f"/proc/{pid}/status")
    assert "NoNewPrivs:\t1" in status
    assert "CapBnd:\t0000000000000000" in status
    assert "Seccomp:\t2" in status


async def test_a_failure_is_in_the_journal_and_told_to_the_webhook(machine: Machine) -> None:
    machine.write("/etc/showroomd/credentials/alert_webhook_url", "http://127.0.0.1:9999/alert")
    machine.write(
        "/root/listen.py",
        "import http.server\n"
        "class Alert(http.server.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        body = self.rfile.read(int(self.headers['Content-Length']))\n"
        "        open('/root/alert', 'wb').write(body)\n"
        "        self.send_response(204)\n"
        "        self.end_headers()\n"
        "http.server.HTTPServer(('127.0.0.1', 9999), Alert).serve_forever()\n",
    )
    machine.run("systemd-run", "--quiet", "--unit=listen", "python3", "/root/listen.py")
    machine.run("systemctl", "kill", "--signal=KILL", "showroomd")
    await until(lambda: machine.inside("/root/alert").exists() and machine.run("cat", "/root/alert").endswith("}"))
    told = json.loads(machine.run("cat", "/root/alert"))
    assert told["unit"] == "showroomd"
    assert "showroomd" in told["text"]
    assert "showroomd has failed" in machine.journal("showroomd-failed@showroomd")
    await until_state(machine, "showroomd", "active")
    machine.run("systemctl", "restart", "showroomd")  # an orderly end is no failure
    assert machine.journal("showroomd-failed@showroomd").count("says why") == 1


async def test_an_upgrade_of_program_and_schema_loses_nothing_and_can_be_gone_back_from(
    machine: Machine, tmp_path: Path
) -> None:
    await add_tenant(machine)
    shutil.copy(next_wheel(tmp_path, "99.0.0"), machine.inside("/root"))
    venv = unpack(machine, "second", "/root/showroomd-99.0.0-py3-none-any.whl")
    async with traffic(machine) as flow:
        said = await machine.call(f"{venv}/bin/showroomd", "install-units", "--start")
        await flow.flow(20)
    assert "/opt/showroomd/current is version 99.0.0 now" in said
    assert flow.troubles == []
    assert sorted(await stored(machine)) == sorted(flow.sent)
    kept = machine.run("sh", "-c", "ls /var/lib/showroomd/copies/before-migration/shards").split()
    assert [name.startswith(f"{TENANT}-v") for name in kept] == [True]
    # The version before is there, and refuses what the later one has migrated, in one line; nobody is turned away.
    machine.run("/opt/showroomd/previous/bin/showroomd", "install-units", "--start")
    assert machine.run("showroomd", "--version") != "showroomd 99.0.0\n"
    assert machine.property("showroomd", "StatusText").startswith("0 of 1 tenants up")
    async with admin(machine) as client:
        (found,) = (await client.get("/v1/tenants")).json()["items"]
    assert "this program knows" in found["reason"]
    async with traffic(machine, first=len(flow.sent)) as later:
        pass
    assert later.troubles == []
    machine.run("/opt/showroomd/previous/bin/showroomd", "install-units", "--start")
    assert machine.property("showroomd", "StatusText") == "1 of 1 tenants up"
    assert sorted(await stored(machine)) == sorted(flow.sent + later.sent)


async def test_backups_are_made_and_read_back_by_their_units(machine: Machine) -> None:
    await add_tenant(machine)
    machine.run("systemctl", "start", "showroomd-backup")  # returns when it has ended
    (name,) = machine.run("ls", "/var/backups/showroomd").split()
    assert machine.run("ls", f"/var/backups/showroomd/{name}/shards").split() == [f"{TENANT}.db"]
    machine.run("systemctl", "stop", "showroomd.service", "showroomd.socket")
    machine.run("systemctl", "start", "showroomd-backup")  # without the daemon too
    assert len(machine.run("ls", "/var/backups/showroomd").split()) == 2
    machine.run("systemctl", "start", "showroomd-verify-backup")
    machine.run("sh", "-c", f"for set in /var/backups/showroomd/*; do echo x > $set/shards/{TENANT}.db; done")
    machine.run("systemctl", "start", "showroomd-verify-backup", check=False)
    assert machine.property("showroomd-verify-backup", "Result") == "exit-code"
    await until(lambda: "says why" in machine.journal("showroomd-failed@showroomd-verify-backup"))


async def test_uninstalling_leaves_data_and_settings_and_installing_again_finds_them(machine: Machine) -> None:
    await add_tenant(machine)
    machine.run("showroomd", "uninstall-units")
    assert machine.run("systemctl", "list-unit-files", "--no-legend", "showroomd*", check=False) == ""
    for path in ("/opt/showroomd", "/usr/local/bin/showroomd", "/run/showroomd.sock"):
        assert machine.run("sh", "-c", f"test -e {path} || echo gone") == "gone\n", path
    for path in ("/var/lib/showroomd/shards/auto-sul.db", "/etc/showroomd/credentials/showroomd_master_key"):
        assert machine.run("ls", path)
    install(machine, "again")
    assert machine.property("showroomd", "StatusText") == "1 of 1 tenants up"
    async with admin(machine) as client:
        assert (await client.get("/v1/tenants/auto-sul")).json()["state"] == "active"
