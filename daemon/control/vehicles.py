"""The stock of a tenant: searching, single vehicles, bulk imports."""

from typing import Any, Final

import attrs
import orjson

from daemon.control.call import Answer, Call, Route, dump, plain
from daemon.control.problems import refuse
from daemon.control.queries import ImportQuery, NoQuery, VehicleQuery
from daemon.control.shapes import ImportOut, VehicleIn, VehiclePage
from daemon.control.strict import FieldFault
from shards.tenant import stock
from shards.tenant.vehicle import StockQuery, Vehicle

UPLOADS: Final = (
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "text/tab-separated-values",
    "application/xml",
    "text/xml",
)


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
        statuses=query.status,
        exclude=query.exclude,
        sort=query.sort,
        limit=query.limit,
        after=query.after,
    )


async def search(call: Call) -> Answer:
    query = to_stock_query(call.query)
    page = await call.shard.read(lambda tx: stock.search(tx, query))
    out = VehiclePage(items=page.items, next=page.next, total=page.total, corrected=dict(page.corrected))
    return Answer(body=dump(out))


async def get(call: Call) -> Answer:
    return Answer(body=dump(await call.shard.glance(lambda tx: stock.one(tx, call.args["v"]))))


async def put(call: Call) -> Answer:
    """One vehicle goes the way of an import of one row, so that both understand the same spellings."""
    body: VehicleIn = call.body
    id_ = call.args["v"]
    if len(id_) > LONGEST_ID:
        raise refuse(422, "the id is too long", FieldFault("id", f"must have at most {LONGEST_ID} characters"))
    if body.id not in ("", id_):
        raise refuse(422, "a vehicle is written under its id", FieldFault("id", f"must be {id_!r}, or be left out"))
    row = {name: value for name, value in plain(body).items() if value is not None and value != ""}
    report = await _import(call, orjson.dumps([{**row, "id": id_}]), "application/json", "merge")
    for refused in report.refused:
        raise refuse(422, refused.reason, FieldFault("", refused.reason))
    vehicle = await call.shard.glance(lambda tx: stock.one(tx, id_))
    return Answer(body=dump(vehicle), status=201 if report.created else 200, target=id_)


async def delete(call: Call) -> Answer:
    await call.shard.write(lambda tx: stock.remove(tx, call.args["v"]))
    await call.services.tenancy.stock_changed(call.tenant)
    return Answer(target=call.args["v"])


async def bulk(call: Call) -> Answer:
    query: ImportQuery = call.query
    content_type = call.request.headers.get("Content-Type", "")
    report = await _import(call, call.raw, content_type, query.mode)
    out = import_out(report)
    detail = {"mode": query.mode, "created": out.created, "updated": out.updated, "removed": out.removed}
    return Answer(body=dump(out), audit={**detail, "refused": len(out.refused)})


async def _import(call: Call, body: bytes, content_type: str, mode: str) -> Any:
    services = call.services
    try:
        report = await services.import_stock(
            call.shard, body, content_type=content_type, mode=mode, now=services.now()
        )
    except StockFileError as error:
        raise refuse(422, str(error), FieldFault("", error.what)) from error
    await services.tenancy.stock_changed(call.tenant)
    return report


LONGEST_ID: Final = 128
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
        answer=ImportOut,
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
