"""The billing task: draws, issues, reminds, limits. Each step is one transaction, and a step repeated does nothing."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import trio
from attrs import define, field, frozen

from daemon.billing import dunning as reminding
from daemon.billing import invoicing
from daemon.billing.dunning import Decision, DunningRules
from daemon.billing.invoicing import Due, Terms
from daemon.billing.periods import Period
from daemon.billing.plans import Mark, Standing, marks, readings, standing
from daemon.billing.standings import Standings
from daemon.logs import get_logger
from shards.central import daily, dunning, invoices, plans, subscriptions, tenants
from shards.central.invoices import Invoice
from shards.errors import Conflict, Invalid, NotFound, ShardUnavailable
from shards.shard import Shard, Tx

ROUND_SECONDS: Final = 60.0
OUR_SUSPENSION: Final = "billing: "
"""How the reason of a suspension begins that a payment takes back."""

_log = get_logger("billing")


@frozen(kw_only=True)
class Around:
    """What the collector is given of the daemon. `say(event, fields, tenant)` publishes an event."""

    terms: Callable[[], Terms]
    rules: Callable[[], DunningRules]
    suspend: Callable[[str, str], Awaitable[Any]]
    resume: Callable[[str], Awaitable[Any]]
    say: Callable[[str, Mapping[str, Any], str | None], None]
    trouble: Callable[[str], None]


@frozen
class _Reached:
    """A tenant's marks of this month, and who answers for it."""

    tenant: str
    period: str
    marks: tuple[Mark, ...]
    standing: tuple[Standing, str]


@define(eq=False)
class Collector:
    """One per process: `run` as a task; `wake` after anything that money depends on was changed."""

    central: Shard
    around: Around
    standings: Standings = field(factory=Standings)
    _bell: trio.Event = field(factory=trio.Event)

    def wake(self) -> None:
        """Do not wait for the next round."""
        self._bell.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """A round a minute until cancelled, whether or not the one before could be finished."""
        task_status.started()
        while True:
            self._bell = trio.Event()
            try:
                await self.round()
            except ShardUnavailable as error:
                self.around.trouble(f"billing waits: {error}")
                _log.warning("billing_waits", reason=str(error))
            else:
                self.around.trouble("")
            with trio.move_on_after(ROUND_SECONDS):
                await self._bell.wait()

    async def round(self) -> None:
        """Everything that is due now. May be cancelled, or killed, between any two steps. Raises `ShardUnavailable`."""
        await self.bill()
        await self.remind()
        await self.limit()

    # Invoices

    async def bill(self) -> None:
        """Draw what is due, issue what was looked at for long enough."""
        terms = self.around.terms()
        for one in await self.central.read(partial(invoicing.due, terms=terms)):
            await self._draw(one, terms)
        for draft in await self.central.read(invoices.drafts):
            await self._issue(draft, terms)

    async def _draw(self, one: Due, terms: Terms) -> None:
        try:
            drawn = await self.central.write(partial(_draw, due=one, terms=terms))
        except (Conflict, Invalid, NotFound) as error:  # changed since it was looked up
            _log.warning("invoice_not_drawn", tenant=one.tenant, period=one.period.label, reason=str(error))
            return
        self._said(drawn)

    async def _issue(self, draft: Invoice, terms: Terms) -> None:
        try:
            issued = await self.central.write(partial(_issue, draft=draft, terms=terms))
        except (Conflict, Invalid, NotFound) as error:
            _log.warning("invoice_not_issued", tenant=draft.tenant, invoice=draft.id, reason=str(error))
            return
        if issued is not None:
            self._said(issued)

    def _said(self, invoice: Invoice) -> None:
        _log.info("invoice", tenant=invoice.tenant, invoice=invoice.id, state=invoice.state)
        self.around.say(
            "invoice",
            {
                "invoice": invoice.id,
                "number": invoice.number,
                "period": invoice.period,
                "state": invoice.state,
                "total_centavos": invoice.total_centavos,
            },
            invoice.tenant,
        )

    # Dunning

    async def remind(self) -> None:
        """Move overdue invoices and their tenants on, and tenants that paid back."""
        terms = self.around.terms()
        for invoice in await self.central.write(partial(_overdue, terms=terms)):
            self._said(invoice)
        looked = partial(_decisions, terms=terms, rules=self.around.rules())
        for tenant, decision in (await self.central.read(looked)).items():
            await self._move(tenant, decision)

    async def _move(self, tenant: str, decision: Decision) -> None:
        try:
            state, reason = await self.central.glance(partial(_state, tenant=tenant))
            if decision.stage == "suspended" and state == "active":
                await self.around.suspend(tenant, f"{OUR_SUSPENSION}{decision.reason}")
            elif decision.stage != "suspended" and state == "suspended" and reason.startswith(OUR_SUSPENSION):
                await self.around.resume(tenant)
        except (NotFound, Conflict) as error:  # deleted meanwhile
            _log.warning("dunning_without_effect", tenant=tenant, stage=decision.stage, reason=str(error))
        await self.central.write(partial(_step, tenant=tenant, decision=decision))
        _log.info("dunning", tenant=tenant, stage=decision.stage, reason=decision.reason)
        fields = {"stage": decision.stage, "invoice": decision.invoice, "reason": decision.reason}
        self.around.say("dunning", fields, tenant)

    # Limits

    async def recall(self) -> list[_Reached]:
        """See who is near a hard limit or past it, and who owes; from now on the desks know. Writes nothing."""
        found = await self.central.read(partial(_reached, terms=self.around.terms()))
        self.standings.replace({one.tenant: one.standing for one in found})
        return found

    async def limit(self) -> None:
        """The same, and tell the operator of each mark once a month."""
        for one in await self.recall():
            for mark in one.marks:
                await self._tell(one, mark)

    async def _tell(self, one: _Reached, mark: Mark) -> None:
        told = partial(dunning.notice, tenant=one.tenant, period=one.period, meter=mark.meter, percent=mark.percent)
        if await self.central.glance(partial(_noticed, one=one, mark=mark)) or not await self.central.write(told):
            return
        _log.warning("limit", tenant=one.tenant, meter=mark.meter, percent=mark.percent)
        fields = {
            "meter": mark.meter,
            "percent": mark.percent,
            "used": mark.used,
            "hard_limit": mark.hard_limit,
            "answered_by": one.standing[0],
        }
        self.around.say("limit", fields, one.tenant)


def _draw(tx: Tx, due: Due, terms: Terms) -> Invoice:
    return invoices.get(tx, invoicing.draw(tx, due.tenant, due.period, terms))


def _issue(tx: Tx, draft: Invoice, terms: Terms) -> Invoice | None:
    ripe = invoicing.is_ripe(draft, tx.now, terms) and invoices.get(tx, draft.id).state == "draft"
    return invoicing.issue(tx, draft.id, terms) if ripe else None


def _overdue(tx: Tx, terms: Terms) -> list[Invoice]:
    found = []
    for invoice in invoices.unpaid(tx):
        late = invoice.due_day is not None and invoice.due_day < invoicing.today(tx, invoice.tenant, terms)
        if invoice.state == "open" and late:
            invoices.set_state(tx, invoice.id, "overdue")
            found.append(invoices.get(tx, invoice.id))
    return found


def _decisions(tx: Tx, terms: Terms, rules: DunningRules) -> dict[str, Decision]:
    """Tenants whose stage is another than the last one noted."""
    unpaid: dict[str, list[Invoice]] = {}
    for invoice in invoices.unpaid(tx):
        unpaid.setdefault(invoice.tenant, []).append(invoice)
    steps = dunning.steps(tx)
    found = {}
    for tenant in sorted({*unpaid, *steps}):
        decision = reminding.decide(invoicing.today(tx, tenant, terms), unpaid.get(tenant, []), rules)
        before = steps[tenant].stage if tenant in steps else "current"
        if decision.stage != before:
            found[tenant] = decision
    return found


def _step(tx: Tx, tenant: str, decision: Decision) -> None:
    dunning.step(tx, tenant, decision.stage, invoice=decision.invoice, reason=decision.reason)


def _state(tx: Tx, tenant: str) -> tuple[str, str]:
    row = tenants.one(tx, tenant)
    return row.state, row.reason


def _reached(tx: Tx, terms: Terms) -> list[_Reached]:
    """Every tenant that a limit or an unpaid invoice holds back, or that is near a limit."""
    steps, found = dunning.steps(tx), []
    for tenant in sorted({*subscriptions.tenants(tx), *steps}):
        day = invoicing.today(tx, tenant, terms)
        change = subscriptions.on(tx, tenant, day)
        plan = None if change is None or change.plan is None else plans.get(tx, change.plan, change.version)
        period = Period.of(day)
        reached: tuple[Mark, ...] = ()
        if plan is not None and any(terms_.hard_limit is not None for terms_ in plan.meters.values()):
            reached = marks(plan, readings(daily.used(tx, tenant, period.first, period.end)))
        stage = steps[tenant].stage if tenant in steps else "current"
        answers = standing(stage, plan, reached)
        if reached or answers[0] != "full":
            found.append(_Reached(tenant, period.label, reached, answers))
    return found


def _noticed(tx: Tx, one: _Reached, mark: Mark) -> bool:
    return dunning.noticed(tx, one.tenant, one.period, mark.meter, mark.percent)
