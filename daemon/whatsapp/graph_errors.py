"""Graph API error codes as data: what each means, and what sending does about it."""

from typing import Any, Final, Literal

from attrs import frozen

from daemon.whatsapp import fields

Do = Literal["retry", "pause", "refuse", "needs_template", "opt_out", "needs_phone", "disable_template", "operator"]
"""retry: not sent, try again after a delay · pause: the channel stops until somebody acts · refuse: this message
never · needs_template: the window is closed · opt_out: refused, and no marketing any more · needs_phone: a user id
will not do · disable_template: that template never again · operator: a person must act, sending is not touched."""

Scope = Literal["contact", "number", "waba", "app"]


@frozen(kw_only=True)
class Reaction:
    """What to do about one error. Delays in seconds; attempt 1 waits `first_seconds`, each next `factor` times it."""

    do: Do
    meaning: str
    remedy: str = ""
    scope: Scope = "contact"  # who waits, or who is paused
    first_seconds: float = 0.0
    factor: float = 2.0
    longest_seconds: float = 300.0
    attempts: int | None = None  # tries after which a retry becomes a refusal; None: no end

    def delay_seconds(self, attempt: int) -> float:
        """How long to wait after the `attempt`-th failure in a row (1, 2, …), before any jitter."""
        return float(min(self.longest_seconds, self.first_seconds * self.factor ** min(max(attempt, 1) - 1, 30)))


def _retry(
    meaning: str,
    first_seconds: float,
    *,
    factor: float = 2.0,
    longest_seconds: float = 300.0,
    attempts: int | None = None,
    scope: Scope = "contact",
) -> Reaction:
    return Reaction(
        do="retry",
        meaning=meaning,
        scope=scope,
        first_seconds=first_seconds,
        factor=factor,
        longest_seconds=longest_seconds,
        attempts=attempts,
    )


def _pause(meaning: str, remedy: str, scope: Scope = "number") -> Reaction:
    return Reaction(do="pause", meaning=meaning, remedy=remedy, scope=scope)


def _refuse(meaning: str, remedy: str = "", do: Do = "refuse") -> Reaction:
    return Reaction(do=do, meaning=meaning, remedy=remedy)


_OUR_BUG: Final = "please report this as a fault of showroomd, with the details Meta gave"
_TOKEN_DEAD: Final = _pause(
    "WhatsApp no longer accepts the access token",
    "make a new system-user token in Meta Business Settings and set channel.access_token",
)
_NOT_PERMITTED: Final = _pause(
    "the access token lacks permission for this number",
    "grant whatsapp_business_messaging on the WhatsApp account to the token's system user, or set a new token",
)
_LOCKED: Final = _pause(
    "WhatsApp restricted or locked the business account",
    "see Business Support Home in Meta Business Suite, ask for a review, then restart the tenant",
    "waba",
)
_TEMPLATE_BUG: Final = _refuse("the template's parameters are wrong or too long", _OUR_BUG)
_PIN: Final = _refuse(
    "the two-step verification PIN was refused", "wait as the details say, then verify again", "operator"
)

REACTIONS: Final[dict[int, Reaction]] = {
    0: _TOKEN_DEAD,
    190: _TOKEN_DEAD,
    3: _NOT_PERMITTED,
    10: _NOT_PERMITTED,
    131005: _NOT_PERMITTED,
    1: _retry("WhatsApp reports an unknown error", 5, attempts=3),
    2: _retry("WhatsApp's service is down", 10),
    4: _retry("the Meta app reached its call limit", 60, longest_seconds=900, scope="app"),
    80007: _retry("the WhatsApp account reached its call limit", 60, longest_seconds=900, scope="waba"),
    33: _pause("the phone number id no longer exists", "set channel.phone_number_id to the number's present id"),
    100: _refuse("WhatsApp refused a parameter of the request", _OUR_BUG),
    131008: _refuse("WhatsApp misses a parameter in the request", _OUR_BUG),
    131009: _refuse("WhatsApp refused a parameter's value", _OUR_BUG),
    368: _LOCKED,
    131031: _LOCKED,
    130429: _retry("the number reached its throughput", 2, longest_seconds=60, scope="number"),
    131056: _retry("too many messages to this customer", 1, factor=4, longest_seconds=4**6),
    131048: _pause(
        "WhatsApp limited the number because customers blocked or reported it",
        "see the number's quality in WhatsApp Manager, then restart the tenant",
    ),
    131064: _refuse("the messaging limit was cut for misclassified templates", "see WhatsApp Manager", "operator"),
    130472: _refuse("the customer is in an experiment of Meta's and cannot be written to", "use another channel"),
    130497: _refuse("WhatsApp does not let this business write to that country"),
    131000: _retry("WhatsApp reports that something went wrong", 5, attempts=4),
    131016: _retry("WhatsApp's service is unavailable", 10),
    133004: _retry("WhatsApp's server is unavailable", 10),
    131021: _refuse("recipient and sender are the same number"),
    131026: _refuse("the message cannot be delivered to this customer", "call, or try the number's other form"),
    131030: _refuse("a test number may only write to listed recipients", "add the recipient in the app's dashboard"),
    131037: _pause("the number's display name is not approved", "get it approved in WhatsApp Manager"),
    131042: _pause(
        "the WhatsApp account has a payment problem",
        "the dealer must settle the payment method in Meta's billing hub, then restart the tenant",
        "waba",
    ),
    131045: _pause("the number's registration is broken", "register the number again, then restart the tenant"),
    131047: _refuse("24 hours passed since the customer last wrote", "only a template may be sent", "needs_template"),
    131049: _refuse("Meta withheld the message for the customer's sake", "wait at least 24 hours"),
    131050: _refuse("the customer stopped marketing messages", "", "opt_out"),
    131051: _refuse("WhatsApp does not support this type of message", "send it as text"),
    131052: _refuse("the customer's file could not be fetched", "ask the customer to send it again"),
    131053: _refuse("WhatsApp refused our file", "convert it to a format WhatsApp takes"),
    131057: _retry("the account is in maintenance", 60, longest_seconds=300, scope="number"),
    131060: _refuse("the message's content is not available", "ask the customer to send it again"),
    131062: _refuse("this message needs the customer's phone", "ask for the phone number", "needs_phone"),
    131063: _refuse("marketing templates are disabled on this API", "see the account's settings"),
    132000: _TEMPLATE_BUG,
    132005: _TEMPLATE_BUG,
    132008: _TEMPLATE_BUG,
    132012: _TEMPLATE_BUG,
    132001: _refuse("the template is not approved in that language", "see WhatsApp Manager", "disable_template"),
    132007: _refuse("the template breaks WhatsApp's policy", "rewrite it"),
    132015: _refuse("the template is paused for its quality", "see WhatsApp Manager", "disable_template"),
    132016: _refuse("the template is disabled for its quality", "make a new one", "disable_template"),
    132068: _refuse("the Flow is blocked", "see WhatsApp Manager"),
    132069: _retry("the Flow is throttled", 3600, longest_seconds=4 * 3600),
    133000: _refuse("a deregistration was not finished", "deregister, then register the number", "operator"),
    133005: _PIN,
    133006: _PIN,
    133008: _PIN,
    133009: _PIN,
    133010: _pause("the number is not registered", "register the number, then restart the tenant"),
    133015: _refuse("the number was just deleted", "wait 5 minutes before registering it", "operator"),
    133016: _refuse("the number was registered too often", "wait 72 hours; never repeat", "operator"),
    134011: _refuse("the payments terms are not accepted", "accept them in WhatsApp Manager"),
    135000: _retry("WhatsApp reports an error with the request", 5, attempts=2),
    137000: _refuse("the customer's identity changed", "check it is still the same person"),
    2494100: _retry("the number is in maintenance", 120, longest_seconds=900, scope="number"),
    2593107: _refuse("the history was already asked for", "offboard and onboard the number again", "operator"),
    2593108: _refuse("24 hours passed since the onboarding", "offboard and onboard the number again", "operator"),
}
"""By code. 200 to 299 are permissions, see `reaction_to`."""

_UNKNOWN_PASSING: Final = _retry("WhatsApp reports a passing error", 5, attempts=4)
_UNKNOWN: Final = _refuse("WhatsApp refused the message", "see the code in Meta's list of errors")


@frozen(kw_only=True)
class GraphError:
    """An error as the Graph API, a status or a message carries it."""

    code: int
    message: str = ""
    details: str = ""
    subcode: int | None = None
    transient: bool = False
    trace_id: str = ""

    def __str__(self) -> str:
        """One line: code, what Meta says, and its trace id for a support case."""
        said = self.details or self.message
        traced = f" [fbtrace_id {self.trace_id}]" if self.trace_id else ""
        return " ".join(f"{self.code} {said}".split())[:600].rstrip() + traced


def read_error(value: Any) -> GraphError | None:
    """The error object of a response, a status or a message; None if it is none. Never raises."""
    error = fields.record(value)
    code = fields.number(error.get("code"))
    if code is None:
        return None
    data = error.get("error_data")
    details = data if isinstance(data, str) else fields.record(data).get("details")
    return GraphError(
        code=code,
        message=fields.text(error.get("message") or error.get("title"), 1000),
        details=fields.text(details, 1000),
        subcode=fields.number(error.get("error_subcode")),
        transient=error.get("is_transient") is True,
        trace_id=fields.text(error.get("fbtrace_id"), 64),
    )


def reaction_to(code: int, *, http_status: int = 0, transient: bool = False) -> Reaction:
    """What to do about `code`. The HTTP status and Meta's flag count only for codes that are not known."""
    known = REACTIONS.get(code)
    if known is not None:
        return known
    if 200 <= code <= 299:
        return _NOT_PERMITTED
    return _UNKNOWN_PASSING if transient or http_status >= 500 else _UNKNOWN
