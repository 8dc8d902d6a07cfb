"""A vendor's speech on its way into a file."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import trio

from daemon.errors import ProviderRefused
from daemon.providers.answers import garbage

MAX_SPEECH_BYTES: Final = 8 << 20


async def pour(provider: str, chunks: AsyncIterator[bytes], to: Path, *, limit: int = MAX_SPEECH_BYTES) -> None:
    """Write what comes to the file `to`, which begins anew. May be cancelled: a half is left.

    Raises `ProviderGarbage` for nothing or more than `limit` bytes, `ProviderRefused` where the disk takes no file,
    and what the chunks raise.
    """
    size, broken = 0, None
    try:
        file = await trio.to_thread.run_sync(to.open, "wb")
    except OSError as error:
        raise _not_stored(error) from None
    try:
        # To leave the loop early would strand the generators of the HTTP client half-way: it goes to its end.
        async for chunk in chunks:
            size += len(chunk)
            if broken is not None or size > limit:
                continue
            try:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(file.write, chunk)
            except OSError as error:
                broken = error
    finally:
        try:
            file.close()
        except OSError as error:
            broken = error
    if broken is not None:
        raise _not_stored(broken)
    if not size:
        garbage(provider, "no sound")
    if size > limit:
        garbage(provider, f"more than {limit} bytes of sound")


def _not_stored(error: OSError) -> ProviderRefused:
    """Not the vendor's fault: its circuit stays as it is."""
    return ProviderRefused(f"the speech could not be stored ({error.strerror})", "see the data directory's disk")
