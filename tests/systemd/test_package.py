"""The Debian package: built, installed, upgraded, removed and purged on a machine of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd import machine as machines
from tests.systemd.machine import PROJECT, Machine, next_wheel
from tests.systemd.place import add_tenant, stored, traffic


@pytest.fixture
def bare(wheels: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine without showroomd, that sees this tree."""
    binds = [f"{wheels}:/wheels", f"{PROJECT}:/src"]
    made = Machine("showroomd-package", tmp_path / "machine", [machines.base_root()], binds)
    made.insert()
    try:
        made.boot()
        yield made
    finally:
        made.eject()


def _build(machine: Machine, wheel: str) -> str:
    """Build a package; its path in the machine."""
    folder = f"/root/{Path(wheel).name}.d"
    machine.run("mkdir", folder)
    environ = ("PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels", "DPKG_DEB_COMPRESSOR_TYPE=none")
    machine.run("env", *environ, "/src/systemd/debian/build", wheel, folder)
    return machine.run("sh", "-c", f"ls {folder}/*.deb").strip()


async def test_the_package_installs_upgrades_and_goes_without_taking_data(bare: Machine, tmp_path: Path) -> None:
    shutil.copy(next_wheel(tmp_path, "99.0.0"), bare.inside("/root"))
    first = _build(bare, bare.run("sh", "-c", "ls /wheels/showroomd-*.whl").strip())
    second = _build(bare, "/root/showroomd-99.0.0-py3-none-any.whl")

    bare.write("/etc/showroomd/credentials/showroomd_whatsapp_app_secret", "machine_app_secret")
    bare.run("dpkg", "-i", first)
    assert bare.property("showroomd", "ActiveState") == "active"
    for unit in ("showroomd.socket", "showroomd.service", "showroomd-backup.timer"):
        assert bare.run("systemctl", "is-enabled", unit) == "enabled\n"
    key = bare.run("cat", "/etc/showroomd/credentials/showroomd_master_key")
    assert bare.run("stat", "-c", "%a", "/etc/showroomd/first-admin-token") == "600\n"
    # nothing in it speaks of where it was built
    assert (
        bare.run("sh", "-c", "grep -rlI /tmp/tmp /opt/showroomd/current/bin /opt/showroomd/current/pyvenv.cfg || :")
        == ""
    )
    await add_tenant(bare)

    async with traffic(bare) as flow:
        await bare.call("dpkg", "-i", second)
        await flow.flow(10)
    assert flow.troubles == []
    assert sorted(await stored(bare)) == sorted(flow.sent)
    assert bare.run("showroomd", "--version") == "showroomd 99.0.0\n"
    assert bare.run("ls", "/opt/showroomd/versions") == "99.0.0\n"
    assert bare.property("showroomd", "StatusText") == "1 of 1 tenants up"

    bare.run("systemctl", "disable", "showroomd-backup.timer")
    bare.run("dpkg", "--remove", "showroomd")
    assert bare.run("sh", "-c", "ls -d /opt/showroomd /usr/bin/showroomd /run/showroomd.sock 2>/dev/null || :") == ""
    bare.run("dpkg", "-i", second)
    assert bare.property("showroomd", "StatusText") == "1 of 1 tenants up"
    assert bare.run("systemctl", "is-enabled", "showroomd-backup.timer", check=False) == "disabled\n"
    bare.run("dpkg", "--purge", "showroomd")
    assert bare.run("cat", "/etc/showroomd/credentials/showroomd_master_key") == key
    assert bare.run("ls", "/var/lib/showroomd/shards/auto-sul.db")
    assert bare.run("systemctl", "--failed", "--no-legend") == ""
