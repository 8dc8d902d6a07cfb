"""Plans, subscriptions and the price book."""

from typing import Any, Final

import attrs

from daemon.billing import invoicing
from daemon.control.billing_call import changed, day_of, in_json, only, terms
from daemon.control.billing_shapes import (
    MeterIn,
    PlanIn,
    PlanOut,
    PriceIn,
    PriceOut,
    RateIn,
    RateOut,
    SubscriptionEndIn,
    SubscriptionIn,
    SubscriptionOut,
    SubscriptionQuery,
)
from daemon.control.call import Answer, Call, Route, listed
from daemon.control.queries import NoQuery, PageQuery
from shards.central import daily, plans, prices, subscriptions
from shards.central.plans import MeterTerms, PlanVersion
from shards.central.prices import ExchangeRate, Price
from shards.central.subscriptions import SubscriptionChange
from shards.shard import Tx


def _plan(plan: PlanVersion) -> PlanOut:
    meters = {name: in_json(one, MeterIn) for name, one in plan.meters.items()}
    return in_json(plan, PlanOut, meters=meters)


def _subscription(change: SubscriptionChange) -> SubscriptionOut:
    return in_json(change, SubscriptionOut)


def _price(price: Price) -> PriceOut:
    return in_json(price, PriceOut)


def _rate(rate: ExchangeRate) -> RateOut:
    return in_json(rate, RateOut)


async def add_plan(call: Call) -> Answer:
    body: PlanIn = call.body
    meters = {
        one.name: MeterTerms(**attrs.asdict(given))
        for one in attrs.fields(type(body.meters))
        if (given := getattr(body.meters, one.name)) is not None
    }

    def work(tx: Tx) -> PlanVersion:
        return plans.add(
            tx,
            body.id,
            name=body.name,
            monthly_centavos=body.monthly_centavos,
            trial_days=body.trial_days,
            over_limit=body.over_limit,
            meters=meters,
        )

    return await changed(call, work, _plan, target=body.id, audit={"monthly_centavos": body.monthly_centavos})


async def list_plans(call: Call) -> Answer:
    query: PageQuery = call.query
    found, more = await call.services.central.read(lambda tx: plans.page(tx, after=query.after, limit=query.limit))
    return listed([_plan(one) for one in found], more)


async def subscribe(call: Call) -> Answer:
    body: SubscriptionIn = call.body
    profile = await call.services.tenancy.profile(body.tenant)

    def work(tx: Tx) -> SubscriptionChange:
        calendar = daily.calendar(tx, body.tenant, profile.time_zone)
        day = day_of(body.day, calendar.day_of(tx.now))
        return subscriptions.subscribe(tx, body.tenant, body.plan, day, body.version)

    return await changed(call, work, _subscription, target=body.tenant, audit={"plan": body.plan, "day": body.day})


async def end_subscription(call: Call) -> Answer:
    body: SubscriptionEndIn = call.body
    settings = terms(call)

    def work(tx: Tx) -> SubscriptionChange:
        return subscriptions.end(tx, body.tenant, day_of(body.day, invoicing.today(tx, body.tenant, settings)))

    return await changed(call, work, _subscription, target=body.tenant, audit={"day": body.day})


async def list_subscriptions(call: Call) -> Answer:
    query: SubscriptionQuery = call.query
    tenant = only(call, query.tenant)
    found, more = await call.services.central.read(
        lambda tx: subscriptions.page(tx, tenant=tenant, after=query.after, limit=query.limit)
    )
    return listed([_subscription(one) for one in found], more)


async def add_price(call: Call) -> Answer:
    body: PriceIn = call.body
    fields: dict[str, Any] = attrs.asdict(body)
    from_day = day_of(fields.pop("from_day"), call.services.now().date())
    target = f"{body.provider} {body.model} {body.unit}"
    return await changed(
        call, lambda tx: prices.add(tx, **fields, from_day=from_day), _price, target=target, audit={"price": body.price}
    )


async def list_prices(call: Call) -> Answer:
    query: PageQuery = call.query
    found = await call.services.central.read(lambda tx: prices.page(tx, after=_seq(query.after), limit=query.limit + 1))
    page = found[: query.limit]
    return listed([_price(one) for one in page], str(page[-1].seq) if len(found) > query.limit else None)


async def set_rate(call: Call) -> Answer:
    body: RateIn = call.body
    day = day_of(body.day, call.services.now().date())
    return await changed(
        call, lambda tx: prices.set_rate(tx, day, body.usd_brl), _rate, target=body.day, audit={"usd_brl": body.usd_brl}
    )


async def list_rates(call: Call) -> Answer:
    query: PageQuery = call.query
    found = await call.services.central.read(
        lambda tx: prices.rates(tx, after=_seq(query.after), limit=query.limit + 1)
    )
    page = found[: query.limit]
    return listed([_rate(one) for one in page], str(page[-1].seq) if len(found) > query.limit else None)


def _seq(after: str) -> int:
    return int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0


_SERVER: Final[dict[str, Any]] = {"tag": "billing", "reach": "server"}
_POST: Final[dict[str, Any]] = {
    **_SERVER,
    "method": "POST",
    "status": 201,
    "query": NoQuery,
    "admin_only": True,
    "keeps_in_central": True,
}

ROUTES: Final = (
    Route(
        **_POST,
        path="/v1/billing/plans",
        name="addPlan",
        summary="A new plan, or a new version of one.",
        handler=add_plan,
        body=PlanIn,
        answer=PlanOut,
        action="plan.add",
    ),
    Route(
        **_SERVER,
        method="GET",
        path="/v1/billing/plans",
        name="listPlans",
        summary="Every version of every plan.",
        handler=list_plans,
        query=PageQuery,
        answer=PlanOut,
        listed=True,
    ),
    Route(
        **_POST,
        path="/v1/billing/subscriptions",
        name="subscribe",
        summary="Give a tenant a plan from a day on; a change is prorated by day.",
        handler=subscribe,
        body=SubscriptionIn,
        answer=SubscriptionOut,
        action="subscription.change",
        conflicts=True,
    ),
    Route(
        **_POST,
        path="/v1/billing/subscriptions/end",
        name="endSubscription",
        summary="End a tenant's subscription from a day on.",
        handler=end_subscription,
        body=SubscriptionEndIn,
        answer=SubscriptionOut,
        action="subscription.end",
        conflicts=True,
    ),
    Route(
        method="GET",
        path="/v1/billing/subscriptions",
        name="listSubscriptions",
        tag="billing",
        summary="Every change of every subscription, in the order they were made.",
        handler=list_subscriptions,
        query=SubscriptionQuery,
        answer=SubscriptionOut,
        listed=True,
        reach="list",
    ),
    Route(
        **_POST,
        path="/v1/billing/prices",
        name="addPrice",
        summary="What a vendor charges from a day on.",
        handler=add_price,
        body=PriceIn,
        answer=PriceOut,
        action="price.add",
    ),
    Route(
        **_SERVER,
        method="GET",
        path="/v1/billing/prices",
        name="listPrices",
        summary="The price book, in the order it was written.",
        handler=list_prices,
        query=PageQuery,
        answer=PriceOut,
        listed=True,
    ),
    Route(
        **_POST,
        path="/v1/billing/rates",
        name="setRate",
        summary="The dollar's rate from a day on.",
        handler=set_rate,
        body=RateIn,
        answer=RateOut,
        action="rate.set",
    ),
    Route(
        **_SERVER,
        method="GET",
        path="/v1/billing/rates",
        name="listRates",
        summary="The dollar's rates, in the order they were written.",
        handler=list_rates,
        query=PageQuery,
        answer=RateOut,
        listed=True,
    ),
)
