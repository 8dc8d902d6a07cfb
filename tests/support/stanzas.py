"""Stanzas as the server might send them, and as it never would."""

from hypothesis import strategies as st

from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.node import Node
from daemon.whatsapp.web.stanza import Own

OWN = Own(Jid("5511900000001", device=12), Jid("111222333", "lid", 12))
CUSTOMER_LID = Jid("222333444", "lid")
CUSTOMER_PN = Jid("5511988887777")

_texts = st.one_of(
    st.sampled_from(
        [
            "0", "1", "3", "2", "99999999999999999999", "-1", "²", "retry", "read", "played", "inactive", "sender",
            "peer", "peer_msg", "read-self", "server-error", "text", "msg", "pkmsg", "skmsg", "msmsg", "hide",
            "encrypt", "devices", "account_sync", "privacy_token", "mediaretry", "mex", "link_code_companion_reg",
            "passkey_prologue_request", "crsc_continuation", "server_sync", "result", "get", "count", "trusted_contact",
            "3EB0AABBCC", "1700000000", "222333444:7@lid", "5511988887777@s.whatsapp.net", "s.whatsapp.net",
            "error", "463", "479", "400", "503",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip
_jids = st.one_of(
    st.sampled_from(
        [
            OWN.pn.bare, OWN.pn, Jid("111222333", "lid"), CUSTOMER_LID, CUSTOMER_PN, Jid("222333444", "lid", 7),
            Jid("222333444", "hosted.lid", 99), Jid("0"), Jid(), Jid("120363", "g.us"), Jid("status", "broadcast"),
            Jid("1", "newsletter"), Jid("1", "bot"), Jid("x", "msgr"), Jid("5511988887777.7"),
        ]
    ),
    st.builds(Jid, st.text("0123456789", max_size=6), st.sampled_from(["s.whatsapp.net", "lid", "call"])),
)  # fmt: skip
_attrs = st.dictionaries(
    st.sampled_from(
        [
            "id", "from", "to", "type", "t", "participant", "recipient", "notify", "category", "offline", "sender_pn",
            "sender_lid", "peer_recipient_pn", "peer_recipient_lid", "edit", "v", "count", "decrypt-fail", "jid", "lid",
            "error", "class", "value", "key", "code", "text", "phash", "call-id", "caller_pn",
            "hostname", "auth", "ttl", "name",
        ]
    ),
    st.one_of(_texts, _jids),
    max_size=10,
)  # fmt: skip
_child_tags = st.sampled_from(
    [
        "enc", "unavailable", "plaintext", "device-identity", "retry", "registration", "keys", "list", "item",
        "participants", "user", "error", "count", "identity", "tokens", "token", "encrypt", "enc_p", "enc_iv", "offer",
        "video", "update", "offline", "offline_preview", "edge_routing", "routing_info", "dirty", "downgrade_webclient",
        "link_code_companion_reg", "devices", "media_conn", "host", "privacy", "category", "rmr",
    ]
)  # fmt: skip
_bytes = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [
            b"[" * 5000,
            b"{}",
            b'{"data":[]}',
            b'{"data":{"xwa2_notify_account_reachout_timelock":{"is_active":1,"time_enforcement_ends":"x"}}}',
        ]
    ),
)
_children = st.recursive(
    st.builds(Node, _child_tags, _attrs, st.one_of(st.none(), _bytes)),
    lambda inner: st.builds(Node, _child_tags, _attrs, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=8,
)
_content = st.one_of(st.none(), _bytes, st.lists(_children, max_size=4).map(tuple))


def nodes(*tags: str) -> st.SearchStrategy[Node]:
    """Nodes with one of these tags, or with any."""
    some = st.sampled_from(tags) if tags else st.one_of(st.sampled_from(EVERY_TAG), st.text(min_size=1, max_size=6))
    return st.builds(Node, some, _attrs, _content)


EVERY_TAG = (
    "message", "receipt", "notification", "call", "status", "iq", "ib", "ack", "presence", "chatstate", "success",
    "failure", "stream:error", "xmlstreamend", "error",
)  # fmt: skip
