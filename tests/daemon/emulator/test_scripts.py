"""Which request gets which fault."""

import pytest

from daemon.emulator.scripts import FAULTS, Script, Step


def test_steps_are_used_up_in_order() -> None:
    script = Script.of([Step(fault="html"), Step(fault="cut", times=2)])
    assert [step and step.fault for step in (script.next("openai", "") for _ in range(4))] == [
        "html",
        "cut",
        "cut",
        None,
    ]


def test_a_step_waits_for_its_vendor_and_its_customer() -> None:
    script = Script.of([Step(fault="html", vendor="openai"), Step(fault="cut", contains="civic")])
    assert script.next("anthropic", "oi") is None
    assert script.next("anthropic", "tem civic?") == Step(fault="cut", contains="civic")
    assert script.next("openai", "oi") == Step(fault="html", vendor="openai")
    assert script.next("openai", "tem civic?") is None


def test_without_end() -> None:
    script = Script.of([Step(fault="empty", times=0)])
    assert all(script.next("openai", "") for _ in range(50))
    script.replace([])
    assert script.next("openai", "") is None


def test_unknown_faults_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="rate_limited") as raised:
        Step(fault="explode")
    assert all(fault in str(raised.value) for fault in FAULTS)
