"""A voice turn, the whole way: voice note in, fetched, heard, thought, spoken, uploaded, sent, statuses, rollup.

The vendors answer at once, so what is left is our share, the peers' own time and the disk. Every note is another sound;
some answers are the same words and come from the cache, as they do in life: their share is among the figures.
"""

import random
import statistics
import time
import tomllib
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from daemon.emulator import deliveries
from daemon.emulator.voice_wire import ogg_opus
from tests.bench.peer import vehicles
from tests.bench.process import Bench, bench, cpu_seconds

TENANTS: Final = 4
RATES: Final = (2, 10)
NOTE_SECONDS: Final = 5.0
STOCK: Final = vehicles(300)
WANTED: Final = ("suv", "sedã", "hatch", "picape", "carro automático", "carro flex", "carro preto", "carro branco")

Figures = dict[str, Any]


async def measured(directory: Path, *, turns: int) -> Figures:
    """CPU a voice turn at full load, and how long an answer takes at steady rates."""
    async with (
        bench(directory, settings="[turns]\nquiet_spell_seconds = 0\n") as daemon,
        trio.open_nursery() as nursery,
    ):
        _give_voice(daemon)
        await daemon.start()
        nursery.start_soon(daemon.drain_logs)
        numbers = await _tenants(daemon)
        rng = random.Random(3)
        await _load(daemon, numbers, rng, count=min(20, turns), rate=None)  # connections and caches are warm
        found: Figures = {}
        before = await _spoken(daemon)
        cpu, seconds, _ = await _load(daemon, numbers, rng, count=turns, rate=None)
        found["voice turn: daemon CPU ms, full load"] = cpu / turns * 1000
        found["voice turn: turns a second, full load"] = turns / seconds
        found["voice turn: % spoken from the cache"] = 100 * (1 - (await _spoken(daemon) - before) / turns)
        for rate in RATES:
            count = max(10, min(turns, rate * 20))
            cpu, _, waits = await _load(daemon, numbers, rng, count=count, rate=rate)
            waits.sort()
            found[f"voice turn: daemon CPU ms, {rate}/s"] = cpu / count * 1000
            found[f"voice turn: p50 ms at {rate}/s"] = statistics.median(waits) * 1000
            found[f"voice turn: p99 ms at {rate}/s"] = waits[int(len(waits) * 0.99)] * 1000
        nursery.cancel_scope.cancel()
    return found


def _give_voice(daemon: Bench) -> None:
    """Settings and a key of ElevenLabs, whose part the vendor peer plays; files may come from the Graph peer."""
    config = daemon.directory / "showroomd.toml"
    text = config.read_text()
    vendor_url = tomllib.loads(text)["providers"]["anthropic"]["base_url"]
    graph = f'graph_url = "{daemon.graph_url}"\n'
    hosts = f'media_hosts = ["{daemon.graph_url.removeprefix("http://")}"]\n'
    voice = f'[providers.elevenlabs]\nbase_url = "{vendor_url}"\nvoice_id = "bench-voice"\n'
    config.write_text(text.replace(graph, graph + hosts) + voice)
    daemon.environ["ELEVENLABS_API_KEY"] = "bench"


async def _tenants(daemon: Bench) -> list[str]:
    numbers = []
    for index in range(TENANTS):
        number = str(200000000000100 + index)
        channel = {"kind": "cloud", "phone_number_id": number, "waba_id": number, "access_token": "EAAG"}
        assistant = {"providers": ["anthropic", "catalogue"], "voice": {"enabled": True, "voice_id": None}}
        tenant = {"id": f"loja-{index}", "name": f"Loja {index}", "channel": channel, "assistant": assistant}
        await daemon.call("POST", "/v1/tenants", tenant)
        await daemon.call("PUT", f"/v1/tenants/loja-{index}/vehicles", STOCK)
        numbers.append(number)
    return numbers


async def _spoken(daemon: Bench) -> int:
    """How many answers a vendor has spoken so far."""
    count = 0
    for index in range(TENANTS):
        usage = await daemon.call("GET", f"/v1/tenants/loja-{index}/usage")
        count += sum(line["receipts"] for line in usage["items"] if line["kind"] == "speech")
    return count


async def _load(
    daemon: Bench, numbers: list[str], rng: random.Random, *, count: int, rate: float | None
) -> tuple[float, float, list[float]]:
    """Post `count` voice notes; (daemon's CPU seconds, seconds until the last answer, waits of each)."""
    async with httpx.AsyncClient(base_url=daemon.graph_url, timeout=60) as graph:
        notes = [await _note(graph, numbers[index % len(numbers)], rng) for index in range(count)]
        sent = Sent(graph)
        await sent.read()
        posted: dict[str, float] = {}
        cpu, began = cpu_seconds(daemon.pid), time.perf_counter()

        async def post(phone: str, body: bytes) -> None:
            posted[phone] = time.time()
            await daemon.webhook(body)

        async with trio.open_nursery() as nursery:
            start = trio.current_time()
            for index, (phone, body) in enumerate(notes):
                if rate is not None:
                    await trio.sleep_until(start + index / rate)
                nursery.start_soon(post, phone, body)
        answers: list[dict[str, Any]] = []
        with trio.fail_after(120 + count):
            while len(answers) < count or sent.pending:  # the statuses belong to the turn
                await trio.sleep(0.05)
                answers += await sent.read()
        seconds = max(answer["at"] for answer in answers) - min(posted.values())
        assert seconds <= time.perf_counter() - began
        await trio.sleep(6)  # so does the rollup
        spent = cpu_seconds(daemon.pid) - cpu
        return spent, seconds, [answer["at"] - posted[answer["to"]] for answer in answers]


async def _note(graph: httpx.AsyncClient, number: str, rng: random.Random) -> tuple[str, bytes]:
    """A new customer's voice note, its file at the Graph peer; (phone, signed body)."""
    words = f"Oi, tem {rng.choice(WANTED)} até {rng.randrange(30, 400)} mil reais?"
    query = {"mime_type": "audio/ogg", "phone_number_id": number}
    stored = await graph.post("/emulator/files", params=query, content=ogg_opus(NOTE_SECONDS, transcript=words))
    phone = f"55{rng.randrange(10**10, 10**11)}"
    entry = deliveries.audio(stored.json()["id"], phone=phone, phone_number_id=number, at=int(time.time()))
    return phone, deliveries.delivery(entry)


class Sent:
    """The voice notes that the Graph peer took over, read page by page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._next = 0
        self.pending = 0

    async def read(self) -> list[dict[str, Any]]:
        """What came since the last look."""
        found: list[dict[str, Any]] = []
        while True:
            page = (await self._client.get("/emulator/sent", params={"after": self._next, "limit": 2000})).json()
            self.pending = page["pending"]
            found += [
                call for call in page["items"] if call["kind"] == "message" and call["body"].get("type") == "audio"
            ]
            if page["next"] == self._next:
                return found
            self._next = page["next"]
