"""The picture of a compiled program: laws of every picture, then a program by hand, a real one, errors."""

import pathlib
import re
from itertools import combinations
from math import ceil
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outputs

import autograd
import nn
import viz
from viz.scene import MARGIN, Group, Text, leaves, measure


class Operation(NamedTuple):
    """What viz knows of an operation."""

    name: str
    symbol: str
    args: tuple[str, ...]
    shape: tuple[str | int, ...]
    scalars: int = 0
    stage: str = "forward"
    line: str = ""


def program(*operations, nodes=100):
    return SimpleNamespace(operations=operations, nodes=nodes)


THETA = Operation("theta", "theta", (), (12,), stage="source")
X = Operation("x", "input", (), ("n", 3), stage="source")
W = Operation("w", "view", ("theta",), (4, 3), line="w = theta[0:12].reshape(4, 3)")
Z = Operation("z", "matmul", ("w", "x"), ("n", 4), 24, line="np.matmul(x, w.T, out=z)")
ROW = Operation("row", "axes", ("z",), ("n", 4, 1))
A = Operation("a", "−", ("1", "row"), ("n", 4, 1), 4)
DZ = Operation("dz", "×", ("a", "a"), ("n", 4), stage="backward")
DW = Operation("gradient", "matmul", ("dz", "x"), (4, 3), stage="backward")
SMALL = program(THETA, X, W, Z, ROW, A, DZ, DW, nodes=1234)


@st.composite
def programs(draw):
    """Leaves, then operations on what stands above them, views among them; backward ones last."""
    operations = [THETA, X, W]
    forward, backward = draw(st.integers(1, 12)), draw(st.integers(0, 12))
    for i in range(forward + backward):
        stage = "forward" if i < forward else "backward"
        names = [operation.name for operation in operations[1:]]
        args = tuple(draw(st.lists(st.sampled_from([*names, "2", "0.1"]), min_size=1, max_size=3)))
        if draw(st.booleans()) and args[0] in names:
            operations.append(Operation(f"view{i}", "view", args[:1], ("n", i), stage=stage))
            args = (f"view{i}",)
        scalars = draw(st.integers(0, 10**6))
        operations.append(Operation(f"v{i}", draw(st.sampled_from("+×σ")), args, ("n",), scalars, stage))
    return program(*operations)


def groups(picture):
    """The groups of a picture by the kind of their first mark."""
    found = {}
    for group in picture.scene.marks:
        if isinstance(group, Group):
            found.setdefault(group.marks[0].kind, []).append(group)
    return found


def marks(picture, sort):
    return [mark for mark in leaves(picture.scene.marks) if isinstance(mark, sort)]


def texts(group):
    return [mark.text for mark in leaves(group.marks) if isinstance(mark, Text)]


def words(picture):
    return [text.text for text in marks(picture, Text)]


def made(operations, stage=None):
    real = [o for o in operations if o.stage != "source" and o.symbol not in ("view", "axes")]
    return [o for o in real if stage in (None, o.stage)]


def operands(given):
    """For every operand that is an array, what is drawn for it, and its operation."""
    known = {operation.name: operation for operation in given.operations}
    for operation in made(given.operations):
        for arg in operation.args:
            while arg.startswith("view"):
                (arg,) = known[arg].args
            if arg in known:
                yield arg, operation.name


def name(group):
    """The name on a card: after its symbol, if it has one."""
    return next(mark.text for mark in group.marks if isinstance(mark, Text) and mark.kind != "sign")


def place(rect):
    return [rect.x, rect.y, rect.width, rect.height]


def at(box, x, y, *, foot):
    """Whether a point is on the foot, or the top, of a box."""
    left, top, width, height = box
    return left < x < left + width and abs(y - (top + height if foot else top)) < 1e-6


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(programs(), st.integers(1, 20))
def test_every_operation_is_one_card_with_its_symbol_shape_and_count(given, rows):
    cards = groups(viz.draw(given, rows=rows)).get("card", [])
    assert len(cards) == len(made(given.operations))
    shown = {texts(card)[1]: texts(card) for card in cards}
    for o in made(given.operations):
        assert o.symbol in shown[o.name][0]
        assert [f"×{o.scalars:,}"] * bool(o.scalars) + ["(n,)"] == shown[o.name][2:]


@given(programs(), st.integers(1, 20))
def test_every_operand_is_one_line_down_in_forward_and_up_in_backward(given, rows):
    picture = viz.draw(given, rows=rows)
    stage = {o.name: o.stage for o in made(given.operations)}
    drawn = groups(picture)
    cards = [group for kind in ("card", "leaf", "constant") for group in drawn.get(kind, [])]
    boxes = [(name(group), place(group.marks[0])) for group in cards]
    found, tips = [], []
    for line in drawn.get("line", []):
        way, tip = line.marks[0].steps, line.marks[1].steps[0].points[0]
        down = tip.y > line.marks[1].steps[1].points[0].y
        [source] = [n for n, box in boxes if at(box, *way[0].points[0], foot=down)]
        [target] = [n for n, box in boxes if at(box, *tip, foot=not down)]
        assert down == (stage[target] == "forward")
        found.append((source, target))
        tips.append(tip)
    assert sorted(found) == sorted(operands(given))
    assert len(set(tips)) == len(tips)


@given(programs(), st.integers(1, 20), st.none() | st.integers(350, 1000))
def test_nothing_overlaps_and_all_is_inside(given, rows, width):
    picture = viz.draw(given, rows=rows, width=width)
    boxes = [
        place(group.marks[0]) for kind, found in groups(picture).items() if kind != "line" for group in found
    ]
    for text in marks(picture, Text):
        if text.kind in ("note", "forward", "backward"):
            wide = measure(text.kind, text.text)  # wider than it is
            boxes.append([text.x - wide / 2 * (text.anchor == "middle"), text.y - 12, wide, 12])
    scene = picture.scene
    close = 1e-6
    assert all(
        x >= -close and y >= 0 and x + w <= scene.width + close and y + h <= scene.height
        for x, y, w, h in boxes
    )
    for (x, y, w, h), (u, v, s, t) in combinations(boxes, 2):
        assert x + w <= u + close or u + s <= x + close or y + h <= v or v + t <= y


@given(programs(), st.integers(1, 20), st.integers(350, 1000))
def test_a_picture_is_as_narrow_as_asked_and_whole(given, rows, width):
    picture = viz.draw(given, rows=rows, width=width)
    assert picture.scene.width + 2 * MARGIN <= width
    assert len(groups(picture)["card"]) == len(made(given.operations))


@given(programs(), st.integers(1, 20))
def test_columns_hold_at_most_so_many_rows(given, rows):
    headings = [word for word in words(viz.draw(given, rows=rows)) if re.search("[↑↓]$", word)]
    wanted = [ceil(len(made(given.operations, stage)) / rows) for stage in ("forward", "backward")]
    assert [sum(h.startswith(stage) for h in headings) for stage in ("forward", "backward")] == wanted


@given(programs())
def test_all_formats_name_all_operations(given):
    picture = viz.draw(given)
    for o in made(given.operations):
        assert re.search(rf"^{o.name} .* \(n,\) .*{o.stage}$", picture.text(), re.M)
        assert f">{o.name}<" in picture.dot().source


def test_the_same_program_gives_the_same_bytes_in_every_process():
    script = "import test_viz_program as t, viz; print(viz.draw(t.SMALL).svg())"
    assert len(outputs(script)) == 1


# ── A program by hand ───────────────────────────────────────────────────────────────────────────────


def test_the_caption_says_what_became_of_the_scalars():
    assert viz.draw(SMALL).caption == "1,234 scalar nodes became 2 array operations forward and 2 backward"
    assert (
        viz.draw(program(X, Z._replace(args=("x",)))).caption == "100 scalar nodes became 1 array operation"
    )
    assert viz.draw(SMALL).caption in " ".join(words(viz.draw(SMALL)))
    assert repr(viz.draw(SMALL)) == f"ProgramPicture('Program: {viz.draw(SMALL).caption}')"


def test_a_view_of_parameters_is_a_leaf_and_any_other_is_its_shape_on_the_line():
    found = groups(viz.draw(SMALL))
    assert [texts(leaf) for leaf in found["leaf"]] == [["w", "(4, 3)"], ["x", "(n, 3)"]]
    assert [texts(line) for line in found["line"] if texts(line)] == [["(n, 4, 1)"]]


@pytest.mark.parametrize("symbol", ["view", "axes", "theta", "input"])
def test_a_row_of_the_users_is_drawn_whatever_it_is_called(symbol):
    w = autograd.Value(2.0, "w")
    row = autograd.Op(symbol, lambda x: 3.0 * x, lambda x, z: 3.0)
    made = autograd.compile(lambda x: autograd.exp(row(w)) * x, [w])
    made(made.parameters(), np.array([1.0, 2.0]))
    (operation,) = [each for each in made.operations if each.symbol == symbol and each.scalars]
    assert operation.name in {node.name for node in viz.program.read(made).nodes if node.symbol == symbol}


def test_a_number_stands_with_the_symbol():
    operations = [("−", "1", "x"), (">=", "x", "-0.5"), ("mod", "x", "2"), ("max", "x", "0")]
    operations.append(("where", "x", "0.123456", "x"))
    made = [Operation(f"v{i}", symbol, args, ()) for i, (symbol, *args) in enumerate(operations)]
    signs = [texts(card)[0] for card in groups(viz.draw(program(X, *made)))["card"]]
    assert signs == ["1 −", ">= −0.5", "mod 2", "max(·, 0)", "where(·, 0.1235, ·)"]


def test_what_stands_in_another_column_is_named_in_its_colour():
    chips = groups(viz.draw(SMALL))["constant"]
    assert [(chip.marks[1].kind, *texts(chip)) for chip in chips] == [
        ("data", "a"),
        ("data", "a"),
        ("pale", "x"),
    ]


def test_the_count_has_room_beside_the_name():
    long = Z._replace(name="a_name_longer_than_its_shape", args=("x",))
    [card] = groups(viz.draw(program(X, long)))["card"]
    name, count = [mark for mark in card.marks if isinstance(mark, Text) and mark.kind in ("name", "pale")]
    assert name.x + measure("name", name.text) < count.x - measure("pale", count.text)


def test_a_card_tells_its_line_and_what_it_stands_for():
    card = groups(viz.draw(SMALL))["card"][0]
    assert card.title.split("\n") == [
        "np.matmul(x, w.T, out=z)",
        "shape (n, 4)",
        "stands for 24 scalar operations",
    ]


def test_of_many_operations_the_forward_ones_are_shown_unless_asked_for():
    many = [Operation(f"v{i}", "σ", ("x",), ("n",), 1, "backward" if i % 2 else "forward") for i in range(62)]
    shown = lambda **options: len(groups(viz.draw(program(X, *many), **options))["card"])
    assert (shown(), shown(stage="both"), shown(stage="backward")) == (31, 62, 31)
    assert "showing 31 of 62 array operations: forward" in words(viz.draw(program(X, *many)))


def test_it_is_saved_by_its_ending(tmp_path):
    picture = viz.draw(SMALL)
    assert picture.save(tmp_path / "new" / "p.svg").read_text(encoding="utf-8") == picture.svg()
    assert picture.save(tmp_path / "p.txt").read_text(encoding="utf-8") == picture.text()
    assert picture.save(tmp_path / "p.dot").read_text(encoding="utf-8") == picture.dot().source
    assert "tikzpicture" in picture.save(tmp_path / "p.tex").read_text(encoding="utf-8")


def test_a_png_is_as_dark_as_the_theme():
    pytest.importorskip("resvg_py")
    light, dark = viz.draw(SMALL).png(), viz.draw(SMALL, theme="dark").png()
    assert light[:4] == dark[:4] == b"\x89PNG" and light != dark


# ── A real one ──────────────────────────────────────────────────────────────────────────────────────


def test_a_network_of_the_house():
    model = nn.MLP(3, [5, 2], activation="sigmoid", output="sigmoid", seed=0)
    compiled = autograd.compile(
        lambda x, y: sum((a - t) ** 2 for a, t in zip(model(x), y, strict=True)), model.parameters()
    )
    with pytest.raises(RuntimeError, match="call it once"):
        viz.draw(compiled)
    compiled(compiled.parameters(), np.ones((4, 3)), np.zeros((4, 2)))
    picture = viz.draw(compiled)
    found = groups(picture)
    assert len(found["card"]) == len(made(compiled.operations))
    assert [texts(leaf)[1] for leaf in found["leaf"][:3]] == ["(5, 3)", "(n, 3)", "(5,)"]
    symbols = [texts(card)[0] for card in found["card"]]
    assert symbols[:7] == ["matmul", "+", "σ", "matmul", "+", "σ", "−"]
    assert f"{compiled.nodes:,} scalar nodes" in picture.caption


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────

BAD = [
    (lambda: viz.draw(program(X)), ValueError, "the program has no operations"),
    (lambda: viz.draw(SMALL, stage="sideways"), ValueError, "'forward', 'backward', 'both'"),
    (
        lambda: viz.draw(program(THETA, X, W, Z), stage="backward"),
        ValueError,
        "has no backward operations",
    ),
    (lambda: viz.draw(SMALL, theme="pink"), ValueError, "'auto', 'light', 'dark'"),
    (lambda: viz.draw(SMALL, rows=0), ValueError, "rows must be a whole number of at least 1, not 0"),
    (lambda: viz.draw(SMALL, width=0), ValueError, "width must be a whole number of at least 1, not 0"),
    (lambda: viz.draw(SMALL, width=100), ValueError, "the picture does not fit in its width"),
    (lambda: viz.draw(SMALL, rows=True), ValueError, "rows must be a whole number"),
    (lambda: viz.draw(SMALL, style="record"), TypeError, "style"),
    (lambda: viz.draw(SMALL).save("p.html"), ValueError, "'.dot', '.txt'"),
]


@pytest.mark.parametrize(("bad", "error", "words"), BAD, ids=[row[2] for row in BAD])
def test_bad_input(bad, error, words):
    with pytest.raises(error, match=re.escape(words)) as caught:
        bad()
    assert "\n" not in str(caught.value)


def test_no_compiler_is_imported():
    assert "autograd.program" not in pathlib.Path(viz.program.__file__).read_text(encoding="utf-8")
