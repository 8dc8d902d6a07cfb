"""The answerer's own sentences stand up to grounding: whatever stock, however customers spell, nobody is told sorry."""

import random
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import apsw
import pytest
from attrs import evolve

from daemon.desk.brief import HandOver
from daemon.desk.catalogue.lexicon import known_models
from daemon.desk.handover import hurried
from daemon.emulator import showroom
from shards.migrate import migrate
from shards.shard import Tx
from shards.tenant import stock
from shards.tenant.vehicle import Vehicle
from tests.corpus import play
from tests.corpus.play import HERE, NOW, ZONE, Conversation, load, title
from tests.support.lot import brief

FILES = sorted(path.name for path in HERE.glob("*.toml"))
CASES = [case for name in FILES for case in load(name)]
SHOPS = {profile.id: showroom.vehicles(profile.id, "http://fotos.example") for profile in showroom.PROFILES}
ALARMS = ("turn.ungrounded", "turn.apology")


def alarms(talk: Conversation) -> list[str]:
    return [f"{note.event} {note.fields}" for note in talk.notes if note.event in ALARMS]


def say(case: dict[str, Any]) -> Conversation:
    """A case's bursts, played on whatever stock is in place."""
    now = datetime.fromisoformat(case["at"]).replace(tzinfo=ZONE) if "at" in case else NOW
    talk = Conversation(now=now, ad_text=case.get("ad", ""))
    for burst in case.get("before", ()):
        talk.says(*burst)
    talk.says(*case["say"], kind=case.get("kind", "text"))
    return talk


def put_in(monkeypatch: pytest.MonkeyPatch, vehicles: Iterable[Vehicle]) -> None:
    """Let conversations be played on this stock."""
    connection = apsw.Connection(":memory:")
    migrate(connection, HERE, "tenant", None)
    tx = Tx(connection, NOW)
    connection.execute("BEGIN")
    for vehicle in vehicles:
        stock.put(tx, vehicle)
    connection.execute("COMMIT")
    summary = stock.summary(tx)
    monkeypatch.setattr(play, "shard", lambda: tx)
    monkeypatch.setattr(play, "summary", lambda: summary)


@pytest.mark.parametrize("name", FILES)
def test_no_case_of_the_corpora_ends_in_an_apology(name: str) -> None:
    found = {title(case): wrong for case in load(name) if (wrong := alarms(play.converse(case)[0]))}
    assert not found


@pytest.mark.parametrize("shop", SHOPS)
def test_nor_at_the_shops_of_the_demo(shop: str, rng: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch, SHOPS[shop])
    found = {title(case): wrong for case in rng.sample(CASES, 80) if (wrong := alarms(say(case)))}
    assert not found


def test_nor_on_any_stock(rng: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [vehicle for vehicles in SHOPS.values() for vehicle in vehicles]
    for size in (1, 2, 3, 8, 20, 60):
        held = rng.sample(every, size)
        put_in(monkeypatch, [_worn(vehicle, rng) for vehicle in held])
        found = {title(case): wrong for case in rng.sample(CASES, 40) if (wrong := alarms(say(case)))}
        assert not found, [vehicle.id for vehicle in held]


def _worn(vehicle: Vehicle, rng: random.Random) -> Vehicle:
    """As dealers' data is: prices and mileages missing, some sold."""
    return evolve(
        vehicle,
        price_centavos=None if rng.random() < 0.1 else vehicle.price_centavos,
        mileage_km=None if rng.random() < 0.1 else vehicle.mileage_km,
        status=rng.choice(["available"] * 6 + ["reserved", "sold"]),
    )


UNITS = ("", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove")
TEENS = (
    "dez", "onze", "doze", "treze", "quatorze", "quinze", "dezesseis", "dezessete", "dezoito", "dezenove", "vinte",
)  # fmt: skip
OFFERS = (
    "aceita um {} na troca?",
    "pega meu {} na troca?",
    "tenho um {} e quero trocar num suv",
    "meu carro é um {}, serve de entrada?",
    "vcs pegam {} no negócio?",
    "quero vender meu {}",
    "quanto vcs dão no meu {}?",
    "tenho uma {} com 80 mil km, aceitam?",
    "dou meu {} mais 20 mil na hilux",
)


def _misspelt(name: str, rng: random.Random) -> str:
    if len(name) < 5 or not name.isalpha():
        return name
    at = rng.randrange(1, len(name) - 1)
    left, letter, right = name[:at], name[at], name[at + 1 :]
    return rng.choice([left + right, left + letter * 2 + right, left + right[0] + letter + right[1:]])


def _small(name: str, rng: random.Random) -> str:
    stem = name.lower().rstrip("aeo") if name.isalpha() else name.lower()
    return stem + rng.choice(["inho", "zinho", "inha", "zinha"])


def _spaced(name: str, rng: random.Random) -> str:
    return " ".join("".join(f" {char}" if char.isdigit() else char for char in name.lower()).replace("-", " ").split())


def _written(name: str, rng: random.Random) -> str:
    return name.lower().replace("10", " dez").replace("20", " vinte").replace("4", " quatro")


def _year(year: int, rng: random.Random) -> str:
    below = year - 2000
    words = UNITS[below] if below < 10 else TEENS[below - 10] if below <= 20 else f"vinte e {UNITS[below - 20]}"
    return rng.choice(
        [
            str(year),
            f"dois mil e {words}",
            f"ano {words}",
            f"{below:02}",
            f"{below:02}/{below + 1:02}",
            f"{year}/{year + 1}",
            f"ano {year}",
        ]
    )


NAMES: tuple[Callable[[str, random.Random], str], ...] = (
    lambda name, _: name,
    lambda name, _: name.lower(),
    _misspelt,
    _small,
    _spaced,
    _written,
)


def test_nor_for_any_car_of_the_market_in_part_exchange(rng: random.Random) -> None:
    found = {}
    for known in rng.sample(known_models(), 200):
        name = known.model if rng.random() < 0.8 else f"{known.make} {known.model}"
        own = f"{rng.choice(NAMES)(name, rng)} {_year(rng.randrange(2001, 2025), rng)}"
        talk = Conversation()
        said = rng.choice(OFFERS).format(own)
        talk.says(said)
        talk.says(rng.choice(["tá com 90 mil km e bem conservado", f"é {own}", "tem hatch até 60?", "quanto vale?"]))
        if wrong := alarms(talk):
            found[said] = wrong
    assert not found


def test_while_closed_nobody_is_promised_at_once_and_the_assistant_goes_on() -> None:
    shut = brief("oi", open_now=False, next_opening="amanhã às 8h")
    night = NOW.replace(hour=21, minute=30)
    wanted = 0
    for case in CASES:
        talk = Conversation(now=night)
        for burst in (*case.get("before", ()), case["say"]):
            reply = talk.says(*burst)
        over = [effect for effect in reply.effects if isinstance(effect, HandOver)]
        if not over:
            continue
        wanted += 1
        assert hurried(shut, reply.text) == (), (title(case), reply.text)
        assert re.search(r"amanhã|segunda|quando a loja abrir|assim que", reply.text), (title(case), reply.text)
        assert all(effect.requested != effect.always for effect in over)
    assert wanted > 10
