"""The step-through page: one HTML file that shows how numbers run forward and gradients run back.

    moment   what one position of the slider shows: a phase, a sentence, and the card or line it is about
    phases   Start; Forward, one moment for every operation; Backward, the seed and then one moment for
             every edge: upstream × local = contribution, and the running sum; Done
    live     a page of a graph of floats: its leaves can be changed, and its script computes all numbers
             again (`viz.live`), with the templates of sentences that stand here
    told     a page of fractions, complex numbers and others: every number and sentence is written here
    still    a page with the picture alone, and a sentence that says why there are no steps

The picture is laid out here. The page's script (page.js) finds cards and lines by their `data-key` and fills
in what belongs to the moment. The page loads nothing: its Content-Security-Policy forbids all but the script
and the styles that stand in it.
"""

import json
import re
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from itertools import chain
from operator import mul
from typing import Any, NamedTuple
from xml.etree import ElementTree

from autograd import Step, Value
from autograd.foreign import Copy, Unknown
from autograd.formula import Piece
from viz import cards, live, svg, view
from viz.javascript import source
from viz.options import Options
from viz.records import CONSTANT, LEAF, OPERATION, Edge, Graph, Node, read, read_backward
from viz.scene import DARK, LIGHT, Group, Scene, measure
from viz.text import RIGHT_TO_LEFT, clip, columns, full, isolated, relation, short

LIMIT = 500  # values, above which nobody follows the steps
PACE = 1200  # milliseconds between two steps while playing
SMALLEST = 0.75  # of its size: a window that is smaller still scrolls the picture instead
LONG, LISTED = 120, 6  # characters of an expression; leaves in the last sentence
ROOM = 8  # characters, for which every number that may change has room
GROUPS = 12  # of a picture, which can be opened there

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
{body}{packed}
</body>
</html>
"""

PACKED = """
<!-- viz/*.js and data, deflated -->
<script type="text/plain" id="code" data-size="{size}">{code}</script>
<script>{loader}</script>"""

SAYS = {  # sentences, with {fields}
    "forward": "{made} {equals} {data}",
    "seed": "{name}: seed {seed}",
    "passed": "∂{root}/∂{receiver} += ∂{root}/∂{passing} × ∂{passing}/∂{receiver} = {upstream} × {local} "
    "{equals} {contribution}, so far {total}",
    "crossed": "∂{root}/∂{receiver} += {contribution}, from {passing}: upstream × local, over {edges}",
    "leaf": "∂{root}/∂{leaf} = {gradient}",
    "stop": "The backward pass stops at {made}: its local derivative: {why}.",
    "strange": "The numbers stand still: computed here, {name} is another than Python recorded.",
    "leafless": "There is no leaf, so there is nothing to differentiate.",
}

STILL = """<main id="picture" tabindex="0" role="region" aria-label="Picture of the graph">
{picture}</main>
<section id="panel"><p>{why}</p></section>"""

# Below a frame of a notebook, where no script runs until the reader has run the cell
UNRUN = (
    "<p>Run this cell to see its page.</p><script>document.currentScript.previousSibling.remove()</script>"
)

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
    has run or not. A worksheet, the style "textbook", several roots, more than `LIMIT` values, a picture of a
    part of the graph, and of groups whose numbers are no floats, make a page without steps; so does another
    engine's graph with numbers that the table does not give.
    """
    title = escape(", ".join(graph.nodes[key].name or "a constant" for key in graph.roots))
    told = "" if (why := _why_still(graph, options, roots)) else live.why_not(graph)
    if why or (told and graph.note):
        picture = svg.paint(draw(), options.theme)
        why = why or f"This picture is {graph.note}, and a page of groups computes with floats. {told}"
        return _page(f"{title}: a computation graph", options.theme, STILL, picture=picture, why=escape(why))
    unveiled = replace(options, values=True, gradients=True, blank="")  # one by one, by the page itself
    make = _told if told else _live
    scenes, data, script = make(graph, roots, unveiled)
    data["letters"] = RIGHT_TO_LEFT
    why = f"<p>{escape(told)}</p>\n" if told else ""
    parts = {"heading": _heading(graph), "root": escape(graph.whole), "why": why}
    code = "\n".join([*script, "begin();"])
    looks = f"{svg.style(*scenes)}:root{{--least:{SMALLEST * scenes[0].width:.0f}px}}\n"
    return _page(f"{title}, step by step", options.theme, source("steps.html"), looks, code, data, **parts)


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
    if other := _other_numbers(graph):
        return f"Steps go by the rules of the table, and {other}."
    if any(not node.size for node in graph.nodes):
        return f"This picture is {graph.note}. For all of them, step by step: viz.draw(root).html()"
    return ""


def _other_numbers(graph: Graph) -> str:
    """What another engine has otherwise than the rules of the table; "" where nothing."""
    assert graph.view
    for copy in graph.view.order:
        name = graph.names.get(copy, "")
        if isinstance(copy, Copy) and copy.computed is not None:
            return f"{name} is another number than its operands give"
        if isinstance(copy.op, Unknown):
            return f"there is none for {name}"
        if isinstance(copy, Copy) and copy.arriving is not None:
            return f"the gradient of {name} is another than its lines give"
    return ""


def _heading(graph: Graph) -> str:
    """`o = tanh(t4)`"""
    (key,) = graph.roots
    node = graph.nodes[key]
    made = f"{node.name} = {clip(node.expression, LONG)}" if node.kind == OPERATION else node.name
    return escape(isolated(made or "a constant"))


Made = tuple[list[Scene], dict[str, Any], list[str]]  # pictures, the first of them shown; data; script


def _live(graph: Graph, roots: Sequence[Value], options: Options) -> Made:
    """The pictures, the data and the script of a page that computes."""
    gradients = live.gradients_of(roots[0])
    shared, rows = live.model(graph, gradients)
    says = SAYS | {"start": _start(graph), "long": LONG, "listed": LISTED}
    scenes, views = [], []
    for name, shown in _views(graph, roots, options).items():
        views.append({"open": name, **live.shown(shown, LONG)})
        arrived = live.arrived(shown, gradients)
        for direction in dict.fromkeys((options.direction, "down")):
            scenes.append(_roomed(arrived, replace(options, direction=direction)))
            views[-1][direction] = _tree(svg.paint(scenes[-1], "classes"))
    touch = _tree(source("touch.html").format(root=escape(graph.whole))), source("touch.css")
    data = {
        "touch": touch,
        "says": says,
        "digits": options.digits,
        "local": options.local,
        "room": ROOM,
        "advance": {kind: measure(kind, "0") for kind in ("data", "gradient", "local")},
        "views": views,
        **shared,
    }
    return scenes, data, [source("numbers.js"), rows, *map(source, ("live.js", "page.js", "touch.js"))]


def _views(graph: Graph, roots: Sequence[Value], options: Options) -> dict[str, Graph]:
    """The graph as it is drawn first, and with each of its groups open, by its name."""
    assert graph.view
    views, called = {"": graph}, graph.view.called
    names = [card.name for card in graph.view.cards if card.kind == view.GROUP]
    for name in names if len(names) <= GROUPS else ():
        opened = replace(options, open=options.open | {name})
        views[name] = read(roots, view.select(roots, opened, called), options.digits)
    return views


def _told(graph: Graph, roots: Sequence[Value], options: Options) -> Made:
    """The picture, the data and the script of a page that tells what Python has written."""
    moments = [*_moments(graph, roots[0], options.digits)]
    gradients = _gradients(graph, moments)
    scene = cards.scene(_roomy(graph, gradients, options), options, whole=True)
    data = {
        "views": [{"right": _tree(svg.paint(scene, "classes"))}],
        **_data(graph, moments, gradients, options),
    }
    return [scene], data, [source("page.js")]


def _roomed(graph: Graph, options: Options) -> Scene:
    """The cards with room for other numbers, without tooltips, which the page's script writes."""
    try:
        scene = cards.scene(graph, options, whole=True, room=ROOM)
    except ValueError:  # so wide they do not fit into the width; the page scrolls
        scene = cards.scene(graph, replace(options, width=None), whole=True, room=ROOM)
    marks = (replace(mark, title="") if isinstance(mark, Group) else mark for mark in scene.marks)
    return replace(scene, marks=tuple(marks))


def _tree(markup: str) -> list[Any]:
    """An SVG, or markup, as JSON, for page.js to build: [element, attributes, children and texts …]."""

    def node(element: ElementTree.Element) -> list[Any]:
        inner = chain([element.text], *((node(child), child.tail) for child in element))
        kept = [each for each in inner if each and each != "\n"]
        return [element.tag.rpartition("}")[2], element.attrib, *kept]

    return node(ElementTree.fromstring(markup))


# ── Moments ─────────────────────────────────────────────────────────────────────────────────────────


def _moments(graph: Graph, root: Value, digits: Digits) -> Iterator[Moment]:
    """All that the slider leads through; numbers in so many digits."""
    leaves = [node for node in graph.nodes if node.kind == LEAF]
    yield Moment("Start", (_start(graph),))
    how = {node.key: clip(node.expression, LONG) for node in graph.nodes if node.kind == OPERATION}
    for node in (graph.nodes[key] for key in how):
        texts = node.name, how[node.key], clip(_in_numbers(node.expression.graph, digits), LONG)
        value = node.expression.graph
        equals = relation(lambda *args, op=value.op: op.apply(args), value.operands, value.result, digits)
        made = " = ".join(dict.fromkeys(texts))  # price = t1 × tax = 200 × 1.1 = 220
        parts = _said("forward", made=made, equals=equals, data=_number(node.data, digits))
        yield Moment("Forward", parts, node=node.key)
    if not leaves:
        yield Moment("Done", (SAYS["leafless"],))
        return
    backward = read_backward(root, graph)[1]
    steps = backward.steps
    (key,) = graph.roots
    name, seed = graph.nodes[key].name, steps[0][1].upstream if steps else 1
    parts, note = _said("seed", name=name, seed=_number(seed, digits)), f"∂{name}/∂{name} = 1"
    yield Moment("Backward", parts, note, node=key, source=key, gradient=seed)
    yield from (_passed(graph, edge, step, how[edge.target], digits) for edge, step in steps)
    if backward.stop is not None:  # such as 1 / (2√x) at 0
        yield Moment("Backward", (backward.says(graph),), node=backward.stop)
        return
    arrived = {key: seed} | {edge.source: step.total for edge, step in steps}
    yield _done(name, leaves, arrived, digits)


def _start(graph: Graph) -> str:
    """What there is before the first step."""
    leaves, operations = (sum(node.kind == kind for node in graph.nodes) for kind in (LEAF, OPERATION))
    given = f"{leaves} lea{'f' if leaves == 1 else 'ves'} with a number"
    return f"{given}, {operations} operation{'s' * (operations != 1)} to compute."


def _said(sentence: str, **fields: Part | list[Part]) -> tuple[Part, ...]:
    """A sentence of SAYS as parts: its words, and what stands in its fields."""
    parts: list[Part] = []
    for i, words in enumerate(re.split(r"\{(\w+)\}", SAYS[sentence])):
        part = fields[words] if i % 2 else words
        parts += part if isinstance(part, list) else [part] * bool(part)
    return tuple(parts)


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
    local = _number(edge.local, digits)
    parts = _said(
        "passed",
        root=graph.whole,
        receiver=source.name,
        passing=target.name,
        upstream=_number(step.upstream, digits),
        local=["(", local, ")"] if short(edge.local).startswith("−") else local,
        equals=relation(mul, (step.upstream, edge.local), step.contribution, digits),
        contribution=_number(step.contribution, digits),
        total=_number(step.total, digits),
    )
    note = f"{clip(edge.formula, LONG)}, as {target.name} = {how}"
    return Moment("Backward", parts, note, target.key, _key(edge), source.key, step.total)


def _key(edge: Edge) -> str:
    """The key of a line in the picture (cards.py)."""
    return f"e{edge.target}.{edge.position}"


def _done(root: str, leaves: list[Node], arrived: dict[int, Any], digits: Digits) -> Moment:
    """The gradients of the first leaves; 0 where nothing arrived."""
    parts: list[Part] = []
    for leaf in leaves[:LISTED]:
        gradient = _number(arrived.get(leaf.key, 0), digits)
        parts += [", " * bool(parts), *_said("leaf", root=root, leaf=leaf.name, gradient=gradient)]
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
        "parts": moment.parts,
        "note": moment.note,
        "node": "" if moment.node is None else f"n{moment.node}",
        "edge": moment.edge,
    }
    return {name: value for name, value in step.items() if value}


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


def _page(
    title: str, theme: str, body: str, looks: str = "", code: str = "", data: Any = None, **parts: str
) -> str:
    """The whole file: the body's template filled in, and a policy that allows what stands in it alone.

    looks, code  style besides the page's own, and script, which reads `data`
    """
    style = f"{_palette(theme)}{looks}{source('page.css')}"
    styles = [style, *re.findall("<style>(.*?)</style>", parts.get("picture", ""), re.DOTALL)]
    policy = f"default-src 'none'; style-src {_hashes(styles)}; img-src data:; base-uri 'none'"
    packed = ""
    if code:
        loader = source("loader.js")
        policy += f"; script-src {_hashes([loader, code])}"
        text = f"{json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n{code}".encode()
        packed = PACKED.format(code=_packed(text), size=len(text), loader=loader)
    scheme = "light dark" if theme == "auto" else theme
    return PAGE.format(
        policy=policy,
        scheme=scheme,
        title=title,
        style=style,
        pace=PACE,
        body=body.format(**parts),
        packed=packed,
    )


def _packed(text: bytes) -> str:
    """A line of JSON and a script for loader.js, deflated: a page of few numbers would be mostly script."""
    packer = zlib.compressobj(9, wbits=-15)
    return b64encode(packer.compress(text) + packer.flush()).decode()


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
        frame = f'<iframe sandbox="allow-scripts" title="Steps" style="{style}" srcdoc="{source}"></iframe>'
        return frame + UNRUN
