"""The side view of each body type, as the few points that make its character."""

from math import sqrt
from typing import Final

from attrs import evolve, frozen

Point = tuple[float, float]

GROUND: Final = 440.0


@frozen(kw_only=True)
class Outline:
    """A vehicle seen from its left side, nose to the left, on a canvas 800 wide; units are pixels."""

    nose: float
    tail: float
    hood: float  # height of the bonnet's front edge
    cowl: Point  # foot of the windscreen
    roof_front: Point
    roof_rear: Point
    rear: Point  # foot of the rear window
    deck: float  # height of the tail's upper edge
    bottom: float
    axles: tuple[float, float]
    wheel: float
    pillars: tuple[float, ...]  # where the side windows are divided
    seams: tuple[float, ...]  # where the doors part
    cargo: bool = False  # no side windows behind the front door
    bed: bool = False  # an open bed behind the cabin
    open_top: bool = False

    @property
    def belt(self) -> float:
        """Height of the windows' lower edge."""
        return self.cowl[1] + 3

    def arch(self, axle: float) -> tuple[float, float]:
        """Radius of the wheel arch and half of its width at the body's lower edge."""
        radius = self.wheel + 9
        rise = self.bottom - (GROUND - self.wheel)
        return radius, sqrt(max(radius * radius - rise * rise, 1.0))

    def body(self) -> str:
        """The painted shell with its wheel arches, as an SVG path."""
        n, t, b = self.nose, self.tail, self.bottom
        (cx, cy), (fx, fy), (rx, ry), (ex, ey) = self.cowl, self.roof_front, self.roof_rear, self.rear
        front, back = self.axles
        radius, half = self.arch(front)
        top = min(fy, ry) - 5
        span = rx - fx
        parts = [
            f"M{n + 20},{b} C{n + 4},{b} {n - 3},{b - 18} {n},{self.hood + 34}",
            f"C{n},{self.hood + 12} {n + 10},{self.hood - 2} {n + 36},{self.hood - 8}",
            f"C{n + 80},{self.hood - 18} {cx - 60},{cy + 1} {cx},{cy}",
        ]
        if self.open_top:
            parts.append(f"L{cx + 6},{cy + 2} C{cx + 120},{cy + 8} {ex - 110},{cy + 4} {ex},{ey}")
        else:
            parts += [
                f"C{cx + (fx - cx) * 0.42},{cy + (fy - cy) * 0.5} {fx - 24},{fy + 5} {fx},{fy}",
                f"C{fx + span * 0.3},{top} {fx + span * 0.7},{top} {rx},{ry}",
                f"C{rx + (ex - rx) * 0.35},{ry + 4} {ex - (ex - rx) * 0.3},{ey - (ey - ry) * 0.42} {ex},{ey}",
            ]
        if t - ex > 40:
            parts.append(f"C{ex + 20},{self.deck - 2} {t - 30},{self.deck - 3} {t - 8},{self.deck}")
        parts += [
            f"C{t + 1},{self.deck + 6} {t},{self.deck + 24} {t},{self.deck + 48}",
            f"C{t + 5},{b - 26} {t},{b} {t - 18},{b}",
            f"L{back + half:.1f},{b} A{radius},{radius} 0 1 0 {back - half:.1f},{b}",
            f"L{front + half:.1f},{b} A{radius},{radius} 0 1 0 {front - half:.1f},{b} Z",
        ]
        return " ".join(parts)

    def glass(self) -> str:
        """The side windows in one piece, as an SVG path."""
        (cx, _), (fx, fy), (rx, ry), (ex, _) = self.cowl, self.roof_front, self.roof_rear, self.rear
        top, belt, span = 11.0, self.belt, rx - fx
        if self.open_top:
            return f"M{cx + 10},{belt} L{fx - 2},{fy} L{fx + 10},{fy} L{cx + 52},{belt} Z"
        end = self.pillars[0] + 4 if self.cargo else ex - 16
        if self.cargo:
            return (
                f"M{cx + 18},{belt} C{cx + (fx - cx) * 0.5 + 14},{belt + (fy - belt) * 0.5} {fx - 8},{fy + top}"
                f" {fx + 10},{fy + top} L{end},{fy + top} L{end},{belt} Z"
            )
        return (
            f"M{cx + 20},{belt} C{cx + (fx - cx) * 0.5 + 14},{belt + (fy - belt) * 0.52} {fx - 8},{fy + top + 1}"
            f" {fx + 12},{fy + top} C{fx + span * 0.35},{fy + top - 3} {rx - span * 0.35},{ry + top - 3}"
            f" {rx - 8},{ry + top} C{rx + (ex - rx) * 0.3},{ry + top + 4} {end - 6},{belt - 22} {end},{belt - 3} Z"
        )


_HATCH: Final = Outline(
    nose=126, tail=676, hood=340, cowl=(276, 314), roof_front=(372, 246), roof_rear=(586, 250), rear=(660, 312),
    deck=322, bottom=408, axles=(226, 574), wheel=47, pillars=(466, 574), seams=(300, 470, 560),
)  # fmt: skip
_SEDAN: Final = Outline(
    nose=92, tail=708, hood=342, cowl=(252, 318), roof_front=(362, 252), roof_rear=(508, 254), rear=(618, 310),
    deck=318, bottom=408, axles=(200, 574), wheel=47, pillars=(442, 548), seams=(278, 446, 546),
)  # fmt: skip
_SUV: Final = Outline(
    nose=108, tail=694, hood=318, cowl=(262, 294), roof_front=(342, 218), roof_rear=(616, 222), rear=(676, 300),
    deck=312, bottom=396, axles=(212, 582), wheel=55, pillars=(448, 562), seams=(288, 452, 552),
)  # fmt: skip
_PICKUP: Final = Outline(
    nose=58, tail=744, hood=308, cowl=(222, 288), roof_front=(304, 210), roof_rear=(462, 212), rear=(494, 292),
    deck=296, bottom=390, axles=(168, 606), wheel=57, pillars=(390,), seams=(246, 392, 490), bed=True,
)  # fmt: skip

OUTLINES: Final[dict[str, Outline]] = {
    "hatch": _HATCH,
    "sedan": _SEDAN,
    "suv": _SUV,
    "pickup": _PICKUP,
    "wagon": evolve(_SEDAN, roof_rear=(626, 256), rear=(692, 314), deck=322, pillars=(442, 556)),
    "minivan": Outline(
        nose=118, tail=690, hood=330, cowl=(238, 306), roof_front=(344, 216), roof_rear=(624, 220),
        rear=(676, 306), deck=318, bottom=404, axles=(214, 582), wheel=47, pillars=(448, 570),
        seams=(268, 452, 562),
    ),
    "coupe": Outline(
        nose=88, tail=708, hood=350, cowl=(296, 326), roof_front=(400, 266), roof_rear=(474, 266),
        rear=(640, 322), deck=328, bottom=412, axles=(194, 588), wheel=52, pillars=(516,), seams=(316, 506),
    ),
    "convertible": Outline(
        nose=96, tail=700, hood=350, cowl=(300, 330), roof_front=(376, 274), roof_rear=(470, 268),
        rear=(560, 328), deck=334, bottom=412, axles=(198, 588), wheel=51, pillars=(), seams=(318, 492),
        open_top=True,
    ),
    "van": Outline(
        nose=92, tail=716, hood=308, cowl=(168, 284), roof_front=(248, 172), roof_rear=(694, 172),
        rear=(712, 290), deck=302, bottom=402, axles=(180, 592), wheel=48, pillars=(330,), seams=(206, 334, 520),
        cargo=True,
    ),
}  # fmt: skip
"""By the body names of the stock; others are drawn as a hatch."""

SINGLE_CAB: Final = evolve(
    _PICKUP, roof_rear=(386, 213), rear=(412, 293), pillars=(), seams=(246, 404), cowl=(222, 290), hood=310
)
"""A pickup with one row of seats."""


def outline_of(body: str, doors: int | None) -> Outline:
    """The side view that fits the body and its doors."""
    if body == "pickup" and doors == 2:
        return SINGLE_CAB
    found = OUTLINES.get(body, _HATCH)
    if body == "hatch" and doors is not None and doors <= 3:
        return evolve(found, pillars=(500,), seams=(300, 506))
    return found
