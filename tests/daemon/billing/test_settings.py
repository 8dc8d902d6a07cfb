import pytest

from daemon.billing.pix import parse
from daemon.billing.settings import BillingConfig
from daemon.config import parse as parse_config
from daemon.errors import ConfigError


def test_the_defaults_are_good() -> None:
    assert BillingConfig().fault() == ""
    assert BillingConfig().terms().due_days == 10
    assert BillingConfig().rules().suspend_days == 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('pix_key = "12345678900"', "check digits"),
        ('pix_key = "a@example.com"', "pix_city"),
        ('pix_key = "a@example.com"\npix_city = "Porto Alegre"', "pix_name"),
        ('issuer = "a\\nb"', "one line"),
        ("human_days = 40", "suspend_days"),
        ("remind_days = 20", "suspend_days"),
        ("due_days = -1", "due_days"),
        ("server_cost_centavos = 1.5", "whole number"),
        ('time_zone = "Mars"', "time zone"),
    ],
)
def test_faults_are_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(f"[billing]\n{text}\n")


def test_what_is_good_makes_a_code() -> None:
    found = parse_config(
        '[billing]\npix_key = "a@example.com"\npix_city = "Porto Alegre"\nissuer = "Nós Ltda"\n'
    ).billing.terms()
    from daemon.billing.invoicing import _pix

    code = parse(_pix(found, 29_900, "FATURA000001"))
    assert (code.name, code.city, code.amount_centavos) == ("Nos Ltda", "Porto Alegre", 29_900)
