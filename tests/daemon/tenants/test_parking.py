"""What is known of a tenant whose parts wait in central."""

import math
from typing import Any

import pytest

from daemon.emulator import deliveries
from daemon.tenants.parking import Parked, never_pressed, parts_of
from daemon.whatsapp.cloud import Part, split


def part(entry: dict[str, Any]) -> Part:
    [found] = split(deliveries.delivery(entry)).parts
    return found


@pytest.mark.parametrize(
    ("place", "ripe", "unwritable"),
    [
        (Parked(items=1), True, False),
        (Parked(items=1, writing=1), True, False),
        (Parked(writing=1), False, False),  # nothing to be found yet, and not the end
        (Parked(), True, False),  # the end
        (Parked(items=1, held=True), False, True),
        (Parked(items=1, failures=1, retry_at=11.0), False, True),
        (Parked(items=1, failures=1, retry_at=10.0), True, True),
    ],
)
def test_when_to_look_again(place: Parked, ripe: bool, unwritable: bool) -> None:
    assert (place.ripe(10.0), place.unwritable) == (ripe, unwritable)
    assert not Parked(items=1, failures=1, retry_at=math.inf).ripe(1e9)


def test_statuses_and_what_a_person_wrote_are_told_apart() -> None:
    status = deliveries.status("wamid.1", "delivered", phone_number_id="1", at=1)
    assert never_pressed(part(status))
    assert not never_pressed(part(deliveries.text("Oi", phone_number_id="1", at=1)))
    echoed = deliveries.entry({"message_echoes": [], "metadata": {"phone_number_id": "1"}}, field="smb_message_echoes")
    assert never_pressed(part(echoed))
    both = deliveries.text("Oi", phone_number_id="1", at=1)
    both["changes"][0]["value"]["statuses"] = status["changes"][0]["value"]["statuses"]
    assert not never_pressed(part(both)), "a message is among them, and those are kept in order"
    assert not never_pressed(part(deliveries.entry({"event": "DISABLED_UPDATE"}, field="account_update", waba_id="W")))


def test_a_damaged_row_is_left_out_and_said(logs: Any) -> None:
    whole = part(deliveries.text("Oi", phone_number_id="1", at=1))
    logs.expect_error("parked_part_damaged")
    assert parts_of("auto-sul", [(1, b"{"), (2, whole.dumps())]) == [whole]
