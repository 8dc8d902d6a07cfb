"""The places in which the demo's vehicles stand: pure SVG, drawn by hand, nothing loaded."""

import random
from typing import Final

WIDTH: Final = 800
HEIGHT: Final = 600


def showroom(accent: str) -> str:
    """A bright hall with lamps above, a wall in the dealership's colour and a floor that mirrors."""
    lamps = "".join(
        f'<rect x="{x}" y="46" width="120" height="7" rx="3.5" fill="#fff"/>'
        f'<path d="M{x},53 l-46,210 h212 l-46,-210 z" fill="url(#beam)"/>'
        for x in (70, 250, 430, 610)
    )
    panels = "".join(f'<path d="M{x},0 V392" stroke="#0b1220" stroke-opacity=".06"/>' for x in range(80, 800, 80))
    return (
        '<defs><linearGradient id="wall" x2="0" y2="1"><stop stop-color="#dfe5ec"/>'
        '<stop offset="1" stop-color="#f6f8fa"/></linearGradient>'
        '<linearGradient id="floor" x2="0" y2="1"><stop stop-color="#c9d1da"/>'
        '<stop offset="1" stop-color="#8f9baa"/></linearGradient>'
        '<linearGradient id="beam" x2="0" y2="1"><stop stop-color="#fff" stop-opacity=".55"/>'
        '<stop offset="1" stop-color="#fff" stop-opacity="0"/></linearGradient></defs>'
        f'<rect width="800" height="396" fill="url(#wall)"/>{panels}'
        f'<rect y="120" width="800" height="20" fill="{accent}" opacity=".9"/>'
        f'<rect y="144" width="800" height="4" fill="{accent}" opacity=".45"/>{lamps}'
        '<rect y="392" width="800" height="208" fill="url(#floor)"/>'
        '<path d="M0,392 H800" stroke="#fff" stroke-opacity=".8" stroke-width="2"/>'
        '<ellipse cx="400" cy="470" rx="390" ry="60" fill="#fff" opacity=".28"/>'
    )


def street(rng: random.Random) -> str:
    """A Brazilian street in the late afternoon: buildings, trees, pavement, asphalt."""
    skies = (("#7fb6e8", "#fbe3c4"), ("#5f9fe0", "#dff0fb"), ("#6f7fc2", "#f7c59f"))
    above, below = rng.choice(skies)
    back = _blocks(rng, base=330, low=70, high=210, tones=("#8b9bb4", "#97a6bd", "#7f8fa9"), windows=False)
    front = _blocks(rng, base=356, low=50, high=140, tones=("#d8c3a5", "#c9b79c", "#b5c0c9", "#cdd5d8"), windows=True)
    trees = "".join(
        f'<g transform="translate({x},{rng.randint(352, 360)})"><rect x="-5" y="-52" width="10" height="56" '
        'fill="#5b4636"/><circle cy="-84" r="40" fill="#3f7d4a"/><circle cx="-26" cy="-66" r="27" '
        'fill="#356d41"/><circle cx="27" cy="-68" r="28" fill="#4a8c55"/></g>'
        for x in (rng.randint(20, 90), rng.randint(700, 780))
    )
    stripes = "".join(
        f'<path d="M{x},560 h90 l8,14 h-104 z" fill="#f3f0e2" opacity=".75"/>' for x in range(-20, 800, 190)
    )
    return (
        f'<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="{above}"/>'
        f'<stop offset="1" stop-color="{below}"/></linearGradient>'
        '<linearGradient id="road" x2="0" y2="1"><stop stop-color="#5a6069"/>'
        '<stop offset="1" stop-color="#3c4148"/></linearGradient></defs>'
        f'<rect width="800" height="380" fill="url(#sky)"/>'
        f'<circle cx="{rng.randint(120, 680)}" cy="110" r="40" fill="#fff6df" opacity=".85"/>{back}{front}'
        f'<rect y="354" width="800" height="42" fill="#c6c3bc"/><rect y="392" width="800" height="8" fill="#9c988f"/>'
        f'{trees}<rect y="400" width="800" height="200" fill="url(#road)"/>{stripes}'
    )


def _blocks(rng: random.Random, *, base: int, low: int, high: int, tones: tuple[str, ...], windows: bool) -> str:
    parts = []
    x = -20
    while x < WIDTH:
        width, height = rng.randint(60, 120), rng.randint(low, high)
        top = base - height
        parts.append(f'<rect x="{x}" y="{top}" width="{width}" height="{height + 40}" fill="{rng.choice(tones)}"/>')
        if windows:
            parts.extend(
                f'<rect x="{wx}" y="{wy}" width="12" height="16" fill="#4c5a6b" opacity=".55"/>'
                for wx in range(x + 12, x + width - 14, 24)
                for wy in range(top + 14, base - 30, 30)
            )
        x += width + rng.randint(0, 8)
    return "".join(parts)


def caption(title: str, facts: str, accent: str) -> str:
    """The strip below a picture: what the vehicle is, in two lines."""
    return (
        f'<rect y="520" width="800" height="80" fill="#0f1720"/><rect y="520" width="8" height="80" fill="{accent}"/>'
        f'<text x="32" y="556" font-family="system-ui,-apple-system,Segoe UI,Roboto,sans-serif" font-size="26" '
        f'font-weight="700" fill="#fff">{title}</text>'
        f'<text x="32" y="584" font-family="system-ui,-apple-system,Segoe UI,Roboto,sans-serif" font-size="19" '
        f'fill="#b8c4d1">{facts}</text>'
    )


# Half the width at the doors and at the roof, and the heights of roof, windows' foot, sill.
_FRONTS: Final = {
    "hatch": (186, 128, 218, 304, 436),
    "sedan": (192, 128, 228, 308, 436),
    "wagon": (192, 130, 226, 308, 436),
    "suv": (200, 142, 186, 288, 424),
    "minivan": (192, 140, 190, 296, 432),
    "pickup": (208, 146, 172, 276, 412),
    "coupe": (204, 126, 250, 322, 440),
    "convertible": (200, 124, 258, 326, 440),
    "van": (196, 168, 112, 262, 424),
}


def front(body: str, base: str, dark: str, edge: str, plate: str) -> str:
    """A vehicle from the front, its plate below the grille; the gradients `paint` and `glass` must be defined."""
    half, roof_half, roof, belt, bottom = _FRONTS.get(body, _FRONTS["hatch"])
    left, right, low = 400 - half, 400 + half, 470
    lamp = belt + (bottom - belt) * 0.34
    open_top = body == "convertible"
    tyres = "".join(
        f'<rect x="{x}" y="{bottom - 60}" width="50" height="{low - bottom + 60}" rx="13" fill="#16191d"/>'
        for x in (left + 10, right - 60)
    )
    roof_paint = "none" if open_top else "url(#paint)"
    cabin = (
        f'<path d="M{left + 24},{belt + 4} C{left + 34},{belt - 30} {400 - roof_half - 8},{roof + 24} '
        f"{400 - roof_half + 6},{roof + 10} C{400 - roof_half + 30},{roof - 8} {400 + roof_half - 30},{roof - 8} "
        f"{400 + roof_half - 6},{roof + 10} C{400 + roof_half + 8},{roof + 24} {right - 34},{belt - 30} "
        f'{right - 24},{belt + 4} Z" fill="{roof_paint}" stroke="{edge}" stroke-width="{5 if open_top else 1.6}"/>'
    )
    screen = (
        f'<path d="M{left + 42},{belt + 2} C{left + 52},{belt - 28} {400 - roof_half + 6},{roof + 36} '
        f"{400 - roof_half + 16},{roof + 22} C400,{roof + 8} 400,{roof + 8} {400 + roof_half - 16},{roof + 22} "
        f"C{400 + roof_half - 6},{roof + 36} {right - 52},{belt - 28} {right - 42},{belt + 2} "
        f'C{right - 120},{belt + 14} {left + 120},{belt + 14} {left + 42},{belt + 2} Z" fill="url(#glass)" '
        f'opacity="{0.75 if open_top else 1}"/>'
        f'<path d="M330,{roof + 20} L392,{roof + 18} L330,{belt + 6} L262,{belt + 4} Z" fill="#fff" opacity=".15"/>'
        f'<rect x="376" y="{roof + 20}" width="48" height="13" rx="5" fill="#0e1216"/>'
        f'<path d="M398,{belt + 9} l-104,-22 M510,{belt + 5} l-98,-22" stroke="#0b0e11" stroke-width="4"/>'
    )
    shell = (
        f'<path d="M{left + 14},{bottom} C{left - 6},{bottom - 30} {left - 8},{belt + 60} {left + 2},{belt + 26} '
        f"C{left + 8},{belt + 4} {left + 40},{belt} {left + 60},{belt - 2} C320,{belt + 8} 480,{belt + 8} {right - 60},"
        f"{belt - 2} C{right - 40},{belt} {right - 8},{belt + 4} {right - 2},{belt + 26} C{right + 8},{belt + 60} "
        f"{right + 6},{bottom - 30} {right - 14},{bottom} C{right - 60},{bottom + 8} {left + 60},{bottom + 8} "
        f'{left + 14},{bottom} Z" fill="url(#paint)" stroke="{edge}" stroke-width="1.6"/>'
        f'<path d="M{left + 66},{belt + 16} C330,{belt + 26} 470,{belt + 26} {right - 66},{belt + 16}" fill="none" '
        'stroke="#fff" stroke-opacity=".55" stroke-width="3"/>'
        f'<path d="M{left + 76},{belt + 8} L{left + 92},{lamp - 8} M{right - 76},{belt + 8} L{right - 92},{lamp - 8}" '
        f'stroke="{edge}" stroke-opacity=".45" stroke-width="2"/>'
    )
    sides = "".join(_front_side(sign, half, lamp, belt, bottom, dark, edge) for sign in (-1, 1))
    slats = "".join(f'<path d="M312,{lamp + 6 + 9 * i} H488" stroke="#515b65" stroke-width="2.5"/>' for i in range(3))
    middle = (
        f'<path d="M296,{lamp - 8} H504 L488,{lamp + 36} H312 Z" fill="#15191d" stroke="#89939d" stroke-width="2.4"/>'
        f'{slats}<circle cx="400" cy="{lamp + 13}" r="13" fill="#dfe5ea" stroke="#69737d" stroke-width="2"/>'
        f'<path d="M{left + 52},{bottom - 36} H{right - 52} L{right - 84},{bottom - 6} H{left + 84} Z" fill="#14181c"/>'
        f"{_plate(plate, lamp + 44)}"
    )
    seats = (
        '<rect x="316" y="276" width="54" height="50" rx="16" fill="#7a2e22"/>'
        '<rect x="430" y="276" width="54" height="50" rx="16" fill="#7a2e22"/>'
        if open_top
        else ""
    )
    return f"{tyres}{seats}{cabin}{screen}{shell}{sides}{middle}"


def _front_side(sign: int, half: float, lamp: float, belt: float, bottom: float, dark: str, edge: str) -> str:
    x = 400 + sign * half
    inner = x - sign * 78
    return (
        f'<path d="M{x - sign * 6},{lamp - 14} L{inner - sign * 6},{lamp - 4} L{inner},{lamp + 16} '
        f'Q{x - sign * 30},{lamp + 22} {x - sign * 4},{lamp + 12} Z" fill="#eef5fa" stroke="#323b44" stroke-width="2"/>'
        f'<circle cx="{x - sign * 32}" cy="{lamp + 3}" r="10" fill="#bcd7ec" stroke="#68757f" stroke-width="2"/>'
        f'<circle cx="{x - sign * 58}" cy="{lamp + 6}" r="7" fill="#dcebf6" stroke="#68757f" stroke-width="1.5"/>'
        f'<path d="M{x - sign * 10},{lamp - 16} L{inner},{lamp - 8}" stroke="#fff" stroke-width="3.5"/>'
        f'<path d="M{x - sign * 22},{bottom - 52} h{-sign * 36} l{sign * 6},22 h{sign * 20} z" fill="#15191d"/>'
        f'<circle cx="{x - sign * 38}" cy="{bottom - 42}" r="7" fill="#f5ecc8"/>'
        f'<path d="M{x - sign * 18},{belt + 2} q{sign * 6},-30 {sign * 34},-26 q{sign * 16},4 {sign * 10},20 '
        f'q{-sign * 4},10 {-sign * 38},12 z" fill="{dark}" stroke="{edge}"/>'
    )


def _plate(plate: str, y: float) -> str:
    return (
        f'<rect x="346" y="{y}" width="108" height="36" rx="4" fill="#f7f8f8" stroke="#20262c" stroke-width="1.6"/>'
        f'<path d="M346,{y + 10} V{y + 4} q0,-4 4,-4 H450 q4,0 4,4 V{y + 10} Z" fill="#1c3f94"/>'
        f'<text x="400" y="{y + 8.4}" text-anchor="middle" font-family="sans-serif" font-size="7.5" '
        f'font-weight="700" fill="#fff" letter-spacing="1">BRASIL</text>'
        f'<text x="400" y="{y + 31}" text-anchor="middle" font-family="DejaVu Sans Condensed,Arial Narrow,'
        f'sans-serif" font-size="22" font-weight="700" fill="#14181d" textLength="94" '
        f'lengthAdjust="spacingAndGlyphs">{plate}</text>'
    )


def motorcycle(base: str, dark: str) -> str:
    """A standard motorcycle from its left side."""
    wheels = "".join(
        f'<circle cx="{x}" cy="366" r="74" fill="none" stroke="#16191d" stroke-width="19"/>'
        f'<circle cx="{x}" cy="366" r="60" fill="none" stroke="#aab3bc" stroke-width="4"/>'
        f'<path d="M{x - 58},366 H{x + 58} M{x},308 V424 M{x - 41},325 l82,82 M{x + 41},325 l-82,82" '
        'stroke="#8e98a2" stroke-width="3"/>'
        f'<circle cx="{x}" cy="366" r="13" fill="#59626b"/>'
        for x in (238, 562)
    )
    return (
        f'{wheels}<path d="M238,366 L306,206 M562,366 L430,352 M306,234 L400,352 L430,352" stroke="#3a424a" '
        'stroke-width="12" fill="none" stroke-linecap="round"/>'
        '<path d="M352,318 h94 l12,62 h-112 z" fill="#4d565f"/><circle cx="400" cy="352" r="30" fill="#7d8791"/>'
        '<path d="M404,392 C470,404 540,404 606,386" stroke="#b5bec7" stroke-width="13" fill="none" '
        'stroke-linecap="round"/>'
        f'<path d="M310,262 C324,212 420,206 446,258 L440,290 C400,300 340,296 310,262 Z" fill="{base}" '
        f'stroke="{dark}" stroke-width="2"/>'
        '<path d="M436,262 C480,244 540,250 584,236 C588,262 540,284 446,288 Z" fill="#1b1f24"/>'
        f'<path d="M556,252 L612,234 L600,268 Z" fill="{base}" stroke="{dark}"/>'
        '<circle cx="292" cy="228" r="22" fill="#eef5fa" stroke="#343d46" stroke-width="4"/>'
        '<path d="M306,206 C318,186 338,182 356,190" stroke="#23282e" stroke-width="9" fill="none" '
        'stroke-linecap="round"/>'
    )


def cockpit(accent: str, leather: bool, stick: str, mileage: str) -> str:
    """The driver's place: wheel, dials with the mileage, screen, gear lever."""
    seat, stitch = ("#5a3324", "#c98d62") if leather else ("#3c434b", "#6b7580")
    dials = "".join(
        f'<circle cx="{x}" cy="318" r="50" fill="#0b1016" stroke="#3b4651" stroke-width="3"/>'
        f'<path d="M{x - 34},344 A42,42 0 1 1 {x + 34},344" fill="none" stroke="{accent}" stroke-width="5"/>'
        f'<path d="M{x},318 l-22,-26" stroke="#ff5a4f" stroke-width="4" stroke-linecap="round"/>'
        f'<circle cx="{x}" cy="318" r="6" fill="#d5dce2"/>'
        for x in (178, 322)
    )
    font = 'font-family="system-ui,-apple-system,Segoe UI,Roboto,sans-serif"'
    return (
        '<defs><linearGradient id="out" x2="0" y2="1"><stop stop-color="#8fc0ea"/><stop offset="1" '
        'stop-color="#e9f1f5"/></linearGradient><linearGradient id="dash" x2="0" y2="1"><stop '
        'stop-color="#3a424b"/><stop offset="1" stop-color="#171c22"/></linearGradient></defs>'
        '<rect width="800" height="600" fill="#20262d"/><path d="M40,0 H760 L800,262 H0 Z" fill="url(#out)"/>'
        '<path d="M0,236 q120,-60 240,-22 q140,-70 300,-10 q120,-40 260,20 V270 H0 Z" fill="#6f9a72"/>'
        '<path d="M330,270 L392,214 H408 L470,270 Z" fill="#6c727a"/>'
        '<path d="M0,0 H58 L22,262 H0 Z M742,0 H800 V262 H778 Z" fill="#14181d"/>'
        '<rect x="452" y="18" width="150" height="44" rx="14" fill="#12161b"/>'
        '<rect x="460" y="25" width="134" height="30" rx="9" fill="#a9c6d8"/>'
        '<path d="M0,262 C160,236 340,238 420,256 C560,262 700,250 800,262 V520 H0 Z" fill="url(#dash)"/>'
        f'<path d="M440,300 H790" stroke="{stitch}" stroke-width="2" stroke-dasharray="7 5" opacity=".8"/>'
        '<rect x="106" y="262" width="288" height="112" rx="30" fill="#070b0f"/>'
        f'{dials}<text x="250" y="360" text-anchor="middle" {font} font-size="17" font-weight="700" '
        f'fill="#dbe6ee">{mileage}</text>'
        '<rect x="462" y="270" width="238" height="136" rx="12" fill="#05080b" stroke="#4a545e" stroke-width="3"/>'
        f'<rect x="472" y="280" width="218" height="116" rx="7" fill="{accent}" opacity=".34"/>'
        '<path d="M472,372 L540,330 L600,352 L690,300" stroke="#fff" stroke-width="4" fill="none" opacity=".85"/>'
        '<circle cx="600" cy="352" r="8" fill="#fff"/>'
        + "".join(
            f'<rect x="{x}" y="418" width="70" height="20" rx="8" fill="#0c1014" stroke="#4a545e"/>'
            for x in (462, 546, 630)
        )
        + f'<path d="M520,520 L548,452 H632 L660,520 Z" fill="#0f1419"/>'
        f'<rect x="574" y="446" width="32" height="58" rx="14" fill="{seat}" stroke="#9aa5af" stroke-width="2"/>'
        f'<text x="590" y="515" text-anchor="middle" {font} font-size="13" fill="#c4ced7">{stick}</text>'
        f'<path d="M0,520 V470 C90,440 180,452 200,520 Z M700,520 C704,458 760,446 800,462 V520 Z" fill="{seat}"/>'
        f'<path d="M16,500 C90,458 160,470 186,520" stroke="{stitch}" stroke-width="2.5" fill="none" '
        'stroke-dasharray="7 5"/>'
        '<circle cx="250" cy="402" r="128" fill="none" stroke="#0d1115" stroke-width="27"/>'
        '<circle cx="250" cy="402" r="128" fill="none" stroke="#47515b" stroke-width="3" opacity=".8"/>'
        '<path d="M128,398 L206,382 H294 L372,398 L372,418 L300,432 L274,520 H226 L200,432 L128,418 Z" '
        'fill="#1a2026"/><circle cx="250" cy="408" r="36" fill="#242b33" stroke="#4c5660" stroke-width="2"/>'
        f'<circle cx="250" cy="408" r="13" fill="{accent}"/>'
    )
