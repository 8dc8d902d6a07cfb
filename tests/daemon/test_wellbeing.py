import pytest

from daemon.wellbeing import Wellbeing


def test_it_is_ready_when_nothing_is_waited_for() -> None:
    well = Wellbeing()
    assert well.ready() == (True, [])
    well.wait_for("tenants", "the tenants' shards are being opened")
    assert well.ready() == (False, ["the tenants' shards are being opened"])
    well.done("tenants")
    well.done("tenants")
    assert well.ready() == (True, [])


def test_troubles_are_sentences_and_can_be_taken_back() -> None:
    well = Wellbeing()
    assert well.degraded() == []
    well.trouble("disk", "the disk is full: free some space")
    well.trouble("rollup", "receipts are not accounted for yet")
    assert well.degraded() == ["the disk is full: free some space", "receipts are not accounted for yet"]
    well.trouble("disk", "")
    well.trouble("disk", "")
    assert well.degraded() == ["receipts are not accounted for yet"]
    assert well.ready() == (True, []), "degraded is not down"


@pytest.mark.parametrize(
    ("parked", "said"),
    [
        (0, []),
        (1, ["1 delivery is parked until the file of their dealership can be written"]),
        (7, ["7 deliveries are parked until the file of their dealership can be written"]),
    ],
)
def test_parked_deliveries_are_shown(parked: int, said: list[str]) -> None:
    well = Wellbeing(parked=lambda: parked)
    assert well.degraded() == said


@pytest.mark.parametrize(
    ("pressed", "said"),
    [
        (0, []),
        (1, ["1 delivery waits in central: more come than this machine takes in at once"]),
        (7, ["7 deliveries wait in central: more come than this machine takes in at once"]),
    ],
)
def test_a_press_is_shown(pressed: int, said: list[str]) -> None:
    assert Wellbeing(pressed=lambda: pressed).degraded() == said


def test_tenants_that_do_not_run_are_shown() -> None:
    well = Wellbeing(tenants=lambda: (3, 5))
    assert well.degraded() == ["2 of 5 tenants are not running; see /v1/tasks"]
    assert well.status() == "3 of 5 tenants up"
    well.trouble("disk", "the disk is full")
    assert well.status() == "3 of 5 tenants up; the disk is full"
    assert Wellbeing(tenants=lambda: (5, 5)).degraded() == []


def test_tenants_whose_secrets_do_not_open_are_named() -> None:
    well = Wellbeing(without_credentials=lambda: [f"t{number}" for number in range(7)])
    [said] = well.degraded()
    assert said.startswith("t0, t1, t2, t3, t4 …: the access token cannot be used")
