"""Pictures of the demo's vehicles, drawn as SVG from what the stock says of them: no file, no network.

Three views: 1 the side in the showroom, 2 the front in the street with its plate, 3 the cockpit with its figures.
The same vehicle is always drawn the same.
"""

import random
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen

from daemon.emulator import scenes
from daemon.emulator.outlines import GROUND, Outline, outline_of
from daemon.errors import ShowroomError
from shards.tenant.vehicle import Vehicle
from shards.text import fold

PAINTS: Final = {
    "branco": "#eef1f3", "prata": "#b9c0c7", "cinza": "#6d757e", "preto": "#23272e", "vermelho": "#b3202c",
    "azul": "#234f9a", "verde": "#24563f", "marrom": "#5c4335", "bege": "#cdbd9f", "amarelo": "#f0b81c",
    "laranja": "#dd6420", "dourado": "#b8954f", "vinho": "#6b1a2c", "roxo": "#4d3274",
}  # fmt: skip
_UNKNOWN_PAINT: Final = "#7b8794"
_FUELS: Final = {
    "flex": "Flex", "gasoline": "Gasolina", "ethanol": "Etanol", "diesel": "Diesel", "hybrid": "Híbrido",
    "plugin_hybrid": "Híbrido plug-in", "electric": "Elétrico", "cng": "GNV",
}  # fmt: skip
_GEARS: Final = {"manual": "Manual", "automatic": "Automático", "cvt": "CVT", "automated": "Automatizado"}
_FONT: Final = 'font-family="system-ui,-apple-system,Segoe UI,Roboto,sans-serif"'


def draw(vehicle: Vehicle, view: int, accent: str = "#0f766e") -> str:
    """The vehicle's picture number `view` (1 to 3) as an SVG document of 800 by 600. Raises `ShowroomError`."""
    views: dict[int, Callable[[Vehicle, str], str]] = {1: _in_showroom, 2: _in_street, 3: _cockpit}
    if view not in views:
        raise ShowroomError(f"there is no view {view} of a vehicle", "ask for 1, 2 or 3")
    label = escape(f"{vehicle.make} {vehicle.model} {vehicle.version}, {vehicle.color}", {'"': "&quot;"})
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600" width="800" height="600" role="img" '
        f'aria-label="{label}">{views[view](vehicle, accent)}</svg>'
    )


def mix(color: str, other: str, share: float) -> str:
    """`color` with `share` (0 to 1) of `other` in it; both as #rrggbb."""
    first = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    second = [int(other[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(first, second, strict=True))


def paint_of(color: str) -> str:
    """The paint for a colour's Portuguese name ("Prata metálico" is silver too)."""
    for word in fold(color).split():
        if word in PAINTS:
            return PAINTS[word]
    return _UNKNOWN_PAINT


def plate_of(vehicle: Vehicle) -> str:
    """An invented Mercosul plate that ends as the stock says."""
    rng = random.Random(f"plate {vehicle.id}")  # noqa: S311 (a drawing, not a secret)
    letters = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))
    end = vehicle.plate_end[-1:] or str(rng.randint(0, 9))
    return f"{letters[:3]}{rng.randint(0, 9)}{letters[3]}{rng.randint(0, 9)}{end}"


def thousands(number: int) -> str:
    """12345 as Brazilians write it: 12.345."""
    return f"{number:,}".replace(",", ".")


@frozen
class _Paint:
    base: str
    light: str
    dark: str
    edge: str


def _paint(color: str) -> _Paint:
    base = paint_of(color)
    return _Paint(base, mix(base, "#ffffff", 0.45), mix(base, "#000000", 0.38), mix(base, "#000000", 0.6))


def _gradients(paint: _Paint) -> str:
    return (
        '<defs><linearGradient id="paint" x2="0" y2="1">'
        f'<stop stop-color="{paint.light}"/><stop offset=".4" stop-color="{paint.base}"/>'
        f'<stop offset=".62" stop-color="{mix(paint.base, paint.dark, 0.25)}"/>'
        f'<stop offset="1" stop-color="{paint.dark}"/></linearGradient>'
        '<linearGradient id="glass" x2=".4" y2="1"><stop stop-color="#5d7083"/>'
        '<stop offset=".55" stop-color="#2a3642"/><stop offset="1" stop-color="#161d25"/></linearGradient>'
        '<radialGradient id="rim"><stop stop-color="#f4f6f8"/><stop offset=".7" stop-color="#b8c0c8"/>'
        '<stop offset="1" stop-color="#7c858f"/></radialGradient>'
        '<radialGradient id="shade"><stop stop-color="#000" stop-opacity=".55"/>'
        '<stop offset=".6" stop-color="#000" stop-opacity=".28"/>'
        '<stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient></defs>'
    )


def _caption(vehicle: Vehicle, accent: str) -> str:
    title = escape(f"{vehicle.make} {vehicle.model} {vehicle.version}")
    facts = [
        str(vehicle.year or ""),
        "" if vehicle.mileage_km is None else f"{thousands(vehicle.mileage_km)} km",
        _GEARS.get(vehicle.transmission, ""),
        _FUELS.get(vehicle.fuel, ""),
        escape(vehicle.color),
    ]
    return scenes.caption(title, "  ·  ".join(fact for fact in facts if fact), accent)


def _in_showroom(vehicle: Vehicle, accent: str) -> str:
    paint = _paint(vehicle.color)
    if vehicle.body == "motorcycle":
        drawn = scenes.motorcycle(paint.base, paint.dark)
    else:
        drawn = _side(vehicle, _outline(vehicle), paint)
    return (
        f"{scenes.showroom(accent)}{_gradients(paint)}"
        f'<g transform="translate(0,{GROUND * 2 + 2}) scale(1,-1)" opacity=".13">{drawn}</g>'
        f'<ellipse cx="400" cy="{GROUND + 3}" rx="345" ry="24" fill="url(#shade)"/>{drawn}{_caption(vehicle, accent)}'
    )


def _outline(vehicle: Vehicle) -> Outline:
    # A small pickup with two rows of seats may have two doors only.
    doors = 4 if "dupla" in fold(vehicle.version) else vehicle.doors
    return outline_of(vehicle.body, doors)


def _side(vehicle: Vehicle, outline: Outline, paint: _Paint) -> str:
    body = outline.body()
    front, back = outline.axles
    n, t, belt, b = outline.nose, outline.tail, outline.belt, outline.bottom
    sport = vehicle.body in ("coupe", "convertible")
    parts = [
        _wells(outline),
        _open_top(outline) if outline.open_top else "",
        f'<path d="{body}" fill="url(#paint)" stroke="{paint.edge}" stroke-width="1.6"/>',
        _cladding(outline, vehicle.body),
        f'<path d="{outline.glass()}" fill="url(#glass)" stroke="#11161c" stroke-width="2" stroke-linejoin="round"/>',
        _reflections(outline),
        _pillars(outline),
        _bed(outline, paint) if outline.bed else "",
    ]
    # The crease that catches the light below the windows, and the darker one above the sill.
    crease = belt + 26
    parts.append(
        f'<path d="M{n + 40},{crease + 6} C{n + 200},{crease - 6} {t - 220},{crease - 8} {t - 14},{crease - 2}" '
        'fill="none" stroke="#fff" stroke-opacity=".5" stroke-width="2.4"/>'
        f'<path d="M{n + 40},{crease + 9} C{n + 200},{crease - 3} {t - 220},{crease - 5} {t - 14},{crease + 1}" '
        f'fill="none" stroke="{paint.edge}" stroke-opacity=".35" stroke-width="1.6"/>'
        f'<path d="M{front + outline.wheel + 26},{b - 24} C400,{b - 32} 440,{b - 32} '
        f'{back - outline.wheel - 24},{b - 28}" fill="none" '
        f'stroke="{paint.edge}" stroke-opacity=".4" stroke-width="2"/>'
    )
    for index, seam in enumerate(outline.seams):
        lean = 8 if index == 0 else -6
        parts.append(
            f'<path d="M{seam + lean},{belt} C{seam},{belt + 40} {seam},{b - 40} {seam + 2},{b - 14}" fill="none" '
            f'stroke="{paint.edge}" stroke-opacity=".6" stroke-width="1.5"/>'
        )
    parts += [
        f'<rect x="{seam - 36}" y="{belt + 13}" width="25" height="6" rx="3" fill="{paint.dark}" stroke="#fff" '
        'stroke-opacity=".35" stroke-width=".8"/>'
        for seam in outline.seams[1:3]
    ]
    parts += [
        _mirror(outline, paint),
        _lights(outline),
        _wheel(front, outline.wheel, sport, vehicle),
        _wheel(back, outline.wheel, sport, vehicle),
    ]
    return "".join(parts)


def _mirror(outline: Outline, paint: _Paint) -> str:
    return (
        f'<path d="M{outline.cowl[0] + 28},{outline.belt + 1} c-6,-16 -22,-20 -27,-10 c-3,7 1,12 9,13 z" '
        f'fill="{paint.dark}" stroke="{paint.edge}"/>'
    )


def _wells(outline: Outline) -> str:
    front, back = outline.axles
    y = GROUND - outline.wheel
    return f'<rect x="{front}" y="{outline.bottom - 26}" width="{back - front}" height="30" fill="#14181d"/>' + "".join(
        f'<circle cx="{x}" cy="{y}" r="{outline.wheel + 8}" fill="#0d1014"/>' for x in outline.axles
    )


def _cladding(outline: Outline, body: str) -> str:
    """The sill, and round the arches the black plastic that an SUV wears."""
    b = outline.bottom
    (front, back), (radius, half) = outline.axles, outline.arch(outline.axles[0])
    sill = (
        f'<path d="M{front + half + 1},{b} L{back - half - 1},{b} L{back - half - 5},{b - 11} '
        f'L{front + half + 5},{b - 11} Z" fill="#1b2026"/>'
    )
    if body not in ("suv", "pickup"):
        return sill
    return sill + "".join(
        f'<path d="M{x - half},{b} A{radius},{radius} 0 1 1 {x + half},{b}" fill="none" stroke="#1f242a" '
        'stroke-width="11"/>'
        for x in outline.axles
    )


def _reflections(outline: Outline) -> str:
    belt, top = outline.belt, outline.roof_front[1] + 14
    left = outline.roof_front[0] - 4
    if outline.open_top:
        return ""
    return (
        f'<path d="M{left + 26},{top} L{left + 62},{top} L{left + 20},{belt - 4} L{left - 16},{belt - 4} Z" '
        'fill="#fff" opacity=".2"/>'
        f'<path d="M{left + 72},{top} L{left + 82},{top} L{left + 40},{belt - 4} L{left + 30},{belt - 4} Z" '
        'fill="#fff" opacity=".16"/>'
    )


def _pillars(outline: Outline) -> str:
    top = max(outline.roof_front[1], outline.roof_rear[1]) + 8
    return "".join(
        f'<path d="M{x},{outline.belt} L{x - 7},{top} h8 L{x + 9},{outline.belt} Z" fill="#12171c"/>'
        for x in outline.pillars
    )


def _open_top(outline: Outline) -> str:
    belt, x = outline.belt, outline.seams[0]
    seats = "".join(
        f'<path d="M{x + at},{belt} l-8,-34 q0,-12 14,-12 q14,0 15,12 l10,34 z" fill="#7a2e22"/>'
        f'<rect x="{x + at - 3}" y="{belt - 60}" width="22" height="17" rx="7" fill="#8d3a2c"/>'
        for at in (108, 150)
    )
    return (
        f'{seats}<path d="M{x + 186},{belt} q6,-24 34,-24 l16,4 q14,6 22,22 z" fill="#20252b"/>'
        f'<circle cx="{x + 80}" cy="{belt + 4}" r="20" fill="none" stroke="#15191e" stroke-width="5"/>'
    )


def _bed(outline: Outline, paint: _Paint) -> str:
    x, y = outline.rear[0] + 6, outline.rear[1]
    t = outline.tail
    return (
        f'<path d="M{x},{y + 3} L{t - 8},{outline.deck + 1} l4,9 L{x},{y + 13} Z" fill="#1c2127"/>'
        f'<path d="M{x + 4},{y + 22} V{outline.bottom - 22}" stroke="{paint.edge}" stroke-opacity=".7" '
        'stroke-width="2.5"/>'
    )


def _lights(outline: Outline) -> str:
    n, t, hood, deck = outline.nose, outline.tail, outline.hood, outline.deck
    return (
        f'<path d="M{n + 4},{hood + 12} q16,-12 58,-12 q-4,18 -26,22 q-20,4 -34,4 z" fill="#f2f7fb" '
        'stroke="#3a434c" stroke-width="1.4"/>'
        f'<circle cx="{n + 27}" cy="{hood + 11}" r="6.5" fill="#cfe3f3" stroke="#7e8b97"/>'
        f'<path d="M{n + 1},{outline.bottom - 30} h30 q10,0 8,10 l-30,4 q-7,-4 -8,-14 z" fill="#15191d"/>'
        f'<path d="M{t - 1},{deck + 9} q-22,-6 -42,0 q-4,16 6,20 l37,6 z" fill="#b3121d" stroke="#5d0a10"/>'
        f'<path d="M{t - 4},{deck + 14} q-16,-3 -30,0" stroke="#ff8b8f" stroke-width="3" fill="none"/>'
    )


def _wheel(x: float, radius: float, sport: bool, vehicle: Vehicle) -> str:
    y = GROUND - radius
    rim = radius * (0.74 if sport else 0.66)
    spokes = 5 + len(vehicle.id + vehicle.model) % 3 * 2
    dark = sport or vehicle.color in ("preto", "vermelho")
    turn = "".join(
        f'<path d="M-4,0 L-7,{-rim + 3:.1f} H7 L4,0 Z" transform="rotate({360 / spokes * i:.1f})" '
        f'fill="{"#3a4048" if dark else "#dfe4e9"}"/>'
        for i in range(spokes)
    )
    return (
        f'<g transform="translate({x},{y})"><circle r="{radius}" fill="#15181c"/>'
        f'<circle r="{radius - 3}" fill="none" stroke="#2b3036" stroke-width="2"/>'
        f'<circle r="{rim:.1f}" fill="#2a2f35" stroke="url(#rim)" stroke-width="4"/>'
        f'<circle r="{rim * 0.6:.1f}" fill="#4a525b"/>{turn}'
        f'<circle r="{rim * 0.2:.1f}" fill="#8d969f" stroke="#4b535c"/></g>'
    )


def _in_street(vehicle: Vehicle, accent: str) -> str:
    rng = random.Random(f"street {vehicle.id}")  # noqa: S311 (a drawing, not a secret)
    paint = _paint(vehicle.color)
    if vehicle.body == "motorcycle":
        drawn = scenes.motorcycle(paint.base, paint.dark)
    else:
        drawn = scenes.front(vehicle.body, paint.base, paint.dark, paint.edge, plate_of(vehicle))
    return (
        f"{scenes.street(rng)}{_gradients(paint)}"
        f'<ellipse cx="400" cy="474" rx="290" ry="24" fill="url(#shade)"/>{drawn}{_caption(vehicle, accent)}'
    )


def _cockpit(vehicle: Vehicle, accent: str) -> str:
    mileage = "" if vehicle.mileage_km is None else f"{thousands(vehicle.mileage_km)} km"
    leather = any("couro" in option for option in vehicle.options)
    stick = "P R N D" if vehicle.transmission != "manual" else "1 3 5 · 2 4 R"
    options = [escape(option[:1].upper() + option[1:]) for option in vehicle.options[:5]]
    listed = "".join(
        f'<text x="56" y="{92 + 29 * row}" {_FONT} font-size="19" fill="#e8eef3">'
        f'<tspan fill="{mix(accent, "#ffffff", 0.45)}" font-weight="700">✓</tspan>  {option}</text>'
        for row, option in enumerate(options)
    )
    return (
        scenes.cockpit(accent, leather, stick, mileage)
        + f'<rect x="32" y="28" width="424" height="{52 + 29 * len(options)}" rx="14" fill="#0f1720" opacity=".82"/>'
        + f'<text x="56" y="62" {_FONT} font-size="17" font-weight="700" fill="#b8c4d1">O QUE ELE TEM</text>'
        + listed
        + _caption(vehicle, accent)
    )
