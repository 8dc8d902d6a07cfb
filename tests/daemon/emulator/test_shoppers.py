import random
import re

import pytest

from daemon.emulator.shoppers import BURST_SECONDS, TEMPERS, budget_words, shopper, shoppers

MANY = shoppers(300)


def test_the_same_number_is_the_same_customer() -> None:
    assert shopper(7) == shopper(7)
    assert shopper(7) == MANY[7]
    assert shopper(7, "other") != shopper(7)


def test_nobody_shares_a_phone_or_a_user_id() -> None:
    assert len({one.phone for one in MANY}) == len(MANY)
    assert len({one.user_id for one in MANY}) == len(MANY)
    assert all(re.fullmatch(r"55\d{2}9\d{8}", one.phone) for one in MANY)


def test_every_temper_comes_up() -> None:
    assert {one.temper for one in MANY} == set(TEMPERS)


def test_bursts_are_the_whole_script_cut_at_the_waits() -> None:
    for one in MANY:
        assert sum(one.bursts, ()) == one.script
        for burst in one.bursts:
            assert all(line.after_seconds <= BURST_SECONDS for line in burst[1:])
        assert all(burst[0].after_seconds > BURST_SECONDS for burst in one.bursts[1:])
        assert len(one.bursts) >= 2


def test_the_budget_is_said_in_the_first_burst() -> None:
    for one in MANY:
        said = " ".join(line.text for line in one.bursts[0])
        figures = [int(number.replace(".", "")) for number in re.findall(r"\d[\d.]*", said)]
        thousands = one.wishes[0].budget_reais // 1000
        assert thousands in figures or one.wishes[0].budget_reais in figures, said


def test_the_fickle_change_their_minds_and_others_do_not() -> None:
    for one in MANY:
        assert (len(one.wishes) == 2) == (one.temper == "fickle")
    fickle = next(one for one in MANY if one.temper == "fickle")
    assert fickle.wishes[0] != fickle.wishes[1]


def test_dawdlers_take_their_time() -> None:
    slow = [line.after_seconds for one in MANY if one.temper == "dawdler" for line in one.script[2:]]
    quick = [line.after_seconds for one in MANY if one.temper == "curt" for line in one.script[3:]]
    assert min(slow) > max(quick)


@pytest.mark.parametrize("reais", [75_000, 100_000, 250_000])
def test_budgets_are_written_as_people_write_them(reais: int) -> None:
    rng = random.Random(1)
    ways = {budget_words(reais, rng) for _ in range(60)}
    assert f"{reais // 1000} mil" in ways
    assert any(way.startswith("R$ ") for way in ways)
