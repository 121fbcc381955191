"""viz.layout against Graphviz's dot: the same boxes, ports and gaps; area and crossings, in both directions.

A box goes to dot with the longest of its stubs in front of it, as dot knows none. A line that several edges
of a source share is drawn once, and its crossings count once; dot draws and counts every edge.
"""

import re
import shutil
import subprocess
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from test_layout import crossings

from viz.layout import ARROW, Box, Edge, place

pytestmark = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")

GAP, SPACE = 14, 36
Nodes = list[tuple[int, ...]]


def network(*sizes: int) -> Nodes:
    """A fully connected network: a bias, then product by product, then tanh."""
    nodes: Nodes = [()] * sizes[0]
    inputs = [*range(sizes[0])]
    for size in sizes[1:]:
        outputs = []
        for _ in range(size):
            nodes.append(())
            for x in inputs:
                total = len(nodes) - 1
                nodes += (), (total + 1, x), (total, total + 2)
            nodes.append((len(nodes) - 1,))
            outputs.append(len(nodes) - 1)
        inputs = outputs
    return nodes


def irregular(seed: int, size: int, leaves: int, recent: int) -> Nodes:
    """Each takes one or two of the most recent, and in the end all are joined."""
    random = Random(seed)
    nodes: Nodes = [()] * leaves
    while len(nodes) < size:
        pool = range(max(0, len(nodes) - recent), len(nodes))
        nodes.append(tuple(random.choice(pool) for _ in range(random.choice((1, 2, 2, 2)))))
    loose = [*range(len(nodes))]
    while len(loose) > 1:
        used = {operand for operands in nodes for operand in operands}
        loose = [node for node in range(len(nodes)) if node not in used]
        nodes.extend(zip(loose[::2], loose[1::2], strict=False))
    return nodes


def chain(length: int, *leaf: int) -> Nodes:
    return [(), (), *((i + 1, *leaf) for i in range(length))]


def total(size: int) -> Nodes:
    """A sum of squares."""
    nodes: Nodes = [()]
    for _ in range(size):
        last = len(nodes) - 1
        nodes += (), (last + 1,), (last, last + 2)
    return nodes


def tree(depth: int) -> Nodes:
    nodes: Nodes = [()] * 2**depth
    while len(nodes) < 2 ** (depth + 1) - 1:
        first = 2 * (len(nodes) - 2**depth)
        nodes.append((first, first + 1))
    return nodes


SIZES = (2, 2, 1), (3, 4, 2), (2, 6, 6, 1), (3, 6, 5, 1), (4, 8, 8, 1)
SHAPES = (30, 4, 30), (60, 5, 60), (85, 6, 85), (85, 8, 20)
GRAPHS: dict[str, dict[object, Nodes]] = {
    "networks": {sizes: network(*sizes) for sizes in SIZES},
    "irregular": {(seed, *shape): irregular(seed, *shape) for seed in range(3) for shape in SHAPES},
    "plain": {
        "chain": chain(36), "chain with a leaf": chain(36, 0), "sum": total(12), "tree": tree(5),
        "two before": [(), (), *((i, i + 1) for i in range(20))],
        "the fifth": [(), *((i, i, max(0, i - 5)) for i in range(15))],
    },
}  # fmt: skip


def boxes_and_edges(nodes: Nodes, down: bool) -> tuple[list[Box], list[Edge]]:
    """Cards as wide and high as those of viz.cards, with numbers on their lines, by the same chance."""
    random = Random(1)
    boxes, edges = [], []
    for target, operands in enumerate(nodes):
        labels = [random.choice((20, 30, 60)) for _ in operands]
        pitch = max([17, *labels]) if down else 17
        width = max(random.choice((104, 134, 150)), pitch * len(operands) + 8) if operands else 104
        middle = (width if down else 46) / 2
        ports = tuple(middle + pitch * (i - (len(operands) - 1) / 2) for i in range(len(operands)))
        boxes.append(Box(width, max(46, 17 * len(operands) + 8), ports))
        edges += [Edge(source, target, i, 16 if down else labels[i]) for i, source in enumerate(operands)]
    return boxes, edges


def source(boxes: list[Box], edges: list[Edge], down: bool) -> str:
    """The graph for dot; of a table that is fixed in size, every operand has a cell around its port."""
    stubs = [max((e.label + ARROW for e in edges if e.target == i), default=0) for i in range(len(boxes))]
    lines = [f"rankdir={'TB' if down else 'LR'} nodesep={GAP / 72} ranksep={SPACE / 72} node [shape=plain]"]
    for i, (box, stub) in enumerate(zip(boxes, stubs, strict=True)):
        width, height = (box.width, box.height + stub) if down else (box.width + stub, box.height)
        side = box.width if down else box.height
        bounds = [0.0, *((a + b) / 2 for a, b in pairwise(box.ports)), side]
        size = 'HEIGHT="1" WIDTH="{:.0f}"' if down else 'WIDTH="1" HEIGHT="{:.0f}"'
        cells = [
            f'<TD PORT="i{p}" FIXEDSIZE="TRUE" {size.format(b - a)}></TD>'
            for p, (a, b) in enumerate(pairwise(bounds))
        ]
        rows = f"<TR>{''.join(cells)}</TR>" if down else "".join(f"<TR>{cell}</TR>" for cell in cells)
        bare = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'
        table = f"<TABLE {bare}>{rows}</TABLE>"
        align = 'VALIGN="TOP"' if down else 'ALIGN="LEFT"'
        size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"'
        lines.append(f"n{i} [label=<<TABLE {bare} {size}><TR><TD {align}>{table}</TD></TR></TABLE>>]")
    out, into = ("s", "n") if down else ("e", "w")
    lines += [f"n{e.source}:{out} -> n{e.target}:i{e.port}:{into}" for e in edges]
    return "digraph {" + "\n".join(lines) + "}"


@cache
def measured(kind: str, down: bool) -> dict[object, tuple[float, float, int, int]]:
    """Of every graph our area and dot's, our crossings and dot's."""
    found = {}
    for name, nodes in GRAPHS[kind].items():
        boxes, edges = boxes_and_edges(nodes, down)
        layout = place(boxes, edges, gap=GAP, space=SPACE, down=down)
        run = subprocess.run(
            ["dot", "-v", "-Tplain"], input=source(boxes, edges, down),
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        width, height = (72 * float(side) for side in run.stdout.split()[2:4])
        theirs = min(map(int, re.findall(r"(\d+) crossings", run.stderr)), default=0)
        upright = layout.transposed() if down else layout
        found[name] = layout.width * layout.height, width * height, crossings(upright), theirs
    return found


@pytest.mark.parametrize("down", [False, True], ids=["right", "down"])
def test_the_area_is_at_most_half_more_than_dots_for_every_graph_and_no_more_for_all(down):
    ours = theirs = 0.0
    for kind in GRAPHS:
        for name, (area, dots, *_) in measured(kind, down).items():
            assert area <= 1.5 * dots, name
            ours, theirs = ours + area, theirs + dots
    assert ours <= theirs


@pytest.mark.parametrize("down", [False, True], ids=["right", "down"])
@pytest.mark.parametrize(("kinds", "factor"), [(["networks"], 1.1), (["irregular", "plain"], 1.15)])
def test_crossings_are_as_few_as_dots(kinds, factor, down):
    counts = [numbers[2:] for kind in kinds for numbers in measured(kind, down).values()]
    assert sum(ours for ours, _ in counts) <= factor * sum(theirs for _, theirs in counts)
