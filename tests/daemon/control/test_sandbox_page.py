import re
from pathlib import Path

import pytest

from daemon.channels.web import channel, link, linking
from daemon.control.sandbox_page import DemoInfo, with_token
from daemon.whatsapp.web import failures
from tests.support.control import Control, control


async def test_the_page_and_its_files(desk: Control) -> None:
    async with desk.client() as api:
        page = await api.get("/sandbox")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "showroomd-token" not in page.text.partition("</head>")[0]
        for name, kind in (("app.js", "text/javascript"), ("style.css", "text/css"), ("icon.svg", "image/svg+xml")):
            answer = await api.get(f"/sandbox/{name}")
            assert answer.headers["content-type"].startswith(kind)
        assert (await api.get("/")).status_code == 404


async def test_the_page_beside_the_dealers_phone(desk: Control) -> None:
    async with desk.client() as api:
        page = await api.get("/pairing")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "o número pode ser banido" in page.text
        for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            assert (await api.get(path)).status_code == 200, path
        script = (await api.get("/sandbox/pairing.js")).text
    for wanted in set(re.findall(r"\$\('([a-z-]+)'\)", script)):
        assert f'id="{wanted}"' in page.text, wanted


async def test_every_sentence_of_a_link_has_words_on_the_page(desk: Control) -> None:
    """The sentences are for operators; who sits beside the dealer reads Portuguese."""
    async with desk.client() as api:
        script = (await api.get("/sandbox/pairing.js")).text
    patterns = re.findall(r"^  \[/(.+)/, '", script, re.MULTILINE)
    shown = (
        link.WAITS.sentence,
        link.LINKED.sentence,
        linking.EXPIRED,
        linking.GIVEN_UP,
        channel.NOT_LINKED,
        channel.BANNED,
    )
    technical = ("malformed", "say of ourselves", "another product", "kind of client", "not accept the login")
    verdicts = [verdict.reason for verdict in (*failures.TABLE.values(), *failures.AGAIN.values())]
    for sentence in (*shown, *verdicts):
        known = any(re.search(pattern, sentence) for pattern in patterns)
        assert known or any(each in sentence for each in technical), sentence


@pytest.mark.parametrize("name", ["none.js", "..%2Fapp.py", "__init__.py", ".html", "app.js/", "%00.js"])
async def test_nothing_else_is_served(desk: Control, name: str) -> None:
    async with desk.client() as api:
        assert (await api.get(f"/sandbox/{name}")).status_code == 404


async def test_the_demo_leads_to_the_page_and_gives_it_its_token(tmp_path: Path) -> None:
    async with control(tmp_path, demo=DemoInfo(token='srd_a_"b')) as desk, desk.client() as api:
        home = await api.get("/")
        assert (home.status_code, home.headers["location"]) == (302, "/sandbox")
        page = await api.get("/sandbox")
    assert '<meta name="showroomd-token" content="srd_a_&quot;b">' in page.text


def test_the_token_goes_into_the_head() -> None:
    page = with_token(b"<html><head><title>x</title></head>", "t")
    assert page == b'<html><head>\n  <meta name="showroomd-token" content="t"><title>x</title></head>'
