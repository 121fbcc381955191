"""The embedded layout against Graphviz's dot, on perceptrons. Run with `make bench`.

Read the ratios in parentheses. Both draw the same picture: cards with ports, and the local derivatives as
texts on the edges. Graphviz's time contains the start of its process, as a notebook's cell would pay for
it, but not the writing of its source.
"""

import re
import shutil
import subprocess
from itertools import pairwise

import pytest
from test_layout import crossings

import viz
from autograd import Value, tanh
from viz import layout

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")
SIZES = {200: (3, 6, 5, 1), 500: (4, 10, 8, 1), 4500: (10, 28, 38, 1)}


def perceptron(*sizes):
    """A fully connected network of tanh neurons, product by product."""
    values = iter(range(10**6))

    def parameter(label=""):
        return Value(next(values) * 0.7548776662 % 2 - 1, label)

    inputs = [parameter(f"x{i}") for i in range(sizes[0])]
    for a, b in pairwise(sizes):
        inputs = [tanh(sum((parameter() * x for x in inputs[:a]), parameter())) for _ in range(b)]
    inputs[0].backward()
    return inputs[0]


def dot(source, *options):
    """Graphviz's standard output and standard error."""
    run = subprocess.run(
        ["dot", *options], input=source, capture_output=True, text=True, check=True, timeout=200
    )
    return run.stdout, run.stderr


@pytest.mark.benchmark(group="layout and SVG of 200 values")
@pytest.mark.parametrize("program", ["embedded", pytest.param("dot", marks=needs_dot)])
def test_two_hundred_values(benchmark, program):
    diagram = viz.draw(perceptron(*SIZES[200]), max_nodes=None)
    assert 180 <= len(diagram.graph.nodes) <= 220
    if program == "dot":
        benchmark.pedantic(dot, (diagram.dot().source, "-Tsvg"), rounds=7, warmup_rounds=1)
    else:
        benchmark.pedantic(diagram.svg, rounds=15, warmup_rounds=1)


@pytest.mark.benchmark(group="4,500 values, from the root to SVG")
@pytest.mark.parametrize("options", [{"max_nodes": None, "group": 0}, {}], ids=["whole", "summed up"])
def test_four_thousand_values(benchmark, options):
    root = perceptron(*SIZES[4500])
    benchmark.pedantic(lambda: viz.draw(root, **options).svg(), rounds=3)


@pytest.mark.benchmark(group="a chain of 1,000,000")
@pytest.mark.parametrize("part", ["backward", "draw"])
def test_a_million_values(benchmark, part):
    w = Value(1.0000001, "w")
    y = w
    for _ in range(1_000_000):
        y = y * w
    y.backward()
    benchmark.pedantic(y.backward if part == "backward" else lambda: viz.draw(y).svg(), rounds=2)


@needs_dot
@pytest.mark.benchmark(group="crossings")
@pytest.mark.parametrize("size", [200, 500])
def test_crossings(benchmark, size):
    diagram = viz.draw(perceptron(*SIZES[size]), max_nodes=None)
    graph = diagram.graph
    ports = [tuple(10.0 * (i + 1) for i in range(count)) for count in map(len, graph.incoming)]
    boxes = [layout.Box(80, 10.0 * (len(each) + 1), each) for each in ports]
    edges = [layout.Edge(e.source, e.target, e.position) for e in graph.edges]
    placed = benchmark.pedantic(layout.place, (boxes, edges), rounds=3)
    _, report = dot(diagram.dot().source, "-v", "-Tplain")
    theirs = min(map(int, re.findall(r"(\d+) crossings", report)))
    benchmark.extra_info.update(ours=crossings(placed), dot=theirs)
    print(f"{len(boxes)} values: {crossings(placed)} crossings, dot {theirs}")
    assert crossings(placed) <= 1.1 * theirs
