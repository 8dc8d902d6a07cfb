"""The `web` channel under cuts and kill -9, in a conversation with an unmodified Baileys: each message exactly once.

`WEB_FAULT_RUNS` sets how often (12 where nothing is said, 300 by `make faults`).
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import httpx
import trio
from attrs import define, field

from daemon.emulator.whatsapp_web.faults import Fault
from tests.support.baileys_peer import Peer, baileys, link, needs_baileys
from tests.support.web_desk import WebDesk, web_desk

pytestmark = needs_baileys

RUNS = int(os.environ.get("WEB_FAULT_RUNS", "12"))
PAUSE_SECONDS = 0.2
AFTER = ("cut_before_ack", "cut_after_taking", "cut_after_ack", "no_ack", "cut_before_delivery", "cut_after_delivery")


@define(eq=False)
class Talk:
    """Ana writes with Baileys, a salesperson through the API, without a pause, until it is told to end."""

    desk: WebDesk
    ana: Peer
    conversation: str
    rng: random.Random
    by_ana: list[str] = field(factory=list)
    by_shop: list[str] = field(factory=list)
    over: bool = False

    async def ana_writes(self) -> None:
        to = str(self.desk.shop.account.lid)
        while not self.over:
            text = f"Ana {len(self.by_ana)}"
            self.by_ana.append(text)
            await self.ana.text(to, text)
            await trio.sleep(self.rng.uniform(0, 2 * PAUSE_SECONDS))

    async def shop_writes(self) -> None:
        path = f"/v1/tenants/auto-sul/conversations/{self.conversation}/messages"
        while not self.over:
            text = f"Paulo {len(self.by_shop)}"
            self.by_shop.append(text)
            while not await self._posted(path, text):  # noqa: ASYNC110 - the pace of a client's retries
                await trio.sleep(0.05)
            await trio.sleep(self.rng.uniform(0, 2 * PAUSE_SECONDS))

    async def _posted(self, path: str, text: str) -> bool:
        """As a client does that cannot know whether a request that broke off was carried out: again, with its key."""
        try:
            answer = await self.desk.daemon.admin.post(path, json={"text": text}, headers={"Idempotency-Key": text})
        except httpx.TransportError:
            return False
        return answer.status_code == 201


async def test_cut_or_killed_at_any_instant_each_message_arrives_once(
    tmp_path: Path, rng: random.Random, capsys: Any
) -> None:
    done: Counter[str] = Counter()
    async with (
        web_desk(tmp_path) as desk,
        baileys(desk.whatsapp.url, tmp_path / "ana", ca_file=desk.whatsapp.media.ca_file) as ana,
    ):
        await link(ana, desk.network, desk.ana)
        await ana.text(str(desk.shop.account.lid), "oi")
        await desk.until_messages(lambda found: found[-1:] != [] and found[-1]["state"] == "delivered")
        conversation, first = await desk.only_conversation()
        await desk.daemon.call("POST", f"/v1/tenants/auto-sul/conversations/{conversation['id']}/takeover")
        talk = Talk(desk, ana, conversation["id"], rng)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk.ana_writes)
            nursery.start_soon(talk.shop_writes)
            for _ in range(RUNS):
                await trio.sleep(rng.uniform(0, 0.5))
                done[await disturb(desk, rng)] += 1
            talk.over = True
        await at_rest(desk)
        # sessions live on: one more each way
        talk.by_ana.append("Ana no fim")
        await ana.text(str(desk.shop.account.lid), "Ana no fim")
        talk.by_shop.append("Paulo no fim")
        assert await talk._posted(f"/v1/tenants/auto-sul/conversations/{talk.conversation}/messages", "Paulo no fim")

        async def both_stored() -> bool:
            return rows(desk, "SELECT count(*) FROM messages WHERE text IN ('Ana no fim', 'Paulo no fim')") == [(2,)]

        await desk.daemon.until(both_stored)
        await at_rest(desk)
        screen = list(shop_screen(desk, talk.conversation))[len(first) :]
        assert [text for direction, text, _ in screen if direction == "in"] == talk.by_ana
        assert [text for direction, text, _ in screen if direction == "out"] == talk.by_shop
        states = Counter(state for direction, _, state in screen if direction == "out")
        assert set(states) <= {"delivered", "read"}, states
        for seen in (by_baileys(ana), [one.text for one in desk.from_shop(desk.ana)]):
            arrived = [text for text in seen if text.startswith("Paulo")]
            assert sorted(arrived) == sorted(talk.by_shop), Counter(arrived) - Counter(talk.by_shop)
        unread = [event for event in ana.events if event["event"] == "undecryptable"]
    with capsys.disabled():
        print(
            f"\n{RUNS} faults ({dict(done)}): {len(talk.by_ana)} messages from Baileys and {len(talk.by_shop)} to it,"
            f" each once on both screens; {len(unread)} times Baileys had to ask for one again"
        )


async def disturb(desk: WebDesk, rng: random.Random) -> str:
    """One fault, and the way out of it where it does not end by itself."""
    device = desk.network.companion(desk.shop.account.phone)
    kind = rng.choice(("kill", "cut", "cut", "fault"))
    if kind == "kill":
        await desk.daemon.kill()
        await desk.daemon.start()
    elif kind == "cut":
        if desk.network.lines.live(device):
            desk.network.lines.blow(device, "cut")
    else:
        kind = rng.choice(AFTER)
        desk.network.lines.faults(device).add(Fault(kind))  # type: ignore[arg-type]
        await trio.sleep(rng.uniform(0, 0.3))
    if rng.random() < 0.7:  # else the next one comes while this one is being overcome
        await back(desk)
    return kind


async def back(desk: WebDesk) -> None:
    """Wait until the channel is up; an operator who is tired of the back-off restarts the tenant."""

    async def is_up() -> bool:
        found = await desk.channel()
        if found["state"] != "up" and found["retry_at"] is not None:
            await desk.daemon.call("POST", "/v1/tenants/auto-sul/restart")
        return bool(found["state"] == "up")

    await desk.daemon.until(is_up)


async def at_rest(desk: WebDesk) -> None:
    """Nothing waits for us at the server, nothing of ours is on its way."""
    await back(desk)
    device = desk.network.companion(desk.shop.account.phone)
    desk.network.lines.faults(device).clear()

    async def quiet() -> bool:
        await back(desk)
        moving = rows(desk, "SELECT count(*) FROM messages WHERE state IN ('queued', 'sending', 'sent')")
        return not device.waiting and moving == [(0,)]

    await desk.daemon.until(quiet, seconds=240)


def rows(desk: WebDesk, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    path = desk.daemon.data_dir / "shards" / "auto-sul.db"
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5000)
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def shop_screen(desk: WebDesk, conversation: str) -> Iterator[tuple[str, str, str]]:
    """The conversation as the salesperson sees it."""
    yield from rows(  # type: ignore[misc]
        desk,
        "SELECT m.direction, m.text, m.state FROM messages m JOIN conversations c ON c.seq = m.conversation"
        " WHERE c.id = ? ORDER BY m.seq",
        conversation,
    )


def by_baileys(ana: Peer) -> list[str]:
    """What Ana's client showed, each message once by its id."""
    shown = {
        event["key"]["id"]: str(event.get("text"))
        for event in ana.events
        if event["event"] == "message" and not event["key"]["fromMe"]
    }
    return list(shown.values())
