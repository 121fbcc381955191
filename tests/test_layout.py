"""viz.layout: laws of a layered drawing, then pictures known by heart, then regressions."""

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import viz
from autograd import Value, scope, tanh
from viz import svg
from viz.layout import ARROW, Box, Edge, Layout, Point, place
from viz.layout import align as aligning
from viz.layout import rank as ranking
from viz.layout.order import inversions
from viz.layout.route import MOST, STEEP
from viz.scene import Path, Scene
from viz.scene import route as drawn

GAP, SPACE = 14.0, 36.0


def picture(*operands: tuple[int, ...], label: float = 20.0) -> tuple[list[Box], list[Edge]]:
    """Boxes of 80 by 36, one per tuple of operands, ports spread around the middle."""
    boxes = [Box(80, 36, tuple(18 + 8 * (2 * i - len(a) + 1) for i in range(len(a)))) for a in operands]
    edges = [Edge(s, t, p, label) for t, a in enumerate(operands) for p, s in enumerate(a)]
    return boxes, edges


def perceptron(*sizes: int) -> tuple[list[Box], list[Edge]]:
    """A fully connected network of tanh neurons, product by product."""
    nodes: list[tuple[int, ...]] = [()] * sizes[0]

    def add(*operands: int) -> int:
        nodes.append(operands)
        return len(nodes) - 1

    inputs = list(range(sizes[0]))
    for size in sizes[1:]:
        outputs = []
        for _ in range(size):
            total = add()
            for x in inputs:
                total = add(total, add(add(), x))
            outputs.append(add(total))
        inputs = outputs
    return picture(*nodes)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Edge]]:
    """Any acyclic graph: unequal boxes, unused boxes, repeated operands, any order."""
    size = draw(st.integers(1, 16))
    boxes, edges = [], []
    name = draw(st.permutations(range(size)))
    by_name: dict[int, Box] = {}
    for i in range(size):
        operands = draw(st.lists(st.integers(0, i - 1), max_size=3)) if i else []
        width, height = draw(st.integers(1, 90)), draw(st.integers(1, 60))
        ports = tuple(height * (p + 1) / (len(operands) + 1) for p in range(len(operands)))
        by_name[name[i]] = Box(width, height, ports)
        for port, operand in enumerate(operands):
            label = draw(st.sampled_from([0.0, 7.5, 30.0]))
            edges.append(Edge(name[operand], name[i], port, label))
    boxes = [by_name[i] for i in range(size)]
    return boxes, draw(st.permutations(edges))


def crossings(layout):
    """How often two curves cross; one that several edges of a source share counts once."""
    bands = defaultdict(set)
    for route in layout.routes:
        for start, end in zip(route[1::2], route[2::2], strict=False):
            bands[end.x].add((start.y, end.y))
    return sum(inversions(end for _, end in sorted(band)) for band in bands.values())


def ranks(layout: Layout) -> dict[int, int]:
    return {box: rank for rank, layer in enumerate(layout.layers) for box in layer}


def corners(boxes: list[Box], layout: Layout) -> list[tuple[float, float, float, float]]:
    """Left, top, right and foot of every box."""
    return [(x, y, x + box.width, y + box.height) for box, (x, y) in zip(boxes, layout.boxes, strict=True)]


def along(points: tuple[Point, ...], down: bool) -> Iterator[Point]:
    """Points of a route as it is drawn, close to one another."""
    at = points[0]
    for letter, stops in drawn(points, down):
        controls = (at, *stops) if letter == "C" else (at, at, stops[-1], stops[-1])
        for t in (i / 24 for i in range(25)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield Point(*(sum(w * p[i] for w, p in zip(weights, controls, strict=True)) for i in (0, 1)))
        at = stops[-1]


def short_of(work: Callable[[], object]) -> int:
    """By how many pixels a width is too small, as the error says; 0 if it is not."""
    try:
        work()
    except ValueError as error:
        more = int(re.search(r"takes (\d+) pixels more;", str(error))[1])
    else:
        return 0
    assert more > 0
    return more


def fitted(graph: tuple[list[Box], list[Edge]], down: bool, width: float) -> tuple[Layout, float]:
    """The layout in the width, or in the one that the errors ask for; and the width."""

    def layout() -> Layout:
        return place(*graph, gap=GAP, space=SPACE, down=down, width=width)

    while more := short_of(layout):
        width += more
    return layout(), width


# Laws ---------------------------------------------------------------------------------------------


@given(graphs(), st.booleans(), st.sampled_from([1.0, 150.0, 300.0, 600.0, inf]))
@example(perceptron(2, 4, 4, 1), False, 900.0)
@example(perceptron(2, 4, 4, 1), True, 600.0)
@example(perceptron(2, 4, 4, 1), True, inf)
@example(picture((), *((i,) for i in range(35))), False, 500.0)
def test_in_every_width_boxes_stand_apart_and_lines_end_at_ports_and_pass_no_box(graph, down, width):
    boxes, edges = graph
    if down:  # the ports are on the top side
        boxes = [Box(box.height, box.width, box.ports) for box in boxes]
    layout, width = fitted((boxes, edges), down, width)
    assert layout.width <= width
    areas = corners(boxes, layout)
    for i, (left, top, right, foot) in enumerate(areas):
        assert left >= 0 and top >= 0 and right <= layout.width + 1e-6 and foot <= layout.height + 1e-6
        for other in areas[:i]:
            assert left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= foot
    for edge, route in zip(edges, layout.routes, strict=True):
        (left, top, right, foot), port = areas[edge.source], boxes[edge.target].ports[edge.port]
        assert route[0] == pytest.approx(((left + right) / 2, foot) if down else (right, (top + foot) / 2))
        left, top, *_ = areas[edge.target]
        assert route[-1] == pytest.approx((left + port, top) if down else (left, top + port))
        stub = route[-1].y - route[-2].y if down else route[-1].x - route[-2].x
        assert stub >= edge.label + ARROW - 1e-6
        for x, y in along(route, down):
            assert -1e-6 <= x <= layout.width + 1e-6 and -1e-6 <= y <= layout.height + 1e-6
            for left, top, right, foot in areas:
                assert not (left + 1e-6 < x < right - 1e-6 and top + 1e-6 < y < foot - 1e-6)


@given(graphs(), st.booleans())
def test_a_width_that_is_enough_changes_nothing(graph, down):
    assert place(*graph, down=down, width=1e5) == place(*graph, down=down)


@given(graphs(), st.sampled_from([150.0, 300.0]))
def test_lines_that_lead_to_the_next_row_cross_no_other_on_the_way(graph, width):
    layout, _ = fitted(graph, False, width)
    steps = [step for route in layout.routes for step in pairwise(route)]
    turns = {(a.x, a.y, b.y) for a, b in steps if a.x == b.x and a.y != b.y}
    level = {(a.y, *sorted((a.x, b.x))) for a, b in steps if a.y == b.y}
    for x, upper, lower in turns:
        for y, left, right in level:
            assert not (upper + 1e-6 < y < lower - 1e-6 and left + 1e-6 < x < right - 1e-6)


def test_in_a_width_no_line_is_led_around_the_picture(monkeypatch):
    monkeypatch.setattr(ranking, "PASSED", 0)
    monkeypatch.setattr(ranking, "EACH", 0)
    there, back = ((i,) for i in range(20)), ((20 + i, 19 - i) for i in range(20))
    layout = place(*picture((), *there, *back), width=230, down=True)
    assert layout.width <= 230


def test_a_box_that_is_too_wide_is_an_error_that_says_how_much_is_missing():
    for down in False, True:
        with pytest.raises(ValueError, match=r"takes 60 pixels more; allow more, or show"):
            place([Box(100, 40)], [], down=down, width=40)


@given(graphs())
def test_boxes_of_a_layer_keep_the_gap_and_lines_half_of_it(graph):
    boxes, edges = graph
    layout = place(boxes, edges, gap=GAP)
    for rank, layer in enumerate(layout.layers):
        spans = [(layout.boxes[b].y, layout.boxes[b].y + boxes[b].height, GAP) for b in layer]
        lines = {
            (edge.source, route[2 * (rank - ranks(layout)[edge.source])].y)
            for edge, route in zip(edges, layout.routes, strict=True)
            if ranks(layout)[edge.source] < rank < ranks(layout)[edge.target]
        }
        assert spans == sorted(spans)
        spans = sorted(spans + [(y, y, GAP / 2) for _, y in lines])
        for (_, foot, above), (top, _, below) in pairwise(spans):
            assert top - foot >= min(above, below) - 1e-6


@given(graphs())
def test_layers_do_not_overlap_and_all_lies_within_the_picture(graph):
    boxes, edges = graph
    layout = place(boxes, edges)
    assert sorted(b for layer in layout.layers for b in layer) == list(range(len(boxes)))
    right = -SPACE
    for layer in layout.layers:
        assert min(layout.boxes[b].x for b in layer) >= right + SPACE - 1e-6
        right = max(layout.boxes[b].x + boxes[b].width for b in layer)
    assert right == pytest.approx(layout.width)
    points = [p for route in layout.routes for p in route]
    for box, (x, y) in zip(boxes, layout.boxes, strict=True):
        points += [Point(x, y), Point(x + box.width, y + box.height)]
    assert min(p.x for p in points) >= -1e-6
    assert min(p.y for p in points) == pytest.approx(0, abs=1e-6)
    assert max(p.y for p in points) == pytest.approx(layout.height)


@given(graphs())
def test_edges_lead_right_from_output_to_port(graph):
    boxes, edges = graph
    layout = place(boxes, edges)
    rank = ranks(layout)
    assert len(layout.routes) == len(edges)
    for edge, route in zip(edges, layout.routes, strict=True):
        assert rank[edge.source] < rank[edge.target]
        source, target = boxes[edge.source], boxes[edge.target]
        start, end = layout.boxes[edge.source], layout.boxes[edge.target]
        assert route[0] == pytest.approx((start.x + source.width, start.y + source.height / 2))
        assert route[-1] == pytest.approx((end.x, end.y + target.ports[edge.port]))
        assert len(route) == 2 * (rank[edge.target] - rank[edge.source] + 1)
        assert all(a.x <= b.x + 1e-6 for a, b in pairwise(route))


@given(graphs())
@example(perceptron(2, 6, 6, 1))
def test_pairs_are_horizontal_curves_have_space_and_stubs_hold_labels(graph):
    boxes, edges = graph
    layout = place(boxes, edges, space=SPACE)
    rank = ranks(layout)
    widest = {r: max(e.label for e in edges if rank[e.target] == r) for r in {rank[e.target] for e in edges}}
    for edge, route in zip(edges, layout.routes, strict=True):
        for start, end in zip(route[::2], route[1::2], strict=True):
            assert start.y == end.y
        for start, end in zip(route[1::2], route[2::2], strict=False):
            wish = min(abs(end.y - start.y) / STEEP, MOST * SPACE)
            assert end.x - start.x >= max(SPACE, wish) - 1e-6
        assert route[-1].x - route[-2].x == pytest.approx(widest[rank[edge.target]] + ARROW)


@given(graphs())
def test_ranks(graph):
    """Every box stands next to an operand or to a user, and moving one to the right makes no less line."""
    boxes, edges = graph
    rank = ranks(place(boxes, edges))
    operands = {b: {e.source for e in edges if e.target == b} for b in range(len(boxes))}
    users = {b: {e.target for e in edges if e.source == b} for b in range(len(boxes))}

    def line(rank: dict[int, int]) -> int:
        """The layers that lines lead over; one that several edges of a source share counts once."""
        return sum(max((rank[user] for user in users[b]), default=rank[b]) - rank[b] for b in rank)

    for box in rank:
        near = {rank[b] + 1 for b in operands[box]} | {rank[b] - 1 for b in users[box]}
        assert rank[box] in near or not near
        if users[box] and min(rank[user] for user in users[box]) > rank[box] + 1:
            assert line({**rank, box: rank[box] + 1}) >= line(rank)


@given(graphs())
def test_single_use_leaves_stand_next_to_their_users(graph):
    boxes, edges = graph
    rank = ranks(place(boxes, edges))
    uses = Counter(edge.source for edge in edges)
    targets = {edge.target for edge in edges}
    for edge in edges:
        if uses[edge.source] == 1 and edge.source not in targets:
            assert rank[edge.target] - rank[edge.source] == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_crossings_by_brute_force(lines):
    brute = sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(lines) for c, d in lines[:i])
    assert inversions(end for _, end in sorted(lines)) == brute


@given(graphs())
def test_layout_crossings_by_brute_force(graph):
    layout = place(*graph)
    curves = {pair for r in layout.routes for pair in zip(r[1::2], r[2::2], strict=False)}
    brute = sum(a.x == c.x and (a.y - c.y) * (b.y - d.y) < 0 for a, b in curves for c, d in curves)
    assert crossings(layout) == brute / 2


@given(st.data())
def test_a_tree_has_no_crossings(data):
    nodes: list[tuple[int, ...]] = []
    roots: list[int] = []
    for _ in range(data.draw(st.integers(1, 20))):
        count = data.draw(st.integers(0, min(3, len(roots))))
        operands = tuple(roots[len(roots) - count :])
        del roots[len(roots) - count :]
        roots.append(len(nodes))
        nodes.append(operands)
    assert crossings(place(*picture(*nodes))) == 0


@given(st.lists(st.sampled_from(["alone", "leaf above", "leaf below", "shared"]), max_size=30), st.booleans())
def test_a_chain_runs_on_one_height(kinds, down):
    """Also where a constant or a leaf that all share is added to it, or it is multiplied by one."""
    nodes: list[tuple[int, ...]] = [(), ()]
    line = [1]
    for kind in kinds:
        if kind.startswith("leaf"):
            nodes.append(())
        leaf = {"alone": (), "shared": (0,)}.get(kind, (len(nodes) - 1,))
        nodes.append((*leaf, line[-1]) if kind == "leaf above" else (line[-1], *leaf))
        line.append(len(nodes) - 1)
    layout = place(*picture(*nodes), down=down)
    heights = [layout.boxes[box][not down] for box in line]
    if len(line) > 2:
        assert max(heights[1:]) - min(heights[1:]) < 1e-6


@given(graphs())
@example(perceptron(2, 2, 1))
@example(perceptron(2, 6, 6, 1))
def test_a_leaf_between_boxes_meets_its_port_or_touches_a_neighbour(graph):
    boxes, edges = graph
    layout = place(boxes, edges, gap=GAP)
    rank = ranks(layout)
    uses = Counter(edge.source for edge in edges)
    leaves = set(range(len(boxes))) - {edge.target for edge in edges}
    for edge, route in zip(edges, layout.routes, strict=True):
        leaf = edge.source
        layer = layout.layers[rank[leaf]]
        above, below = layer[: layer.index(leaf)][-1:], layer[layer.index(leaf) + 1 :][:1]
        passed = any(rank[e.source] < rank[leaf] < rank[e.target] for e in edges)
        if leaf in leaves and uses[leaf] == 1 and not passed and leaves.isdisjoint(above + below):
            height = boxes[leaf].height
            stops = [route[-1].y - height / 2]
            stops += [layout.boxes[b].y + boxes[b].height + GAP for b in above]
            stops += [layout.boxes[b].y - height - GAP for b in below]
            assert min(abs(layout.boxes[leaf].y - stop) for stop in stops) < 1e-6


@given(graphs())
@example(perceptron(4, 8, 8, 1))
@example(picture((), (0,), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0, 0)))
def test_with_room_long_edges_are_straight_unless_they_cross_each_other(graph):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aligning, "MORE", 1e6)
        layout = place(*graph)
    inner = {pair for route in layout.routes for pair in zip(route[3:-2:2], route[4:-2:2], strict=False)}
    if not sum(a.x == c.x and (a.y - c.y) * (b.y - d.y) < 0 for a, b in inner for c, d in inner):
        assert all(abs(start.y - end.y) < 1e-6 for start, end in inner)


@given(graphs(), st.integers(0, 2))
def test_edges_that_are_led_around_run_under_all_boxes_in_lanes_of_their_own(graph, each):
    boxes, edges = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "PASSED", 0)
        patch.setattr(ranking, "EACH", each / 4)
        layout = place(boxes, edges, gap=GAP)
    rank, lanes = ranks(layout), defaultdict(list)
    foot = max((y + box.height for (_, y), box in zip(layout.boxes, boxes, strict=True)), default=0)
    for edge, route in zip(edges, layout.routes, strict=True):
        source, corner = boxes[edge.source], layout.boxes[edge.source]
        end = layout.boxes[edge.target]
        assert route[0] == pytest.approx((corner.x + source.width, corner.y + source.height / 2))
        assert route[-1] == pytest.approx((end.x, end.y + boxes[edge.target].ports[edge.port]))
        assert len(route) % 2 == 0 and all(a.x <= b.x + 1e-6 for a, b in pairwise(route))
        assert all(a.y == b.y for a, b in zip(route[::2], route[1::2], strict=True))
        assert max(p.y for p in route) <= layout.height + 1e-6
        if len(route) < 2 * (rank[edge.target] - rank[edge.source] + 1) or route[2].y > foot:
            assert route[2].y >= foot + GAP / 2 - 1e-6
            lanes[route[2].y].append((rank[edge.source], rank[edge.target], edge.source))
    for one, other in ((a, b) for lane in lanes.values() for a in lane for b in lane):
        assert one[2] == other[2] or one[1] <= other[0] or other[1] <= one[0]


def test_small_pictures_lead_no_edge_around():
    """Here of 150 boxes, as many as are drawn unless more are asked for."""
    fan = picture((), *((0, i) for i in range(149)))
    assert all(len(route) == 2 * (i + 1) for route, i in zip(place(*fan).routes[::2], range(1, 150)))


def test_the_same_in_every_process():
    program = (
        "from tests.test_layout import *\n"
        "print(place(*perceptron(3, 4, 2)), place(*picture((), (), (0, 1), (0, 2), (3, 1, 0))))"
    )
    outputs = set()
    for seed in ("0", "1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-c", program]
        outputs.add(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
    assert len(outputs) == 1


# Pictures -----------------------------------------------------------------------------------------


def test_nothing():
    assert place([], []) == Layout(0, 0, (), (), ())


def test_one_box():
    assert place([Box(10, 20)], []) == Layout(10, 20, (Point(0, 0),), (), ((0,),))


def test_x_times_x_has_two_routes_around_the_middle():
    layout = place(*picture((), (0, 0)))
    upper, lower = layout.routes
    assert layout.boxes[0].y == layout.boxes[1].y == 0
    assert upper[0] == lower[0]
    assert (upper[-1].y, lower[-1].y) == (10, 26)


def test_neuron():
    """x1 w1 x2 w2 b: products between their factors, sums between their terms, tanh straight on."""
    boxes, edges = picture((), (), (), (), (), (0, 1), (2, 3), (5, 6), (7, 4), (8,))
    layout = place(boxes, edges)
    assert layout.layers == ((0, 1, 2, 3), (5, 6), (7, 4), (8,), (9,))
    y = [corner.y for corner in layout.boxes]
    assert y[:4] == [0, 50, 100, 150]
    assert (y[5], y[6], y[7], y[4]) == (25, 125, 75, 125)
    assert y[8] == y[9] == 75  # in line with the sum before it; the leaf b makes way
    assert crossings(layout) == 0


def test_a_term_of_single_use_leaves_stands_next_to_its_sum():
    layout = place(*picture((), (), (), (), (0, 1), (2, 3), (4,), (6,), (7, 5)))
    assert layout.layers == ((0, 1), (4,), (6, 2, 3), (7, 5), (8,))
    assert crossings(layout) == 0


def test_a_column_of_single_use_leaves_is_centred_at_its_user():
    layout = place(*picture((), (), (), (0, 1, 2)))
    assert [corner.y for corner in layout.boxes] == [0, 50, 100, 50]


def test_a_single_use_leaf_stands_at_the_right_side_of_its_layer():
    boxes = [Box(80, 36), Box(80, 36, (18,)), Box(30, 36), Box(80, 36, (10, 26))]
    layout = place(boxes, [Edge(0, 1), Edge(1, 3, 0), Edge(2, 3, 1)])
    assert layout.layers == ((0,), (1, 2), (3,))
    assert layout.boxes[2].x + 30 == layout.boxes[1].x + 80


def test_a_long_edge_is_straight_through_the_layers_and_shared():
    """a is used by the first and the last of a chain, and once between."""
    layout = place(*picture((), (0,), (1,), (2,), (3, 0), (4,), (5, 0)))
    (*_, middle), (*_, long) = layout.routes[4:5], layout.routes[7:8]
    inner = {p.y for p in long[2:-2]}
    assert len(inner) == 1
    assert middle[:-2] == long[: len(middle) - 2]


@given(graphs())
def test_downwards_is_rightwards_with_x_and_y_exchanged(graph):
    boxes, edges = graph
    across = place([Box(box.height, box.width, box.ports) for box in boxes], edges)
    layout = place(boxes, edges, down=True)
    assert (layout.width, layout.height, layout.layers) == (across.height, across.width, across.layers)
    assert layout.boxes == tuple((y, x) for x, y in across.boxes)
    assert layout.transposed() == across
    for edge, route in zip(edges, layout.routes, strict=True):
        start, end = layout.boxes[edge.source], layout.boxes[edge.target]
        foot = Point(start.x + boxes[edge.source].width / 2, start.y + boxes[edge.source].height)
        assert route[0] == pytest.approx(foot)
        assert route[-1] == pytest.approx((end.x + boxes[edge.target].ports[edge.port], end.y))
        assert all(a.y <= b.y + 1e-6 for a, b in pairwise(route))


def test_a_layout_moves_as_one():
    layout = place(*picture((), (0, 0)))
    moved = layout.moved(3, 4)
    assert (moved.width, moved.height) == (layout.width + 3, layout.height + 4)
    assert moved.moved(-3, -4) == layout


def path(route, down=False):
    """A route as SVG path data."""
    painted = svg.paint(Scene(50, 50, (Path("line", drawn(route, down)),), ""), "light")
    return re.search(r'class="line"[^>]* d="([^"]*)"', painted)[1]


def test_path():
    route = (Point(0, 5), Point(10, 5), Point(30, 25.25), Point(40, 25.25))
    assert path(route) == "M0 5L10 5C20 5 20 25.2 30 25.2L40 25.2"
    assert path([Point(y, x) for x, y in route], down=True) == "M5 0L5 10C5 20 25.2 20 25.2 30L25.2 40"
    assert path((Point(0, 5), Point(0, 5), Point(7, 5.001), Point(9, 5))) == "M0 5L7 5L9 5"


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([Edge(0, 1), Edge(1, 2), Edge(2, 1, 1)], r"cycle: (1 <- 2 <- 1|2 <- 1 <- 2)$"),
        ([Edge(1, 1)], r"cycle: 1 <- 1$"),
        ([Edge(0, 3)], r"no box 3, only 3 boxes$"),
        ([Edge(-1, 1)], r"no box -1, only 3 boxes$"),
        ([Edge(1, 2, 2)], r"box 2 has no port 2, only 2$"),
        ([Edge(1, 2, -1)], r"box 2 has no port -1, only 2$"),
    ],
)
def test_errors_name_what_is_wrong(edges, message):
    with pytest.raises(ValueError, match=message) as caught:
        place([Box(9, 9, (3, 6))] * 3, edges)
    assert "\n" not in str(caught.value)


# Size and quality ---------------------------------------------------------------------------------


def test_as_few_crossings_as_dot():
    """Graphviz 2.43 reports 163 and 473 on these graphs, with the ports in records."""
    assert crossings(place(*perceptron(2, 6, 6, 1))) <= 163 * 1.1
    assert crossings(place(*perceptron(4, 8, 8, 1))) <= 473 * 1.1


def test_a_chain_of_5000():
    layout = place(*picture((), *((i,) for i in range(5000))))
    assert len(layout.layers) == 5001
    assert layout.height == 36


def test_a_leaf_with_1000_users_in_1000_layers_shares_its_dummies():
    layout = place(*picture((), (), *((i + 1, 0) for i in range(1000))))
    assert len(layout.layers) == 1001
    assert crossings(layout) == 0
    assert len({id(p) for route in layout.routes for p in route[2:-2]}) < 2000
    assert len({p.y for p in layout.routes[-1][2:-2]}) == 1


def test_a_box_with_nothing_but_single_use_leaves_is_not_lost():
    """The walk from the leaves once missed it, as its operands are set aside."""
    layout = place(*picture((), (), (0,), (1, 1), (3, 1)))
    assert sorted(sum(layout.layers, ())) == [0, 1, 2, 3, 4]


def test_neighbours_are_swapped_where_sorting_by_medians_stops():
    """Medians alone leave six crossings here."""
    nodes = (), (), (), (2, 0), (2, 1), (3,), (0, 2), (4,), (3,), (), (7, 9), (1, 6)
    assert crossings(place(*picture(*nodes))) <= 4


# Pictures of graphs -------------------------------------------------------------------------------


def value_of(nodes: int) -> Value:
    """A chain of sums and products with leaves, a long line and a part that is summed up."""
    w, total = Value(1.5, "w"), Value(0.25, "x")
    with scope("layer"):
        y = tanh(Value(2.0, "u") * w)
    for i in range(nodes):
        total = total * w if i % 2 else total + Value(i / 8, f"b{i}")
    return total * y


@pytest.mark.parametrize("width", [390, 800, 1200])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"direction": "down"}, {"style": "textbook"}, {"blank": "all"}, {"local": "both"},
        {"max_nodes": 20}, {"group": 1, "open": {"layer"}}, {"style": "textbook", "local": "formula"},
    ],
    ids=str,
)  # fmt: skip
def test_a_picture_keeps_within_its_width(options, width):
    root = value_of(24)
    root.backward()
    width += short_of(lambda: viz.draw(root, width=width, **options).svg())
    picture = viz.draw(root, width=width, **options).svg()
    assert int(re.search(r'width="(\d+)"', picture)[1]) <= width
