import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web.jid import SERVER, Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.privacy import BUCKET_SECONDS, Token, issue, read_tokens, should_issue, token_node, valid
from tests.support.stanzas import CUSTOMER_LID, CUSTOMER_PN, OWN, nodes

NOW = 2000 * BUCKET_SECONDS + 5


def test_tokens_of_a_notification_newest_last() -> None:
    def token(data: bytes, t: str, type_: str = "trusted_contact") -> Node:
        return Node("token", {"type": type_, "t": t, "jid": OWN.pn.bare}, data)

    found = read_tokens(
        Node(
            "notification",
            {},
            (Node("tokens", {}, (token(b"b", "20"), token(b"a", "10"), token(b"c", "30", "other"), token(b"", "40"))),),
        )
    )
    assert found == (Token(b"a", 10), Token(b"b", 20))
    assert read_tokens(Node("notification")) == ()
    assert read_tokens(Node("n", {}, (Node("tokens", {}, (token(b"x" * 1025, "1"),)),))) == ()


def test_a_token_counts_for_this_bucket_and_three_before() -> None:
    assert valid(1997 * BUCKET_SECONDS, NOW)
    assert not valid(1997 * BUCKET_SECONDS - 1, NOW)


def test_what_a_message_carries() -> None:
    fresh, old = NOW - 10, NOW - 5 * BUCKET_SECONDS
    salted = Node("cstoken", {}, hmac.new(b"salt", b"222333444@lid", hashlib.sha256).digest())
    assert token_node(CUSTOMER_LID, token=b"t", at=fresh, now=NOW, nct_salt=b"salt") == Node("tctoken", {}, b"t")
    assert token_node(CUSTOMER_LID, token=b"t", at=old, now=NOW, nct_salt=b"salt") == salted
    assert token_node(Jid("222333444", "lid", 7), token=b"", at=0, now=NOW, nct_salt=b"salt") == salted
    assert token_node(CUSTOMER_LID, token=b"t", at=old, now=NOW) is None
    assert token_node(CUSTOMER_PN, token=b"", at=0, now=NOW, nct_salt=b"salt") is None


@given(st.integers(0, 3 * BUCKET_SECONDS), st.integers(0, 3 * BUCKET_SECONDS))
def test_our_token_is_given_once_a_bucket(earlier: int, later: int) -> None:
    issued, now = sorted((earlier, later))
    again = should_issue(CUSTOMER_LID, OWN, issued_at=issued, now=now)
    assert again == (issued // BUCKET_SECONDS != now // BUCKET_SECONDS)


@pytest.mark.parametrize("to", [Jid("0"), Jid("1", "bot"), OWN.pn.bare, Jid("222333444", "lid", 7), SERVER])
def test_our_token_is_for_people_alone(to: Jid) -> None:
    assert should_issue(CUSTOMER_PN, OWN, issued_at=0, now=NOW)
    assert not should_issue(to, OWN, issued_at=0, now=NOW)


def test_giving_our_token() -> None:
    query = issue(CUSTOMER_LID, 1700000000)
    assert query.attrs == {"type": "set", "xmlns": "privacy", "to": SERVER}
    token = query.children()[0].children()[0]
    assert token.attrs == {"jid": CUSTOMER_LID, "t": "1700000000", "type": "trusted_contact"}


@given(nodes("notification"))
def test_any_notification_has_tokens_or_none(node: Node) -> None:
    assert all(token.token and token.at >= 0 for token in read_tokens(node))
