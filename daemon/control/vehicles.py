"""The stock of a tenant: searching, single vehicles, bulk imports."""

from typing import Final

import trio

from daemon.control.call import Answer, Call, Route, dump, plain
from daemon.control.problems import refuse
from daemon.control.queries import ImportQuery, NoQuery, VehicleQuery
from daemon.control.shapes import VehicleIn, VehiclePage
from daemon.control.strict import FieldFault
from daemon.stock.errors import StockFileError
from daemon.stock.fields import MAX_ID, Refused, read_row
from daemon.stock.importing import ImportReport
from shards.errors import Invalid
from shards.shard import Tx
from shards.tenant import stock
from shards.tenant.vehicle import STATUSES, StockQuery, Vehicle

UPLOADS: Final = (
    "application/json",
    "application/x-ndjson",
    "application/ndjson",
    "text/csv",
    "text/tab-separated-values",
    "application/xml",
    "text/xml",
    "text/plain",
    "application/octet-stream",
    "application/gzip",
)
"""All may come packed with gzip; the last three are told by their first bytes."""


def to_stock_query(query: VehicleQuery) -> StockQuery:
    """The search the parameters stand for; without `status` all vehicles that are not withdrawn."""
    return StockQuery(
        text=query.q,
        makes=query.make,
        models=query.model,
        version=query.version,
        min_year=query.min_year,
        max_year=query.max_year,
        min_price_centavos=query.min_price_centavos,
        max_price_centavos=query.max_price_centavos,
        max_mileage_km=query.max_mileage_km,
        transmissions=query.transmission,
        fuels=query.fuel,
        bodies=query.body,
        colors=query.color,
        doors=query.doors,
        condition=query.condition,
        statuses=query.status or STATUSES,
        exclude=query.exclude,
        sort=query.sort,
        limit=query.limit,
        after=query.after,
    )


async def search(call: Call) -> Answer:
    query = to_stock_query(call.query)
    try:
        page = await call.shard.read(lambda tx: stock.search(tx, query))
    except Invalid as error:
        raise refuse(422, str(error), FieldFault(f"query.{error.path}", error.what)) from error
    out = VehiclePage(items=page.items, next=page.next, total=page.total, corrected=dict(page.corrected))
    return Answer(body=dump(out))


async def get(call: Call) -> Answer:
    return Answer(body=dump(await call.shard.glance(lambda tx: stock.one(tx, call.args["v"]))))


async def put(call: Call) -> Answer:
    """One vehicle is read like a row of an import, so that both understand the same spellings."""
    body: VehicleIn = call.body
    id_ = call.args["v"]
    if len(id_) > MAX_ID:
        raise refuse(422, "the id is too long", FieldFault("id", f"must have at most {MAX_ID} characters"))
    if body.id not in ("", id_):
        raise refuse(422, "a vehicle is written under its id", FieldFault("id", f"must be {id_!r}, or be left out"))
    given = {name: value for name, value in plain(body).items() if value not in (None, "", [])}
    row = read_row(1, {**given, "id": id_}, call.services.now())
    if isinstance(row, Refused):
        raise refuse(422, f"the vehicle cannot be taken: {row.reason}", FieldFault("", row.reason))
    vehicle = row.vehicle
    if vehicle.id != id_:
        raise refuse(422, "the id cannot be taken", FieldFault("id", f"would be stored as {vehicle.id!r}: use that"))

    def work(tx: Tx) -> tuple[bool, Vehicle]:
        created = stock.put(tx, vehicle)
        return created, stock.one(tx, id_)

    created, stored = await call.shard.write(work)
    await call.services.tenancy.stock_changed(call.tenant)
    return Answer(body=dump(stored), status=201 if created else 200, target=id_)


async def delete(call: Call) -> Answer:
    await call.shard.write(lambda tx: stock.remove(tx, call.args["v"]))
    await call.services.tenancy.stock_changed(call.tenant)
    return Answer(target=call.args["v"])


async def bulk(call: Call) -> Answer:
    query: ImportQuery = call.query
    services = call.services
    assert call.upload is not None
    await services.tenancy.row(call.tenant)
    try:
        report = await services.import_stock(
            call.shard,
            call.upload,
            content_type=call.request.mimetype,
            mode=query.mode,
            now=services.now(),
        )
    except StockFileError as error:
        raise refuse(422, str(error), FieldFault("", error.what)) from error
    finally:
        with trio.CancelScope(shield=True):
            await services.tenancy.stock_changed(call.tenant)
    detail = {name: getattr(report, name) for name in ("created", "updated", "withdrawn", "refused")}
    return Answer(body=dump(report), audit={"mode": query.mode, **detail})


_LIST: Final = "/v1/tenants/{t}/vehicles"

ROUTES: Final = (
    Route(
        method="GET",
        path=_LIST,
        name="searchVehicles",
        tag="stock",
        summary="Search the stock; without parameters all of it, page by page.",
        handler=search,
        query=VehicleQuery,
        answer=VehiclePage,
    ),
    Route(
        method="PUT",
        path=_LIST,
        name="importVehicles",
        tag="stock",
        summary="Import a whole stock; good rows are kept, refused ones listed with their reasons.",
        handler=bulk,
        query=ImportQuery,
        uploads=UPLOADS,
        answer=ImportReport,
        action="vehicles.import",
    ),
    Route(
        method="GET",
        path=f"{_LIST}/{{v}}",
        name="getVehicle",
        tag="stock",
        summary="One vehicle.",
        handler=get,
        query=NoQuery,
        answer=Vehicle,
    ),
    Route(
        method="PUT",
        path=f"{_LIST}/{{v}}",
        name="putVehicle",
        tag="stock",
        summary="Write one vehicle.",
        handler=put,
        query=NoQuery,
        body=VehicleIn,
        answer=Vehicle,
        action="vehicle.put",
    ),
    Route(
        method="DELETE",
        path=f"{_LIST}/{{v}}",
        name="deleteVehicle",
        tag="stock",
        summary="Offer the vehicle no longer; it is kept for history.",
        handler=delete,
        query=NoQuery,
        status=204,
        action="vehicle.delete",
    ),
)
