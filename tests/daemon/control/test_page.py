"""The pages at /sandbox and /pairing: what a browser would refuse or trip over, checked without one."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from daemon.control.openapi import document
from daemon.control.queries import SandboxQuery
from daemon.control.routes import ROUTES
from daemon.control.rules import RULES
from daemon.control.sandbox import UPLOADS
from shards.tenant.transcripts import Reason

PAGE = Path(__file__).parents[3] / "daemon" / "control" / "page"
PAGES = {name: (PAGE / f"{name}.html").read_text("utf-8") for name in ("index", "pairing")}
ALONE = {"index": "app.js", "pairing": "pairing.js"}
"""The script each page begins with."""
SCRIPTS = {path.name: path.read_text("utf-8") for path in sorted(PAGE.glob("*.js"))}
STYLE = (PAGE / "style.css").read_text("utf-8")


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


TAGS_OF = {name: Seen(html).tags for name, html in PAGES.items()}
TAGS = [tag for tags in TAGS_OF.values() for tag in tags]


def scripts_of(page: str) -> dict[str, str]:
    """What the page loads, through its imports."""
    wanted, found = [ALONE[page]], dict[str, str]()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = SCRIPTS[name]
            wanted += re.findall(r"from '\./([\w.]+)'", SCRIPTS[name])
    return found


def test_nothing_is_inline_so_that_the_policy_can_be_strict() -> None:
    for tag, attributes in TAGS:
        assert tag != "style"
        assert "style" not in attributes, attributes
        assert not [name for name in attributes if name.startswith("on")], attributes
        if tag == "script":
            assert attributes.get("src"), "a script of its own file"
    for name, script in SCRIPTS.items():
        assert not re.search(r"setAttribute\(['\"]style|\beval\(|new Function", script), name


def test_texts_never_become_markup() -> None:
    for name, script in SCRIPTS.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment", script
        ), name


def test_nothing_comes_from_elsewhere() -> None:
    for tag, attributes in TAGS:
        for name in ("src", "href"):
            value = attributes.get(name)
            assert value is None or re.fullmatch(r"/[^/].*|#\w*", value), (tag, value)
    assert not re.search(r"@import|url\(", STYLE)
    for name, script in SCRIPTS.items():
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)[a-z]", script), name


def test_files_that_are_named_exist() -> None:
    named = {
        value for _, attributes in TAGS for value in attributes.values() if value and value.startswith("/sandbox/")
    }
    imported = {f"/sandbox/{name}" for script in SCRIPTS.values() for name in re.findall(r"from '\./([\w.]+)'", script)}
    for path in named | imported:
        assert (PAGE / path.removeprefix("/sandbox/")).is_file(), path
    assert set(SCRIPTS) <= {path.removeprefix("/sandbox/") for path in named | imported}


@pytest.mark.parametrize("page", PAGES)
def test_what_the_scripts_look_for_is_on_the_page(page: str) -> None:
    ids = [attributes["id"] for _, attributes in TAGS_OF[page] if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for name, script in scripts_of(page).items():
        wanted = re.findall(r"\$\('([\w-]+)'\)", script) + re.findall(r"querySelector\('#([\w-]+)'\)", script)
        assert set(wanted) <= set(ids), name


@pytest.mark.parametrize("page", PAGES)
def test_it_is_portuguese_and_can_be_used_without_a_mouse(page: str) -> None:
    tags = TAGS_OF[page]
    attributes = {tag: values for tag, values in tags if tag == "html"}
    assert attributes["html"]["lang"] == "pt-BR"
    labelled = {values.get("for") for tag, values in tags if tag == "label"}
    inside = set(re.findall(r"<label[^>]*>[^<]*<(?:textarea|input) id=\"([\w-]+)\"", PAGES[page]))
    for tag, values in tags:
        if tag in ("textarea", "input"):
            assert values.get("id") in labelled | inside or values.get("aria-label"), values
        if tag == "img":
            assert "alt" in values
        if tag == "button":
            assert "icon-button" not in (values.get("class") or "") or values.get("aria-label"), values
    assert ":focus-visible" in STYLE
    assert "prefers-reduced-motion" in STYLE


def test_every_call_is_a_route_of_the_api() -> None:
    paths = {re.sub(r"\{\w+\}", "*", path) for path in document(ROUTES, "")["paths"]}
    called = set()
    for name, script in SCRIPTS.items():
        base = "/v1/tenants/*/channel" if name == "pairing.js" else "/v1/tenants/*"
        script = script.replace("${base()}", base)
        for found in re.findall(r"[`'](/v1/[^`'?]*)", script):
            called.add(re.sub(r"\$\{[^}]*\}", "*", found).rstrip("/"))
        for arguments in re.findall(r"talkPath\(([^)]*)\)[,)]", script):
            called |= {f"/v1/tenants/*/conversations/*/{name}" for name in re.findall(r"'(\w+)'", arguments)}
    called -= {"/v1", "/v1/tenants/*/conversations/*/*", "/v1/tenants/*/channel/*"}
    assert len(called) >= 9
    assert called <= paths


def contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_texts_stand_out() -> None:
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", STYLE))
    for ink, ground in (
        ("ink", "paper"), ("ink", "mine"), ("ink-2", "paper"), ("ink-2", "ground"), ("warn", "warn-soft"),
        ("bad", "paper"),
    ):  # fmt: skip
        assert contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)
    for accent in re.findall(r"'(#[0-9a-f]{6})'", SCRIPTS["words.js"]):
        assert contrast(accent, "#ffffff") >= 4.5, accent


NODE = shutil.which("node")
HARNESS = """
class Part { constructor(tag) { this.tag = tag; this.children = []; this.attributes = {}; }
  append(...all) { this.children.push(...all); }
  setAttribute(name, value) { this.attributes[name] = value; } }
globalThis.document = { createElement: (tag) => new Part(tag), createDocumentFragment: () => new Part('') };
const shown = (part) => typeof part === 'string' ? part.replaceAll('<', '&lt;')
  : `${part.tag ? `<${part.tag}${part.attributes.href ? ` ${part.attributes.href}` : ''}>` : ''}`
    + part.children.map(shown).join('') + (part.tag ? `</${part.tag}>` : '');
const words = await import('WORDS');
const texts = JSON.parse(process.argv[1]);
console.log(JSON.stringify({
  rich: texts.map((text) => shown(words.rich(text))),
  people: Array.from({ length: 60 }).reduce((taken) => [...taken, words.newCustomer(taken)], []),
  first: words.suggestions('auto-sul', []),
  next: words.suggestions('auto-sul', ['e o mais barato?']),
}));
"""


@pytest.mark.skipif(NODE is None, reason="node is not installed: whatsapp's marks are not tried")
def test_whatsapps_marks_become_elements(tmp_path: Path) -> None:
    cases = {
        "*HB20 2021* por R$ 69.900": "<strong>HB20 2021</strong> por R$ 69.900",
        "_oi_ ~caro~ ```x*y*```": "<em>oi</em> <s>caro</s> <code>x*y*</code>",
        "*um _dois_*": "<strong>um <em>dois</em></strong>",
        "2*3*4 e a * b * c": "2*3*4 e a * b * c",
        "snake_case_name": "snake_case_name",
        "<img src=x onerror=alert(1)> *<b>*": "&lt;img src=x onerror=alert(1)> <strong>&lt;b></strong>",
        "veja https://a.example/b?c=1.": "veja <a https://a.example/b?c=1>https://a.example/b?c=1</a>.",
        "javascript:alert(1)": "javascript:alert(1)",
        "*sem fim": "*sem fim",
    }
    module = tmp_path / "words.mjs"
    module.write_text(SCRIPTS["words.js"], "utf-8")
    code = HARNESS.replace("WORDS", module.as_uri())
    done = subprocess.run(
        [str(NODE), "--input-type=module", "-e", code, "--", json.dumps(list(cases))],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert dict(zip(cases, answer["rich"], strict=True)) == cases
    assert len(set(answer["people"])) == 60
    rule = RULES[SandboxQuery]["sender"].pattern
    assert all(re.fullmatch(rule, name) for name in answer["people"])
    assert "Tem SUV automático até 100 mil?" in answer["first"]
    assert "E o mais barato?" not in answer["next"]
    assert "Aceita meu Gol 2015 na troca?" in answer["next"]


def test_the_page_sends_what_the_api_takes() -> None:
    [named] = re.findall(r"const PLAIN = \[([^\]]*)\]", SCRIPTS["app.js"])
    assert set(re.findall(r"'([^']+)'", named)) == set(UPLOADS) - {"application/octet-stream"}


def test_every_reason_of_a_missing_transcript_has_words() -> None:
    [named] = re.findall(r"const UNHEARD = \{(.*?)\n\};", SCRIPTS["chat.js"], re.DOTALL)
    assert set(re.findall(r"^ +(\w+):", named, re.MULTILINE)) == set(get_args(Reason))
