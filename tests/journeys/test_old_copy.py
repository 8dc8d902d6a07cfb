"""A dealership goes back to an old copy while its customers, and the neighbour's, go on writing.

COPY_AGE_SECONDS says how old (`make soak`: an hour); traffic never stops meanwhile.
"""

import os
import random
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
import trio

from daemon.emulator import deliveries
from tests.journeys.test_backup import SETTINGS, accounted, conversations, ledger_of, phone_of, rows, settled
from tests.support.rig import Rig, now_s, rig
from tests.support.stock import STOCK

COPY_AGE_SECONDS: Final = float(os.environ.get("COPY_AGE_SECONDS", "4"))
CUSTOMERS: Final = 40
RATE: Final = float(os.environ.get("COPY_AGE_RATE", "8"))
"""Messages a second, both dealerships together."""


class Traffic:
    """Customers of two dealerships who ask, opt out and come anew, until it is told to end."""

    def __init__(self, daemon: Rig, numbers: dict[str, str], rng: random.Random) -> None:
        self.daemon = daemon
        self.numbers = numbers
        self.rng = rng
        self.posted: dict[str, dict[str, tuple[str, int]]] = {tenant: {} for tenant in numbers}  # wamid: phone, at
        self.opted_out: set[str] = set()
        self.erased: set[str] = set()
        self.count = 0
        self.over = False

    async def run(self) -> None:
        began = trio.current_time()
        async with trio.open_nursery() as posts:
            while not self.over:
                tenant = self.rng.choice(sorted(self.numbers))
                phone = f"55119{self.rng.randrange(CUSTOMERS):08}"
                if phone not in self.erased:
                    posts.start_soon(self.write, tenant, phone, "tem civic?")
                await trio.sleep_until(began + self.count / RATE)

    async def write(self, tenant: str, phone: str, text: str) -> None:
        """One customer's message, posted as Meta would until it is taken."""
        self.count += 1
        wamid, at = f"wamid.{tenant}.{self.count}", now_s()
        entry = deliveries.text(text, phone=phone, phone_number_id=self.numbers[tenant], message_id=wamid, at=at)
        assert (await self.daemon.webhook(entry)).status_code == 200
        self.posted[tenant][wamid] = (phone, at)


async def test_nothing_old_happens_again_under_traffic(
    tmp_path: Path, rng: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    async with rig(tmp_path, settings=SETTINGS) as daemon:
        await daemon.start()
        numbers = {tenant: await daemon.add_tenant(tenant, index) for index, tenant in enumerate(("muda", "fica"), 1)}
        for tenant in numbers:
            await daemon.add_stock(tenant, STOCK)
        traffic = Traffic(daemon, numbers, rng)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(traffic.run)
            sure = [f"551197777{index:04}" for index in range(4)]  # two of them opt out later, two are erased
            for phone in sure:
                await traffic.write("muda", phone, "tem corolla?")
            await daemon.until(lambda: answered(daemon, numbers["muda"], set(sure)))
            made = await daemon.call("POST", "/v1/backups", {"tenant": "muda"})
            copied_at = trio.current_time()

            async def done() -> bool:
                return (await daemon.call("GET", f"/v1/backups/{made['id']}"))["backup"]["state"] == "done"

            await daemon.until(done)
            for phone in sure[:2]:
                traffic.opted_out.add(phone)
                await traffic.write("muda", phone, "PARAR")
            await daemon.until(lambda: silenced(daemon, traffic.opted_out))
            for one in await conversations(daemon, "muda"):
                if phone_of(one) in sure[2:]:
                    traffic.erased.add(phone_of(one))
                    await daemon.call("DELETE", f"/v1/tenants/muda/contacts/{one['contact']['id']}")
            assert traffic.erased == set(sure[2:])
            await trio.sleep_until(copied_at + COPY_AGE_SECONDS)
            age = trio.current_time() - copied_at
            ledger, sent = ledger_of(daemon, "muda"), len(daemon.graph.sent)
            report = await daemon.call("POST", "/v1/tenants/muda/restore", {"backup": made["id"]}, timeout=300)
            # some more of life after it: everybody who opted out or not goes on writing
            for phone in sure[:2]:
                await traffic.write("muda", phone, "oi?")
            fresh = [f"551198888{index:04}" for index in range(3)]
            await daemon.until(lambda: later(report["restored_at"]))
            for phone in fresh:
                await traffic.write("muda", phone, "tem corolla?")
            await daemon.until(lambda: answered(daemon, numbers["muda"], set(fresh)))
            traffic.over = True
        for tenant in numbers:
            await settled(daemon, tenant)

        # 1. nothing old is sent or answered again
        calls = daemon.graph.sent
        assert len({call.our_id for call in calls}) == len(calls), "a message was handed over twice"
        restored_second = second_of(report["restored_at"])
        asked_since: dict[str, int] = defaultdict(int)
        for phone, at in traffic.posted["muda"].values():
            asked_since[phone] = max(asked_since[phone], at)
        after = [call for call in calls[sent:] if call.phone_number_id == numbers["muda"]]
        unasked = {call.to for call in after if asked_since[call.to] < restored_second}
        assert not unasked, "only who wrote after the restore is answered"
        # 2. whoever opted out or was erased meanwhile stays so
        now = {phone_of(one): one for one in await conversations(daemon, "muda")}
        assert not traffic.erased & set(now)
        assert all(now[phone]["opted_out"] for phone in traffic.opted_out)
        assert not {call.to for call in after} & (traffic.opted_out | traffic.erased)
        # 3. every message of the restored one is there or was named as lost; the neighbour's are all there
        kept = {id_ for (id_,) in rows(daemon.data_dir / "shards" / "muda.db", "SELECT network_id FROM messages")}
        erased = {wamid for wamid, (phone, _) in traffic.posted["muda"].items() if phone in traffic.erased}
        lost = {one["network_id"] for one in report["lost"]["messages"]}
        assert set(traffic.posted["muda"]) - erased <= kept | lost
        there = {id_ for (id_,) in rows(daemon.data_dir / "shards" / "fica.db", "SELECT network_id FROM messages")}
        assert set(traffic.posted["fica"]) <= there
        # 4. reconcile explains every difference
        await daemon.until(lambda: accounted(daemon, "muda"))
        total = ledger_of(daemon, "muda")
        assert ledger <= total
        here = {event for (event,) in rows(daemon.data_dir / "shards" / "muda.db", "SELECT event_id FROM usage")}
        assert here <= total
        for line in (await daemon.call("GET", "/v1/reconcile"))["items"]:
            assert (line["missing"], line["error"]) == (0, "")
            only = sum(one["receipts"] for one in line["only_central"])
            assert only == (len(total - here) if line["tenant"] == "muda" else 0)
        with capsys.disabled():
            print(
                f"\nrestored from a copy {age:.0f} s old: {traffic.count} messages posted,"
                f" {report['lost']['received']} received since and named as lost, {len(calls)} sent, none twice;"
                f" central alone knows {len(total - here)} of {len(total)} receipts, all explained"
            )


async def answered(daemon: Rig, number: str, phones: set[str]) -> bool:
    return phones <= {call.to for call in daemon.graph.sent if call.phone_number_id == number}


async def silenced(daemon: Rig, phones: set[str]) -> bool:
    return phones <= {phone_of(one) for one in await conversations(daemon, "muda") if one["opted_out"]}


async def later(moment: str) -> bool:
    return now_s() > second_of(moment)


def second_of(moment: str) -> int:
    """The whole second of an RFC 3339 time."""
    return int(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp())
