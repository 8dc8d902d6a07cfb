"""What people do in conversations, and what an erasure leaves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from daemon.assembly import Parts
from daemon.channels.media import media_path
from shards.errors import NotFound
from shards.requests import AlreadyDone, RequestKey, StoredRequest
from shards.shard import Tx
from shards.tenant import media, messages
from tests.support.house import around, count, house, in_central, sandbox_profile, until
from tests.support.shards import HandClock

SAID = "Meu telefone antigo era o da padaria Estrela"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def parts(tmp_path: Path, clock: HandClock) -> AsyncIterator[Parts]:
    async with house(tmp_path, clock=clock) as made:
        await made.service.create(sandbox_profile("auto-sul"), {})
        yield made


async def rows(parts: Parts, sql: str) -> list[Any]:
    return await parts.directory.handle("auto-sul").read(lambda tx: list(tx.rows(sql)))


async def thread(parts: Parts, text: str = "Oi", sender: str = "ana") -> str:
    """A customer writes and is answered; the conversation's id."""
    before = await count(parts, "auto-sul", "SELECT count(*) FROM turns WHERE state = 'settled'")
    await parts.service.sandbox_says("auto-sul", sender, text)
    await until(lambda: _settled(parts, before + 1))
    found: str = await count(
        parts,
        "auto-sul",
        "SELECT c.id FROM conversations c JOIN aliases a ON a.contact = c.contact WHERE a.value = ?",
        (sender,),
    )
    return found


async def _settled(parts: Parts, turns: int) -> bool:
    unsent = "SELECT count(*) FROM messages WHERE state IN ('queued', 'sending')"
    return (
        await count(parts, "auto-sul", "SELECT count(*) FROM turns WHERE state = 'settled'") >= turns
        and await count(parts, "auto-sul", unsent) == 0
    )


def asked(path: str) -> StoredRequest:
    return StoredRequest(RequestKey("token", path, "k", b"body"), 201, lambda tx, subject: f"{SAID} {subject}".encode())


async def test_a_sandbox_customer_is_answered(parts: Parts) -> None:
    await thread(parts, "Oi, bom dia")
    assert [author for (author,) in await rows(parts, "SELECT author FROM messages ORDER BY seq")] == [
        "customer",
        "assistant",
    ]


async def test_a_takeover_silences_until_its_time_is_over(parts: Parts, clock: HandClock) -> None:
    id_ = await thread(parts)
    await parts.service.take_over("auto-sul", id_, 30)
    await parts.service.sandbox_says("auto-sul", "ana", "Tem civic?")
    [(state, until_ms, due_at)] = await rows(parts, "SELECT state, human_until, due_at FROM conversations")
    assert (state, until_ms, due_at) == ("human", clock.ms + 30 * 60_000, clock.ms + 30 * 60_000)
    assert await count(parts, "auto-sul", "SELECT count(*) FROM turns WHERE state = 'settled'") == 1
    clock.move(30 * 60 + 1)
    await parts.service.restart("auto-sul")
    await until(lambda: _settled(parts, 2))
    assert await count(parts, "auto-sul", "SELECT state FROM conversations") == "assistant"


async def test_without_minutes_it_is_until_released(parts: Parts, clock: HandClock) -> None:
    id_ = await thread(parts)
    await parts.service.take_over("auto-sul", id_, None)
    await parts.service.sandbox_says("auto-sul", "ana", "Tem civic?")
    clock.move(10 * 24 * 3600)
    await parts.service.restart("auto-sul")
    assert await count(parts, "auto-sul", "SELECT due_at FROM conversations") is None
    clock.move(-10 * 24 * 3600)
    await parts.service.hand_back("auto-sul", id_)
    await until(lambda: _settled(parts, 2))


async def test_a_takeover_cancels_what_is_not_sent(parts: Parts) -> None:
    id_ = await thread(parts)
    await parts.service.suspend("auto-sul", "so that it stays queued")
    await parts.directory.handle("auto-sul").write(
        lambda tx: messages.queue(tx, 1, author="assistant", kind="text", text="Temos, sim!")
    )
    await parts.service.take_over("auto-sul", id_, 5)
    assert await rows(parts, "SELECT state, error FROM messages ORDER BY seq DESC LIMIT 1") == [
        ("cancelled", "a person took over")
    ]


async def test_a_salespersons_message_goes_out_and_takes_over(parts: Parts, clock: HandClock) -> None:
    id_ = await thread(parts)
    message = await parts.service.human_says("auto-sul", id_, "Oi, aqui é a Ana")
    await until(lambda: _settled(parts, 1))
    assert await rows(parts, "SELECT id, author, state FROM messages ORDER BY seq DESC LIMIT 1") == [
        (message, "human", "read")
    ]
    assert await rows(parts, "SELECT state, human_until FROM conversations") == [("human", clock.ms + 240 * 60_000)]


@pytest.mark.parametrize(("minutes", "kept"), [(None, None), (600, 600), (5, 240)])
async def test_writing_does_not_shorten_a_takeover(
    parts: Parts, clock: HandClock, minutes: int | None, kept: int | None
) -> None:
    id_ = await thread(parts)
    await parts.service.take_over("auto-sul", id_, minutes)
    await parts.service.human_says("auto-sul", id_, "Oi")
    expected = None if kept is None else clock.ms + kept * 60_000
    assert await count(parts, "auto-sul", "SELECT human_until FROM conversations") == expected


@pytest.mark.parametrize("method", ["take_over", "hand_back", "human_says", "sandbox_says"])
async def test_each_is_done_once(parts: Parts, method: str) -> None:
    id_ = await thread(parts)
    call = {
        "take_over": lambda: parts.service.take_over("auto-sul", id_, 5, request=asked("p")),
        "hand_back": lambda: parts.service.hand_back("auto-sul", id_, request=asked("p")),
        "human_says": lambda: parts.service.human_says("auto-sul", id_, "Oi", request=asked("p")),
        "sandbox_says": lambda: parts.service.sandbox_says("auto-sul", "bia", "Oi", request=asked("p")),
    }[method]
    await call()
    before = await count(parts, "auto-sul", "SELECT count(*) FROM messages WHERE author <> 'assistant'")
    with pytest.raises(AlreadyDone):
        await call()
    assert await count(parts, "auto-sul", "SELECT count(*) FROM messages WHERE author <> 'assistant'") == before


async def test_what_is_not_there(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await parts.service.take_over("auto-sul", "nada", 5)
    with pytest.raises(NotFound):
        await parts.service.erase_contact("auto-sul", "nada")
    with pytest.raises(NotFound):
        await parts.service.sandbox_says("ninguem", "ana", "Oi")


async def test_stock_changes_reach_the_cache(parts: Parts) -> None:
    await parts.service.stock_changed("auto-sul")
    await parts.service.suspend("auto-sul", "")
    await parts.service.stock_changed("auto-sul")


async def _with_file(parts: Parts, sender: str, content: bytes, name: str) -> Path:
    """A customer's file, as it is once fetched."""
    hash_ = name * 32
    path = media_path(around(parts).data_dir / "media", "auto-sul", hash_)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    seq = await count(
        parts,
        "auto-sul",
        "SELECT max(m.seq) FROM messages m JOIN conversations c ON c.seq = m.conversation JOIN aliases a"
        " ON a.contact = c.contact WHERE m.author = 'customer' AND a.value = ?",
        (sender,),
    )

    def store(tx: Tx) -> None:
        tx.run("INSERT INTO media_wanted (message, due_at) VALUES (?, 0)", (seq,))
        media.store(tx, message=seq, content_hash=hash_, mime_type="image/jpeg", size=len(content))

    await parts.directory.handle("auto-sul").write(store)
    return path


async def test_an_erasure_leaves_nothing_but_tombstones(parts: Parts, tmp_path: Path) -> None:
    id_ = await thread(parts, SAID)
    other = await thread(parts, "Oi, sou outra pessoa", "bia")
    await parts.service.human_says(
        "auto-sul", id_, SAID, request=asked(f"/v1/tenants/auto-sul/conversations/{id_}/messages")
    )
    await parts.service.sandbox_says("auto-sul", "ana", SAID, request=asked("/v1/tenants/auto-sul/sandbox/messages"))
    await until(lambda: _settled(parts, 2))
    own = await _with_file(parts, "ana", b"own", "ab")
    shared = await _with_file(parts, "bia", b"shared", "cd")
    await parts.directory.handle("auto-sul").write(
        lambda tx: tx.run(
            "UPDATE messages SET content = json_set(content, '$.media.hash', ?) WHERE seq ="
            " (SELECT min(seq) FROM messages WHERE text = ?)",
            ("cd" * 32, SAID),
        )
    )
    contact = await count(parts, "auto-sul", "SELECT c.id FROM contacts c JOIN aliases a ON a.contact = c.seq"
                          " WHERE a.value = 'ana'")  # fmt: skip
    await parts.service.erase_contact("auto-sul", contact)
    assert await rows(parts, "SELECT id FROM conversations") == [(other,)]
    assert await rows(parts, "SELECT value FROM aliases") == [("bia",)]
    assert await rows(parts, "SELECT hash FROM media") == [("cd" * 32,)]
    assert not own.exists()
    assert shared.exists(), "another customer sent the same file"
    assert await rows(parts, "SELECT kind, length(hash) FROM tombstones") == [("erasure", 32)]
    assert await rows(parts, "SELECT count(*) FROM requests") == [(0,)]
    for file in (tmp_path / "data" / "shards").iterdir():
        assert SAID.encode() not in file.read_bytes(), f"{file.name} still has the words"
    await parts.rollup.round()
    assert await in_central(parts, "SELECT kind FROM tombstones WHERE tenant = 'auto-sul'") == [("erasure",)]


async def test_an_erasure_in_the_middle_of_a_turn(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn ends without a word, and without a fault."""
    running = parts.supervisor.running("auto-sul")
    assert running is not None
    assert running.inbox is not None
    began, go_on = trio.Event(), trio.Event()
    real = running.inbox._thinker.think

    async def think(claim: Any, tally: Any) -> Any:
        reply = await real(claim, tally)
        began.set()
        await go_on.wait()
        return reply

    monkeypatch.setattr(running.inbox._thinker, "think", think)
    await parts.service.sandbox_says("auto-sul", "ana", SAID)
    await began.wait()
    contact = await count(parts, "auto-sul", "SELECT id FROM contacts")
    await parts.service.erase_contact("auto-sul", contact)
    go_on.set()
    inbox = running.inbox
    await until(lambda: not inbox.running)
    assert await rows(parts, "SELECT count(*) FROM messages") == [(0,)]
    assert parts.supervisor.running("auto-sul") is running, "it was no fault"


async def test_an_erasure_takes_what_the_customer_had_deleted_before(parts: Parts) -> None:
    await thread(parts, SAID)
    path = await _with_file(parts, "ana", b"deleted", "ab")
    network_id = await count(parts, "auto-sul", "SELECT network_id FROM messages WHERE author = 'customer'")
    await parts.directory.handle("auto-sul").write(lambda tx: messages.revoke(tx, network_id))
    contact = await count(parts, "auto-sul", "SELECT id FROM contacts")
    await parts.service.erase_contact("auto-sul", contact)
    assert not path.exists()
    assert await rows(parts, "SELECT hash FROM media") == []
