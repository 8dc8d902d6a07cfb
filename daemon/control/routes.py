"""The route table: what `build_app` registers, OpenAPI describes and the documentation lists."""

from typing import Final

from daemon.control import (
    audit,
    backups,
    billing_invoices,
    billing_plans,
    billing_reports,
    contacts,
    conversations,
    leads,
    media,
    pairing,
    providers,
    sandbox,
    streams,
    tenants,
    tokens,
    usage,
    vehicles,
)
from daemon.control.call import Route

ROUTES: Final[tuple[Route, ...]] = (
    *tenants.ROUTES,
    *pairing.ROUTES,
    *vehicles.ROUTES,
    *conversations.ROUTES,
    *contacts.ROUTES,
    *leads.ROUTES,
    *sandbox.ROUTES,
    *media.ROUTES,
    *streams.ROUTES,
    *providers.ROUTES,
    *usage.ROUTES,
    *billing_plans.ROUTES,
    *billing_invoices.ROUTES,
    *billing_reports.ROUTES,
    *audit.ROUTES,
    *tokens.ROUTES,
    *backups.ROUTES,
)
