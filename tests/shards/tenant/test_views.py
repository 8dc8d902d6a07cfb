import pytest

from shards.errors import Invalid, NotFound
from shards.shard import Tx
from shards.tenant import contacts, conversations, messages, views
from tests.support.files import MOMENT, memory
from tests.support.tenancy import say


def thread(tx: Tx, sender: str = "maria") -> str:
    say(tx, sender, "oi")
    found = views.sandbox_conversation(tx, sender)
    assert found is not None
    return found.id


def test_a_conversation() -> None:
    with memory("tenant") as tx:
        id_ = thread(tx)
        view = views.conversation(tx, id_)
        assert (view.contact_name, view.contact_aliases) == ("Maria", (views.Alias("sandbox", "maria"),))
        assert (view.waiting, view.typing, view.opted_out, view.last_message_at) == (True, False, False, MOMENT)
        one = conversations.by_id(tx, id_)
        conversations.answered(tx, one.seq, 1)
        contacts.opt_out(tx, one.contact, tx.now_ms)
        conversations.take_over(tx, one.seq, tx.now_ms)
        view = views.conversation(tx, id_)
        assert (view.waiting, view.opted_out, view.state, view.human_until) == (False, True, "human", MOMENT)
        with pytest.raises(NotFound):
            views.conversation(tx, "none")
        assert views.sandbox_conversation(tx, "none") is None


def test_lists_are_complete_at_every_page_size() -> None:
    with memory("tenant") as tx:
        for number in range(7):
            thread(tx, f"s{number}")
            tx.run("UPDATE conversations SET last_message_at = ? WHERE seq = ?", (number // 3, number + 1))
        whole, _ = views.conversations(tx)
        assert [view.last_message_at for view in whole] == sorted((v.last_message_at for v in whole), reverse=True)
        for size in (1, 2, 3, 7):
            seen, after = list[str](), ""
            while True:
                page, more = views.conversations(tx, after=after, limit=size)
                seen += [view.id for view in page]
                if more is None:
                    break
                after = more
            assert seen == [view.id for view in whole]
        people, _ = views.contacts(tx)
        assert len(people) == 7
        assert views.contacts(tx, alias="s3")[0] == [people[3]]


@pytest.mark.parametrize("after", ["x", "1", "1.", "-1.2", "1.x", "²", "9" * 30, "9" * 30 + ".1"])
def test_bad_cursors(after: str) -> None:
    with memory("tenant") as tx:
        with pytest.raises(Invalid):
            views.conversations(tx, after=after)
        if after != "1":
            with pytest.raises(Invalid):
                views.contacts(tx, after=after)
        with pytest.raises(Invalid):
            views.messages(tx, thread(tx), after=after)


def test_a_message_quotes_by_our_id() -> None:
    with memory("tenant") as tx:
        id_ = thread(tx)
        seq = conversations.by_id(tx, id_).seq
        sent = messages.queue(
            tx,
            seq,
            author="assistant",
            kind="image",
            text="Olha só",
            vehicle="civic",
            content={"link": "https://x/1.jpg"},
        )
        messages.claim_send(tx, 2, resend=False)
        messages.settle_send(tx, sent, "wamid.1")
        reply = messages.NewInbound(
            conversation=seq, kind="text", text="esse", network_id="wamid.2", at=tx.now_ms, reply_to="wamid.1"
        )
        messages.store_inbound(tx, reply)
        found, more = views.messages(tx, id_)
        assert more is None
        assert [view.reply_to for view in found] == [None, None, sent]
        assert (found[1].link, found[1].vehicle_id, found[1].state) == ("https://x/1.jpg", "civic", "sent")
        assert views.message(tx, sent) == found[1]
        with pytest.raises(NotFound):
            views.message(tx, "none")


@pytest.mark.parametrize(
    ("content", "media", "link"),
    [
        ('{"media": {"hash": "ab", "url": "https://meta"}}', "ab", ""),
        ('{"hash": "ab"}', "ab", ""),
        ('{"link": "https://x"}', "", "https://x"),
        ('{"media": "x", "link": 1, "hash": 2}', "", ""),
        ("[]", "", ""),
    ],
)
def test_media(content: str, media: str, link: str) -> None:
    with memory("tenant") as tx:
        id_ = thread(tx)
        tx.run("UPDATE messages SET content = ?", (content,))
        view = views.messages(tx, id_)[0][0]
        assert (view.media, view.link) == (media, link)
        with pytest.raises(NotFound):
            views.media(tx, "ab")
