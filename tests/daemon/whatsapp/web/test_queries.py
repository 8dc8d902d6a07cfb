from collections.abc import Callable

import pytest
from hypothesis import given

from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Node, pack
from daemon.whatsapp.web.queries import (
    QueryRefused,
    active,
    iq_error,
    keepalive,
    media_connection,
    pong,
    prekey_count,
    read_media_connection,
    read_prekey_count,
    read_receipts_private,
    read_receipts_setting,
    remove_device,
    result_of,
)
from tests.support.stanzas import OWN, nodes


def result(*children: Node) -> Node:
    return Node("iq", {"type": "result", "id": "1", "from": SERVER}, children)


def refused(code: str, text: str = "") -> Node:
    return Node("iq", {"type": "error", "id": "1"}, (Node("error", {"code": code, "text": text}),))


@pytest.mark.parametrize(
    ("query", "type_", "namespace", "child"),
    [
        (keepalive(), "get", "w:p", ()),
        (active(), "set", "passive", (Node("active"),)),
        (prekey_count(), "get", "encrypt", (Node("count"),)),
        (read_receipts_setting(), "get", "privacy", (Node("privacy"),)),
        (media_connection(), "set", "w:m", (Node("media_conn"),)),
        (
            remove_device(OWN),
            "set",
            "md",
            (Node("remove-companion-device", {"jid": OWN.pn, "reason": "user_initiated"}),),
        ),
    ],
)
def test_queries_go_to_the_server_and_are_numbered_later(
    query: Node, type_: str, namespace: str, child: tuple[Node, ...]
) -> None:
    assert query.attrs == {"type": type_, "xmlns": namespace, "to": SERVER}
    assert query.children() == child
    assert pack(query)


def test_an_error_says_what_it_means() -> None:
    error = iq_error(refused("429", "rate-overlimit"))
    assert error is not None
    assert (error.code, error.text, error.overlimit, error.passing) == (429, "rate-overlimit", True, True)
    assert iq_error(result()) is None
    assert iq_error(Node("iq", {"type": "error"})).code == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "passing"), [("400", False), ("404", False), ("419", True), ("503", True), ("530", True), ("x", False)]
)
def test_which_errors_pass(code: str, passing: bool) -> None:
    error = iq_error(refused(code))
    assert error is not None
    assert error.passing == passing
    assert error.meaning


def test_a_result_is_one() -> None:
    assert result_of(result()) == result()
    with pytest.raises(QueryRefused, match="there is no such thing \\(404 item-not-found\\)") as refusal:
        result_of(refused("404", "item-not-found"))
    assert refusal.value.error.code == 404
    with pytest.raises(Garbled, match="neither"):
        result_of(Node("iq", {"type": "get"}))


def test_the_servers_ping_is_answered() -> None:
    ping = Node("iq", {"type": "get", "xmlns": "urn:xmpp:ping", "id": "7", "from": SERVER})
    assert pong(ping) == Node("iq", {"type": "result", "to": SERVER, "id": "7"})
    assert pong(keepalive()) is None
    assert pong(Node("ib")) is None


def test_the_prekeys_the_server_has() -> None:
    assert read_prekey_count(result(Node("count", {"value": "41"}))) == 41
    for answer in (result(), result(Node("count")), result(Node("count", {"value": "-1"}))):
        with pytest.raises(Garbled, match="how many prekeys"):
            read_prekey_count(answer)


def test_whether_the_account_hides_what_it_reads() -> None:
    def setting(value: str) -> Node:
        others = Node("category", {"name": "last", "value": "none"})
        return result(Node("privacy", {}, (others, Node("category", {"name": "readreceipts", "value": value}))))

    assert read_receipts_private(setting("none"))
    assert not read_receipts_private(setting("all"))
    assert not read_receipts_private(result())


def media_conn(*hosts: str, auth: str = "secret", ttl: str = "300") -> Node:
    return result(Node("media_conn", {"auth": auth, "ttl": ttl}, tuple(Node("host", {"hostname": h}) for h in hosts)))


def test_media_hosts_in_their_order() -> None:
    found = read_media_connection(media_conn("mmg.whatsapp.net", "media-gru1-1.cdn.whatsapp.net", "x.fbcdn.net"))
    assert found.hosts == ("mmg.whatsapp.net", "media-gru1-1.cdn.whatsapp.net", "x.fbcdn.net")
    assert (found.auth, found.valid_seconds) == ("secret", 300)
    assert "secret" not in repr(found)


def test_pitfall_10_other_hosts_are_left_out() -> None:
    answer = media_conn("127.0.0.1:80", "evil.com", "whatsapp.net.evil.com", "a@b.whatsapp.net", "", "mmg.whatsapp.net")
    assert read_media_connection(answer).hosts == ("mmg.whatsapp.net",)
    with pytest.raises(Untrusted, match="none of the media hosts"):
        read_media_connection(media_conn("evil.com"))


def test_a_host_of_a_test_is_let_through_by_name() -> None:
    answer = media_conn("127.0.0.1:4443")
    assert read_media_connection(answer, test_origins=["https://127.0.0.1:4443"]).hosts == ("127.0.0.1:4443",)


@pytest.mark.parametrize(("ttl", "seconds"), [("0", 60), ("soon", 60), ("99999999", 86_400)])
def test_media_hosts_are_neither_asked_for_always_nor_never(ttl: str, seconds: int) -> None:
    assert read_media_connection(media_conn("mmg.whatsapp.net", ttl=ttl)).valid_seconds == seconds


def test_media_hosts_need_their_password() -> None:
    with pytest.raises(Garbled, match="names no media hosts"):
        read_media_connection(media_conn("mmg.whatsapp.net", auth=""))


@pytest.mark.parametrize("read", [read_media_connection, read_prekey_count, read_receipts_private])
@given(node=nodes("iq"))
def test_any_answer_is_read_or_garbled(read: Callable[[Node], object], node: Node) -> None:
    try:
        read(node)
    except Garbled:
        return
    assert node.get("type") == "result"
