"""The daemon's own errors; `shards.errors` has those of the files."""


class ShowroomError(Exception):
    """Root of what the daemon raises on purpose: what happened, then the remedy, in one line."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}: {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class ConfigError(ShowroomError):
    """The configuration cannot be used; `faults` has one line a fault, each with its path."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class AlreadyRunning(ShowroomError):
    """Another process holds the data directory."""


class SealBroken(ShowroomError):
    """A sealed value cannot be opened with this master key."""


class ProviderError(ShowroomError):
    """A provider gave no usable answer. Vendor exceptions stop at the adapter and become one of these."""


class ProviderUnavailable(ProviderError):
    """Time-out, overload, network, 5xx: worth another try; `retry_after_seconds` is the vendor's wish."""

    def __init__(self, what: str, remedy: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(what, remedy)
        self.retry_after_seconds = retry_after_seconds


class ProviderUntried(ProviderUnavailable):
    """Nothing was sent, so nothing is billed: not configured, left alone for a while, or no slot came free."""


class ProviderOverloaded(ProviderUnavailable):
    """429 or 529: the vendor asks us to slow down."""


class ProviderRefused(ProviderError):
    """The request itself was refused (bad key, bad model, unusable request): no retry helps."""


class ProviderGarbage(ProviderError):
    """The vendor answered something that is not an answer."""


class ChannelError(ShowroomError):
    """A message could not be handed to the network."""


class SendRefused(ChannelError):
    """The network refused this message for good; `code` is its error code."""

    def __init__(self, what: str, remedy: str = "", code: int | None = None) -> None:
        super().__init__(what, remedy)
        self.code = code


class SendDelayed(ChannelError):
    """Surely not sent; try again after `seconds`. `scope` says who waits: this contact, the channel, the app."""

    def __init__(self, what: str, seconds: float, scope: str = "contact", code: int | None = None) -> None:
        super().__init__(what)
        self.seconds = seconds
        self.scope = scope
        self.code = code


class SendUnsettled(ChannelError):
    """The request may have reached the network; only a status can tell."""


class ChannelPaused(ChannelError):
    """The whole channel cannot send until somebody acts (dead token, locked number); says who and what."""

    def __init__(self, what: str, remedy: str = "", code: int | None = None) -> None:
        super().__init__(what, remedy)
        self.code = code


class FetchError(ShowroomError):
    """A feed, photo or media address could not be fetched, or must not be."""
