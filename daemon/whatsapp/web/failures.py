"""What the end of a connection means and when to come back: one table, and the back-off."""

import random
from typing import Final, Literal

from attrs import evolve, frozen

from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.node import Node

Kind = Literal["reconnect", "restart", "refresh_version", "wait", "replaced", "logged_out", "banned", "operator"]
"""reconnect: after the back-off · restart: at once, as WhatsApp asks · refresh_version: look the client version
up, then at once · wait: not before `seconds` · replaced: somebody else uses our keys · logged_out: pair again · banned:
the number itself, for `seconds` or for good · operator: a person must act first."""

Source = Literal["failure", "stream", "upgrade", "close"]
"""failure: instead of success · stream: `<stream:error>` · upgrade: HTTP status of the WebSocket · close: no word."""

Close = Literal["ended", "network", "silent", "unreadable", "handshake", "untrusted"]
"""ended: closed in order · network: broke off · silent: nothing came for too long · unreadable: a frame that cannot be
decrypted or decoded · handshake: garbled or timed out · untrusted: the server's certificate does not prove it."""


@frozen(kw_only=True)
class Verdict:
    """What to do, and why, in a sentence for the operator with the remedy.

    `seconds` is the least time before the next attempt; None is "after the back-off" for `reconnect` and "not by
    itself" for kinds that stop. `wipe`: the keys are dead and are put aside (messages never are).
    """

    kind: Kind
    reason: str
    seconds: float | None = None
    wipe: bool = False

    @property
    def comes_back(self) -> bool:
        """Whether the channel connects again without a person."""
        return self.kind in ("reconnect", "restart", "refresh_version") or self.seconds is not None


BAN_REASONS: Final[dict[int, str]] = {
    101: "it wrote to too many people who do not have it in their contacts",
    102: "too many people blocked it",
    103: "it made too many groups with people who do not have it in their contacts",
    104: "it sent the same message to too many people",
    106: "it sent too many messages to broadcast lists",
}
"""Why WhatsApp bans a number for a while, by `code`."""

_REPORT: Final = "please report this as a fault of showroomd, with the log"
_PAIR_AGAIN: Final = "pair it again with a new QR code"
_SUPPORT: Final = "open WhatsApp on the phone, follow what it says or ask for a review there, then pair again"


def _reconnect(what: str) -> Verdict:
    return Verdict(kind="reconnect", reason=f"{what}: connecting again by itself")


def _operator(what: str, remedy: str = _REPORT) -> Verdict:
    return Verdict(kind="operator", reason=f"{what}: {remedy}")


def _logged_out(what: str, remedy: str = _PAIR_AGAIN, *, wipe: bool) -> Verdict:
    return Verdict(kind="logged_out", reason=f"{what}: {remedy}", wipe=wipe)


_UNLINKED: Final = _logged_out("the phone unlinked this device", wipe=True)
_TROUBLE: Final = _reconnect("WhatsApp's servers have trouble")
_DOUBTFUL_REMOVAL: Final = _reconnect("WhatsApp says this device was removed, which one more connection will tell")
_REMOVED: Final = _logged_out("WhatsApp said twice that this device was removed", wipe=False)
_REPLACED: Final = Verdict(
    kind="replaced",
    reason="another program connected with this device's keys: trying once more in a minute",
    seconds=60.0,
)
_REPLACED_AGAIN: Final = Verdict(
    kind="replaced",
    reason=(
        "another program keeps connecting with this device's keys:"
        " find it and stop it (a copied data directory, a second server), then restart the tenant"
    ),
)
_RATE_LIMITED: Final = Verdict(
    kind="wait", reason="WhatsApp limits how often this number connects: trying again in five minutes", seconds=300.0
)

TABLE: Final[dict[tuple[Source, str], Verdict]] = {
    ("failure", "400"): _operator("WhatsApp refused the login as malformed"),
    ("failure", "401"): _UNLINKED,
    ("failure", "402"): Verdict(
        kind="banned",
        reason="WhatsApp banned the number without saying until when: see the phone, then restart the tenant",
    ),
    ("failure", "403"): _logged_out("the phone's account is gone or locked", _SUPPORT, wipe=True),
    ("failure", "405"): Verdict(
        kind="refresh_version", reason="WhatsApp no longer takes this client version: looking up the present one"
    ),
    ("failure", "406"): Verdict(kind="banned", reason=f"WhatsApp banned the number: {_SUPPORT}", wipe=True),
    ("failure", "409"): _operator("WhatsApp refused what we say of ourselves"),
    ("failure", "411"): _operator(
        "the phone's WhatsApp does not fit linked devices", "update WhatsApp on the phone, then restart the tenant"
    ),
    ("failure", "413"): _operator("WhatsApp answered with an error of another product"),
    ("failure", "414"): _operator("WhatsApp answered with an error of another product"),
    ("failure", "415"): _operator("WhatsApp does not find this device's account", "look at the phone, then pair again"),
    ("failure", "418"): _operator("WhatsApp does not know this kind of client"),
    ("failure", "419"): _operator("WhatsApp did not accept the login", "restart the tenant; if it stays, pair again"),
    ("failure", "429"): _RATE_LIMITED,
    ("failure", "500"): _TROUBLE,
    ("failure", "501"): _TROUBLE,
    ("failure", "503"): _TROUBLE,
    ("stream", "515"): Verdict(kind="restart", reason="WhatsApp asked for a new connection: opening it", seconds=0.0),
    ("stream", "516"): _DOUBTFUL_REMOVAL,
    ("stream", "401"): _DOUBTFUL_REMOVAL,
    ("stream", "device_removed"): _UNLINKED,
    ("stream", "replaced"): _REPLACED,
    ("stream", "409"): _REPLACED,
    ("stream", "440"): _REPLACED,
    ("stream", "429"): _RATE_LIMITED,
    ("stream", "500"): _TROUBLE,
    ("stream", "503"): _TROUBLE,
    ("stream", "ack"): _reconnect("WhatsApp closed the connection because a message it sent was never acknowledged"),
    ("stream", "xml-not-well-formed"): _reconnect("WhatsApp could not read something we sent"),
    ("stream", "bad-request"): _reconnect("WhatsApp refused something we sent"),
    ("upgrade", "408"): _reconnect("WhatsApp did not answer in time"),
    ("upgrade", "429"): _RATE_LIMITED,
    ("close", "ended"): _reconnect("WhatsApp closed the connection"),
    ("close", "network"): _reconnect("the connection to WhatsApp broke"),
    ("close", "silent"): _reconnect("nothing came from WhatsApp for too long"),
    ("close", "unreadable"): _reconnect("a frame from WhatsApp could not be read"),
    ("close", "handshake"): _reconnect("WhatsApp did not finish the handshake"),
    ("close", "untrusted"): Verdict(
        kind="wait",
        reason=(
            "the server that answered could not prove it is WhatsApp's:"
            " check for a proxy that opens TLS and the server's clock; trying again in fifteen minutes"
        ),
        seconds=900.0,
    ),
}
"""By source, and code or name."""

AGAIN: Final[dict[tuple[Source, str], Verdict]] = {
    ("failure", "405"): _operator(
        "WhatsApp takes neither our client version nor the present one", "update showroomd, then restart the tenant"
    ),
    ("stream", "516"): _REMOVED,
    ("stream", "401"): _REMOVED,
    ("stream", "replaced"): _REPLACED_AGAIN,
    ("stream", "409"): _REPLACED_AGAIN,
    ("stream", "440"): _REPLACED_AGAIN,
}
"""Where the second time in a row means something else."""


def of_failure(node: Node, *, again: bool = False) -> Verdict:
    """A `<failure>` that came instead of `<success>`. Never raises.

    `again` says that the connection before this one ended with the same kind of verdict; so everywhere here.
    """
    reason = node.get("reason")
    known = _look_up("failure", reason, again=again)
    if reason == "402":
        return _temporary_ban(_number(node, "code"), _number(node, "expire"), known)
    if reason == "403":
        said = _said(node.get("logout_message_header"), node.get("logout_message_subtext"))
        return evolve(known, reason=f"{known.reason} (WhatsApp says: {said})") if said else known
    return known


def of_stream_error(node: Node, *, again: bool = False) -> Verdict:
    """A `<stream:error>`. Never raises."""
    conflict = node.child("conflict")
    if conflict is not None:
        kind = "device_removed" if conflict.get("type") == "device_removed" else "replaced"
        return _look_up("stream", kind, again=again)
    code = node.get("code")
    named = next((child.tag for child in node.children() if ("stream", child.tag) in TABLE), "")
    return _look_up("stream", code or named, again=again)


def of_upgrade(status: int) -> Verdict:
    """The HTTP status that refused to become a WebSocket."""
    return _look_up("upgrade", str(status), again=False)


def of_close(why: Close) -> Verdict:
    """An end without an explanation from WhatsApp."""
    return TABLE["close", why]


def _look_up(source: Source, code: str, *, again: bool) -> Verdict:
    key = (source, code)
    found = (AGAIN.get(key) if again else None) or TABLE.get(key)
    if found is not None:
        return found
    shown = _said(code) or "without a code"
    if source == "stream":
        return _reconnect(f"WhatsApp ended the connection ({shown})")
    if len(code) == 3 and code.isascii() and code.isdigit() and code.startswith("5"):
        return _TROUBLE
    if source == "upgrade":
        return _operator(
            f"WhatsApp refused the connection with HTTP {shown}",
            "check for a proxy or firewall in between, then restart the tenant",
        )
    return _operator(f"WhatsApp refused the login with a reason we do not know ({shown})", "see the phone; " + _REPORT)


def _temporary_ban(code: int, seconds: int, unlimited: Verdict) -> Verdict:
    if seconds <= 0:
        return unlimited
    why = BAN_REASONS.get(code, f"reason {code}")
    reason = (
        f"WhatsApp banned the number for {_lasting(seconds)} because {why}:"
        " connecting again after that; write only to people who wrote first"
    )
    return Verdict(kind="banned", reason=reason, seconds=float(seconds))


def _lasting(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{-(-minutes // 60)} h"


def _number(node: Node, name: str) -> int:
    try:
        return node.int(name)
    except Garbled:
        return 0


def _said(*texts: str) -> str:
    """What the server said, fit for one line of a log."""
    printable = "".join(character if character.isprintable() else " " for text in texts for character in f"{text} ")
    return " ".join(printable.split())[:200]


# Coming back

STABLE_SECONDS: Final = 30.0
"""A login that lasted this long ends a row of failures."""
LONGEST_SECONDS: Final = 900.0
CONNECTS_PER_SECOND: Final = 50.0
"""How fast all sockets of one server may come back together."""

_STEPS: Final = (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, LONGEST_SECONDS)
_JITTER: Final = 0.1


def failed_attempts(before: int, up_seconds: float) -> int:
    """How many failures in a row there are now, after a connection that was logged in for `up_seconds`."""
    return 1 if up_seconds >= STABLE_SECONDS else before + 1


def delay_seconds(attempt: int, rng: random.Random) -> float:
    """How long to wait after the `attempt`-th failure in a row (1, 2, …): Fibonacci seconds, up to 10 % less."""
    step = _STEPS[min(max(attempt, 1), len(_STEPS)) - 1]
    return step * (1 - _JITTER * rng.random())


def spread_seconds(sockets: int, rng: random.Random) -> float:
    """A wait to add where many sockets start or fell at once, so that they do not arrive at once."""
    return sockets / CONNECTS_PER_SECOND * rng.random()
