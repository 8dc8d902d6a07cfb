from typing import Any

import httpx

from tests.support.graph_peer import serving


async def test_an_app_is_served_on_a_free_port_and_sees_requests_alone() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async with serving(app) as url, serving(app) as other, httpx.AsyncClient() as client:
        assert url != other
        assert (await client.get(url)).status_code == 204
    assert seen == ["http"]
