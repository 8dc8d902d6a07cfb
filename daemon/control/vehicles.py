"""The stock of a tenant: searching, single vehicles, bulk imports."""

from typing import Any, Final

import attrs

from daemon.control.call import Answer, Call, Route, dump, plain
from daemon.control.problems import refuse
from daemon.control.queries import ImportQuery, NoQuery, VehicleQuery
from daemon.control.shapes import ImportOut, VehiclePage
from daemon.control.strict import FieldFault
from daemon.stock.single import vehicle_of
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
