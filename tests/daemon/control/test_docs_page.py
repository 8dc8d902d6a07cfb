import re

from daemon.control.docs_page import render
from daemon.control.openapi import document
from daemon.control.routes import ROUTES
from tests.support.control import Control

PAGE = render(document(ROUTES))


def test_every_route_is_readable_and_nothing_comes_from_elsewhere() -> None:
    for route in ROUTES:
        assert f"<code>{route.path}</code>" in PAGE
        assert f"id='{route.name}'" in PAGE
    assert not re.search(r"(src|href)\s*=\s*['\"]?(https?:)?//", PAGE)
    assert "<script" not in PAGE


def test_inner_links_lead_somewhere() -> None:
    for target in re.findall(r"href='#([^']+)'", PAGE):
        assert f"id='{target}'" in PAGE, target


def test_what_is_shown_is_escaped() -> None:
    described = document(ROUTES)
    described["info"]["title"] = "<script>alert(1)</script>"
    assert "<script" not in render(described)


async def test_it_is_served(desk: Control) -> None:
    async with desk.client() as api:
        answer = await api.get("/docs")
    assert answer.text == PAGE
    assert "default-src 'none'" in answer.headers["content-security-policy"]
