"""The operator's `[billing]` settings, and what they mean to the modules here."""

from typing import Annotated

from attrs import frozen

from daemon import setting as check
from daemon.billing.dunning import DunningRules
from daemon.billing.invoicing import Terms
from daemon.billing.pix import LONGEST_CITY, LONGEST_NAME, key_fault, plain
from daemon.setting import Setting

_DAYS = check.between(1, 3_650)
_PIX_LINE = check.matches(r"[^\x00-\x1f\x7f]*", "one line")


def _key(value: str) -> str:
    return key_fault(value) if value else ""


@frozen(kw_only=True)
class BillingConfig:
    """Money."""

    time_zone: Annotated[str, Setting("In which a day and a month begin.", check.time_zone)] = "America/Sao_Paulo"
    issuer: Annotated[str, Setting("Who sends the invoices: name and CNPJ, as dealers read it.", _PIX_LINE)] = ""
    pix_key: Annotated[
        str, Setting("Where dealers pay: CPF or CNPJ without dots, e-mail, +55 phone or random key.", _key)
    ] = ""
    pix_name: Annotated[
        str, Setting(f"The receiver's name, cut to {LONGEST_NAME} letters; empty: issuer.", _PIX_LINE)
    ] = ""
    pix_city: Annotated[
        str, Setting(f"The receiver's city, cut to {LONGEST_CITY} letters; needed with pix_key.", _PIX_LINE)
    ] = ""
    draft_hours: Annotated[
        float, Setting("A month's invoice can be looked at for so long before it is issued.", check.between(1, 720))
    ] = 24.0
    due_days: Annotated[int, Setting("Days from issue to due day.", check.between(0, 365))] = 10
    remind_days: Annotated[int, Setting("Days after the due day until the first reminder.", _DAYS)] = 1
    human_days: Annotated[int, Setting("... until the assistant leaves customers to people.", _DAYS)] = 10
    suspend_days: Annotated[int, Setting("... until the dealership is suspended.", _DAYS)] = 30
    server_cost_centavos: Annotated[
        int, Setting("What the server costs a month; reports share it among the dealerships.", check.between(0, 10**12))
    ] = 0

    def fault(self) -> str:
        """What is wrong with the whole, with its path; "" if nothing."""
        if self.pix_key and not plain(self.pix_city):
            return "billing.pix_city: is needed with billing.pix_key"
        if self.pix_key and not plain(self.pix_name or self.issuer):
            return "billing.pix_name: is needed with billing.pix_key"
        if not self.remind_days <= self.human_days <= self.suspend_days:
            return "billing.suspend_days: must not be less than human_days, nor that less than remind_days"
        return ""

    def terms(self) -> Terms:
        """What invoices are made by."""
        return Terms(
            issuer=self.issuer,
            pix_key=self.pix_key,
            pix_name=self.pix_name,
            pix_city=self.pix_city,
            due_days=self.due_days,
            draft_hours=self.draft_hours,
            time_zone=self.time_zone,
        )

    def rules(self) -> DunningRules:
        """When unpaid invoices have which effect."""
        return DunningRules(remind_days=self.remind_days, human_days=self.human_days, suspend_days=self.suspend_days)
