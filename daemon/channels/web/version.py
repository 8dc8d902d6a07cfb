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
LOOK_SECONDS: Final = 30.0
"""A look-up takes at most so long."""
LEAST_SECONDS: Final = 3600.0
"""Between two look-ups, however many tenants ask."""
LEAST_AFTER_FAILURE_SECONDS: Final = 60.0


@define(eq=False)
class ClientVersion:
    """Shared by all tenants of a process. Never goes back to a lower one."""

    client: httpx.AsyncClient
    page: str = PAGE  # "": there is nothing to look up (a test server)
    current: Version = payload.BUILT_IN_VERSION
    _look_at: float = 0.0  # trio time of the next look-up
    _known: bool = False  # whether the last one told
    _looking: trio.Lock = field(factory=trio.Lock)

    def took(self, version: Version) -> None:
        """The server has taken that one before."""
        self.current = max(self.current, version)

    async def refresh(self) -> bool:
        """Look the present version up, at most once an hour; whether `current` is it now. A failure is logged."""
        if not self.page:
            return True
        async with self._looking:
            if trio.current_time() >= self._look_at:
                self._known = await self._look()
                pause = LEAST_SECONDS if self._known else LEAST_AFTER_FAILURE_SECONDS
                self._look_at = trio.current_time() + pause
            return self._known

    async def _look(self) -> bool:
        log = get_logger("channels.web")
        found, why = None, "the page does not name it"
        try:
            with trio.fail_after(LOOK_SECONDS):
                found = payload.version_in(await self._read())
        except (httpx.HTTPError, trio.TooSlowError) as error:
            why = type(error).__name__
        if found is None:
            log.warning("client_version_unknown", reason=why)
            return False
        if found > self.current:
            log.info("client_version", version=".".join(map(str, found)))
            self.current = found
        return True

    async def _read(self) -> str:
        async with self.client.stream("GET", self.page, headers=HEADERS, follow_redirects=True) as response:
            response.raise_for_status()
            text = b""
            async for chunk in response.aiter_bytes():  # to the end: httpx's generators are not left half-way
                text += chunk[: MAX_BYTES - len(text)]
        return text.decode("utf-8", "replace")
