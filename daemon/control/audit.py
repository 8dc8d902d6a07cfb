"""The audit: who changed what, and when."""

from typing import Final

from daemon.control.call import Answer, Call, Route, listed, shown
from daemon.control.problems import refuse
from daemon.control.queries import AuditQuery
from daemon.control.shapes import AuditOut
from shards.central import audit
from shards.tenant import views


async def audit_list(call: Call) -> Answer:
    query: AuditQuery = call.query
    only = call.actor.tenant or query.tenant or None
    if query.tenant not in ("", only):
        raise refuse(403, "this token is bound to another tenant")
    before = views.cursor_number(query.after)
    entries = await call.services.central.read(
        lambda tx: audit.page(tx, tenant=only, before=before, limit=query.limit + 1)
    )
    shown_entries = entries[: query.limit]
    more = str(shown_entries[-1].seq) if len(entries) > query.limit else None
    return listed([shown(entry, AuditOut, id=str(entry.seq)) for entry in shown_entries], more)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/audit",
        name="listAudit",
        tag="operators",
        summary="Every change, who made it and when, newest first.",
        handler=audit_list,
        query=AuditQuery,
        answer=AuditOut,
        listed=True,
        reach="list",
        admin_only=True,
    ),
)
