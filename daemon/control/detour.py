"""Extra paths in front of a gate: the demo's pictures."""

from collections.abc import Mapping

from attrs import frozen

from daemon.control.asgi import App, Receive, Scope, Send


@frozen
class Detour:
    """Sends requests whose path begins with one of `routes` there, and everything else on to `app`."""

    app: App
    routes: Mapping[str, App]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "http":
            for prefix, app in self.routes.items():
                if scope["path"].startswith(prefix):
                    await app(scope, receive, send)
                    return
        await self.app(scope, receive, send)
