"""Which pictures of vehicles follow a text, and what is said when they cannot be sent. Pure."""

from collections.abc import Generator, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from daemon.desk import results
from daemon.desk.brief import Command, Photo, PreparePhotos, Reply
from daemon.desk.tools import MAX_PHOTOS
from shards.tenant.vehicle import Vehicle

ROUNDS: Final = 2
"""How often others are looked for in the place of broken ones: the customer waits."""

_SHOWN: Final = "📸"
"""How the catalogue answerer begins the paragraph that announces pictures."""
_NOT_SHOWN: Final = "As fotos não abriram por aqui agora 😕"
_OFFER: Final = "Quer que eu peça as fotos para um vendedor?"


@frozen
class Chosen:
    """The pictures that can be sent, and how many could not."""

    photos: tuple[Photo, ...]
    broken: int

    @property
    def told(self) -> str:
        """What a model is told."""
        failed = f"; {self.broken} could not be loaded and are skipped" if self.broken else ""
        if self.photos:
            return results.done(f"{len(self.photos)} photos follow your text{failed}")
        if self.broken:
            return results.done(f"no photo follows your text{failed}; offer that a salesperson sends some")
        return results.done("these vehicles have no photos in stock data; offer that a salesperson sends some")


def choose(already: Sequence[Photo], vehicles: Sequence[Vehicle], each: int) -> Generator[Command, Any, Chosen]:
    """At most `each` pictures of every vehicle and `MAX_PHOTOS` in all, those chosen `already` among them. A broken
    one gives its place to the vehicle's next."""
    photos = list(already)
    tried = {photo.url for photo in photos}
    taken = dict.fromkeys((vehicle.id for vehicle in vehicles), 0)
    broken = 0
    for _ in range(ROUNDS):
        wanted = _candidates(vehicles, each, tried, taken, MAX_PHOTOS - len(photos))
        if not wanted:
            break
        tried.update(photo.url for photo in wanted)
        failed: frozenset[str] = yield PreparePhotos(tuple(photo.url for photo in wanted))
        broken += len(failed)
        for photo in wanted:
            if photo.url not in failed:
                first = not any(one.vehicle_id == photo.vehicle_id for one in photos)
                photos.append(photo if first else evolve(photo, caption=""))
                taken[photo.vehicle_id] += 1
        if not failed:
            break
    return Chosen(tuple(photos), broken)


def _candidates(
    vehicles: Sequence[Vehicle], each: int, tried: set[str], taken: dict[str, int], room: int
) -> list[Photo]:
    """The next pictures to try, one of each vehicle in turn."""
    left = {vehicle.id: [url for url in dict.fromkeys(vehicle.photos) if url not in tried] for vehicle in vehicles}
    found: list[Photo] = []
    for index in range(each):
        for vehicle in vehicles:
            urls = left[vehicle.id]
            fits = index < min(len(urls), each - taken[vehicle.id]) and len(found) < room
            if fits and all(photo.url != urls[index] for photo in found):
                found.append(Photo(vehicle.id, urls[index], caption(vehicle)))
    return found


def caption(vehicle: Vehicle) -> str:
    """What stands under a vehicle's first picture."""
    year = f" {vehicle.year}" if vehicle.year else ""
    return results.shortened(results.name(vehicle) + year, 200)


def without(reply: Reply, broken: frozenset[str]) -> Reply:
    """A reply whose broken pictures are left out; when none is left, its text says so and offers a person's."""
    kept = tuple(photo for photo in reply.photos if photo.url not in broken)
    if len(kept) == len(reply.photos):
        return reply
    if kept:
        return evolve(reply, photos=kept)
    parts = [_NOT_SHOWN if part.startswith(_SHOWN) else part for part in reply.text.split("\n\n")]
    if _NOT_SHOWN not in parts:
        parts.append(_NOT_SHOWN)
    memory = dict(reply.memory)
    if memory.get("asked") in ("opinion", "which") and parts[-1].endswith("?"):
        parts.pop()  # it asks what the customer thinks of the pictures
    if not any("?" in part for part in parts):
        parts.append(_OFFER)
        memory["asked"] = "person"
    return evolve(reply, photos=(), text="\n\n".join(parts), memory=memory)
