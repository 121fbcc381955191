"""The frame of every SVG picture: palette, scoped style, margins, and the shapes that all styles use.

No script, no link, no font, and hex colours instead of variables, so that every program that reads SVG
shows the picture. Contrast on the ground: blue (forward) at least 6.7 : 1, orange (backward) 5 : 1.
"""

from collections.abc import Sequence
from hashlib import sha256
from html import escape
from math import ceil

from viz import layout
from viz.layout import Point
from viz.scene import DARK, LIGHT
from viz.text import isolated

MARGIN, ROUND = 16, 7  # around the picture; radius of corners
HEAD = 7  # length of an arrow's head
TURN = {"right": "l-7 -3.5v7z", "down": "l-3.5 -7h7z", "up": "l-3.5 7h7z"}  # the head, from its tip

GROUND = ".ground{{fill:{ground}}}"


def page(body: str, width: float, height: float, summary: str, rules: str, colours: str, theme: str) -> str:
    """The whole picture. Its id is a digest of what it shows, and every rule of its style bears the id.

    width, height  of what the body draws from (0, 0) on; a margin is added around it
    summary        what the picture shows, for who cannot see it
    rules          CSS, one rule a line, the same in every theme
    colours        CSS with a {name} for every colour of the palette, and doubled braces
    """
    width, height = ceil(width + 2 * MARGIN), ceil(height + 2 * MARGIN)
    name = "graph-" + sha256(f"{theme}{summary}{body}".encode()).hexdigest()[:12]
    label = escape(isolated(summary))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" width="{width}" height="{height}"'
        f' viewBox="{-MARGIN} {-MARGIN} {width} {height}" role="img" aria-label="{label}">\n'
        f"<style>\n{_style(name, rules, colours, theme)}\n</style>\n"
        f"{rect('ground', -MARGIN, -MARGIN, width, height, ROUND)}\n{body}\n</svg>\n"
    )


def _style(name: str, rules: str, colours: str, theme: str) -> str:
    """The rules of the picture of that id, in one palette or in both."""
    colours = f"{GROUND}\n{colours}"
    light, dark = (_scoped(rules + colours.format(**palette), name) for palette in (LIGHT, DARK))
    night = _scoped(colours.format(**DARK), name)
    both = f"{light}\n@media (prefers-color-scheme:dark){{\n{night}\n}}"
    return {"auto": both, "light": light, "dark": dark}[theme]


def _scoped(rules: str, name: str) -> str:
    """The rules, one a line, with every selector inside the picture of that id."""
    split = (rule.partition("{") for rule in rules.split("\n") if rule)
    return "\n".join(
        ",".join(f"#{name} {selector}" for selector in selectors.split(",")) + brace + declarations
        for selectors, brace, declarations in split
    )


def group(title: str, *parts: str, key: str = "") -> str:
    """Shapes that belong together, with their tooltip, and a key by which a page's script finds them."""
    hook = f' data-key="{key}"' if key else ""
    return f"<g{hook}>{f'<title>{escape(isolated(title))}</title>' if title else ''}{''.join(parts)}</g>"


def text(kind: str, x: float, y: float, text: str) -> str:
    """A text of a class of the style."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(isolated(text))}</text>'


def rect(kind: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    """A rectangle with round corners."""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {size} rx="{radius:g}"/>'


def badge(x: float, y: float, width: float, height: float) -> str:
    """The left part of a card, round at its left corners."""
    turn, straight = f"{ROUND} {ROUND} 0 0 0", width - ROUND
    start = f"M{x + width:.1f} {y:.1f}h{-straight:.1f}a{turn} {-ROUND} {ROUND}"
    end = f"v{height - 2 * ROUND:.1f}a{turn} {ROUND} {ROUND}h{straight:.1f}z"
    return f'<path class="badge" d="{start}{end}"/>'


def arrow(route: Sequence[Point], gap: float, way: str) -> tuple[str, str]:
    """A line with a gap before its end, as path data, and the arrow's head at its end.

    way  where it leads: "right", "down" or "up"
    """
    (x, y), across = route[-1], way == "right"
    back = 1 if way == "up" else -1

    def before(distance: float) -> Point:
        return Point(x - distance, y) if across else Point(x, y + back * distance)

    head = f'<path class="head" d="M{x:.1f} {y:.1f}{TURN[way]}"/>'
    neck, near = before(HEAD - 1), before(layout.ARROW)
    if not gap:
        return layout.path((*route[:-1], neck), not across), head
    line = layout.path((*route[:-1], before(layout.ARROW + gap)), not across)
    rest = f"H{neck.x:.1f}" if across else f"V{neck.y:.1f}"
    return f"{line}M{near.x:.1f} {near.y:.1f}{rest}", head
