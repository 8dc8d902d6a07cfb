"""The documentation is tested: what it must mention, where it points, and that both READMEs say the same."""

import re
import tomllib
from pathlib import Path

import pytest

from daemon.config import settings
from daemon.secrets import NAMES
from tests.support.reference import DOCS, PARTS, commands, written

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "migrations" / "README.md"])
LATER = {"docs/reference/http.md"}
"""Pages that another change brings; links to them are good already."""


@pytest.mark.parametrize("name", PARTS)
def test_generated_parts_are_up_to_date(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    assert written(name, text) == text, "run `make docs`"


def test_every_setting_and_secret_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "settings.md").read_text("utf-8")
    for path, _, _ in settings():
        table, _, key = path.rpartition(".")
        assert f"### `[{table}]`" in text
        assert f"| `{key}` |" in text
    for name in NAMES:
        assert f"`{name}`" in text


def test_every_command_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "commands.md").read_text("utf-8")
    for name, _ in commands():
        assert f"### `{name}`" in text


def _blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_pages_show_exist(page: Path) -> None:
    known = {name for name, _ in commands()}
    groups = {name.rsplit(" ", 1)[0] for name in known}
    for block in _blocks(page.read_text("utf-8")):
        for found in re.finditer(
            r"(?:^|[;( ]|bin/)showroomd ((?:[a-z]+(?:-[a-z]+)*)(?: [a-z]+)?)", block, re.MULTILINE
        ):
            words = found[1].split()
            one = f"showroomd {words[0]}"
            assert one in known or (one in groups and f"{one} {words[1]}" in known), found[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            path = (page.parent / target).resolve()
            assert path.exists() or str(path.relative_to(ROOT)) in LATER, f"{page.name} points to {target}"


def test_both_readmes_say_the_same() -> None:
    english, portuguese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.pt-BR.md"))

    def shape(text: str) -> list[str]:
        return re.findall(r"^(#+ |\*\*\d\.|- \*\*|> )", text, re.MULTILINE)

    def bare(text: str) -> list[str]:
        return [re.sub(r"\s+# .*", "", block) for block in _blocks(text)]

    assert shape(english) == shape(portuguese)
    assert bare(english) == bare(portuguese)
    assert next(iter(bare(english))).startswith("make demo")


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    text = (DOCS / "discussion" / "dependencies.md").read_text("utf-8")
    wanted = [
        *project["project"]["dependencies"],
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    names = [re.split(r"[<>=\[ ]", requirement)[0] for requirement in wanted]
    listed = re.findall(r"^\| ([a-z][a-z0-9-]*) \|", text, re.MULTILINE)
    assert sorted(names) == sorted(name for name in listed if name != "distribution")


def test_every_setting_named_in_prose_exists() -> None:
    known = {path for path, _, _ in settings()}
    tables = {path.split(".")[0] for path in known}
    for page in PAGES:
        for name in re.findall(r"`((?:[a-z]+\.)+[a-z_]+)`", page.read_text("utf-8")):
            if name.split(".")[0] in tables and name.rsplit(".", 1)[1] not in ("py", "md", "db"):
                assert name in known, f"{page.name} speaks of {name}"
