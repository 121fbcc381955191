"""Paints a scene as SVG: no script, no link, no font, and hex colours instead of variables.

So every program that reads SVG shows the picture: how a mark looks, its attributes say, as office programs
read few rules of style. Those are for dark readers and for the pointer. The picture's id is a digest of what
it shows, and every rule bears the id, so that none leaks into the next picture of a page.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from html import escape
from itertools import chain
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

MONO = "'DejaVu Sans Mono',Menlo,Consolas,monospace"  # LibreOffice looks for the first alone
SANS = "Arial,Helvetica,'DejaVu Sans',sans-serif"
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
    """The whole picture; theme is "light", "dark", "auto": as the reader's system is set, "page": as the page
    around it says, and as the system where that says nothing; or "classes": as `style` says in the page.
    """
    width, height = (ceil(side + 2 * MARGIN) for side in (scene.width, scene.height))
    palette = DARK if theme == "dark" else LIGHT
    kinds = dict.fromkeys(["ground", *(mark.kind for mark in leaves(scene.marks))])
    bare = theme == "classes"
    inks = {kind: f'class="{kind}"' if bare else _ink(kind, LOOKS[kind], palette) for kind in kinds}
    ground = Rect("ground", -MARGIN, -MARGIN, width, height, ROUND)
    body = "\n".join(_mark(mark, inks) for mark in (ground, *scene.marks))
    name = "graph-" + sha256(f"{theme}{scene.summary}{body}".encode()).hexdigest()[:12]
    rules = () if bare else (*_colours(name, kinds, theme), *_hover(f"#{name}", scene, kinds))
    style = "".join(f"{rule}\n" for rule in rules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" width="{width}" height="{height}"'
        f' viewBox="{-MARGIN} {-MARGIN} {width} {height}" fill="none" font-family="{MONO}"'
        f' font-size="{USUAL:g}" role="img" aria-label="{escape(isolated(scene.summary))}">\n'
        + (f"<style>\n{style}</style>\n" if style else "")
        + f"{body}\n</svg>\n"
    )


# ── Style ───────────────────────────────────────────────────────────────────────────────────────────


def _ink(kind: str, look: Look, palette: Mapping[str, str]) -> str:
    """The attributes of all marks of a kind, but for the width of their line."""
    ink = f'class="{kind}"'
    ink += f' fill="{palette[look.fill]}"' if look.fill else ""
    ink += f' stroke="{palette[look.stroke]}"' if look.stroke else ""
    ink += f' stroke-dasharray="{" ".join(map("{:g}".format, look.dashes))}"' if look.dashes else ""
    ink += f' font-family="{SANS}"' if look.sans else ""
    ink += f' font-size="{look.size:g}"' if look.size not in (0, USUAL) else ""
    return ink + ' font-weight="700"' * look.bold


def style(*scenes: Scene) -> str:
    """The looks of all marks, painted as "classes", as CSS; the palettes are variables: var(--line)."""
    rules = ""
    kinds = dict.fromkeys(["ground", *(mark.kind for scene in scenes for mark in leaves(scene.marks))])
    for kind in kinds:
        look = LOOKS[kind]
        said = {
            "fill": look.fill and f"var(--{look.fill})",
            "stroke": look.stroke and f"var(--{look.stroke})",
            "stroke-dasharray": " ".join(map("{:g}".format, look.dashes)),
            "font-family": SANS * look.sans,
            "font-size": f"{look.size:g}px" if look.size not in (0, USUAL) else "",
            "font-weight": "700" * look.bold,
        }
        rules += f"svg .{kind}{{{';'.join(f'{name}:{value}' for name, value in said.items() if value)}}}\n"
    return rules + "".join(f"{rule}\n" for rule in _hover("svg", scenes[0], kinds))


def _colours(name: str, kinds: Iterable[str], theme: str) -> Iterator[str]:
    """The rules for other colours than the attributes say: in the picture of that id, and nowhere else."""
    if theme == "auto":
        yield f"@media (prefers-color-scheme:dark){{\n{_coloured(name, kinds, DARK)}\n}}"
    elif theme == "page":
        yield _coloured(name, kinds, EITHER)
        yield f"#{name}{{color-scheme:light dark}}"
        for scheme, pages in PAGES.items():
            yield f":is({','.join(pages)}) #{name}{{color-scheme:{scheme}}}"


def _coloured(name: str, kinds: Iterable[str], palette: Mapping[str, str]) -> str:
    """The colours of a palette. `:is` says nothing, but LibreOffice, which heeds no @media, knows none."""
    rules = []
    for kind in kinds:
        look = LOOKS[kind]
        colours = [("fill", look.fill)] * bool(look.fill) + [("stroke", look.stroke)] * bool(look.stroke)
        rule = ";".join(f"{what}:{palette[colour]}" for what, colour in colours)
        rules.append(f"#{name}:is(*) .{kind}{{{rule}}}")
    return "\n".join(rules)


def _hover(where: str, scene: Scene, kinds: Iterable[str]) -> Iterator[str]:
    """What stands out below the pointer: a card, a line, the lines to a node, where others fade."""
    for kind, width in ("card", 2), ("leaf", 2), ("line", 2.6):
        if kind in kinds:
            yield f"{where} g:hover>.{kind}{{stroke-width:{width}}}"
    lines = [group for group in groups(scene.marks) if any(map(_fades, group.marks))]
    if not lines:
        return
    nodes = dict.fromkeys(group.key.partition(".")[0][1:] for group in lines if group.key)
    others = [f"{where}:has(g:hover>[stroke-opacity]) g:not(:hover)>[stroke-opacity]"]
    others += [
        f'{where}:has([data-key="n{node}"]:hover) g:not([data-key^="e{node}."])>[stroke-opacity]'
        for node in nodes
    ]
    yield f"{where} g:hover>[stroke-opacity]{{stroke-opacity:1}}"
    yield ",\n".join(others) + f"{{stroke-opacity:{FADED}}}"


def _fades(mark: Mark) -> bool:
    """Whether it is a line whose strength says something."""
    return isinstance(mark, Path) and mark.opacity is not None


# ── Marks ───────────────────────────────────────────────────────────────────────────────────────────


def _mark(mark: Mark, inks: Mapping[str, str]) -> str:
    match mark:
        case Rect():
            return _rect(mark, inks)
        case Path():
            return _path(mark, inks)
        case Text():
            return _text(mark, inks)
    return _group(mark, inks)


def _group(group: Group, inks: Mapping[str, str]) -> str:
    hook = f' data-key="{group.key}"' if group.key else ""
    title = f"<title>{escape(isolated(group.title))}</title>" if group.title else ""
    return f"<g{hook}>{title}{''.join(_mark(mark, inks) for mark in group.marks)}</g>"


def _rect(rect: Rect, inks: Mapping[str, str]) -> str:
    place = f'x="{_short(rect.x)}" y="{_short(rect.y)}"'
    size = f'width="{_short(rect.width)}" height="{_short(rect.height)}"'
    radius = f' rx="{_short(rect.radius)}"' if rect.radius else ""
    return f"<rect {inks[rect.kind]}{_stroke(rect.kind)} {place} {size}{radius}/>"


def _path(path: Path, inks: Mapping[str, str]) -> str:
    way = "".join(letter + " ".join(map(_short, chain(*points))) for letter, points in path.steps)
    faint = "" if path.opacity is None else f' stroke-opacity="{path.opacity:.2g}"'
    return f'<path {inks[path.kind]}{_stroke(path.kind, path.width)}{faint} d="{way}"/>'


def _stroke(kind: str, width: float | None = None) -> str:
    """How wide the line of a mark is, unless it is 1 or there is none."""
    width = LOOKS[kind].width if width is None else width
    return f' stroke-width="{width:.2g}"' if LOOKS[kind].stroke and width != 1 else ""


def _text(text: Text, inks: Mapping[str, str]) -> str:
    written, x, anchor = _runs(runs(text.text), LOOKS[text.kind]), text.x, text.anchor
    if anchor != START and ' dx="' in written:  # resvg does not count that in where the text ends
        x -= measure(text.kind, text.text) * (1.0 if anchor == END else 0.5)
        anchor = START
    side = f' text-anchor="{anchor}"' if anchor != START else ""
    return f'<text {inks[text.kind]}{side} x="{_short(x)}" y="{_short(text.y)}">{written}</text>'


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
        family = f' font-family="{MONO}"' if look.sans else ""
        small = f' class="script"{family} font-size="{SCRIPT * look.size:.3g}"' if part.level else ""
        inner = escape(isolated(part.text))
        written += f"<tspan{small}{moves}>{inner}</tspan>" if small or moves else inner
        height, before = goal, part
    return written


@lru_cache(10_000)  # many marks stand at one height
def _short(number: float) -> str:
    """A number with at most one decimal."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
