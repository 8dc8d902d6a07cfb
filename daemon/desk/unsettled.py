"""The unsettled send: handed to the network, no answer came, and only a status can tell (DESIGN 5.5)."""

from typing import Final

from attrs import frozen

SILENT_WEBHOOKS_MS: Final = 10 * 60 * 1000
"""How long to wait for a status where no status webhook at all came since the daemon started."""

LOOK_AGAIN_MS: Final = 1_000
"""At most so often is an unsettled send looked at."""


@frozen(kw_only=True)
class Evidence:
    """What is known of such a message. Times in ms."""

    now: int
    attempted_at: int
    started_at: int  # of this process
    first_status_at: int | None  # first status webhook since then, of any message
    resend_after: int
    resends: int
    customer_wrote_since: bool
    human_took_over: bool


@frozen
class Wait:
    """Look again at `until`; the sentence says why."""

    until: int
    why: str


@frozen
class Resend:
    """Hand it to the network once more."""

    why: str


@frozen
class GiveUp:
    """It stays unknown."""

    why: str


Decision = Wait | Resend | GiveUp


def decide(evidence: Evidence) -> Decision:
    """What to do about an unsettled send now. A status that settles it may still come at any time."""
    if evidence.first_status_at is None:
        ripe = max(evidence.attempted_at, evidence.started_at) + max(SILENT_WEBHOOKS_MS, evidence.resend_after)
        silence = "no status webhook has come since the start"
    else:
        ripe = max(evidence.attempted_at, evidence.first_status_at) + evidence.resend_after
        silence = "no status named it"
    if evidence.now < ripe:
        # a first status webhook would shorten the wait, and nobody rings for it
        again = min(ripe, evidence.now + max(evidence.resend_after, LOOK_AGAIN_MS))
        return Wait(
            ripe if evidence.first_status_at is not None else again,
            "the network may have the message; waiting for a status that names it",
        )
    if evidence.resends:
        return GiveUp(f"sent twice and {silence} either time")
    if evidence.customer_wrote_since:
        return GiveUp(f"{silence}, and the customer has written since")
    if evidence.human_took_over:
        return GiveUp(f"{silence}, and a person has taken over")
    return Resend(f"{silence}: sent again, once")
