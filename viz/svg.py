"""Paints a scene as SVG: no script, no link, no font, and hex colours instead of variables.

So every program that reads SVG shows the picture. Its id is a digest of what it shows, and every rule of its
style bears the id, so that no style leaks into the next picture of a page.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from math import ceil

from viz.scene import (
    DARK,
    END,
    LIGHT,
    LOOKS,
    MARGIN,
    ROUND,
    START,
    Group,
    Look,
    Mark,
    Path,
    Rect,
    Scene,
    Text,
    groups,
    leaves,
    measure,
)
from viz.text import SCRIPT, Run, isolated, mono_width, runs

MONO = 'ui-monospace,Menlo,"DejaVu Sans Mono",Consolas,monospace'
SANS = 'Arial,Helvetica,"DejaVu Sans",sans-serif'
USUAL = 12.5  # font size
FADED = 0.08  # opacity of the other lines where the pointer is on one
EITHER = {name: f"light-dark({LIGHT[name]},{DARK[name]})" for name in LIGHT}  # browsers of 2024 and later
PAGES = {  # what pages call themselves: JupyterLab, VS Code, Colab, MkDocs Material, Sphinx, Quarto
    "dark": (
        "[data-jp-theme-light=false]", ".vscode-dark", ".vscode-high-contrast", "html[theme=dark]",
        "[data-md-color-scheme=slate]", "[data-theme=dark]", ".quarto-dark",
    ),
    "light": (
        "[data-jp-theme-light=true]", ".vscode-light", ".vscode-high-contrast-light", "html[theme=light]",
        "[data-md-color-scheme=default]", "[data-theme=light]", ".quarto-light",
    ),
}  # fmt: skip
RAISED, LOWERED = 0.38, 0.2  # of the font size: how far from the line scripts stand


def paint(scene: Scene, theme: str) -> str:
    """The whole picture; theme is "light", "dark", "auto": as the reader's system is set, or "page": as the
    page around it says, and as the system where that says nothing.
    """
    body = "\n".join(map(_mark, scene.marks))
    width, height = ceil(scene.width + 2 * MARGIN), ceil(scene.height + 2 * MARGIN)
    name = "graph-" + sha256(f"{theme}{scene.summary}{body}".encode()).hexdigest()[:12]
    kinds = dict.fromkeys(["ground", *(mark.kind for mark in leaves(scene.marks))])
    scripts = 'class="script"' in body
    style = "\n".join((_style(name, kinds, scripts, theme), *_hover(name, scene, kinds)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" width="{width}" height="{height}"'
        f' viewBox="{-MARGIN} {-MARGIN} {width} {height}" role="img"'
        f' aria-label="{escape(isolated(scene.summary))}">\n'
        f"<style>\n{style}\n</style>\n"
        f"{_rect(Rect('ground', -MARGIN, -MARGIN, width, height, ROUND))}\n{body}\n</svg>\n"
    )


# ── Style ───────────────────────────────────────────────────────────────────────────────────────────


def _style(name: str, kinds: Iterable[str], scripts: bool, theme: str) -> str:
    """The rules for these kinds, and for scripts, in the picture of that id, in one palette or in both."""
    looks = {kind: LOOKS[kind] for kind in kinds}
    shapes = {kind: rule for kind, look in looks.items() if (rule := _shape(look))}
    small = {"script": f"font-family:{MONO};font-size:{SCRIPT:.0%}"} if scripts else {}
    rules = _scoped(name, {"text": f"font:{USUAL:g}px {MONO}", **shapes, **small})
    light, dark, either = (
        _scoped(name, {kind: _coloured(look, palette) for kind, look in looks.items()})
        for palette in (LIGHT, DARK, EITHER)
    )
    both = f"{light}\n@media (prefers-color-scheme:dark){{\n{dark}\n}}"
    told = (f":is({','.join(pages)}) #{name}{{color-scheme:{scheme}}}" for scheme, pages in PAGES.items())
    page = "\n".join((light, either, f"#{name}{{color-scheme:light dark}}", *told))
    return f"{rules}\n" + {"auto": both, "light": light, "dark": dark, "page": page}[theme]


def _hover(name: str, scene: Scene, kinds: Iterable[str]) -> Iterator[str]:
    """What stands out below the pointer: a card, a line, the lines to a node, where others fade."""
    for kind, width in ("card", 2), ("leaf", 2), ("line", 2.6):
        if kind in kinds:
            yield f"#{name} g:hover>.{kind}{{stroke-width:{width}}}"
    lines = [group for group in groups(scene.marks) if any(map(_fades, group.marks))]
    if not lines:
        return
    nodes = dict.fromkeys(group.key.partition(".")[0][1:] for group in lines if group.key)
    others = [f"#{name}:has(g:hover>[stroke-opacity]) g:not(:hover)>[stroke-opacity]"]
    others += [
        f'#{name}:has([data-key="n{node}"]:hover) g:not([data-key^="e{node}."])>[stroke-opacity]'
        for node in nodes
    ]
    yield f"#{name} g:hover>[stroke-opacity]{{stroke-opacity:1}}"
    yield ",\n".join(others) + f"{{stroke-opacity:{FADED}}}"


def _fades(mark: Mark) -> bool:
    """Whether it is a line whose strength says something."""
    return isinstance(mark, Path) and mark.opacity is not None


def _scoped(name: str, rules: dict[str, str]) -> str:
    """The rules, one a line, each inside the picture of that id."""
    return "\n".join(
        f"#{name} {'' if kind == 'text' else '.'}{kind}{{{rule}}}" for kind, rule in rules.items()
    )


def _shape(look: Look) -> str:
    """What is the same in every theme."""
    if look.size:
        if look.sans or look.bold:
            return f"font:{'700 ' * look.bold}{look.size:g}px {SANS if look.sans else MONO}"
        return f"font-size:{look.size:g}px" if look.size != USUAL else ""
    rules = [f"stroke-width:{look.width:g}"] if look.stroke and look.width != 1 else []
    rules += [f"stroke-dasharray:{' '.join(map('{:g}'.format, look.dashes))}"] if look.dashes else []
    return ";".join(rules)


def _coloured(look: Look, palette: dict[str, str]) -> str:
    fill = f"fill:{palette[look.fill] if look.fill else 'none'}"
    return f"{fill};stroke:{palette[look.stroke]}" if look.stroke else fill


# ── Marks ───────────────────────────────────────────────────────────────────────────────────────────


def _mark(mark: Mark) -> str:
    match mark:
        case Rect():
            return _rect(mark)
        case Path():
            return _path(mark)
        case Text():
            return _text(mark)
    return _group(mark)


def _group(group: Group) -> str:
    hook = f' data-key="{group.key}"' if group.key else ""
    title = f"<title>{escape(isolated(group.title))}</title>" if group.title else ""
    return f"<g{hook}>{title}{''.join(map(_mark, group.marks))}</g>"


def _rect(rect: Rect) -> str:
    place = f'x="{_short(rect.x)}" y="{_short(rect.y)}"'
    size = f'width="{_short(rect.width)}" height="{_short(rect.height)}"'
    radius = f' rx="{_short(rect.radius)}"' if rect.radius else ""
    return f'<rect class="{rect.kind}" {place} {size}{radius}/>'


def _path(path: Path) -> str:
    way = "".join(
        step.letter + " ".join(f"{_short(x)} {_short(y)}" for x, y in step.points) for step in path.steps
    )
    look = "" if path.width is None else f' stroke-width="{path.width:.2g}"'
    look += "" if path.opacity is None else f' stroke-opacity="{path.opacity:.2g}"'
    return f'<path class="{path.kind}"{look} d="{way}"/>'


def _text(text: Text) -> str:
    written, x, anchor = _runs(runs(text.text), LOOKS[text.kind]), text.x, text.anchor
    if anchor != START and ' dx="' in written:  # resvg does not count that in where the text ends
        x -= measure(text.kind, text.text) * (1.0 if anchor == END else 0.5)
        anchor = START
    side = f' text-anchor="{anchor}"' if anchor != START else ""
    return f'<text class="{text.kind}"{side} x="{_short(x)}" y="{_short(text.y)}">{written}</text>'


def _runs(parts: tuple[Run, ...], look: Look) -> str:
    """Text with raised and lowered parts; a lowered part stands below a raised one just before it.

    Scripts are monospaced, so that the width of the upper one is known.
    """
    if len(parts) == 1 and not parts[0].level:
        return escape(isolated(parts[0].text))
    written, height, rest, before = "", 0.0, 0.0, Run("", 0)
    for part in parts:
        goal, across = look.size * {0: 0.0, 1: -RAISED, -1: LOWERED}[part.level], rest
        rest = 0.0
        if (before.level, part.level) == (1, -1):
            across = -mono_width(before.text, SCRIPT * look.size)
            rest = max(0.0, -across - mono_width(part.text, SCRIPT * look.size))  # what stands out above
        moves = "".join(f' {way}="{_short(by)}"' for way, by in (("dx", across), ("dy", goal - height)) if by)
        small = ' class="script"' * bool(part.level)
        inner = escape(isolated(part.text))
        written += f"<tspan{small}{moves}>{inner}</tspan>" if small or moves else inner
        height, before = goal, part
    return written


def _short(number: float) -> str:
    """A number with at most one decimal."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
