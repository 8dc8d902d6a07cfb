"""Privacy tokens: proof that somebody knows us. Without one, a first message may be refused (463)."""

import hashlib
import hmac
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web.jid import LID, SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.stanza import Own, person, whole

BUCKET_SECONDS: Final = 7 * 86_400
VALID_BUCKETS: Final = 4
MAX_TOKEN_BYTES: Final = 1024


@frozen
class Token:
    """A contact's token, as the server brought it."""

    token: bytes = field(repr=False)
    at: int  # seconds, the network's time


def read_tokens(notification: Node) -> tuple[Token, ...]:
    """The trusted-contact tokens of a `privacy_token` notification, newest last. They are the sender's: the `jid`
    inside is our own."""
    listed = notification.child("tokens")
    found = listed.children("token") if listed is not None else ()
    tokens = [
        Token(each.data, whole(each, "t"))
        for each in found
        if each.get("type") == "trusted_contact" and 0 < len(each.data) <= MAX_TOKEN_BYTES
    ]
    return tuple(sorted(tokens, key=lambda token: token.at))


def valid(at: int, now: int) -> bool:
    """Whether a token of that time still counts: this bucket of seven days and the three before."""
    return at >= (now // BUCKET_SECONDS - (VALID_BUCKETS - 1)) * BUCKET_SECONDS


def token_node(to: Jid, *, token: bytes, at: int, now: int, nct_salt: bytes = b"") -> Node | None:
    """What a message to `to` carries: their token while it is valid, else the account's own proof, else nothing.

    The proof is HMAC-SHA256(nct_salt, "<lid>@lid"), for LIDs only.
    """
    if token and valid(at, now):
        return Node("tctoken", {}, token)
    if nct_salt and to.server == LID:
        return Node("cstoken", {}, hmac.digest(nct_salt, str(to.bare).encode(), hashlib.sha256))
    return None


def should_issue(to: Jid, own: Own, *, issued_at: int, now: int) -> bool:
    """Whether, after a message to `to`, it is time to give them our token: once a bucket, to people only."""
    if to != person(to) or own.has(to):
        return False
    return now // BUCKET_SECONDS > issued_at // BUCKET_SECONDS


def issue(to: Jid, now: int) -> Node:
    """The query that gives `to` our token; the time goes into the store when it is answered."""
    token = Node("token", {"jid": to.bare, "t": str(now), "type": "trusted_contact"})
    return Node("iq", {"type": "set", "xmlns": "privacy", "to": SERVER}, (Node("tokens", {}, (token,)),))
