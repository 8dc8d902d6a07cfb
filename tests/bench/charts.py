"""Small charts as SVG: lines and bars with named axes, legible on light and on dark. Pure; nothing but text."""

import math
from collections.abc import Iterable, Sequence
from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen

WIDTH: Final = 720
HEIGHT: Final = 360
LEFT: Final = 84
RIGHT: Final = 36
TOP: Final = 64
BOTTOM: Final = 56
BAR: Final = 24
NAMES: Final = 250  # room for the names of bars

_STYLE: Final = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .quiet { fill: #57606a }
  .back { fill: #ffffff }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .line { fill: none; stroke-width: 2 }
  .limit { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .s0 { stroke: #0b62c4 } .f0 { fill: #0b62c4 }
  .s1 { stroke: #b8460e } .f1 { fill: #b8460e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9da7b3 }
    .back { fill: #161b22 }
    .grid { stroke: #30363d }
    .limit { stroke: #9da7b3 }
    .s0 { stroke: #6cb0ff } .f0 { fill: #6cb0ff }
    .s1 { stroke: #ffa36b } .f1 { fill: #ffa36b }
  }
"""

Points = Sequence[Sequence[float]]


@frozen
class Axis:
    """One axis: what it says, and whether it is logarithmic."""

    label: str
    log: bool = False

    def ticks(self, values: Iterable[float]) -> list[float]:
        """Round numbers that hold all values; a linear axis begins at 0."""
        found = list(values)
        high = max(found, default=1.0) or 1.0
        if self.log:
            low = min(each for each in found if each > 0)
            first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
            return [10.0**power for power in range(first, max(last, first + 1) + 1)]
        raw = high / 5
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw)
        return [step * index for index in range(math.ceil(high / step - 1e-9) + 1)]

    def place(self, value: float, ticks: Sequence[float]) -> float:
        """0 at the first tick, 1 at the last."""
        if self.log:
            low, high = math.log10(ticks[0]), math.log10(ticks[-1])
            return (math.log10(max(value, ticks[0])) - low) / (high - low or 1)
        return (value - ticks[0]) / (ticks[-1] - ticks[0] or 1)


def lines(
    title: str,
    x: Axis,
    y: Axis,
    series: Sequence[tuple[str, Points]],
    *,
    limits: Sequence[tuple[str, float]] = (),
) -> str:
    """A chart of lines; `limits` are dashed across it, with their names."""
    xs = x.ticks(point[0] for _, points in series for point in points)
    ys = y.ticks([*(point[1] for _, points in series for point in points), *(limit for _, limit in limits)])

    def across(value: float) -> float:
        return LEFT + x.place(value, xs) * (WIDTH - LEFT - RIGHT)

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - y.place(value, ys) * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 26, title, "title")]
    for tick in ys:
        parts.append(f'<path class="grid" d="M{LEFT} {up(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, up(tick) + 4, _number(tick), "quiet", "end"))
    for tick in xs:
        parts.append(_text(across(tick), HEIGHT - BOTTOM + 20, _number(tick), "quiet", "middle"))
    for name, limit in limits:
        parts.append(f'<path class="limit" d="M{LEFT} {up(limit):.1f}H{WIDTH - RIGHT}"/>')
        beside = -5 if up(limit) - 20 > TOP else 14  # above the line, unless the legend is there
        parts.append(_text(LEFT + 6, up(limit) + beside, name, "quiet"))
    for index, (name, points) in enumerate(series):
        path = " ".join(f"{across(point[0]):.1f},{up(point[1]):.1f}" for point in points)
        parts.append(f'<polyline class="line s{index}" points="{path}"/>')
        if len(points) <= 40:
            parts += [
                f'<circle class="f{index}" cx="{across(point[0]):.1f}" cy="{up(point[1]):.1f}" r="3.5"/>'
                for point in points
            ]
        if len(series) > 1:
            at = LEFT + 190 * index
            parts.append(f'<rect class="f{index}" x="{at}" y="39" width="12" height="12"/>')
            parts.append(_text(at + 18, 50, name))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x.label, anchor="middle"))
    parts.append(
        f'<text text-anchor="middle" transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">'
        f"{escape(y.label)}</text>"
    )
    return _whole(title, HEIGHT, parts)


def bars(title: str, unit: str, values: Sequence[tuple[str, float]]) -> str:
    """A chart of horizontal bars, in the order given, each with its name and its value."""
    axis = Axis(unit)
    ticks = axis.ticks(value for _, value in values)
    room = WIDTH - NAMES - RIGHT - 48
    bottom = TOP + BAR * len(values)
    parts = [_text(16, 26, title, "title")]
    for tick in ticks:
        at = NAMES + axis.place(tick, ticks) * room
        parts.append(f'<path class="grid" d="M{at:.1f} {TOP - 12}V{bottom}"/>')
        parts.append(_text(at, bottom + 18, _number(tick), "quiet", "middle"))
    for index, (name, value) in enumerate(values):
        top, width = TOP + BAR * index, axis.place(value, ticks) * room
        parts.append(_text(NAMES - 10, top + 12, name, anchor="end"))
        parts.append(f'<rect class="f0" x="{NAMES}" y="{top}" width="{width:.1f}" height="{BAR - 8}"/>')
        parts.append(_text(NAMES + width + 6, top + 12, f"{value:.2f}", "quiet"))
    parts.append(_text(NAMES + room / 2, bottom + 40, unit, anchor="middle"))
    return _whole(title, bottom + 54, parts)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _whole(title: str, height: float, parts: Iterable[str]) -> str:
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
        f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">\n<style>{_STYLE}</style>\n'
        f'<rect class="back" width="100%" height="100%"/>\n{inside}\n</svg>\n'
    )
