from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.desk import recall
from shards.shard import Shard, Tx
from shards.tenant import contacts, identity, tombstones
from shards.tenant.contacts import Contact, Identity
from tests.support.shards import HandClock, open_shard, within

CLOCK = HandClock()
ANA = Identity(aliases=(("phone", "5511"), ("user_id", "u1")), name="Ana")


@pytest.fixture
def shard(tmp_path: Path) -> Iterator[Shard]:
    opened = open_shard(tmp_path / "a.db", CLOCK)
    yield opened
    opened.close()


def do(shard: Shard, work: Any) -> Any:
    return within(shard, work, CLOCK)


def resolved(shard: Shard) -> int | None:
    def work(tx: Tx) -> Contact:
        restored = bool(identity.fact(tx, "restored_at"))
        return recall.resolve(tx, ANA, lambda text: text.encode(), restored=restored)

    contact = do(shard, work)
    kept: int | None = do(shard, lambda tx: contacts.one(tx, contact.seq).opted_out_at)
    assert contact.opted_out_at == kept
    return kept


def opt_out(shard: Shard, kind: str = "opt_out") -> None:
    do(shard, lambda tx: tombstones.bury(tx, kind, [b"user_id:u1"]))


def restored(shard: Shard) -> None:
    do(shard, lambda tx: identity.set_fact(tx, "restored_at", "1"))


def test_who_is_new_to_a_restored_file_keeps_the_choice_of_before(shard: Shard) -> None:
    opt_out(shard)
    restored(shard)
    assert resolved(shard) == CLOCK.ms


def test_a_file_that_never_was_restored_remembers_its_contacts_itself(shard: Shard) -> None:
    opt_out(shard)
    assert resolved(shard) is None


def test_who_is_known_is_left_alone(shard: Shard) -> None:
    restored(shard)
    do(shard, lambda tx: contacts.resolve(tx, ANA))
    do(shard, lambda tx: tx.run("UPDATE contacts SET created_at = 5"))
    opt_out(shard)
    assert resolved(shard) is None


@pytest.mark.parametrize("later", ["opt_in", "erasure"])
def test_a_later_opt_in_or_erasure_ends_it(shard: Shard, later: str) -> None:
    restored(shard)
    opt_out(shard)
    do(shard, lambda tx: tx.run("UPDATE tombstones SET at = 5"))
    opt_out(shard, later)
    assert resolved(shard) is None
