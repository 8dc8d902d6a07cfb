"""A circuit breaker: a provider that fails again and again is left alone for a while, then tried by one request.

| state | a request comes | it succeeded | it failed | the probe was cancelled |
| --- | --- | --- | --- | --- |
| closed | goes through | closed | closed, or open when it was too many | – |
| open, before `until` | refused | (late: ignored) | (late: ignored) | – |
| open, after `until` | half open: goes through as the probe | – | – | – |
| half open | refused | closed (probe) | open, for longer (probe) | open, `until` now |
"""

import random
from typing import Final, Literal

from attrs import evolve, frozen

from daemon.backoff import delay_seconds

State = Literal["closed", "open", "half_open"]
Admission = Literal["through", "probe", "refused"]


@frozen(kw_only=True)
class Rules:
    """When a circuit opens and for how long."""

    failures: int = 5  # in a row
    window: int = 20  # outcomes looked at for the rate
    window_failures: int = 12  # of those
    first_open_seconds: float = 10.0  # doubles with each probe that fails
    longest_open_seconds: float = 300.0


@frozen(kw_only=True)
class Circuit:
    """One provider's circuit. Times are seconds of one monotonic clock."""

    state: State = "closed"
    outcomes: int = 0  # the latest outcomes as bits, the newest lowest, 1 is a failure
    openings: int = 0  # in a row without a success between
    until: float = 0.0  # when an open circuit lets a probe through
    reason: str = ""  # the sentence of the failure that opened it


CLOSED: Final = Circuit()
RULES: Final = Rules()


def admit(circuit: Circuit, now: float) -> tuple[Circuit, Admission]:
    """What becomes of a request that comes at `now`."""
    if circuit.state == "closed":
        return circuit, "through"
    if circuit.state == "open" and now >= circuit.until:
        return evolve(circuit, state="half_open"), "probe"
    return circuit, "refused"


def succeeded(circuit: Circuit, admission: Admission, rules: Rules) -> Circuit:
    """After a usable answer, or a refusal that concerned that request alone."""
    if admission == "probe":
        return CLOSED
    if circuit.state != "closed":
        return circuit
    return evolve(circuit, outcomes=_with(circuit.outcomes, 0, rules)) if circuit.outcomes else circuit


def failed(
    circuit: Circuit,
    admission: Admission,
    reason: str,
    now: float,
    rules: Rules,
    rng: random.Random,
    retry_after_seconds: float | None = None,
) -> Circuit:
    """After a failure that says something of the provider. The vendor's wish to wait is followed within bounds."""
    if admission != "probe":
        if circuit.state != "closed":
            return circuit
        circuit = evolve(circuit, outcomes=_with(circuit.outcomes, 1, rules))
        if not _too_many(circuit.outcomes, rules):
            return circuit
    openings = circuit.openings + 1
    own = delay_seconds(
        openings, rng, first_seconds=rules.first_open_seconds, longest_seconds=rules.longest_open_seconds
    )
    wait = max(own, min(retry_after_seconds or 0.0, rules.longest_open_seconds))
    return Circuit(state="open", openings=openings, until=now + wait, reason=reason)


def abandoned(circuit: Circuit, admission: Admission, now: float) -> Circuit:
    """After a request that was cancelled: a probe's place is free again."""
    return evolve(circuit, state="open", until=now) if admission == "probe" else circuit


def _with(outcomes: int, bit: int, rules: Rules) -> int:
    return (outcomes << 1 | bit) & ((1 << rules.window) - 1)


def _too_many(outcomes: int, rules: Rules) -> bool:
    in_a_row = (1 << rules.failures) - 1
    return outcomes & in_a_row == in_a_row or outcomes.bit_count() >= rules.window_failures


class Breaker:
    """Holds one provider's circuit. No I/O, no clock of its own."""

    def __init__(self, rng: random.Random, rules: Rules = RULES) -> None:
        self._rng = rng
        self._rules = rules
        self.circuit = CLOSED

    def closed_for(self, now: float) -> float:
        """Seconds until a request would be let through; 0 when one would be now."""
        if self.circuit.state == "closed" or (self.circuit.state == "open" and now >= self.circuit.until):
            return 0.0
        return max(self.circuit.until - now, self._rules.first_open_seconds / 10)

    def admit(self, now: float) -> Admission:
        """As the function of this name."""
        self.circuit, admission = admit(self.circuit, now)
        return admission

    def succeeded(self, admission: Admission) -> None:
        """As the function of this name."""
        self.circuit = succeeded(self.circuit, admission, self._rules)

    def failed(self, admission: Admission, reason: str, now: float, retry_after_seconds: float | None = None) -> None:
        """As the function of this name."""
        self.circuit = failed(self.circuit, admission, reason, now, self._rules, self._rng, retry_after_seconds)

    def abandoned(self, admission: Admission, now: float) -> None:
        """As the function of this name."""
        self.circuit = abandoned(self.circuit, admission, now)
