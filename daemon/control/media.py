"""Files of messages: pictures, voice notes, documents."""

import re
from typing import Final

import trio

from daemon.control.call import Answer, Call, Route
from daemon.control.problems import refuse
from daemon.control.queries import NoQuery
from shards.tenant import views

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_INLINE: Final = re.compile(
    r"(image/(jpeg|png|webp|gif)|audio/(ogg|webm|mpeg|mp4|aac|amr|opus)|video/(mp4|3gpp))(;.*)?"
)
"""Types a browser may show by itself; all others are downloads, whatever the sender called them."""


async def get(call: Call) -> Answer:
    hash_ = call.args["m"]
    if not _HASH.fullmatch(hash_):
        raise refuse(404, "there is no such file: its id is 64 hex digits")
    view = await call.shard.glance(lambda tx: views.media(tx, hash_))
    path = trio.Path(call.services.media_path(call.tenant, hash_))
    try:
        body = await path.read_bytes()
    except FileNotFoundError as error:
        raise refuse(404, "the file is gone: it may have passed its retention") from error
    inline = _INLINE.fullmatch(view.mime_type.lower()) is not None
    kind = view.mime_type if inline else "application/octet-stream"
    headers = (
        ("Content-Disposition", "inline" if inline else "attachment"),
        ("Content-Security-Policy", "default-src 'none'; sandbox"),
        ("Cache-Control", "private, max-age=86400, immutable"),
    )
    return Answer(body=body, content_type=kind, headers=headers)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/tenants/{t}/media/{m}",
        name="getMedia",
        tag="conversations",
        summary="A message's file, by the hash in its `media_url`.",
        handler=get,
        query=NoQuery,
        only="*/*",
    ),
)
