from daemon.emulator.drawings import PAINTS
from daemon.emulator.market import COLORS, MARKET, OPTIONS
from daemon.emulator.outlines import OUTLINES
from shards.tenant.vehicle import BODIES, FUELS, TRANSMISSIONS


def test_the_table_speaks_the_stocks_language() -> None:
    for offer in MARKET:
        assert offer.body in BODIES, offer
        assert offer.body in OUTLINES, offer
        assert offer.fuel in FUELS, offer
        assert offer.transmission in TRANSMISSIONS, offer
        assert offer.segment in OPTIONS, offer
        assert offer.shops, offer
        assert set(offer.shops) <= set("AGS"), offer


def test_prices_grow_with_the_year_and_stay_between_the_ends() -> None:
    for offer in MARKET:
        first, last = offer.years
        assert 2010 <= first <= last <= 2026, offer
        prices = [offer.price_at(year) for year in range(first, last + 1)]
        assert prices == sorted(prices), offer
        assert abs(prices[0] - offer.prices[0]) < 0.01
        assert abs(prices[-1] - offer.prices[1]) < 0.01
        assert 20 < prices[0] < 1000


def test_no_version_is_listed_twice() -> None:
    names = [(offer.make, offer.model, offer.version) for offer in MARKET]
    assert len(names) == len(set(names))


def test_colours_can_be_painted() -> None:
    assert {color for colors in COLORS.values() for color in colors} <= set(PAINTS)
