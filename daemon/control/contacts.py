"""Contacts: finding, exporting, erasing (LGPD)."""

from typing import Final

from daemon.control.call import Answer, Call, Route, dump, listed, shown
from daemon.control.conversations import conversation_out, message_out
from daemon.control.queries import ContactQuery, NoQuery
from daemon.control.shapes import AppointmentOut, ContactOut, ExportOut, LeadOut, ThreadOut
from shards.shard import Tx
from shards.tenant import tables, views
from shards.tenant.views import MessageView

_PAGE: Final = 500


async def listing(call: Call) -> Answer:
    query: ContactQuery = call.query
    items, more = await call.shard.read(
        lambda tx: views.contacts(tx, alias=query.alias, after=query.after, limit=query.limit)
    )
    return listed([shown(view, ContactOut) for view in items], more)


async def export(call: Call) -> Answer:
    body = await call.shard.read(lambda tx: dump(everything(tx, call.tenant, call.args["c"])))
    name = f"contact-{call.args['c']}.json"
    return Answer(body=body, headers=(("Content-Disposition", f'attachment; filename="{name}"'),))


def everything(tx: Tx, tenant: str, contact: str) -> ExportOut:
    """All that is kept about one person. Raises `NotFound`."""
    who = views.contact(tx, contact)
    conversations, _ = views.conversations(tx, contact=contact, limit=_PAGE)
    threads = tuple(
        ThreadOut(
            conversation=conversation_out(view),
            messages=tuple(message_out(message, tenant) for message in _all_messages(tx, view.id)),
        )
        for view in conversations
    )
    leads, _ = tables.leads(tx, contact_id=contact, limit=_PAGE)
    appointments, _ = tables.appointments(tx, contact_id=contact, limit=_PAGE)
    return ExportOut(
        exported_at=tx.now,
        tenant=tenant,
        contact=shown(who, ContactOut),
        threads=threads,
        leads=tuple(shown(view, LeadOut) for view in leads),
        appointments=tuple(shown(view, AppointmentOut) for view in appointments),
    )


def _all_messages(tx: Tx, conversation: str) -> list[MessageView]:
    found: list[MessageView] = []
    after: str | None = ""
    while after is not None:
        items, after = views.messages(tx, conversation, after=after, limit=_PAGE)
        found.extend(items)
    return found


async def erase(call: Call) -> Answer:
    await call.services.tenancy.erase_contact(call.tenant, call.args["c"])
    return Answer()


_LIST: Final = "/v1/tenants/{t}/contacts"

ROUTES: Final = (
    Route(
        method="GET",
        path=_LIST,
        name="listContacts",
        tag="contacts",
        summary="The tenant's customers, oldest first.",
        handler=listing,
        query=ContactQuery,
        answer=ContactOut,
        listed=True,
    ),
    Route(
        method="GET",
        path=f"{_LIST}/{{c}}/export",
        name="exportContact",
        tag="contacts",
        summary="Everything kept about one person.",
        handler=export,
        query=NoQuery,
        answer=ExportOut,
    ),
    Route(
        method="DELETE",
        path=f"{_LIST}/{{c}}",
        name="eraseContact",
        tag="contacts",
        summary="Erase a person with all messages, leads and visits; a restore does not bring them back.",
        handler=erase,
        query=NoQuery,
        status=204,
        action="contact.erase",
    ),
)
