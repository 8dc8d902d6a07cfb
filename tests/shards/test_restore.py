from pathlib import Path

import apsw
import pytest

from shards import restore
from shards.errors import ShardCorrupt, ShardTooNew
from shards.tenant import contacts, conversations, identity, messages
from shards.tenant.contacts import Identity
from shards.tenant.messages import NewInbound
from tests.support.shards import HandClock, open_shard, within


def arranged(tmp_path: Path) -> Path:
    """A data directory in which a restore of auto-sul is prepared."""
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "auto-sul.db").write_text("present")
    (tmp_path / "shards" / "auto-sul.db-wal").write_text("its log")
    folder = restore.begin(tmp_path, "auto-sul")
    (folder / "shard.db").write_text("prepared")
    return folder


MOVES = [
    ("shards/auto-sul.db", "aside/x/auto-sul.db"),
    ("shards/auto-sul.db-wal", "aside/x/auto-sul.db-wal"),
    ("restoring/auto-sul.ready/shard.db", "shards/auto-sul.db"),
]


def test_what_is_only_prepared_is_forgotten(tmp_path: Path) -> None:
    arranged(tmp_path)
    assert restore.unfinished(tmp_path) == []
    assert (tmp_path / "shards" / "auto-sul.db").read_text() == "present"
    assert not list((tmp_path / "restoring").iterdir())


@pytest.mark.parametrize("moved", range(4))
def test_what_is_decided_is_finished_from_any_point(tmp_path: Path, moved: int) -> None:
    ready = restore.decide(arranged(tmp_path), MOVES, {"tenant": "auto-sul"})
    (tmp_path / "aside" / "x").mkdir(parents=True)
    for source, target in MOVES[:moved]:
        (tmp_path / source).rename(tmp_path / target)
    if moved == 3:
        # the new file is in use already: its log is not the old one's
        (tmp_path / "shards" / "auto-sul.db-wal").write_text("the new one's log")
    assert restore.unfinished(tmp_path) == [ready]
    assert restore.finish(tmp_path, ready) == {"tenant": "auto-sul"}
    assert restore.finish(tmp_path, ready) == {"tenant": "auto-sul"}
    restore.done(ready)
    assert (tmp_path / "shards" / "auto-sul.db").read_text() == "prepared"
    assert (tmp_path / "aside" / "x" / "auto-sul.db").read_text() == "present"
    assert (tmp_path / "aside" / "x" / "auto-sul.db-wal").read_text() == "its log"
    assert (tmp_path / "shards" / "auto-sul.db-wal").exists() == (moved == 3)
    assert restore.unfinished(tmp_path) == []


@pytest.mark.parametrize("moved", range(3))
def test_a_decision_is_taken_back_while_the_old_file_is_there(tmp_path: Path, moved: int) -> None:
    ready = restore.decide(arranged(tmp_path), MOVES, {})
    (tmp_path / "aside" / "x").mkdir(parents=True)
    for source, target in MOVES[:moved]:
        (tmp_path / source).rename(tmp_path / target)
    assert restore.undo(tmp_path, ready)
    assert (tmp_path / "shards" / "auto-sul.db").read_text() == "present"
    assert (tmp_path / "shards" / "auto-sul.db-wal").read_text() == "its log"
    assert restore.unfinished(tmp_path) == []


def test_what_is_done_is_not_taken_back(tmp_path: Path) -> None:
    ready = restore.decide(arranged(tmp_path), MOVES, {})
    restore.finish(tmp_path, ready)
    assert not restore.undo(tmp_path, ready)
    assert (tmp_path / "shards" / "auto-sul.db").read_text() == "prepared"


def test_damaged_notes_stop_it(tmp_path: Path) -> None:
    ready = restore.decide(arranged(tmp_path), MOVES, {})
    (ready / restore.MOVES).write_text("{")
    with pytest.raises(ShardCorrupt, match="move that folder away"):
        restore.finish(tmp_path, ready)


def file_with(path: Path, *texts: str, clock: HandClock) -> None:
    shard = open_shard(path, clock)

    def work(tx: object) -> None:
        identity.establish(tx, "auto-sul")  # type: ignore[arg-type]

    within(shard, work, clock)
    for text in texts:
        within(
            shard,
            lambda tx, text=text: messages.store_inbound(  # type: ignore[misc]
                tx,
                NewInbound(
                    conversation=conversations.of_contact(
                        tx, contacts.resolve(tx, Identity(aliases=(("phone", "5511"),))).seq, "cloud"
                    ).seq,
                    kind="text",
                    text=text,
                    network_id=f"wamid.{text}",
                    at=clock.ms,
                ),
            ),
            clock,
        )
    shard.close()


def test_what_is_lost_is_named(tmp_path: Path) -> None:
    clock = HandClock()
    file_with(tmp_path / "now.db", "one", clock=clock)
    (tmp_path / "old.db").write_bytes((tmp_path / "now.db").read_bytes())
    file_with(tmp_path / "now.db", "two", "three", clock=clock)
    shard = open_shard(tmp_path / "now.db", clock)
    within(shard, lambda tx: conversations.take_over(tx, 1, None), clock)
    within(shard, lambda tx: identity.set_fact(tx, "why", "because"), clock)
    shard.close()
    present = restore.compare(tmp_path / "now.db", tmp_path / "old.db", clock.ms, ("why", "nothing"))
    assert [one.network_id for one in present.lost.messages] == ["wamid.two", "wamid.three"]
    assert (present.lost.received, present.lost.sent, present.lost.contacts) == (2, 0, 0)
    assert [one.until for one in present.held] == [None]
    assert present.facts == {"why": "because", "nothing": ""}


def test_a_prepared_file_is_migrated_and_one_file(tmp_path: Path) -> None:
    clock = HandClock()
    open_shard(tmp_path / "a.db", clock).close()
    found = restore.prepare(tmp_path / "a.db", "tenant", lambda tx: identity.fact(tx, "no") or "nothing", clock())
    assert found == "nothing"
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    connection = apsw.Connection(str(tmp_path / "a.db"))
    assert connection.pragma("journal_mode") == "delete"
    connection.pragma("user_version", 9_999)
    connection.close()
    with pytest.raises(ShardTooNew):
        restore.prepare(tmp_path / "a.db", "tenant", lambda tx: None, clock())


def test_a_log_that_was_left_is_folded_in(tmp_path: Path) -> None:
    clock = HandClock()
    shard = open_shard(tmp_path / "a.db", clock)
    within(shard, lambda tx: identity.set_fact(tx, "word", "here"), clock)
    (tmp_path / "killed").mkdir()
    for name in ("a.db", "a.db-wal"):
        (tmp_path / "killed" / name).write_bytes((tmp_path / name).read_bytes())
    shard.close()
    restore.fold(tmp_path / "killed" / "a.db")
    assert not [path for path in (tmp_path / "killed").glob("a.db-wal") if path.stat().st_size]
