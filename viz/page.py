"""The step-through page: one HTML file that shows how numbers run forward and gradients run back.

    moment   what one position of the slider shows: a phase, a sentence, and the card or line it is about
    phases   Start; Forward, one moment for every operation; Backward, the seed and then one moment for
             every edge: upstream × local = contribution, and the running sum; Done
    still    a page with the picture alone, and a sentence that says why there are no steps

The picture is laid out here, and every number and sentence is written here, as text. The page's script
(page.js) finds cards and lines by their `data-key` and fills in what belongs to the moment. The page
loads nothing: its Content-Security-Policy forbids all but the script and the styles that stand in it.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from operator import mul
from typing import Any, NamedTuple

from autograd import Step, Value
from autograd.formula import Piece
from viz import cards, svg
from viz.javascript import source
from viz.options import Options
from viz.records import CONSTANT, LEAF, OPERATION, Edge, Graph, Node, read_backward
from viz.scene import DARK, LIGHT, Scene
from viz.text import clip, columns, full, isolated, relation, short

LIMIT = 500  # values, above which nobody follows the steps
PACE = 1200  # milliseconds between two steps while playing
SMALLEST = 0.75  # of its size: a window that is smaller still scrolls the picture instead
LONG, LISTED = 120, 6  # characters of an expression; leaves in the last sentence

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="{scheme}">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body data-pace="{pace}">
{body}
</body>
</html>
"""

STEPS = """<main id="picture" class="steps" tabindex="0" role="region" aria-label="Picture of the graph">
{picture}</main>
<section id="panel" aria-label="Steps">
<noscript><p>The steps, and the gradients, need JavaScript.</p></noscript>
<p id="story" aria-live="polite" aria-atomic="true"><b id="phase"></b><span id="sentence"></span>
<span id="note"></span></p>
<div id="controls">
<button id="back" type="button" aria-label="Previous step" title="Previous step (left arrow)">←</button>
<button id="play" type="button" title="Play or pause (space)">Play</button>
<button id="next" type="button" aria-label="Next step" title="Next step (right arrow)">→</button>
<input id="slider" type="range" min="0" value="0" aria-label="Step">
<span id="count"></span>
<button id="fit" type="button" aria-pressed="false" title="Fit the whole picture into the window">Fit</button>
</div>
</section>
<script type="application/json" id="steps">{data}</script>
<script>{script}</script>"""

STILL = """<main id="picture" tabindex="0" role="region" aria-label="Picture of the graph">
{picture}</main>
<section id="panel"><p>{why}</p></section>"""


Digits = int | None
Part = str | tuple[str, str]  # of a sentence: words, or a number in few digits and in all of them


class Moment(NamedTuple):
    """One position of the slider.

    parts       the sentence            note    the formula beside it
    node, edge  keys of the card and the line that it is about
    source      key of the card whose gradient is, from here on, `gradient`
    """

    phase: str
    parts: tuple[Part, ...]
    note: str = ""
    node: int | None = None
    edge: str = ""
    source: int | None = None
    gradient: Any = None


def render(graph: Graph, options: Options, roots: Sequence[Value], draw: Callable[[], Scene]) -> str:
    """The page of a graph and the roots that it was read from; the same graph gives the same bytes.

    `draw` gives its picture. Its gradients are those of one backward pass from seed 1, whether `backward()`
    has run or not. A worksheet, the style "textbook", several roots, more than `LIMIT` values, and a picture
    of groups or of a part of the graph make a page without steps.
    """
    title = escape(", ".join(graph.nodes[key].name or "a constant" for key in graph.roots))
    if why := _why_still(graph, options, roots):
        picture = svg.paint(draw(), options.theme)
        return _page(f"{title}: a computation graph", picture, options.theme, STILL, why=escape(why))
    moments = [*_moments(graph, roots[0], options.digits)]
    unveiled = replace(options, values=True, gradients=True, blank="")  # one by one, by the page itself
    gradients = _gradients(graph, moments)
    picture = svg.paint(cards.scene(_roomy(graph, gradients, options), unveiled, whole=True), options.theme)
    data, script = _embedded(_data(graph, moments, gradients, options)), source("page.js")
    return _page(f"{title}, step by step", picture, options.theme, STEPS, data=data, script=script)


def _why_still(graph: Graph, options: Options, roots: Sequence[Value]) -> str:
    """Why there are no steps, and what helps; "" where there are."""
    if options.blank:
        return "A worksheet: the empty fields are to be filled in."
    if options.style != "record":
        return f"Steps are shown in style 'record', and this picture is in style {options.style!r}."
    if len(roots) != 1:
        return f"Steps lead back from one root, and this picture has {len(roots)}: draw one of them."
    if graph.total > LIMIT:
        return f"{graph.total:,} values are too many to follow step by step: draw a graph of at most {LIMIT}."
    if graph.note:
        remedy = "For all of them, step by step: viz.draw(root, group=0, max_nodes=None).html()"
        return f"This picture is {graph.note}. {remedy}"
    return ""


# ── Moments ─────────────────────────────────────────────────────────────────────────────────────────


def _moments(graph: Graph, root: Value, digits: Digits) -> Iterator[Moment]:
    """All that the slider leads through; numbers in so many digits."""
    leaves = [node for node in graph.nodes if node.kind == LEAF]
    operations = [node for node in graph.nodes if node.kind == OPERATION]
    given = f"{len(leaves)} lea{'f' if len(leaves) == 1 else 'ves'} with a number"
    yield Moment(
        "Start", (f"{given}, {len(operations)} operation{'s' * (len(operations) != 1)} to compute.",)
    )
    how = {node.key: clip(node.expression, LONG) for node in operations}
    for node in operations:
        texts = node.name, how[node.key], clip(_in_numbers(node.expression.graph, digits), LONG)
        value = node.expression.graph
        equals = relation(value.op, value.operands, value.result, digits)
        made = f"{' = '.join(dict.fromkeys(texts))} {equals} "  # price = t1 × tax = 200 × 1.1 = 220
        yield Moment("Forward", (made, _number(node.data, digits)), node=node.key)
    if not leaves:
        yield Moment("Done", ("There is no leaf, so there is nothing to differentiate.",))
        return
    backward = read_backward(root, graph)[1]
    steps = backward.steps
    (key,) = graph.roots
    name, seed = graph.nodes[key].name, steps[0][1].upstream if steps else 1
    parts, note = (f"{name}: seed ", _number(seed, digits)), f"∂{name}/∂{name} = 1"
    yield Moment("Backward", parts, note, node=key, source=key, gradient=seed)
    yield from (_passed(graph, edge, step, how[edge.target], digits) for edge, step in steps)
    if backward.stop is not None:  # such as 1 / (2√x) at 0
        yield Moment("Backward", (backward.says(graph),), node=backward.stop)
        return
    arrived = {key: seed} | {edge.source: step.total for edge, step in steps}
    yield _done(name, leaves, arrived, digits)


def _number(number: Any, digits: Digits) -> Part:
    """The number as a part of a sentence; in few digits alone if they are all, but for 2.0 as 2."""
    few, whole = short(number, digits=digits), full(number)
    return few if whole.removesuffix(".0").replace("-", "−") == few else (few, whole)


def _in_numbers(node: Value, digits: Digits) -> str:
    """How a recorded node comes from its operands' numbers: `200 × 1.1`; "" where no operation."""
    if node.op is None or not node.args:
        return ""
    pairs = ((x, short(x, digits=digits)) for x in node.operands)
    texts = (f"({text})" if isinstance(x, complex) else text for x, text in pairs)
    return Piece.operation(node.op, [*map(Piece.number, texts)]).text


def _passed(graph: Graph, edge: Edge, step: Step, how: str, digits: Digits) -> Moment:
    """`∂o/∂x1 += ∂o/∂t1 × ∂t1/∂x1 = 0.5 × (−3) = −1.5, so far −1.5`"""
    source, target = graph.nodes[edge.source], graph.nodes[edge.target]
    numbers = step.upstream, edge.local, step.contribution, step.total
    upstream, local, contribution, total = (_number(x, digits) for x in numbers)
    root, receiver, passing = graph.whole, source.name, target.name
    rule = f"∂{root}/∂{receiver} += ∂{root}/∂{passing} × ∂{passing}/∂{receiver} = "
    begin, end = (" × (", ")") if short(edge.local).startswith("−") else (" × ", "")
    equals = relation(mul, (step.upstream, edge.local), step.contribution, digits)
    parts = rule, upstream, begin, local, f"{end} {equals} ", contribution, ", so far ", total
    note = f"{clip(edge.formula, LONG)}, as {target.name} = {how}"
    return Moment("Backward", parts, note, target.key, _key(edge), source.key, step.total)


def _key(edge: Edge) -> str:
    """The key of a line in the picture (cards.py)."""
    return f"e{edge.target}.{edge.position}"


def _done(root: str, leaves: list[Node], arrived: dict[int, Any], digits: Digits) -> Moment:
    """The gradients of the first leaves; 0 where nothing arrived."""
    parts: list[Part] = []
    for leaf in leaves[:LISTED]:
        comma = ", " if parts else ""
        parts += [f"{comma}∂{root}/∂{leaf.name} = ", _number(arrived.get(leaf.key, 0), digits)]
    more = f", and {len(leaves) - LISTED} more" if len(leaves) > LISTED else "."
    return Moment("Done", (*parts, more))


# ── Data ────────────────────────────────────────────────────────────────────────────────────────────

Gradients = dict[int, list[tuple[int, Any]]]


def _gradients(graph: Graph, moments: Sequence[Moment]) -> Gradients:
    """By node the moments at which its gradient changes, and what it then is."""
    gradients: Gradients = {node.key: [] for node in graph.nodes if node.kind != CONSTANT}
    for i, moment in enumerate(moments):
        if moment.source is not None:
            gradients[moment.source].append((i, moment.gradient))
    if moments[-1].phase == "Done" and any(gradients.values()):
        for changes in gradients.values():
            if not changes:  # a branch not taken: its gradient is 0
                changes.append((len(moments) - 1, 0))
    return gradients


def _roomy(graph: Graph, gradients: Gradients, options: Options) -> Graph:
    """The graph with the longest gradient that each card is to show, and lines that give no step away."""

    def widest(node: Node) -> Any:
        numbers = [number for _, number in gradients.get(node.key, [])]
        return max(numbers, key=lambda x: columns(short(x, True, options.digits)), default=None)

    nodes = tuple(replace(node, gradient=widest(node)) for node in graph.nodes)
    return replace(graph, nodes=nodes, edges=tuple(replace(edge, contribution=None) for edge in graph.edges))


def _data(graph: Graph, moments: Sequence[Moment], gradients: Gradients, options: Options) -> dict[str, Any]:
    """What page.js reads; see the legend there."""
    born = {moment.node: i for i, moment in enumerate(moments) if moment.phase == "Forward"}
    passed = {moment.edge: [i] for i, moment in enumerate(moments)}

    def sums(key: int) -> list[tuple[int, str, str]]:
        return [(i, short(total, True, options.digits), full(total)) for i, total in gradients[key]]

    edges = {_key(e): [f"n{e.source}", f"n{e.target}", *passed.get(_key(e), [])] for e in graph.edges}
    nodes = {f"n{key}": [born.get(key, 0), sums(key)] for key in gradients}
    return {"steps": [_step(moment) for moment in moments], "nodes": nodes, "edges": edges}


def _step(moment: Moment) -> dict[str, Any]:
    """A moment as page.js reads it, without what is empty."""
    step = {
        "phase": moment.phase,
        "parts": [isolated(part) if isinstance(part, str) else part for part in moment.parts],
        "note": isolated(moment.note),
        "node": "" if moment.node is None else f"n{moment.node}",
        "edge": moment.edge,
    }
    return {name: value for name, value in step.items() if value}


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


def _embedded(data: dict[str, Any]) -> str:
    """The data as JSON that no label can break out of, wherever in a page it stands."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _page(title: str, picture: str, theme: str, body: str, **parts: str) -> str:
    """The whole file: the body's template filled in, and a policy that allows what stands in it alone."""
    body = body.format(picture=picture, **parts)
    width = int(re.findall(r'<svg[^>]* width="(\d+)"', picture)[0])
    style = _palette(theme) + f":root{{--least:{SMALLEST * width:.0f}px}}\n" + source("page.css")
    styles = [style, *re.findall("<style>(.*?)</style>", picture, re.DOTALL)]
    policy = f"default-src 'none'; style-src {_hashes(styles)}; img-src data:; base-uri 'none'"
    if "script" in parts:
        policy += f"; script-src {_hashes([parts['script']])}"
    scheme = "light dark" if theme == "auto" else theme
    return PAGE.format(policy=policy, scheme=scheme, title=title, style=style, pace=PACE, body=body)


def _hashes(texts: Sequence[str]) -> str:
    """What a Content-Security-Policy calls inline texts by."""
    digests = (sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)


def _palette(theme: str) -> str:
    """The colours of the pictures as CSS variables, in one palette or in both."""
    variables = ("".join(f"--{name}:{colour};" for name, colour in each.items()) for each in (LIGHT, DARK))
    light, dark = (f":root{{{each}}}\n" for each in variables)
    both = f"{light}@media (prefers-color-scheme:dark){{{dark}}}\n"
    return {"auto": both, "light": light, "dark": dark}[theme]


@dataclass(frozen=True, slots=True)
class Frame:
    """A page for a notebook, which shows it in a frame of its own; its script reaches nothing outside."""

    page: str
    height: int

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{self.height}px;border:0"
        source = escape(self.page)
        return f'<iframe sandbox="allow-scripts" title="Steps" style="{style}" srcdoc="{source}"></iframe>'
