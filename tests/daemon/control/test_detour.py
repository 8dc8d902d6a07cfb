from typing import Any

import trio

from daemon.control.detour import Detour


class Recorder:
    """An application that notes what came."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await trio.lowlevel.checkpoint()
        self.seen.append(scope.get("path", scope["type"]))


async def through(detour: Detour, *scopes: dict[str, Any]) -> None:
    for scope in scopes:
        await detour(scope, None, None)  # type: ignore[arg-type]


async def test_only_the_paths_named_go_another_way() -> None:
    gate, pictures = Recorder(), Recorder()
    await through(
        Detour(gate, {"/demo/photos/": pictures}),
        {"type": "http", "path": "/demo/photos/1.svg"},
        {"type": "http", "path": "/demo/photos"},
        {"type": "http", "path": "/v1/tenants"},
        {"type": "lifespan"},
    )
    assert pictures.seen == ["/demo/photos/1.svg"]
    assert gate.seen == ["/demo/photos", "/v1/tenants", "lifespan"]


async def test_without_extra_paths_it_is_not_there() -> None:
    gate = Recorder()
    await through(Detour(gate, {}), {"type": "http", "path": "/"})
    assert gate.seen == ["/"]
