from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from daemon.backup import rebirth
from daemon.desk.receive import PAUSE_FACT
from shards.errors import Conflict, Invalid
from shards.restore import Held
from shards.shard import Shard, Tx
from shards.tenant import contacts, conversations, identity, profile
from shards.tenant.contacts import Identity
from shards.tenant.tombstones import Tombstone
from tests.support.shards import HandClock, open_shard, tenant_profile, within


def keyed(text: str) -> bytes:
    return text.encode()


@define
class File:
    """A file that is about to go back into service."""

    shard: Shard
    clock: HandClock

    def do(self, work: Any) -> Any:
        return within(self.shard, work, self.clock)

    def again(self, *graves: Tombstone, **more: Any) -> rebirth.Reborn:
        found: rebirth.Reborn = self.do(lambda tx: rebirth.begin_again(tx, graves=graves, keyed_hash=keyed, **more))
        return found

    def opted_out(self) -> list[str]:
        found: list[str] = self.do(
            lambda tx: [v for (v,) in tx.rows("SELECT name FROM contacts WHERE opted_out_at IS NOT NULL ORDER BY name")]
        )
        return found


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    clock = HandClock()
    opened = open_shard(tmp_path / "a.db", clock)
    made = File(opened, clock)
    made.do(lambda tx: (identity.establish(tx, "auto-sul"), profile.save(tx, tenant_profile())))
    for index, name in enumerate(("ana", "bia"), 1):
        made.do(lambda tx, name=name, index=index: known(tx, name, str(index)))
    yield made
    opened.close()


def known(tx: Tx, name: str, phone: str) -> int:
    contact = contacts.resolve(tx, Identity(aliases=(("phone", phone), ("user_id", f"u{phone}")), name=name))
    conversations.of_contact(tx, contact.seq, "cloud")
    return contact.seq


def test_an_opt_out_of_later_holds_whichever_name_it_was_said_under(file: File) -> None:
    later = file.clock.ms + 5
    reborn = file.again(Tombstone("opt_out", b"user_id:u1", later), Tombstone("opt_out", b"phone:99", later))
    assert (reborn.opted_out, reborn.opted_in, reborn.erased) == (1, 0, 0)
    assert file.opted_out() == ["ana"]
    assert file.do(lambda tx: conversations.one(tx, 1)).held_by_human(later)


def test_who_asked_for_answers_again_gets_them(file: File) -> None:
    file.do(lambda tx: (contacts.opt_out(tx, 1, 5), conversations.silence(tx, 1)))
    reborn = file.again(Tombstone("opt_out", b"phone:1", 5), Tombstone("opt_in", b"phone:1", 9))
    assert (reborn.opted_out, reborn.opted_in) == (0, 1)
    assert file.opted_out() == []
    assert file.do(lambda tx: conversations.one(tx, 1)).state == "assistant"


def test_an_opt_in_of_before_undoes_no_opt_out(file: File) -> None:
    file.do(lambda tx: contacts.opt_out(tx, 1, 50))
    file.again(Tombstone("opt_in", b"phone:1", 9))
    assert file.opted_out() == ["ana"]


def test_who_was_erased_is_not_brought_back(file: File) -> None:
    reborn = file.again(Tombstone("erasure", b"phone:2", file.clock.ms + 1))
    assert reborn.erased == 1
    assert file.do(lambda tx: tx.value("SELECT group_concat(name) FROM contacts")) == "ana"


def test_who_came_anew_after_an_erasure_stays(file: File) -> None:
    reborn = file.again(Tombstone("erasure", b"phone:2", file.clock.ms - 1))
    assert reborn.erased == 0


def test_whom_a_person_has_keeps_that_person(file: File) -> None:
    thread = file.do(lambda tx: conversations.one(tx, 2))
    file.again(held=[Held(thread.id, None), Held("unknown", None)], facts={PAUSE_FACT: "a locked number"})
    assert file.do(lambda tx: conversations.one(tx, 2)).state == "human"
    assert file.do(lambda tx: identity.fact(tx, PAUSE_FACT)) == "a locked number"


def test_the_file_says_whose_it_is(file: File) -> None:
    found = file.do(rebirth.who)
    rebirth.expect(found, "auto-sul")
    with pytest.raises(Conflict, match="not to 'vizinha'"):
        rebirth.expect(found, "vizinha")
    file.do(lambda tx: identity.set_fact(tx, "tenant", "other"))
    with pytest.raises(Invalid, match="two names"):
        file.do(rebirth.who)
    file.do(lambda tx: tx.run("DELETE FROM profile"))
    with pytest.raises(Invalid, match="no tenant in it"):
        file.do(rebirth.who)


def test_the_newest_choice_counts_and_an_opt_out_wins_a_tie() -> None:
    found = rebirth.newest_choices(
        [
            Tombstone("opt_out", b"a", 1),
            Tombstone("opt_in", b"a", 2),
            Tombstone("opt_in", b"b", 3),
            Tombstone("opt_out", b"b", 3),
            Tombstone("erasure", b"c", 4),
        ]
    )
    assert found == {b"a": (2, "opt_in"), b"b": (3, "opt_out")}
