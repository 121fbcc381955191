"""viz: laws of every picture and table, then pictures known by heart, then errors."""

import copy
import errno
import math
import os
import pickle
import re
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outputs
from test_page import unpacked
from written import read_svg

import viz
from autograd import (
    Op,
    Value,
    array,
    backward_steps,
    constant,
    formula,
    no_grad,
    ops,
    sqrt,
    tanh,
    topological_order,
    where,
)
from autograd.testing.expression import Expression
from viz import records
from viz.cards import BREATH
from viz.layout import rank as ranking
from viz.records import CONSTANT, read, read_backward
from viz.scene import DARK, FAINT, LIGHT, Path, Text, beginning, measure
from viz.text import columns, full, short

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "</text><script>alert(1)</script>",
    "a & b",
    '" onload="x',
    "]]>",
    "\x00\x1b[31m",
    "{}|`$",
    "苹果🍎",
    "\ud800\ufffe\u202e\x7f",
]
labels = st.sampled_from(["", "", "x", "w", *HOSTILE]) | st.text(max_size=40)
numbers = st.floats(-1e6, 1e6) | st.integers(-(10**30), 10**30)
numbers |= st.builds(Fraction, st.integers(-(10**9), 10**9), st.integers(1, 10**9))


@st.composite
def graphs(draw, labels=labels):
    """A root over shared subexpressions, constants among them, with any labels."""
    nodes = [Value(x, draw(labels)) for x in draw(st.lists(st.floats(-3, 3), min_size=1, max_size=4))]
    for _ in range(draw(st.integers(0, 12))):
        left, right = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        z = draw(st.sampled_from([left + right, left * right, 2 * left, left - 1, tanh(left)]))
        z.label = draw(labels)
        nodes.append(z)
    if draw(st.booleans()):
        nodes[-1].backward()
    return nodes[-1]


def parse(root, **options):
    return read_svg(viz.draw(root, **options).svg())


def texts(picture, kind=None):
    """The texts of a picture of one class, or of all."""
    return [
        "".join(text.itertext()) for text in picture.iter(f"{SVG}text") if kind in (None, text.get("class"))
    ]


def titles(picture):
    return [title.text for title in picture.iter(f"{SVG}title")]


def neuron():
    x1, x2, w1, w2 = (Value(x, name) for x, name in ((2.0, "x1"), (0.0, "x2"), (-3.0, "w1"), (1.0, "w2")))
    b = Value(6.881373587, "b")
    o = tanh(x1 * w1 + x2 * w2 + b)
    o.label = "o"
    o.backward()
    return o


def apples(number=float):
    apple, count, tax = Value(100, "苹果"), Value(2, "个数"), Value(number("1.1"), "税")
    price = apple * count * tax
    price.label = "价格"
    return price


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(graphs(), st.sampled_from(["auto", "light", "dark"]))
def test_a_picture_is_well_formed_and_complete(root, theme):
    picture = parse(root, theme=theme)
    order = topological_order(root)
    wanted = [arg for node in order for arg in node.args if arg.grad is not None]
    assert len(texts(picture, "local")) == len(wanted)
    assert len(texts(picture, "data")) == sum(node.grad is not None for node in order)
    assert len(titles(picture)) >= len(order)
    assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= {
        "svg", "style", "g", "title", "rect", "path", "text"
    }  # fmt: skip
    assert not any(name.startswith("on") or "href" in name for e in picture.iter() for name in e.attrib)
    assert (picture.get("role"), picture.get("aria-label", "")[:11]) == ("img", "Computation")


@given(graphs())
def test_the_same_graph_gives_the_same_bytes_and_stays_as_it_was(root):
    order = topological_order(root)
    before = [(node.label, node.grad) for node in order]
    assert viz.draw(root).svg() == viz.draw(root).svg()
    assert str(viz.table(root)) == str(viz.table(root))
    assert [(node.label, node.grad) for node in order] == before


@given(graphs())
def test_every_text_stays_inside_its_card_and_every_local_derivative_in_its_gap(root):
    for group in viz.draw(root).scene.marks:
        marks = group.marks
        texts = {mark.kind: mark for mark in marks if isinstance(mark, Text)}
        if isinstance(marks[0], Path):
            for mark in marks:
                if isinstance(mark, Text):
                    (gap,) = (marks[0].steps[i - 1].points[-1].x for i, s in enumerate(marks[0].steps[1:], 1)
                              if s.letter == "M")  # fmt: skip
                    assert beginning(mark) >= gap + BREATH - 0.2
            continue
        box = marks[0]
        if "gradient" in texts:
            end = texts["data"].x + measure("data", texts["data"].text)
            assert end < texts["gradient"].x - measure("gradient", texts["gradient"].text)
        for mark in texts.values():
            assert box.x < beginning(mark)
            assert beginning(mark) + measure(mark.kind, mark.text) < box.x + box.width


@given(graphs())
def test_leaves_of_a_layer_are_equally_wide(root):
    leaves = [mark for group in viz.draw(root).scene.marks for mark in group.marks if mark.kind == "leaf"]
    sides = {(round(leaf.x, 6), round(leaf.x + leaf.width, 6)) for leaf in leaves}
    assert len(sides) == len({right for _, right in sides})


def test_before_the_backward_pass_a_local_derivative_stands_in_the_middle_of_its_gap():
    lines = [mark for mark in viz.draw(apples()).scene.marks if isinstance(mark.marks[0], Path)]
    for line, _, text in (mark.marks for mark in lines):
        left, right = (step.points[-1].x for step in line.steps[-3:-1])
        assert text.x == pytest.approx((left + right) / 2)


@given(graphs())
def test_every_rule_of_the_style_is_scoped_to_the_picture(root):
    picture = parse(root)
    style = re.sub(r"@media.*|^}$", "", picture.find(f"{SVG}style").text, flags=re.M)
    selectors = ",".join(re.findall(r"^(.*?){", style, flags=re.M)).split(",")
    kinds = {mark.get("class") for mark in picture.iter()} - {None, "script"}
    assert len(selectors) > len(kinds) >= 3
    assert all(re.match(rf"#{picture.get('id')}(:is\(\*\))? ", selector) for selector in selectors)


@given(graphs())
def test_the_table_has_a_line_per_node_and_per_step_in_even_columns(root):
    graph, (steps, *_) = read_backward(root)
    lines = str(viz.table(root)).split("\n")
    assert len(lines) == 4 + sum(n.kind != CONSTANT for n in graph.nodes) + bool(steps) * (5 + len(steps))
    arrows = {columns(line.partition("→")[0]) for line in lines[-len(steps) - 2 :] if "→" in line}
    assert len(arrows) <= 1 or any("→" in node.name for node in graph.nodes)
    for line in viz.table(root).markdown().split("\n"):
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) in (0, 4, 10)


def contrast(one, other):
    """The contrast of two colours (WCAG 2.1)."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    low, high = sorted((luminance(one), luminance(other)))
    return high / low


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("line", ["data", "gradient"])
def test_the_faintest_line_can_be_seen(palette, line):
    inks = zip(*(bytes.fromhex(palette[name][1:]) for name in (line, "ground")), strict=True)
    blended = bytes(round(FAINT * ink + (1 - FAINT) * ground) for ink, ground in inks)
    assert contrast(f"#{blended.hex()}", palette["ground"]) > 1.4


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_every_ground(palette):
    for ground in ("ground", "card", "leaf"):
        assert contrast(palette["data"], palette[ground]) > 6.3
        assert contrast(palette["gradient"], palette[ground]) > 5
        assert contrast(palette["pale"], palette[ground]) > 4.5
        assert contrast(palette["alarm"], palette[ground]) > 5
    assert contrast(palette["data"], palette["card"]) > 6.6
    assert contrast(palette["name"], palette["badge"]) > 7


def test_the_same_bytes_in_every_process_and_without_any_program():
    script = "from test_viz import neuron; import viz; print(viz.draw(neuron()).svg(), viz.table(neuron()))"
    assert len(outputs(script)) == 1


def chain(n):
    y = Value(0.5, "x")
    for _ in range(n):
        y = tanh(y)
    return y


def ladder(n):
    """Two rails with rungs between them that lead ever further."""
    rail = [Value(0.5, "x")]
    for _ in range(n // 2):
        rail.append(tanh(rail[-1]))
    y = rail[-1]
    for z in reversed(rail[:-1]):
        y = y + z
    return y


def fan(n):
    """A leaf, and a rung, for every step of a sum."""
    x = y = Value(0.5, "x")
    for _ in range(n // 2):
        y = y + tanh(x)
        y.label = "y"
    return y


GROWING = {
    "chain": chain,
    "ladder": ladder,
    "fan": fan,
    "dot": lambda n: ops.dot([Value(0.5) for _ in range(n // 2)], [Value(0.5) for _ in range(n // 2)]),
    "logsumexp": lambda n: ops.logsumexp([Value(0.5) for _ in range(n)]),
    "product": lambda n: ops.prod([Value(1.0) for _ in range(n)]),
}
WHOLE = {"group": 0, "max_nodes": None}
WORK = {
    "svg": lambda root: viz.draw(root, local="both", **WHOLE).svg(),
    "summed up": lambda root: viz.draw(root, max_nodes=20).svg(),
    "textbook": lambda root: viz.draw(root, style="textbook", **WHOLE).svg(),
    "page": lambda root: viz.draw(root, **WHOLE).html(),
    "dot": lambda root: viz.draw(root, **WHOLE).dot().source,
    "tikz": lambda root: viz.draw(root, **WHOLE).tikz(),
    "text": lambda root: viz.draw(root, **WHOLE).text(),
    "table": lambda root: str(viz.table(root)),
    "tabular": lambda root: viz.table(root).latex(),
    "formula": lambda root: formula(root) + formula(root, latex=True),
    "steps": lambda root: [step.formula for step in backward_steps(root)[:9]],
    "python": lambda root: repr(Expression(root)),
    "copies": lambda root: copy.deepcopy([*topological_order(root), root]),
    "pickle": lambda root: pickle.loads(pickle.dumps(root)),
}


def calls(work, root):
    """How many calls of functions it takes: as good as a clock, and the same each time."""
    count = 0

    def note(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work(root)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("shape", GROWING)
@pytest.mark.parametrize("form", WORK)
def test_twice_the_graph_takes_twice_the_work(form, shape, monkeypatch):
    monkeypatch.setattr(ranking, "PASSED", 0)
    monkeypatch.setattr(ranking, "EACH", 2)
    monkeypatch.setattr(records, "PARTS", 20)
    WORK[form](GROWING[shape](10))  # what is imported and kept from the first time on
    small, large = (calls(WORK[form], GROWING[shape](n)) for n in (60, 120))
    assert large < 2.6 * small


def test_no_grad_and_pictures_do_not_meet():
    o = neuron()
    with no_grad():
        inside = viz.draw(o).svg(), str(viz.table(o))
    assert inside == (viz.draw(o).svg(), str(viz.table(o)))


def test_a_deep_graph_is_drawn_without_recursion():
    y = Value(1.0, "x")
    for _ in range(2000):
        y = tanh(y)
    assert len(texts(parse(y, max_nodes=None), "local")) == 2000
    assert str(viz.table(y)).count("\n") > 4000


# ── Pictures known by heart ─────────────────────────────────────────────────────────────────────────


def test_the_neuron():
    picture = parse(neuron())
    assert texts(picture, "sign") == ["×", "×", "+", "+", "tanh"]
    assert texts(picture, "local") == ["−3", "2", "1", "0", "1", "1", "1", "1", "0.5"]
    assert texts(picture, "gradient") == [
        "−1.5", "+1", "+0.5", "+0.5", "0", "+0.5", "+0.5", "+0.5", "+0.5", "+1"
    ]  # fmt: skip


def test_a_square_has_two_edges():
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    graph = read([y])
    assert [(edge.source, edge.target, edge.position) for edge in graph.edges] == [(0, 1, 0), (0, 1, 1)]
    assert [(edge.formula, edge.local) for edge in graph.edges] == [("∂y/∂x = x", 3.0)] * 2
    assert "gradient so far" in str(viz.table(y))
    assert [line.split()[-1] for line in str(viz.table(y)).split("\n")[-2:]] == ["3.0", "6.0"]


def test_apples_in_chinese_show_every_digit_in_titles_and_tables():
    price = apples()
    assert texts(parse(price), "gradient") == ["·"] * 5
    price.backward()
    picture = parse(price)
    assert "价格 = t1 × 税\nvalue 220.00000000000003\ngradient 1" in titles(picture)
    assert "税 → 价格\n∂价格/∂税 = t1 = 200\nupstream × local = 1 × 200 = 200" in titles(picture)
    assert texts(picture, "gradient") == ["+2.2", "+110", "+1.1", "+200", "+1"]
    lines = str(viz.table(price)).split("\n")
    assert "价格  = t1 × 税      220.00000000000003" in lines
    assert len({columns(line.partition("∂")[0]) for line in lines if "∂" in line}) == 1
    assert "11/5" in str(viz.table(apples(Fraction)))


def test_constants_are_quiet_cards_with_a_number_and_no_gradient():
    picture = parse(Value(2.0, "x") * -1)
    assert (texts(picture, "pale"), texts(picture, "local")) == (["−1", "t1"], ["−1"])
    assert len(texts(picture, "gradient")) == 2


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_is_only_a_text(label):
    picture = parse(Value(1.0, label))
    assert len(list(picture.iter())) == 9  # svg, style, ground, g, title, card, and three texts in it
    assert not set("\x00\x1b\u202e\x7f") & set(picture.find(f".//{SVG}title").text)
    assert str(viz.table(Value(1.0, label))).count("\n") == 4


def test_constants_with_a_label_go_by_it_in_pictures_and_tables():
    x, k = Value(2.0, "x"), constant(3.0, "k")
    y = (x * k) * constant(5.0, "k")
    picture = parse(y, local="formula")
    assert texts(picture, "pale") == ["k = 3", "t1", "k₂ = 5", "t2"]
    assert texts(picture, "local") == ["k", "k₂"]
    lines = [line.split() for line in str(viz.table(y * 2)).splitlines()]
    assert ["k", "3.0"] in lines and ["k₂", "5.0"] in lines
    assert not any(line[:1] == ["2"] for line in lines)


def test_a_derivative_that_does_not_exist_leaves_the_others():
    first, second = read([Value(-2.0, "x") ** Value(2.0, "y")]).edges
    assert (first.formula, second.formula) == ("∂t1/∂x = y × x^(y − 1)", "∂t1/∂y does not exist here")


def refusing(error):
    """A row whose rule fails."""

    def rule(x, z):
        raise error

    return Op("refused", lambda x: x, rule)


FAILING = {
    "sqrt at 0": sqrt,
    "power of a negative number": lambda x: (x - 1.0) ** (x + 2.0),
    **{type(error).__name__: refusing(error) for error in (
        ValueError("v"), KeyError("k"), NotImplementedError("n"), AttributeError("a"), OSError(2, "o"),
    )},
    "no number": Op("none", lambda x: x, lambda x, z: "no number"),
    "a list": Op("list", lambda x: x, lambda x, z: [1.0]),
    "too few": lambda x: Op("few", lambda *x: x[0], lambda x, z: [], sequences=1)([x]),
    "only on Values": Op("graph", lambda x: x, lambda x, z: x.args),
    "only on numbers": Op("number", lambda x: x, lambda x, z: math.exp(x)),
    "not a number": Op("nan", lambda x: x, lambda x, z: math.nan),
}  # fmt: skip
PICTURES = {
    "svg": lambda root: viz.draw(root, local="both").svg(),
    "textbook": lambda root: viz.draw(root, style="textbook", local="formula").svg(),
    "folded": lambda root: viz.draw(root, max_nodes=2).svg(),
    "page": lambda root: viz.draw(root).html(),
    "dot": lambda root: viz.draw(root, local="both").dot().source,
    "mermaid": lambda root: viz.draw(root).mermaid(),
    "tikz": lambda root: viz.draw(root, local="both").tikz(),
    "text": lambda root: viz.draw(root, local="both").text(),
    "table": lambda root: str(viz.table(root)),
    "markdown": lambda root: viz.table(root).markdown(),
    "tabular": lambda root: viz.table(root).latex(),
}


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("form", PICTURES)
def test_there_is_a_picture_wherever_a_rule_fails(name, form):
    x, w = Value(0.0, "x"), Value(3.0, "w")
    root = tanh(FAILING[name](x) * w + x)
    assert "w" in PICTURES[form](root)


def test_the_table_goes_as_far_as_the_pass_and_marks_where_it_stops():
    x, w = Value(0.0, "x"), Value(3.0, "w")
    root = sqrt(x) * w + x
    *_, last, blank, note = str(viz.table(root)).split("\n")
    assert last.split() == "t1 → x ∂t1/∂x does not exist here 3.0 × none = none none".split() and not blank
    assert note.startswith(
        "The backward pass stops at t1: sqrt(x = 0.0): its local derivative: float division"
    )
    assert note.replace("<", r"\<") in viz.table(root).markdown()
    graph, made = read_backward(root)
    assert [graph.nodes[edge.target].name for edge, _ in made.steps] == ["t3", "t3", "t2", "t2"]
    with pytest.raises(ZeroDivisionError) as caught:
        backward_steps(root)
    assert caught.value.node is root.args[0].args[0]
    assert [step.contribution for step in caught.value.steps] == [1, 1, 3.0, 0.0]


def test_several_roots_share_one_picture():
    x = Value(2.0, "x")
    y, z = x * 3, tanh(x)
    assert read([y, z]).roots == (2, 3)
    assert len(texts(parse([y, z]), "data")) == len(texts(parse((y, z, y)), "data")) == 3
    assert len(texts(parse(array([1.0, 2.0]) * 2), "data")) == 4
    y.backward()
    assert texts(parse([y, z]), "gradient") == ["+3", "+1", "·"]


def test_no_contribution_and_no_derivative_are_dashes():
    x, y = Value(0.0, "x"), Value(2.0, "y")
    assert texts(parse(where(constant(1), x, y)), "local") == ["1", "none"]
    picture = parse(sqrt(x))
    assert texts(picture, "local") == ["none"]
    assert any("does not exist" in title for title in titles(picture))


def test_the_style_follows_the_reader_or_the_theme():
    svgs = {theme: viz.draw(neuron(), theme=theme).svg() for theme in ("auto", "light", "dark")}
    assert "prefers-color-scheme" in svgs["auto"]
    assert DARK["ground"] not in svgs["light"]
    assert LIGHT["ground"] not in svgs["dark"]
    assert len({re.search('id="(.*?)"', svg)[1] for svg in svgs.values()}) == 3
    assert "var(" not in svgs["auto"]


def test_a_diagram_saves_itself(tmp_path):
    diagram = viz.draw(apples())
    path = diagram.save(tmp_path / "new" / "苹果.svg")
    assert path.read_bytes().decode() == diagram.svg()
    assert diagram.save(str(path)) == path
    assert repr(diagram) == "Diagram(5 values, style='record', theme='auto')"
    assert viz.table(apples())._repr_markdown_().startswith("**Forward")


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch, fails):
    path = viz.draw(apples()).save(tmp_path / "x.svg")
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, fails, full)
    for picture in (viz.draw(neuron()), viz.draw_affine(2, 3), viz.draw_softmax_with_loss(3)):
        with pytest.raises(OSError, match="No space left"):
            picture.save(path)
    assert path.read_bytes() == before and [*tmp_path.iterdir()] == [path]


def test_a_picture_over_another_keeps_the_mode_and_the_link(tmp_path, monkeypatch):
    path, link = tmp_path / "x.svg", tmp_path / "link.svg"
    diagram = viz.draw(apples())
    diagram.save(path).chmod(0o640)
    link.symlink_to(path)
    viz.draw(neuron()).save(link)
    assert (link.is_symlink(), path.stat().st_mode & 0o777) == (True, 0o640)
    assert path.read_bytes().decode() == viz.draw(neuron()).svg()
    monkeypatch.setattr(os, "access", lambda *_: False)  # what root is never told
    with pytest.raises(PermissionError, match=r"\.svg is read-only; make it writable"):
        diagram.save(path)
    (tmp_path / "y.svg").mkdir()
    with pytest.raises(IsADirectoryError):
        diagram.save(tmp_path / "y.svg")
    assert {p.name for p in tmp_path.iterdir()} == {"x.svg", "link.svg", "y.svg"}


def test_the_table_of_a_constant_has_no_backward_part():
    assert "Backward" not in str(viz.table(constant(2.0)))
    assert full(10**5000) == "1e+5000" and short(10**5000) == "10⁵⁰⁰⁰"


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nothing", [3.0, "x", None, np.float64(2), [Value(1), 2], np.ones(2), {"a": 1}])
def test_what_has_no_graph_cannot_be_drawn(nothing):
    with pytest.raises(
        TypeError, match=r"^draw needs a Value, not the \w+ .* which has no graph; give .*\)$"
    ):
        viz.draw(nothing)


def test_other_errors_name_what_exists(tmp_path):
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"^table needs a Value, not the int 3, which"):
        viz.table(3)
    with pytest.raises(ValueError, match="at least one root"):
        viz.draw([])
    with pytest.raises(ValueError, match="style 'fancy' does not exist; there is 'record'"):
        viz.draw(x, style="fancy")
    with pytest.raises(ValueError, match="theme 'blue' does not exist; there is 'auto', 'light', 'dark'"):
        viz.draw(x, theme="blue")
    with pytest.raises(ValueError, match=r"file ending '\.gif' does not exist; there is '\.svg'"):
        viz.draw(x).save(tmp_path / "x.gif")
    assert not list(tmp_path.iterdir())


def test_an_unknown_option_names_those_that_exist():
    with pytest.raises(TypeError, match=r"draw has no option 'colour'; there is style, theme, .*, max_nodes"):
        viz.draw(neuron(), colour="red")


def test_right_to_left_names_keep_what_stands_beside_them_in_order():
    a, b = Value(5, "א"), Value(3, "ב")
    svg = viz.draw(a / b, style="textbook", local="formula").svg()
    assert "\u2068א\u2069" in svg and "\u2068ב\u2069" in viz.draw(a - b).svg()


def test_a_sum_of_thousands_writes_its_formulas_once(monkeypatch):
    calls = []
    rule = ops.sum.partials[0]
    monkeypatch.setattr(ops.sum, "partials", (lambda x, z: calls.append(1) or rule(x, z),))
    viz.draw(ops.sum([Value(float(i)) for i in range(100)]), max_nodes=None).svg()
    assert len(calls) < 10


# ── Numbers that were used ──────────────────────────────────────────────────────────────────────────


def bought():
    """A product and its factors, the first of which has been set since."""
    a, n = Value(2.0, "a"), Value(3.0, "n")
    price = a * n
    price.label = "price"
    price.backward()
    a.data = 100.0
    return price


@pytest.mark.parametrize("style", ["record", "textbook"])
def test_a_number_that_was_set_since_stands_beside_the_one_that_was_used(style):
    picture = parse(bought(), style=style)
    words = [text for kind in ("data", "note", "pale") for text in texts(picture, kind)]
    assert {"2", "3", "6", "now 100"} <= set(words) and "100" not in words
    worksheet = viz.draw(bought(), style=style, blank="gradients").svg()
    assert ">2<" in worksheet and "now" not in worksheet


def test_every_format_says_what_a_number_is_now():
    picture = viz.draw(bought())
    texts_ = picture.dot().source, picture.mermaid(), picture.text(), str(viz.table(bought()))
    assert all("now" in text for text in texts_) and "now 100" in unpacked(picture.html())
    table = [line.split() for line in str(viz.table(bought())).splitlines()]
    assert ["a", "2.0", "100.0"] in table and ["price", "=", "a", "×", "n", "6.0"] in table
    assert "now 100.0, set after it was used" in picture.svg()


@pytest.mark.parametrize(
    ("before", "after"),
    [(0.0, -0.0), (float("nan"), float("nan")), (0.5, Fraction(1, 2)), (2.0, 2.0)],
)
def test_an_equal_number_is_no_other(before, after):
    x = Value(before, "x")
    y = x * 2
    x.data = after
    assert "now" not in viz.draw(y).svg() + str(viz.table(y))


def test_pythons_sum_has_used_its_first_term_too():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    root = sum([x, y])
    x.data = 100.0
    assert str(viz.table(root)).splitlines()[4].split() == ["x", "2.0", "100.0"]
    for picture in viz.draw(root), viz.draw(root, style="textbook"):
        assert "now 100" in picture.svg() and "now 100" in picture.text()
        assert "used as" not in picture.svg()


def test_a_value_that_was_used_with_two_numbers_says_both():
    x = Value(2.0, "x")
    y = x * 3
    x.data = 5.0
    title = parse(y + x).find(f".//{SVG}g[@data-key='n0']/{SVG}title").text
    assert "value 2.0\nused as 2.0 and as 5.0 in different operations\nnow 5.0" in title


def test_the_result_that_was_set_since_shows_what_was_computed():
    price = bought()
    price.data = 7.0
    assert texts(parse(price), "data") == ["2", "3", "6"]
    assert price.result == 6.0 and Value(1.0).result == 1.0


def test_the_first_nan_or_infinity_stands_out_and_no_later_one():
    x = Value(1e200, "x")
    y = x * x
    picture = parse(y - y)
    assert texts(picture, "alarm") == ["∞"] and "nan" in texts(picture, "data")
    titles = [title.text for title in picture.iter(f"{SVG}title")]
    assert sum("arises here" in title for title in titles) == 1
    assert texts(parse(x + x), "alarm") == []
    assert texts(parse(Value(Decimal("1e400")) * 2), "alarm") == []


def test_a_local_derivative_in_whose_product_an_infinity_arises_stands_out():
    x = Value(1e-200, "x")
    y = 1 / x  # whose slope overflows; that of the sum does not
    z = y + x
    z.backward()
    picture = parse(z)
    assert texts(picture, "alarm") == ["−∞"]
    assert texts(parse(x + x), "alarm") == []
