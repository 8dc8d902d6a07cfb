"""Queries (`<iq>`) that belong to no larger exchange, and what their answers say.

Queries are made without an id: the connection numbers them when it sends them.
"""

from collections.abc import Collection
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web import envelope, media
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Attr, Node
from daemon.whatsapp.web.stanza import Own, whole

MAX_HOSTS: Final = 16
SHORTEST_TTL_SECONDS: Final = 60
LONGEST_TTL_SECONDS: Final = 86_400

_MEANINGS: Final = {
    400: "the server does not understand the query",
    401: "the server does not allow it to this account",
    403: "the server forbids it",
    404: "there is no such thing",
    405: "the server does not allow it",
    406: "the server does not accept it",
    410: "it is gone",
    419: "a limit of the account is reached",
    423: "it is locked",
    429: "too many queries of this kind",
    500: "the server failed",
    503: "the server is busy",
    530: "part of the server failed",
}


@frozen
class IqError:
    """A query was answered with an error."""

    code: int
    text: str
    meaning: str

    @property
    def overlimit(self) -> bool:
        """Leave this kind of query alone for minutes."""
        return self.code == 429

    @property
    def passing(self) -> bool:
        """Whether the same query may succeed later."""
        return self.code in (419, 423, 429) or self.code >= 500


class QueryRefused(Garbled):
    """The server answered a query with an error; `error` has it."""

    def __init__(self, error: IqError) -> None:
        super().__init__(f"{error.meaning} ({error.code} {error.text})")
        self.error = error


def iq_error(answer: Node) -> IqError | None:
    """The error of an answer; None if it is a result."""
    if answer.get("type") != "error":
        return None
    error = answer.child("error") or Node("error")
    code = whole(error, "code")
    return IqError(code, envelope.line(error.get("text")), _MEANINGS.get(code, "the server gave no known reason"))


def result_of(answer: Node) -> Node:
    """The answer itself. Raises `QueryRefused` if it is an error, `Garbled` if it is no answer at all."""
    error = iq_error(answer)
    if error is not None:
        raise QueryRefused(error)
    if answer.tag != "iq" or answer.get("type") != "result":
        raise Garbled("an answer to a query is neither a result nor an error")
    return answer


def pong(query: Node) -> Node | None:
    """The answer to the server's own ping; None if `query` is none."""
    if query.tag != "iq" or query.get("type") != "get" or query.get("xmlns") != "urn:xmpp:ping":
        return None
    attrs: dict[str, Attr] = {"type": "result", "to": query.attrs.get("from", SERVER), "id": query.get("id")}
    return Node("iq", attrs)


def keepalive() -> Node:
    """Says that we live. Sent every 20 to 30 s, at random; answered within 10 s or the connection is dead."""
    return _query("get", "w:p")


def active() -> Node:
    """Ends the passive state a login begins in; until its result some events are withheld."""
    return _query("set", "passive", Node("active"))


def prekey_count() -> Node:
    """How many of our one-time prekeys does the server have?"""
    return _query("get", "encrypt", Node("count"))


def read_prekey_count(answer: Node) -> int:
    """Raises `Garbled`."""
    count = result_of(answer).child("count")
    if count is None or not count.get("value").isascii() or not count.get("value").isdigit():
        raise Garbled("the server does not say how many prekeys it has")
    return whole(count, "value")


def read_receipts_setting() -> Node:
    """May others see what we read?"""
    return _query("get", "privacy", Node("privacy"))


def read_receipts_private(answer: Node) -> bool:
    """Whether the account hides what it reads. Raises `Garbled`."""
    settings = result_of(answer).child("privacy")
    found = settings.children("category") if settings is not None else ()
    return any(each.get("name") == "readreceipts" and each.get("value") == "none" for each in found)


def remove_device(own: Own) -> Node:
    """Unlinks this device, at its own wish. Close and put the keys aside once it is answered."""
    return _query("set", "md", Node("remove-companion-device", {"jid": own.pn, "reason": "user_initiated"}))


@frozen(kw_only=True)
class MediaConnection:
    """Where files are sent and fetched, first choice first."""

    hosts: tuple[str, ...]
    auth: str = field(repr=False)
    valid_seconds: int


def media_connection() -> Node:
    """Which media hosts may we use?"""
    return _query("set", "w:m", Node("media_conn"))


def read_media_connection(answer: Node, *, test_origins: Collection[str] = ()) -> MediaConnection:
    """Only hosts of WhatsApp's are kept (and those of `test_origins`). Raises `Garbled`, `Untrusted` if none is."""
    found = result_of(answer).child("media_conn")
    if found is None or not found.get("auth"):
        raise Garbled("the server names no media hosts")
    names = [each.get("hostname") for each in found.children("host")[:MAX_HOSTS]]
    hosts = tuple(name for name in names if _is_media_host(name, test_origins))
    if not hosts:
        raise Untrusted("none of the media hosts the server names is WhatsApp's")
    seconds = min(max(whole(found, "ttl"), SHORTEST_TTL_SECONDS), LONGEST_TTL_SECONDS)
    return MediaConnection(hosts=hosts, auth=found.get("auth"), valid_seconds=seconds)


def _is_media_host(name: str, test_origins: Collection[str]) -> bool:
    try:
        media.origin(name, test_origins)
    except Untrusted:
        return False
    return True


def _query(type_: str, namespace: str, *children: Node) -> Node:
    return Node("iq", {"type": type_, "xmlns": namespace, "to": SERVER}, children or None)
