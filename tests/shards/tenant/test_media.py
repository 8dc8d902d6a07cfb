"""Files that messages name: wanted, fetched, given up."""

import pytest

from shards.shard import Tx
from shards.tenant import media, messages
from shards.tenant.media import Wanted
from tests.support.desk_rows import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With a voice note and a photo that are wanted."""
    desk.says("", kind="voice", content={"media": {"id": "m1", "voice": True}}, id_="wamid.1")
    desk.clock.move(1)
    desk.says("", kind="image", content={"media": {"id": "m2"}})
    return desk


def content(desk: Desk, seq: int = 1) -> object:
    return desk.value("SELECT json_extract(content, '$.media') FROM messages WHERE seq = ?", seq)


def test_the_one_that_waits_longest_is_next_due_or_not(desk: Desk) -> None:
    first = desk(media.next_wanted, heavy=False)
    assert first == Wanted(
        message=1, kind="voice", media={"id": "m1", "voice": True}, attempts=0, due_at=desk.clock.ms - 1000
    )
    desk(media.retry, 1, 5_000)
    assert desk(media.next_wanted, heavy=False).message == 2  # type: ignore[union-attr]
    desk(media.store, 2, "ab" * 32, "image/jpeg", 7)
    assert desk(media.next_wanted, heavy=False) == Wanted(
        message=1, kind="voice", media={"id": "m1", "voice": True}, attempts=1, due_at=desk.clock.ms + 5_000
    )


def test_a_file_that_came_is_named_by_its_hash_and_kept_once(desk: Desk) -> None:
    for seq in (1, 2):
        desk(media.store, seq, "ab" * 32, "image/jpeg", 7)
    assert desk.rows("SELECT hash, mime_type, bytes FROM media") == [("ab" * 32, "image/jpeg", 7)]
    assert '"hash":"abab' in str(content(desk))
    assert desk(media.next_wanted, heavy=False) is None


def test_what_was_given_up_says_why(desk: Desk) -> None:
    desk(media.give_up, 1, "the file is gone")
    assert '"error":"the file is gone"' in str(content(desk))
    assert desk(media.next_wanted, heavy=False).message == 2  # type: ignore[union-attr]


def test_a_file_of_a_deleted_or_erased_message_is_not_kept(desk: Desk) -> None:
    desk(messages.revoke, "wamid.1")
    desk(media.store, 1, "ab" * 32, "audio/ogg", 7)
    desk(lambda tx: tx.run("DELETE FROM contacts"))
    desk(media.store, 2, "cd" * 32, "image/jpeg", 7)
    assert desk.rows("SELECT 1 FROM media") == []
    assert desk(media.next_wanted, heavy=False) is None


def test_films_and_documents_do_not_hold_up_the_others(desk: Desk) -> None:
    assert desk(media.next_wanted, heavy=True) is None
    desk.says("", kind="video", content={"media": {"id": "m3"}})
    film = desk(media.next_wanted, heavy=True)
    assert film is not None
    assert (film.message, film.kind) == (3, "video")
    assert desk(media.next_wanted, heavy=False).message == 1  # type: ignore[union-attr]


def test_which_files_are_here(desk: Desk) -> None:
    assert desk(media.any_wanted, [1, 2])
    desk(media.store, 1, "ab" * 32, "audio/ogg", 7)
    assert desk(media.hashes, [1, 2]) == {1: "ab" * 32}
    assert not desk(media.any_wanted, [1])
    assert desk(media.any_wanted, [1, 2])
    desk(media.give_up, 2, "gone")
    assert not desk(media.any_wanted, [1, 2])
    assert not desk(media.any_wanted, [])
    assert desk(media.hashes, []) == {}


def test_their_size(desk: Desk) -> None:
    assert desk(media.total_bytes) == 0
    desk(media.store, 1, "ab" * 32, "audio/ogg", 7)
    desk(media.store, 2, "cd" * 32, "image/jpeg", 5)
    assert desk(media.total_bytes) == 12


def test_what_is_owed_with_files(desk: Desk) -> None:
    assert desk(media.owed, 1)
    desk(lambda tx: tx.run("UPDATE conversations SET answered_seq = 2"))
    assert not desk(media.owed, 1)
    desk.says("e o preço?")
    assert not desk(media.owed, 1)


def test_what_no_message_has_is_unused(desk: Desk) -> None:
    desk(media.store, 1, "ab" * 32, "audio/ogg", 7)
    desk(media.store, 2, "cd" * 32, "image/jpeg", 5)
    assert desk(media.unused) == []
    desk(messages.revoke, "wamid.1")
    assert desk(media.unused, 0) == []
    assert desk(media.unused) == ["ab" * 32]
    assert desk.rows("SELECT hash FROM media") == ["cd" * 32]


def test_unused_files_are_found_by_the_index(desk: Desk) -> None:
    seen: list[str] = []

    def watched(tx: Tx) -> None:
        tx.connection.exec_trace = lambda _, sql, __: seen.append(sql) is None
        media.unused(tx)
        tx.connection.exec_trace = None

    desk(watched)
    [query] = [sql for sql in seen if "NOT EXISTS" in sql]
    plan = desk.rows(f"EXPLAIN QUERY PLAN {query.replace('?', '-1')}")
    assert any("messages_by_file" in row[3] for row in plan), plan
