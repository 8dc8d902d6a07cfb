"""A machine for each test, with showroomd installed as an operator would install it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd import machine as machines
from tests.systemd.machine import Machine
from tests.systemd.place import APP_SECRET, VERIFY_TOKEN, install

MUST = os.environ.get("SHOWROOMD_TEST_MACHINES") == "must"
"""Set where machines are known to boot: then a test that cannot run has failed."""


@pytest.fixture(scope="session")
def bootable() -> None:
    if reason := machines.missing():
        if MUST:
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def wheels(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return machines.wheels(tmp_path_factory.mktemp("wheels") / "wheels")


@pytest.fixture(scope="session")
def installed(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that was installed and switched off; others are laid over it."""
    made = Machine(
        "showroomd-installed", tmp_path_factory.mktemp("machine"), [machines.base_root()], [f"{wheels}:/wheels"]
    )
    made.insert()
    try:
        made.boot()
        made.write("/etc/showroomd/credentials/showroomd_whatsapp_app_secret", APP_SECRET)
        made.write("/etc/showroomd/credentials/showroomd_whatsapp_verify_token", VERIFY_TOKEN)
        install(made, "first")
        made.power_off()
        yield made
    finally:
        made.eject()


@pytest.fixture
def machine(installed: Machine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A copy of the installed machine, up and running."""
    name = f"showroomd-{request.node.name.removeprefix('test_').replace('_', '-')[:40].strip('-')}"
    made = Machine(name, tmp_path / "machine", [installed.upper, *installed.layers], installed.binds)
    made.insert()
    try:
        made.boot()
        made.run("systemctl", "start", "showroomd")
        yield made
    finally:
        made.eject()
