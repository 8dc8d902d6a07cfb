"""What systemd's own tools say of our units: `python -m tests.support.units` prints the figures."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from daemon.installation import Installation

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.iterdir() if path.suffix in (".service", ".socket", ".timer"))
SERVICES = [name for name in UNITS if name.endswith(".service")]


def available() -> bool:
    """Whether systemd's tools are here."""
    return shutil.which("systemd-analyze") is not None


def put(root: Path) -> Path:
    """An installation in `root`, and beside it only what the units refer to; `root`."""
    Installation(root).put_units(systemd_version=252)
    for command in ("opt/showroomd/current/bin/showroomd", "bin/sh", "bin/kill"):
        (root / command).parent.mkdir(parents=True, exist_ok=True)
        (root / command).touch(mode=0o755)
    for folder in ("/usr/lib/systemd/system", "/lib/systemd/system"):
        if Path(folder).is_dir():
            shutil.copytree(folder, root / "usr/lib/systemd/system", symlinks=True)
            break
    return root


def analyze(root: Path, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze VERB` on what `put` made."""
    return subprocess.run(
        ["systemd-analyze", verb, f"--root={root}", *words],
        cwd=Installation(root).units,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def exposure(root: Path, service: str) -> float:
    """From 0 (safe) to 10, as `systemd-analyze security` counts."""
    said = analyze(root, "security", "--offline=true", service).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None, said
    return float(found[1])


if __name__ == "__main__":
    if not available():
        print("units: there is no systemd-analyze here")
    else:
        with tempfile.TemporaryDirectory() as folder:
            made = put(Path(folder))
            said = "".join(analyze(made, "verify", unit.replace("@", "@x")).stdout for unit in UNITS)
            print(f"units: systemd-analyze verify says {said or 'nothing'}")
            for service in SERVICES:
                print(f"units: exposure of {service}: {exposure(made, service)}")
