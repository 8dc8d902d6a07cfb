"""Talking to a tenant's assistant without WhatsApp."""

from typing import Final

from daemon.control.call import Answer, Call, Route, dump
from daemon.control.conversations import conversation_out, message_out
from daemon.control.queries import NoQuery, SandboxFileQuery, SandboxQuery
from daemon.control.shapes import MessageOut, SandboxIn, SandboxPage
from shards.shard import Tx
from shards.tenant import views


async def say(call: Call) -> Answer:
    body: SandboxIn = call.body
    tenant = call.tenant

    def render(tx: Tx, message: str) -> bytes:
        return dump(message_out(views.message(tx, message), tenant))

    message = await call.services.tenancy.sandbox_says(tenant, body.sender, body.text, request=call.to_store(render))
    view = await call.shard.glance(lambda tx: views.message(tx, message))
    return Answer(body=dump(message_out(view, tenant)), target=message, audit={"characters": len(body.text)})


async def send_file(call: Call) -> Answer:
    query: SandboxFileQuery = call.query
    tenant = call.tenant
    assert call.upload is not None

    def render(tx: Tx, message: str) -> bytes:
        return dump(message_out(views.message(tx, message), tenant))

    message = await call.services.tenancy.sandbox_sends(
        tenant,
        query.sender,
        call.upload,
        mime_type=call.request.mimetype,
        text=query.text,
        request=call.to_store(render),
    )
    view = await call.shard.glance(lambda tx: views.message(tx, message))
    return Answer(body=dump(message_out(view, tenant)), target=message, audit={"kind": view.kind})


async def listing(call: Call) -> Answer:
    query: SandboxQuery = call.query
    return Answer(body=dump(await call.shard.read(lambda tx: _page(tx, call.tenant, query))))


def _page(tx: Tx, tenant: str, query: SandboxQuery) -> SandboxPage:
    conversation = views.sandbox_conversation(tx, query.sender)
    if conversation is None:
        if query.after:
            raise views.bad_cursor()
        return SandboxPage(items=(), next=None, typing=False, conversation=None)
    items, more = views.messages(
        tx, conversation.id, after=query.after, limit=query.limit, newest_first=query.order == "desc"
    )
    return SandboxPage(
        items=tuple(message_out(view, tenant) for view in items),
        next=more,
        typing=conversation.typing,
        conversation=conversation_out(conversation),
    )


_PATH: Final = "/v1/tenants/{t}/sandbox/messages"
UPLOADS: Final = (
    "audio/ogg",
    "audio/webm",
    "audio/mp4",
    "audio/x-m4a",
    "audio/mpeg",
    "audio/aac",
    "audio/amr",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "application/pdf",
    "application/octet-stream",
)
"""What a file is, its bytes tell."""

ROUTES: Final = (
    Route(
        method="POST",
        path=_PATH,
        name="sandboxSay",
        tag="sandbox",
        summary="Write as a customer; the answer comes in the list.",
        handler=say,
        query=NoQuery,
        status=201,
        body=SandboxIn,
        answer=MessageOut,
        action="sandbox.message",
        conflicts=True,
    ),
    Route(
        method="POST",
        path="/v1/tenants/{t}/sandbox/files",
        name="sandboxSendFile",
        tag="sandbox",
        summary="Send a voice note, a picture or a PDF as a customer: the file is the body, 16 MB at most.",
        handler=send_file,
        query=SandboxFileQuery,
        status=201,
        uploads=UPLOADS,
        takes="file",
        answer=MessageOut,
        action="sandbox.file",
        conflicts=True,
    ),
    Route(
        method="GET",
        path=_PATH,
        name="listSandbox",
        tag="sandbox",
        summary="The customer's conversation and whether the assistant is writing.",
        handler=listing,
        query=SandboxQuery,
        answer=SandboxPage,
    ),
)
