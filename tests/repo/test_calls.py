"""Time, chance and system tasks have one door each; everything else is given them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.repo.test_mirror import ROOT, sources

FORBIDDEN = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "datetime.now",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
    "time.sleep",
    "trio.lowlevel.spawn_system_task",
    "uuid.uuid1",
    "uuid.uuid4",
}
ALLOWED = {("shards/shard.py", "time.time")}
RANDOM_CLASSES = {"random.Random", "random.SystemRandom"}


def called(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name, as imported, of everything that is named in the module."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                alias.asname or alias.name.split(".")[0]: (alias.asname and alias.name) or alias.name.split(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            dotted = ast.unparse(node)
            first, dot, rest = dotted.partition(".")
            if first in names:
                yield node.lineno, names[first] + dot + rest


def faults(path: str, source: str) -> list[str]:
    return [
        f"{path}:{line}: {name}"
        for line, name in called(ast.parse(source))
        if (name in FORBIDDEN and (path, name) not in ALLOWED)
        or (name.startswith("random.") and name.count(".") == 1 and name not in RANDOM_CLASSES)
    ]


def test_nobody_else_reads_the_clock_or_rolls_dice() -> None:
    found = [fault for path in sources() for fault in faults(str(path), (ROOT / path).read_text("utf-8"))]
    assert not found, f"pass now, rng or a nursery in instead: {found}"


def test_the_check_sees_what_it_should() -> None:
    source = (
        "import random, time as t, trio\nfrom datetime import datetime\nfrom random import choice\n"
        "t.time(); random.random(); choice([1]); datetime.now(); trio.lowlevel.spawn_system_task(f)\n"
        "random.Random(1).random(); t.monotonic()\n"
    )
    assert sorted(fault.split(": ")[1] for fault in faults("x.py", source)) == [
        "datetime.datetime.now",
        "random.choice",
        "random.random",
        "time.time",
        "trio.lowlevel.spawn_system_task",
    ]


def test_the_exceptions_are_needed() -> None:
    for path, name in ALLOWED:
        assert name in {found for _, found in called(ast.parse(Path(ROOT / path).read_text("utf-8")))}
