"""Conversations and their messages: reading, writing as a salesperson, taking over, handing back."""

from typing import Final

from daemon.control.call import Answer, Call, Route, dump, listed, shown
from daemon.control.queries import ConversationQuery, MessageQuery, NoQuery
from daemon.control.shapes import (
    ContactBrief,
    ConversationOut,
    HumanMessageIn,
    MessageOut,
    Nothing,
    TakeoverIn,
)
from shards.shard import Tx
from shards.tenant import views
from shards.tenant.views import ConversationView, MessageView


def conversation_out(view: ConversationView) -> ConversationOut:
    """A conversation as it goes out."""
    contact = ContactBrief(id=view.contact_id, name=view.contact_name, aliases=view.contact_aliases)
    return shown(view, ConversationOut, contact=contact)


def message_out(view: MessageView, tenant: str) -> MessageOut:
    """A message as it goes out; `media_url` is ours where we have the file, else a public address."""
    media_url = f"/v1/tenants/{tenant}/media/{view.media}" if view.media else view.link or None
    return shown(view, MessageOut, media_url=media_url)


async def listing(call: Call) -> Answer:
    query: ConversationQuery = call.query
    items, more = await call.shard.read(
        lambda tx: views.conversations(
            tx,
            state=query.state,
            waiting=query.waiting,
            contact=query.contact,
            after=query.after,
            limit=query.limit,
        )
    )
    return listed([conversation_out(view) for view in items], more)


async def get(call: Call) -> Answer:
    view = await call.shard.glance(lambda tx: views.conversation(tx, call.args["c"]))
    return Answer(body=dump(conversation_out(view)))


async def messages(call: Call) -> Answer:
    query: MessageQuery = call.query
    items, more = await call.shard.read(
        lambda tx: views.messages(
            tx, call.args["c"], after=query.after, limit=query.limit, newest_first=query.order == "desc"
        )
    )
    return listed([message_out(view, call.tenant) for view in items], more)


async def write(call: Call) -> Answer:
    body: HumanMessageIn = call.body
    tenant = call.tenant

    def render(tx: Tx, message: str) -> bytes:
        return dump(message_out(views.message(tx, message), tenant))

    message = await call.services.tenancy.human_says(tenant, call.args["c"], body.text, request=call.to_store(render))
    view = await call.shard.glance(lambda tx: views.message(tx, message))
    return Answer(body=dump(message_out(view, tenant)), target=message, audit={"characters": len(body.text)})


def _render(tx: Tx, conversation: str) -> bytes:
    return dump(conversation_out(views.conversation(tx, conversation)))


async def take_over(call: Call) -> Answer:
    body: TakeoverIn = call.body
    await call.services.tenancy.take_over(call.tenant, call.args["c"], body.minutes, request=call.to_store(_render))
    return Answer(body=await _now(call), audit={"minutes": body.minutes})


async def release(call: Call) -> Answer:
    await call.services.tenancy.hand_back(call.tenant, call.args["c"], request=call.to_store(_render))
    return Answer(body=await _now(call))


async def _now(call: Call) -> bytes:
    return await call.shard.glance(lambda tx: _render(tx, call.args["c"]))


_LIST: Final = "/v1/tenants/{t}/conversations"

ROUTES: Final = (
    Route(
        method="GET",
        path=_LIST,
        name="listConversations",
        tag="conversations",
        summary="Conversations, the most recently active first.",
        handler=listing,
        query=ConversationQuery,
        answer=ConversationOut,
        listed=True,
    ),
    Route(
        method="GET",
        path=f"{_LIST}/{{c}}",
        name="getConversation",
        tag="conversations",
        summary="One conversation.",
        handler=get,
        query=NoQuery,
        answer=ConversationOut,
    ),
    Route(
        method="GET",
        path=f"{_LIST}/{{c}}/messages",
        name="listMessages",
        tag="conversations",
        summary="A conversation's messages in the order of arrival; `after` takes a message id.",
        handler=messages,
        query=MessageQuery,
        answer=MessageOut,
        listed=True,
    ),
    Route(
        method="POST",
        path=f"{_LIST}/{{c}}/messages",
        name="writeMessage",
        tag="conversations",
        summary="A salesperson writes; the conversation is taken over.",
        handler=write,
        query=NoQuery,
        status=201,
        body=HumanMessageIn,
        answer=MessageOut,
        action="message.write",
        conflicts=True,
    ),
    Route(
        method="POST",
        path=f"{_LIST}/{{c}}/takeover",
        name="takeOver",
        tag="conversations",
        summary="A person answers from here; the assistant is silent.",
        handler=take_over,
        query=NoQuery,
        body=TakeoverIn,
        body_optional=True,
        answer=ConversationOut,
        action="conversation.takeover",
    ),
    Route(
        method="POST",
        path=f"{_LIST}/{{c}}/release",
        name="release",
        tag="conversations",
        summary="The assistant answers again.",
        handler=release,
        query=NoQuery,
        body=Nothing,
        body_optional=True,
        answer=ConversationOut,
        action="conversation.release",
    ),
)
