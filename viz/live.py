"""What a live page computes with: the graph as numbers, its rows as JavaScript, its sentences as templates.

The page (live.js) goes forward and backward through the graph as the engine does, so that its leaves can be
changed. Rows come from `viz.javascript`, which emits them from the table. What cannot be emitted keeps the
numbers that were recorded, and so do the leaves above it.

    value   of the graph, by its index in topological order, without those that no picture shows
    form    a row and with how many arguments it was recorded
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

from autograd import Value, backward_steps, local_derivatives, ops
from autograd.formula import Piece
from autograd.op import SIGN, Op, printable
from viz.javascript import script
from viz.records import Graph, Node, uses
from viz.text import clip, full
from viz.view import VALUE

LEAF, GIVEN, FIXED = -1, -2, -3  # in place of a row: a leaf, a constant, what keeps its recorded number
FIRST = 0xE000  # a letter that is no letter stands for the first operand in a template
EXACT = 2**53  # up to which a float holds every whole number
# What Python holds, in bits: an int as the number, an int as the gradient, a bool; and a label of no scope
INT, SLOPE, BOOL, OWN = 1, 2, 4, 8
CHOSEN = "Branches that a Python `if`, or `where` with callables, has left out when recorded stay left out."


Gradients = Mapping[Value, Any]


class Model(NamedTuple):
    """Data for live.js, see the legend there; and the JavaScript of the rows."""

    data: dict[str, Any]
    code: str


def why_not(graph: Graph) -> str:
    """Why the page cannot compute with the numbers of a graph; "" where it can."""
    assert graph.view
    used = uses(graph.view)
    for node in graph.view.order:
        number, *others = used.get(node, [node.data])
        name = graph.names.get(node, "") or full(number)
        if others:
            return f"Its numbers stand still: {name} was set between operations."
        if not isinstance(number, int | float) or (isinstance(number, int) and abs(number) > EXACT):
            kind = "so large an int" if isinstance(number, int) else f"a {type(number).__name__}"
            return f"Its numbers stand still: a page computes with floats, and {name} is {kind}."
    return ""


def gradients_of(root: Value) -> Gradients:
    """∂root/∂node of one backward pass from 1, run or not, as far as it comes."""
    try:
        steps = backward_steps(root)
    except Exception as error:  # of a rule, such as 1 / (2√x) at 0; or there is no leaf
        steps = getattr(error, "steps", [])
    return {root: 1} | {step.argument: step.total for step in steps}


def model(graph: Graph, gradients: Gradients) -> Model:
    """All that the page needs to compute a graph that `why_not` has nothing against."""
    view = graph.view
    assert view
    forms = {i: (node.op, len(node.args)) for i, node in enumerate(view.order) if node.args and node.op}
    recorded = dict.fromkeys(forms.values())
    rows = script(recorded)
    fixed = {i: rows.refused[form] for i, form in forms.items() if form in rows.refused}
    used = uses(view)

    def value(i: int, node: Value) -> list[Any]:
        number, gradient = used.get(node, [node.data])[0], gradients.get(node)
        row = GIVEN if node.op else LEAF
        if i in forms:
            row = FIXED if i in fixed else rows.places[forms[i]]
        bits = INT * isinstance(number, int) + SLOPE * isinstance(gradient, int)
        bits += BOOL * isinstance(number, bool)
        bits += OWN * (bool(node.label and not node.scope) or node in view.called)
        return [row, view.args[i], graph.names.get(node, ""), bits, *map(_json, (number, gradient))]

    data = {
        "root": graph.whole,
        "values": [value(i, node) for i, node in enumerate(view.order)],
        "forms": {place: _form(*form) for form, place in rows.places.items() if form in recorded},
        "fixed": {i: _slopes(view.order[i]) for i in fixed},
        "held": _held(view.args, fixed),
        "note": CHOSEN if any(node.op is ops.where for node in view.order) else "",
    }
    return Model(data, rows.code)


def shown(graph: Graph, long: int) -> dict[str, Any]:
    """Which cards and lines show the values; expressions have so many characters at most."""
    view = graph.view
    assert view
    cards = [
        [node.name, clip(node.expression, long), int(view.cards[node.key].kind != VALUE)]
        for node in graph.nodes
    ]
    lines = [[edge.source, edge.target, edge.position, clip(edge.formula, long)] for edge in graph.edges]
    return {"owner": view.owner, "cards": cards, "lines": lines, "along": _edges(graph)}


def arrived(graph: Graph, gradients: Gradients) -> Graph:
    """The graph with these gradients in the cards of one value."""
    view = graph.view
    assert view
    outputs = view.outputs()

    def gradient(node: Node) -> Any:
        made = [value for value in view.cards[node.key].members if value in outputs]
        return gradients.get(view.order[made[0]], 0) if len(made) == 1 else node.gradient

    return replace(graph, nodes=tuple(replace(node, gradient=gradient(node)) for node in graph.nodes))


def _edges(graph: Graph) -> list[list[int | None]]:
    """Of every value, by position of the argument, the place of the edge that shows it, if one does."""
    view = graph.view
    assert view
    place = {id(edge): i for i, edge in enumerate(graph.edges)}
    shown: list[list[int | None]] = []
    for value, args in enumerate(view.args):
        card = view.owner[value]
        single = view.cards[card].kind == VALUE
        common = {e.source: place[id(e)] for e in graph.incoming[card] if e.count > 1 or not single}
        own = iter([place[id(e)] for e in graph.incoming[card] if e.count == 1 and single])
        sources = [view.owner[arg] for arg in args]
        shown.append([
            None if source == card else common[source] if source in common else next(own)
            for source in sources
        ])  # fmt: skip
    return shown


def _held(args: Sequence[Sequence[int]], fixed: Mapping[int, str]) -> dict[int, str]:
    """The leaves above what keeps its recorded number, and why that does."""
    held: dict[int, str] = {}
    for value, why in fixed.items():
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if one not in held:
                held[one] = why
                waiting += args[one]
    return {value: why for value, why in held.items() if not args[value]}


def _slopes(node: Value) -> list[Any] | str:
    """The recorded local derivatives by position, None for no contribution; or why there are none."""
    try:
        found = {position: _json(float(local)) for position, _, local in local_derivatives(node)}
    except Exception as error:  # whatever a rule of one's own raises
        return printable(error)
    return [found.get(position) for position in range(len(node.args))]


def _json(number: Any) -> Any:
    """A number as JSON: what JSON lacks, nan and the infinities, as text."""
    if isinstance(number, int):
        return int(number)
    return full(number) if number is not None and not isfinite(number) else number


def _form(op: Op, count: int) -> list[Any]:
    """An operation in numbers as a template: words, and [operand, whether a negative one stands in
    parentheses, whether a whole one is raised].
    """
    marks = [chr(FIRST + i) for i in range(count)]
    plain = [Piece(mark) for mark in marks]
    text = Piece.operation(op, plain).text
    parts: list[Any] = []
    for part in re.split(f"(\\^?[{marks[0]}-{marks[-1]}])" if marks else "$^", text):
        if not part or not FIRST <= ord(part[-1]) < FIRST + count:
            parts += [part] if part else []
            continue
        i, raised = ord(part[-1]) - FIRST, part[0] == "^"
        negative = Piece(marks[i], SIGN, negates=False)
        loose = Piece.operation(op, [*plain[:i], negative, *plain[i + 1 :]]).text != text
        parts.append([i, int(loose), int(raised)])
    return parts
