"""Which version of WhatsApp Web we say we are: the server refuses those that are weeks old."""

from typing import Final

import httpx
import trio
from attrs import define, field

from daemon.logs import get_logger
from daemon.whatsapp.web import payload
from daemon.whatsapp.web.payload import Version

PAGE: Final = "https://web.whatsapp.com/sw.js"
HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
    " Safari/537.36",
    "Sec-Fetch-Site": "none",
}
MAX_BYTES: Final = 4 << 20
TIMEOUT: Final = httpx.Timeout(20.0, connect=5.0)
LEAST_SECONDS: Final = 3600.0
"""Between two look-ups, however many tenants ask."""


@define(eq=False)
class ClientVersion:
    """Shared by all tenants of a process. Never goes back to a lower one."""

    client: httpx.AsyncClient
    page: str = PAGE  # "": there is nothing to look up (a test server)
    current: Version = payload.BUILT_IN_VERSION
    _looked_at: float | None = None
    _looking: trio.Lock = field(factory=trio.Lock)

    async def refresh(self) -> None:
        """Look the present version up, at most once an hour; a failure is logged and changes nothing."""
        async with self._looking:
            now = trio.current_time()
            if not self.page or (self._looked_at is not None and now - self._looked_at < LEAST_SECONDS):
                return
            self._looked_at = now
            log = get_logger("channels.web")
            try:
                found = payload.version_in(await self._read())
            except httpx.HTTPError as error:
                log.warning("client_version_unknown", reason=type(error).__name__)
                return
            if found is None:
                log.warning("client_version_unknown", reason="the page does not name it")
            elif found > self.current:
                log.info("client_version", version=".".join(map(str, found)))
                self.current = found

    async def _read(self) -> str:
        response = await self.client.get(self.page, headers=HEADERS, timeout=TIMEOUT, follow_redirects=True)
        response.raise_for_status()
        return response.content[:MAX_BYTES].decode("utf-8", "replace")
