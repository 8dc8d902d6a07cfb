"""A machine with a real systemd, booted in a container (systemd-nspawn) over a root that is made once.

Needs root, `systemd-nspawn` and `debootstrap`. The root (Debian bookworm) and the wheels of our dependencies are kept
in `$SHOWROOMD_TEST_CACHE`, by default `~/.cache/showroomd-tests`.
"""

import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import trio
from attrs import define, field
from hatchling.builders.wheel import WheelBuilder

PROJECT: Final = Path(__file__).parents[2]
RELEASE: Final = "bookworm"
MIRROR: Final = "http://deb.debian.org/debian"
PACKAGES: Final = "systemd,systemd-sysv,dbus,python3,python3-venv,procps,ca-certificates,curl"
BOOT_SECONDS: Final = 60.0
CLEARING_SECONDS: Final = 10.0
CGROUPS: Final = ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup")


def missing() -> str:
    """Why machines cannot be booted here, "" if they can."""
    if os.geteuid() != 0:
        return "booting a machine needs root"
    for command in ("systemd-nspawn", "debootstrap", "nsenter"):
        if shutil.which(command) is None:
            return f"there is no {command}: apt-get install systemd-container debootstrap"
    with _mounted_tmpfs_try() as fault:
        return fault


@contextmanager
def _mounted_tmpfs_try() -> Iterator[str]:
    probe = cache() / "probe"
    probe.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(probe)], check=False, capture_output=True)
    if ended.returncode != 0:
        yield "file systems cannot be mounted here"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", str(probe)], check=True)


def cache() -> Path:
    """Where the root and the wheels are kept."""
    chosen = os.environ.get("SHOWROOMD_TEST_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "showroomd-tests"


def base_root() -> Path:
    """The root of a minimal Debian, made if need be (a minute). It is never written to."""
    root = cache() / RELEASE
    if not root.exists():
        partial = cache() / f"{RELEASE}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(partial), _mirror()],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        units = partial / "etc/systemd/system"
        (units / "systemd-firstboot.service").symlink_to("/dev/null")
        (partial / "etc/machine-id").write_text("")
        partial.rename(root)
    return root


def _mirror() -> str:
    """The one this machine uses, if it is a Debian."""
    for path in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
        if path.is_file() and (found := re.search(r"https?://\S*/debian/?(?=\s)", path.read_text("utf-8"))):
            return found[0]
    return MIRROR


def wheels(target: Path) -> Path:
    """A folder with the wheel of this tree and those of its dependencies for the machine's Python."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    key = hashlib.sha256("\n".join(project["dependencies"]).encode()).hexdigest()[:12]
    kept = cache() / f"wheels-{key}"
    if not kept.exists():
        partial = cache() / f"wheels-{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        tags = [f"manylinux_2_{minor}_{platform.machine()}" for minor in (34, 28, 17)]
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(partial)),
                *("--only-binary=:all:", "--python-version=3.11", "--implementation=cp"),
                *(f"--platform={tag}" for tag in (*tags, f"manylinux2014_{platform.machine()}", "any")),
                *project["dependencies"],
            ],
            check=True,
        )
        partial.rename(kept)
    shutil.copytree(kept, target)
    for _ in WheelBuilder(str(PROJECT)).build(directory=str(target)):
        pass
    return target


def next_wheel(target: Path, version: str) -> Path:
    """The wheel of a later version of this tree: another number, and one more step of the dealerships' schema."""
    tree = target / "tree"
    for name in ("daemon", "shards", "migrations", "systemd"):
        shutil.copytree(PROJECT / name, tree / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, tree / name)
    steps = len(list((tree / "migrations" / "tenant").glob("0*.sql")))
    step = tree / "migrations" / "tenant" / f"{steps + 1:04}_next.sql"
    step.write_text("CREATE TABLE next (seq INTEGER PRIMARY KEY) STRICT;\n")
    package = tree / "daemon" / "__init__.py"
    package.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', package.read_text("utf-8")))
    return Path(next(iter(WheelBuilder(str(tree)).build(directory=str(target)))))


@define(eq=False)
class Machine:
    """One container over read-only `layers` (the uppermost first). What it writes lies in `upper`, and stays."""

    name: str
    directory: Path
    layers: Sequence[Path]
    binds: Sequence[str] = ()
    nspawn: subprocess.Popen[bytes] | None = None
    leader: int = 0
    _cgroups: list[Path] = field(factory=list)

    @property
    def root(self) -> Path:
        """Its root directory, from outside."""
        return self.directory / "root"

    @property
    def upper(self) -> Path:
        """What it has written."""
        return self.directory / "disk" / "upper"

    def inside(self, path: str) -> Path:
        """A path of the running machine as this process can open it, sockets too."""
        return Path(f"/proc/{self.leader}/root{path}")

    def insert(self) -> None:
        """Put its disk in."""
        for name in ("root", "disk"):
            (self.directory / name).mkdir(parents=True)
        _do("mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", self.directory / "disk")
        (self.directory / "disk" / "work").mkdir()
        self.upper.mkdir()
        self.mount()

    def mount(self) -> None:
        """Lay its own disk over the layers."""
        lower = ":".join(map(str, self.layers))
        options = f"lowerdir={lower},upperdir={self.upper},workdir={self.directory}/disk/work"
        _do("mount", "-t", "overlay", "-o", options, "overlay", self.root)

    def boot(self) -> None:
        """Start it and wait until its systemd is up."""
        self._cgroups = [
            Path(parent) / self.name
            for parent in CGROUPS
            if (Path(parent) / "cgroup.procs").exists() and Path(parent).is_dir()
        ]
        for cgroup in self._cgroups:
            cgroup.mkdir(exist_ok=True)
        enter = "".join(f"echo $$ > {cgroup}/cgroup.procs; " for cgroup in self._cgroups)
        words = [
            *("systemd-nspawn", "-q", "-D", str(self.root), f"--machine={self.name}", "--register=no", "--keep-unit"),
            *("--boot", "--console=pipe", "--private-network", "--kill-signal=SIGRTMIN+3", "--link-journal=no"),
            *("--resolv-conf=off", *(f"--bind-ro={bind}" for bind in self.binds)),
        ]
        with (self.directory / "console").open("wb") as console:
            self.nspawn = subprocess.Popen(
                ["sh", "-c", f'{enter}exec "$@"', "sh", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=console,
            )
        deadline = time.monotonic() + BOOT_SECONDS
        while not self._up():
            assert time.monotonic() < deadline, "the machine does not boot"
            assert self.nspawn.poll() is None, (self.directory / "console").read_text()
            time.sleep(0.05)  # nothing outside says that a container's systemd is up
        self.run("systemctl", "is-system-running", "--wait", check=False)

    def _up(self) -> bool:
        for cgroup in self._cgroups:
            procs = cgroup / "payload" / "init.scope" / "cgroup.procs"
            if procs.exists() and (pids := procs.read_text().split()):
                self.leader = int(pids[0])
                return self.inside("/run/systemd/private").exists()
        return False

    def words(self, *words: str) -> list[str]:
        """The command line that runs a command inside."""
        return ["nsenter", "-t", str(self.leader), "-a", "--", *words]

    def run(self, *words: str, check: bool = True) -> str:
        """Run a command inside; its output. Fails with what it said."""
        ended = subprocess.run(self.words(*words), capture_output=True, text=True, check=False)
        assert not check or ended.returncode == 0, f"{words} -> {ended.returncode}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    async def call(self, *words: str) -> str:
        """As `run`, while others go on."""
        ended = await trio.run_process(self.words(*words), capture_stdout=True, capture_stderr=True, check=False)
        assert ended.returncode == 0, f"{words} -> {ended.returncode}: {ended.stdout!r} {ended.stderr!r}"
        return ended.stdout.decode()

    def property(self, unit: str, name: str) -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", f"--property={name}", "--value", unit).strip()

    def journal(self, unit: str) -> str:
        """What a unit has said."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit)

    def write(self, path: str, text: str) -> None:
        """Write a file inside; the machine may run."""
        target = self.inside(path) if self.leader else self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def power_off(self) -> None:
        """Shut down in order."""
        if self.nspawn is not None:
            self.nspawn.send_signal(signal.SIGTERM)
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self.crash()
            self.nspawn, self.leader = None, 0

    def crash(self) -> None:
        """Cut the power."""
        assert self.nspawn is not None
        self.nspawn.kill()
        if self.leader:
            os.kill(self.leader, signal.SIGKILL)
        self.nspawn.wait()
        self.nspawn, self.leader = None, 0

    def eject(self) -> None:
        """Take everything away that it was given."""
        if self.nspawn is not None:
            self.crash()
        for name in ("root", "disk"):
            subprocess.run(["umount", "-l", str(self.directory / name)], check=False, capture_output=True)
        deadline = time.monotonic() + CLEARING_SECONDS
        for cgroup in self._cgroups:
            while not _removed(cgroup) and time.monotonic() < deadline:
                time.sleep(0.05)  # the kernel is still burying its processes


def _removed(cgroup: Path) -> bool:
    """Remove a cgroup and those below it; whether that is done."""
    folders = sorted((path for path in (cgroup, *cgroup.rglob("*")) if path.is_dir()), reverse=True)
    try:
        for folder in folders:
            folder.rmdir()
    except OSError:
        return False
    return True


def _do(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)
