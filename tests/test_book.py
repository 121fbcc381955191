"""Tests of viz.book and viz.products: the book's figures, formulas on the edges, worksheets, laws."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outputs
from test_viz import HOSTILE, SVG, graphs, parse, texts, titles
from written import read_svg

import autograd
import nn
import viz
from autograd import (
    Value,
    constant,
    dot,
    exp,
    log,
    reciprocal,
    relu,
    scope,
    sigmoid,
    tanh,
    topological_order,
    where,
)
from autograd.terms import Terms
from demos import apples, apples_oranges, chain_rule, micrograd_readme, olah, sigmoid_nodes
from demos.runner import as_written
from viz import book, wires, words
from viz.book import CROWD, MANY
from viz.options import DIRECTIONS
from viz.products import Formulas, Product, Writer, product
from viz.records import read
from viz.scene import END, FIELD, LOOKS, MARGIN, MIDDLE, PENCIL, START, Path, Rect, Text, leaves, measure

DEMOS = [apples, apples_oranges, chain_rule, sigmoid_nodes, olah, micrograd_readme]


def built(demo, number=as_written):
    root = demo.build(number)
    root.backward()
    return root


def picture(root, **options):
    return parse(root, style="textbook", **options)


def edges(picture):
    """Above and below every edge, by the first line of its title: `apple → apples`, and `price →`."""
    found = {}
    for group in picture.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None and "→" in title.text.split("\n")[0]:
            above, below = ([t.text for t in group.iterfind(f"{SVG}text[@class='{kind}']")]
                            for kind in ("data", "gradient"))  # fmt: skip
            found[title.text.split("\n")[0]] = (*(above or [""]), *(below or [""]))
    return found


def scene(root, **options):
    return viz.draw(root, style="textbook", **options).scene


def marks(scene, cls, *kinds):
    """The marks of a class, such as `Text`, of some kinds, or of all."""
    return [m for m in leaves(scene.marks) if isinstance(m, cls) and (not kinds or m.kind in kinds)]


def anchored(picture, kind, *anchors):
    """The texts of a class with an anchor."""
    found = picture.iterfind(f".//{SVG}text[@class='{kind}']")
    return [text.text or "" for text in found if text.get("text-anchor") in anchors]


def names(picture):
    """The names of the variables, which end where their lines begin."""
    return anchored(picture, "name", "end")


def ends(picture):
    """The names of the results at the ends of their lines."""
    return anchored(picture, "name", None)


def sums(picture):
    """The sums below the names of variables."""
    return anchored(picture, "gradient", "end")


def extent(text):
    """(left, right, top, bottom) of a text, by the widths that the layout reckons with."""
    width, size = measure(text.kind, text.text), LOOKS[text.kind].size
    left = text.x - {START: 0, MIDDLE: 0.5}.get(text.anchor, 1) * width
    return left, left + width, text.y - 0.75 * size, text.y + 0.2 * size


def spaces(scene):
    """(what, extent) of all texts and of all fields to be filled in."""
    yield from ((text.text, extent(text)) for text in marks(scene, Text) if text.text)
    for field in marks(scene, Rect, "blank"):
        yield "field", (field.x, field.x + field.width, field.y, field.y + field.height)


def overlaps(scene):
    """Pairs of texts or fields that overlap."""
    boxes = sorted(spaces(scene), key=lambda box: box[1][0])
    for i, (one, (_, right, top, bottom)) in enumerate(boxes):
        for other, (left, _, top_2, bottom_2) in boxes[i + 1 :]:
            if left >= right:
                break
            if top < bottom_2 and top_2 < bottom:
                yield one, other


# ── The book's figures ──────────────────────────────────────────────────────────────────────────────

FIGURES = {
    apples: {
        "apple → apples": ("100", "2.2"),
        "count → apples": ("2", "110"),
        "apples → price": ("200", "1.1"),
        "tax → price": ("1.1", "200"),
        "price →": ("220", "1"),
    },
    apples_oranges: {
        "apple_count → apples": ("2", "110"),
        "apple → apples": ("100", "2.2"),
        "orange → oranges": ("150", "3.3"),
        "orange_count → oranges": ("3", "165"),
        "apples → fruit": ("200", "1.1"),
        "oranges → fruit": ("450", "1.1"),
        "fruit → price": ("650", "1.1"),
        "tax → price": ("1.1", "650"),
        "price →": ("715", "1"),
    },
    chain_rule: {"x → t": ("2", "10"), "y → t": ("3", "10"), "t → z": ("5", "10"), "z →": ("25", "1")},
    sigmoid_nodes: {
        "x → m": ("1.099", "0.1875"),
        "m → e": ("−1.099", "−0.1875"),
        "e → s": ("0.3333", "−0.5625"),
        "s → y": ("1.333", "−0.5625"),
        "y →": ("0.75", "1"),
    },
}
SIGNS = {
    apples: ["×", "×"],
    apples_oranges: ["×", "×", "+", "×"],
    chain_rule: ["+", "^ 2"],
    sigmoid_nodes: ["× −1", "exp", "1 +", "1 /"],
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("demo", FIGURES, ids=lambda demo: demo.__name__)
def test_the_same_nodes_and_numbers_as_in_the_book(demo, direction):
    drawn = picture(built(demo), direction=direction)
    assert edges(drawn) == FIGURES[demo]
    assert sorted(texts(drawn, "sign")) == sorted(SIGNS[demo])
    root = built(demo)
    inputs = [node.label for node in topological_order(root) if node.op is None]
    assert texts(drawn, "name") == [*inputs, root.label]


def test_fractions_stay_fractions_and_all_digits_are_shown_on_request():
    exact = edges(picture(built(apples, Fraction)))
    assert (exact["apple → apples"], exact["tax → price"]) == (("100", "11/5"), ("11/10", "200"))
    every = edges(picture(built(apples), digits=None))
    assert (every["price →"], every["count → apples"][1]) == (
        ("220.00000000000003", "1"),
        "110.00000000000001",
    )
    assert edges(picture(built(sigmoid_nodes), digits=2))["s → y"] == ("1.3", "−0.56")


def test_titles_are_in_full():
    drawn = titles(picture(built(apples)))
    assert "price = apples × tax\nvalue 220.00000000000003\ngradient 1" in drawn
    assert "price →\nvalue 220.00000000000003\ngradient 1" in drawn
    product = "upstream × local = 1.1 × 100 = 110.00000000000001"
    assert f"count → apples\n∂apples/∂count = apple = 100\n{product}" in drawn


def test_an_edge_carries_its_own_contribution_and_a_variable_the_sum():
    drawn = picture(built(olah))
    assert [edges(drawn)[edge] for edge in ("b → c", "b → d")] == [("1", "2"), ("1", "3")]
    assert sums(drawn) == ["2 + 3 = 5"]
    x = Value(3.0, "x")
    t = x * x
    t.label = "t"
    z = t * t * t * t
    assert sums(picture(z)) == ["Σ ·"]
    z.backward()
    drawn = picture(z)
    assert "Σ 2916" in texts(drawn, "gradient")  # the four of t
    assert sums(drawn) == ["8748 + 8748 = 17496"]
    z.backward()
    assert sums(picture(z)) == ["Σ 34992"]  # of two passes


def test_a_gradient_that_is_not_what_arrives_over_its_one_edge_is_shown():
    x = Value(2.0, "x")
    y = labelled(x * 3, "y")
    y.backward()
    assert sums(picture(y)) == []
    y.backward()
    assert (edges(picture(y))["x → y"], sums(picture(y))) == (("2", "3"), ["Σ 6"])
    assert sums(picture(y, blank="gradients")) == []


def test_constants_stand_inside_or_as_nodes():
    z = built(sigmoid_nodes)
    drawn = picture(z, constants="node")
    assert sorted(texts(drawn, "pale")) == ["1", "1", "−1"]
    assert texts(drawn, "sign") == ["×", "exp", "+", "/"]
    assert {
        edge: numbers for edge, numbers in edges(drawn).items() if edge in FIGURES[sigmoid_nodes]
    } == FIGURES[sigmoid_nodes]
    x = Value(2.0, "x")
    assert texts(picture((x * x) * 1.1 + 3), "sign") == ["×", "× 1.1", "+ 3"]
    assert texts(picture(dot([x, 2.0], [3.0, 4.0])), "sign") == ["dot([·, 2], [3, 4])"]
    assert texts(picture(Value(1.0) * 2 * Value(2.0)), "pale") == []
    drawn = picture(where(constant(1), x, Value(3.0, "y")))  # two others
    assert (texts(drawn, "pale"), texts(drawn, "sign")) == (["1"], ["where"])
    with pytest.raises(
        ValueError, match="constants 'outside' does not exist; there is None, 'inside', 'node'"
    ):
        picture(x, constants="outside")


def test_a_name_with_a_superscript_has_parentheses_only_where_it_is_raised():
    w, x = Value(2.0, "w^2_{13}"), Value(3.0, "x")
    plain, raised = (" ".join(texts(picture(y, local="formula"), "gradient")) for y in (w * x, w * w * w * x))
    assert "(w²₁₃)²" in raised
    assert "w²₁₃" in plain and "(w²₁₃)" not in plain


@pytest.mark.parametrize("blank", ["", "gradients", "all"])
def test_a_constant_with_a_label_is_an_input_whose_number_is_shown(blank):
    """So that a worksheet can be filled in: `× i` alone would not say by what."""
    w, i = Value(0.15, "w"), constant(0.05, "i")
    drawn = picture(2 * (w * i), blank=blank)
    assert (texts(drawn, "pale"), texts(drawn, "sign")) == (["i = 0.05"], ["×", "2 ×"])
    drawn = picture(where(i, w, 3.0), blank=blank)
    assert (texts(drawn, "pale"), texts(drawn, "sign")) == (["i = 0.05", "3"], ["where"])


def test_variables_stand_in_one_column_at_the_left():
    drawn = picture(built(apples_oranges))
    (right,) = {text.x for text in marks(scene(built(apples_oranges)), Text, "name") if text.anchor == END}
    assert all(float(t.get("x")) > right for t in drawn.iter(f"{SVG}text") if t.text not in names(drawn))


# ── Size ────────────────────────────────────────────────────────────────────────────────────────────


def test_down_a_bounded_width_goes_before_straight_chains():
    free, narrow = (scene(built(apples), direction="down", width=width) for width in (None, 200))
    assert narrow.width + 2 * MARGIN <= 200 < free.width
    assert free.height == narrow.height


@pytest.mark.parametrize("inputs", [CROWD, CROWD + 1])
def test_a_block_of_many_inputs_is_small(inputs):
    xs = [Value(float(i), f"x{i}") for i in range(inputs)]
    with scope("unit"):
        h = tanh(dot(xs, xs))
    (block,) = marks(scene(labelled(h * 2, "y"), group=1), Rect, "block")
    assert (block.height <= 20 * inputs) == (inputs > CROWD)


@pytest.mark.parametrize("inputs", [MANY, MANY + 1])
def test_of_many_lines_into_a_circle_none_has_a_text_and_each_variable_says_all_in_a_row(inputs):
    xs = [Value(float(i), f"x{i}") for i in range(inputs)]
    total = labelled(autograd.sum(xs), "y")
    total.backward()
    *wires, _ = sheet(total).wires
    drawn = scene(total)
    names = [text for text in marks(drawn, Text, "name") if text.anchor == END]
    numbers = [text for text in marks(drawn, Text, "data", "gradient") if text.anchor == END]
    if inputs <= MANY:
        assert all(wire.above and wire.below for wire in wires) and not numbers
        return
    assert not any(wire.above or wire.below for wire in wires)
    assert [text.text for text in names] == [f"x{i}" for i in range(inputs)]
    rows = {name.y: name for name in names}
    for i, (y, name) in enumerate(rows.items()):
        value, gradient = sorted((n for n in numbers if abs(n.y - y) < 2), key=lambda text: text.x)
        assert (value.text, gradient.text) == (str(i), "1") and name.x < value.x
    assert drawn.height <= 20 * inputs


# ── Formulas ────────────────────────────────────────────────────────────────────────────────────────


def formulas(root, **options):
    return [
        below for _, below in edges(picture(root, local="formula", values=False, **options)).values() if below
    ]


def labelled(value, label):
    value.label = label
    return value


X, Y, APPLE = Value(0.5, "x"), Value(2.0, "y"), Value(3.0, "apple")


def test_the_sigmoid_as_its_nodes_and_merged():
    y = labelled(1 / (1 + exp(X * -1)), "y")
    whole = "y² · exp(−x)"
    assert formulas(y) == [whole, f"−{whole}", "−y²", "−y²", "1"]
    assert formulas(y) == formulas(y, constants="node")
    assert texts(picture(y, local="formula", values=False), "data") == ["−x", "exp(−x)", "1 + exp(−x)"]
    assert formulas(labelled(sigmoid(X), "y")) == ["y(1 − y)", "1"]
    y.backward()
    assert edges(picture(y, local="both"))["y →"] == ("0.6225", "1")


@pytest.mark.parametrize(
    ("z", "wanted"),
    [
        (X + Y, ["1", "1"]),
        (X - Y, ["1", "−1"]),
        (X * Y, ["y", "x"]),
        (relu(X), ["step(x)"]),
        (log(X), ["1 / x"]),
        (X / Y, ["1 / y", "−z / y"]),
        ((X + Y) ** 2, ["2(x + y)"] * 3),
        (tanh(-X) * 3, ["−3(1 − tanh(−x)²)", "3(1 − tanh(−x)²)", "3"]),
        (labelled(X + Y, "t") ** 2, ["2t"] * 3),
        (tanh((-X) ** 2), ["1 − z²", "−2(1 − z²) · x", "2(1 − z²) · x"]),
        (dot([X], [Y]), ["y", "x"]),
        ((X * Y) * (X * Y), ["x · y²", "x² · y"] * 2 + ["x · y"] * 2),
    ],
    ids=lambda z: "" if isinstance(z, list) else str(z.op.name),
)
def test_formulas_as_the_book_writes_them(z, wanted):
    assert sorted(formulas(labelled(z, "z"))) == sorted([*wanted, "1"])


def test_gradients_are_those_of_the_root_by_its_name_and_of_several_roots_of_their_sum():
    t = labelled(tanh(X), "t")
    roots = labelled(t * Y, "a"), labelled(t * t, "b")
    drawn = read_svg(viz.draw(roots, style="textbook", local="formula").svg())
    assert "∂(a + b)/∂a · y" in texts(drawn, "gradient")
    assert not any("∂L" in text for text in drawn.itertext())


def test_a_root_called_l_receives_1():
    loss = labelled((X - 3) ** 2, "L")
    assert formulas(loss) == ["2(x − 3)", "2(x − 3)", "1"]


def test_gradients_that_are_sums_go_by_their_names_further_left():
    t = labelled(tanh(X), "t")
    z = labelled(t * (t + Y), "z")
    assert "∂z/∂t" in texts(picture(z, local="formula"), "gradient")
    assert any("∂z/∂t = t + y + t" in title for title in titles(picture(z, local="formula")))
    assert "∂z/∂t · (1 − t²)" in formulas(z)


@st.composite
def expressions(draw):
    """A root over a, b and c, some of its nodes with labels."""
    nodes = [Value(draw(st.floats(0.5, 2)), name) for name in "abc"]
    for i in range(draw(st.integers(1, 9))):
        x, y = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        make = draw(st.sampled_from([
            lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (y * y + 1),
            lambda x, y: -x, lambda x, y: tanh(x), lambda x, y: sigmoid(x - y), lambda x, y: 2 * x,
            lambda x, y: x**2,
            lambda x, y: 1 / (1 + exp(-x)), lambda x, y: x * -3.5, lambda x, y: tanh(x) ** 3,
        ]))  # fmt: skip
        nodes.append(labelled(make(x, y), draw(st.sampled_from(["", "", f"n{i}", "vwpqstukz"[i]]))))
    return labelled(nodes[-1], "z") if nodes[-1].op else labelled(nodes[-1] * 2, "z")


RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
FUNCTIONS = {"tanh": math.tanh, "exp": math.exp, "sigmoid": lambda x: 1 / (1 + math.exp(-x))}


def evaluated(text, graph):
    """What a formula comes to."""
    numbers = {node.name: node.data for node in graph.nodes}
    for node in sorted(graph.nodes, key=lambda node: -len(node.name)):
        text = text.replace(f"∂{graph.whole}/∂{node.name}", f"G{node.key}") if node.name else text
    numbers |= {f"G{node.key}": node.gradient for node in graph.nodes}
    text = text.replace("−", "-").replace("·", "*")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: f"**{power[0].translate(RAISED)}", text)
    text = re.sub(r"(?<![\w.])(\d[\d.]*)(?=[a-z(])", r"\1*", text)
    text = re.sub(r"(?<!\w)([a-z]\d*)(?=\()", r"\1*", text)
    return eval(text, FUNCTIONS, numbers)


@given(expressions())
def test_every_formula_comes_to_the_number_that_it_stands_for(root):
    root.backward()
    graph = read([root])
    found = Formulas(graph)
    for node in graph.nodes:
        if node.name:
            assert evaluated(found.symbols[node.key], graph) == pytest.approx(node.data)
    for edge in graph.edges:
        if edge.local is not None:
            wanted = graph.nodes[edge.target].gradient * edge.local
            text = found.gradients[edge.target, edge.position]
            assert evaluated(text, graph) == pytest.approx(wanted, rel=1e-9, abs=1e-12), text
    for node in graph.nodes:
        if node.kind == "leaf" and found.incoming[node.key]:
            assert evaluated(found.incoming[node.key], graph) == pytest.approx(node.gradient, abs=1e-9)


def test_products_are_taken_apart_and_written():
    terms, names = Terms(), dict(zip([X, Y, APPLE], ["x", "y", "apple"], strict=True))
    write = Writer(terms, names).write

    def apart(value):
        return product(terms, terms.read(value, {}))

    assert write(apart(-X * (-Y) * 1)) == "x · y"
    assert write(apart(-(X * X) / (Y * APPLE))) == "−x² / (y · apple)"
    assert write(apart((X + Y) * (X + Y))) == "(x + y)²"
    assert write(apart(-X).power(2)) == "x²"
    assert write(apart(-X).power(-3), "∂L/∂z") == "−∂L/∂z · 1 / x³"
    assert write(Product()) == "1"
    assert write(Product(), "∂L/∂z") == "∂L/∂z"
    assert write(apart(X / X), "∂L/∂z") == "∂L/∂z"
    assert write(apart(2 * (1 - Y) * APPLE * 3)) == "2 · 3(1 − y) · apple"
    assert write(apart(1 / X ** (-2))) == "x²"
    assert write(apart(reciprocal(X) * Y)) == "y / x"
    assert write(apart(tanh(X / X) * tanh(X * Y / Y))) == "tanh(1) · tanh(x)"


@given(expressions(), st.booleans())
def test_a_product_is_the_number_of_its_term(root, inverse):
    terms = Terms()
    numbers = {}
    for node in topological_order(root):
        numbers[terms.read(node, {})] = node.data
    term = terms.read(1 / root if inverse and root.data else root, {})
    found = product(terms, term)
    value = math.prod(
        (factor.value if factor.op is constant(1).op else numbers[factor]) ** exponent
        for factor, exponent in found.factors.items()
    )
    assert (-value if found.negative else value) == pytest.approx(term.value.data, rel=1e-9)


# ── Worksheets ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("local", ["number", "formula", "both"])
@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.__name__)
def test_a_worksheet_is_its_solution_with_fields_to_fill_in(demo, local, direction):
    root, chosen = built(demo), {"local": local, "direction": direction}
    solution, half, empty = (picture(root, blank=blank, **chosen) for blank in ("", "gradients", "all"))
    for sheet in half, empty:
        assert [texts(sheet, kind) for kind in ("name", "note", "sign")] == [
            texts(solution, kind) for kind in ("name", "note", "sign")
        ]
        assert texts(sheet, "gradient") == []
    assert texts(half, "data") == texts(solution, "data")
    backward = len(texts(solution, "gradient"))
    sheets = (scene(root, blank=blank, **chosen) for blank in ("gradients", "all"))
    fields = [len(marks(sheet, Rect, "blank")) for sheet in sheets]
    assert fields == [backward, backward + len(texts(solution, "data")) - len(texts(empty, "data"))]


@given(
    graphs(),
    st.sampled_from(["number", "formula", "both"]),
    st.sampled_from(["gradients", "all"]),
    st.sampled_from(DIRECTIONS),
)
def test_fields_have_room_for_a_pencil_and_nothing_lies_on_them(root, local, blank, direction):
    sheet = scene(root, local=local, blank=blank, direction=direction)
    for field in marks(sheet, Rect, "blank"):
        assert field.width >= FIELD
        assert field.height >= PENCIL
    for what, (left, right, top, bottom) in spaces(sheet):
        assert -MARGIN <= left <= right <= sheet.width + MARGIN, what
        assert -MARGIN <= top <= bottom <= sheet.height + MARGIN, what
    assert not list(overlaps(sheet))


def test_a_worksheet_gives_no_answer_away():
    root = labelled(Value(3.0, "x") * Value(7.0, "w"), "y")
    root.backward()
    half = viz.draw(root, style="textbook", blank="gradients").svg()
    empty = viz.draw(root, style="textbook", blank="all").svg()
    assert "gradient" not in "".join(titles(read_svg(half)))
    assert "21" not in re.sub(
        '<style>.*?</style>|[\\w-]+="[-\\d. MHLClv]*"|#?graph-\\w+', "", empty, flags=re.S
    )
    assert "Worksheet" in read_svg(empty).get("aria-label")
    assert texts(read_svg(empty), "data") == ["3", "7"]


# ── Laws of all pictures ────────────────────────────────────────────────────────────────────────────


@given(graphs(), st.sampled_from(["number", "formula", "both"]), st.sampled_from(["inside", "node"]))
def test_every_picture_is_well_formed_and_no_text_lies_on_another(root, local, constants):
    drawn = picture(root, local=local, constants=constants)
    allowed = {"svg", "style", "g", "title", "rect", "path", "text"}
    assert {element.tag.removeprefix(SVG) for element in drawn.iter()} <= allowed
    assert not any(name.startswith("on") or "href" in name for e in drawn.iter() for name in e.attrib)
    assert drawn.get("role") == "img"
    assert "Computation graph of" in drawn.get("aria-label")
    shown = scene(root, local=local, constants=constants)
    assert not list(overlaps(shown))
    for what, (left, right, top, bottom) in spaces(shown):
        assert -MARGIN <= left <= right <= shown.width + MARGIN, what
        assert -MARGIN <= top <= bottom <= shown.height + MARGIN, what
    style = re.sub(r"@media.*|^}$", "", drawn.find(f"{SVG}style").text, flags=re.M)
    assert all(
        re.match(rf"#{drawn.get('id')}(:is\(\*\))? ", selector)
        for rule in re.findall(r"^(.*?){", style, flags=re.M)
        for selector in rule.split(",")
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"local": "formula"}, {"constants": "node"}, {"digits": None}, {"direction": "down"}],
    ids=str,
)
@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.__name__)
def test_no_text_lies_on_another_or_on_a_circle_in_the_demos(demo, options):
    drawn = scene(built(demo), **options)
    assert not list(overlaps(drawn))
    for text in marks(drawn, Text):
        if text.kind != "sign":
            left, right, top, bottom = extent(text)
            for c in marks(drawn, Rect, "circle"):
                assert right < c.x or left > c.x + c.width or bottom < c.y or top > c.y + c.height, text


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("blank", ["", "gradients", "all"])
@pytest.mark.parametrize("demo", [apples, apples_oranges, olah], ids=lambda demo: demo.__name__)
def test_no_line_into_a_circle_passes_through_a_name(demo, blank, direction):
    drawn = scene(built(demo), blank=blank, direction=direction)
    for path in marks(drawn, Path, "line"):
        start, end = (step.points[-1] for step in path.steps[-2:])
        dx, dy = (end.x - start.x) / 50, (end.y - start.y) / 50
        points = [(start.x + i * dx, start.y + i * dy) for i in range(51)]
        for text in marks(drawn, Text, "note"):
            left, right, top, bottom = extent(text)
            assert not any(left < x < right and top < y < bottom for x, y in points), text


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.__name__)
def test_forward_stands_above_the_line_and_backward_below_an_arrow_to_the_left(demo):
    for group in scene(built(demo)).marks:
        found = {mark.kind: mark for mark in group.marks}
        if "back" not in found:
            continue
        (right, y), (left, _) = (step.points[-1] for step in found["back"].steps)
        point = found["tip"].steps[0].points[0].x
        assert point < left < right
        assert any(p.y == y - 7 for step in found["line"].steps for p in step.points)
        above, below = extent(found["data"]), extent(found["gradient"])
        assert above[3] < y - 7 < y < below[2]
        assert point < (below[0] + below[1]) / 2 < right


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.__name__)
def test_down_forward_stands_at_the_left_of_the_line_and_backward_behind_an_arrow_up(demo):
    drawn = scene(built(demo), direction="down")
    for group in drawn.marks:
        found = {mark.kind: mark for mark in group.marks}
        if "back" not in found:
            continue
        (x, foot), (_, top) = (step.points[-1] for step in found["back"].steps)
        tip = found["tip"].steps[0].points[0].y
        line = [point for step in found["line"].steps for point in step.points]
        assert tip < top < foot <= max(point.y for point in line)
        assert any(point.x == pytest.approx(x - 7) for point in line)
        forward, backward = extent(found["data"]), extent(found["gradient"])
        assert forward[1] < x < backward[0]
        assert all(top < (text[2] + text[3]) / 2 < foot for text in (forward, backward))
    *inputs, result = (mark.y for mark in marks(drawn, Text, "name"))
    assert max(inputs) < min(mark.y for mark in marks(drawn, Rect, "circle")) < result


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_is_only_a_text(label):
    for local in ("number", "formula"):
        root = labelled(exp(Value(1.0, label) * 2), label)
        drawn = picture(root, local=local)
        allowed = {"svg", "style", "g", "title", "rect", "path", "text"}
        assert {element.tag.removeprefix(SVG) for element in drawn.iter()} == allowed
        assert not set("\x00\x1b\u202e\x7f") & set("".join(drawn.itertext()))


def test_labels_in_chinese_have_room():
    price = Value(100, "苹果") * Value(2, "个数") * Value(Fraction("1.1"), "税")
    labelled(price, "价格").backward()
    drawn = picture(price)
    assert (names(drawn), ends(drawn)) == (["苹果", "个数", "税"], ["价格"])
    assert min(extent(text)[0] for text in marks(scene(price), Text, "name")) > -0.1
    assert not list(overlaps(scene(price)))


def test_groups_are_boxes_with_their_name_and_gradients_into_them_go_by_names():
    x = Value(1.0, "x")
    with scope("neuron"):
        h = labelled(tanh(x * Value(2.0, "w") + 1), "h")
    y = labelled(h * x, "y")
    y.backward()
    drawn = picture(y, group=1)
    assert len(marks(scene(y, group=1), Rect, "block")) == 1
    assert "neuron" in texts(drawn, "sign")
    assert texts(drawn, "note")[-1].startswith("showing ")
    drawn = picture(y, group=1, local="formula")
    assert sums(drawn) == ["∂y/∂x"]
    assert anchored(drawn, "gradient", "middle") == ["∂y/∂x via neuron", "x", "h", "1"]


def test_a_node_that_formulas_name_shows_its_name():
    x = Value(0.5, "x")
    t = tanh(x * 1.0625 + x * 2.0625 + x * 3.0625 + x * 4.0625 + x * 5.0625)  # too long to be repeated
    drawn = picture(t * t, local="formula")
    assert {"tanh(t9)", "∂t11/∂t10 · (1 − tanh(t9)²)"} <= set(texts(drawn, "gradient"))
    assert texts(drawn, "note") == ["t9", "t10"]
    assert ends(drawn) == ["t11"]


def test_the_same_bytes_in_every_process_and_without_any_program():
    script = (
        "from demos import olah, sigmoid_nodes; from demos.runner import as_written; import viz\n"
        "for demo in (olah, sigmoid_nodes):\n"
        "    print(viz.draw(demo.build(as_written), style='textbook', local='formula').svg())"
    )
    assert len(outputs(script)) == 1


def test_a_deep_graph_is_drawn_without_recursion():
    y = Value(0.5, "x")
    for _ in range(1200):
        y = tanh(y)
    for local in ("number", "formula"):
        assert marks(scene(y, local=local, max_nodes=None), Rect, "circle")


def test_what_is_left_out_on_request_and_before_backward():
    root = apples.build(as_written)
    assert edges(picture(root))["price →"] == ("220", "·")
    assert texts(picture(root, gradients=False), "gradient") == []
    assert texts(picture(root, values=False), "data") == []
    assert names(picture(root, labels=False)) == [""] * 3 or names(picture(root, labels=False)) == [None] * 3
    assert edges(picture(Value(2.0, "x"))) == {"x →": ("2", "·")}


def test_a_group_passes_its_gradient_back_on_every_line():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    with scope("inner"):
        y = x * w
        z = y + x * x
    loss = z * 2.0
    loss.backward()
    drawn = sheet(loss, group=1)
    below = {
        drawn.shapes[wire.source].text.partition(" ")[0]: wire.below.text
        for wire in drawn.wires
        if drawn.shapes[wire.target].kind == wires.BLOCK
    }
    assert below == {"x": "16", "w": "6"}  # 2 w + 4 x; 2 x


def sheet(root, **options):
    """The shapes and wires of a picture."""
    drawn = viz.draw(root, style="textbook", **options)
    return book.Sheet(drawn.graph, drawn.options)


def network(run=True):
    """The loss of a network whose neurons have more inputs than lines into a block carry texts."""
    inputs = [Value(0.5, "x_1"), Value(-1.0, "x_2")]
    loss = labelled((nn.MLP(2, [6, 6, 1], seed=1)(inputs) - 1) ** 2, "loss")
    if run:
        loss.backward()
    return loss


PARTS = [
    {"group": 0, "max_nodes": None},
    {"group": 1},
    {"group": 2},
    {"fold": True, "group": 0},
    {"max_nodes": 20},
    {"focus": "loss", "depth": 4},
]


@pytest.mark.parametrize("chosen", PARTS, ids=str)
def test_every_gradient_that_a_card_shows_stands_at_the_shape_or_on_its_only_line(chosen):
    drawn = sheet(network(), **chosen)
    for node, shape in zip(drawn.graph.nodes, drawn.shapes, strict=False):
        if shown := words.gradient(node, drawn.options).text.removeprefix("+"):
            below = [wire.below.text for wire in drawn.wires if wire.source == node.key]
            assert below == [shown] if len(below) == 1 and not shape.total else shown in shape.total.text


@pytest.mark.parametrize("local", ["number", "both"])
@pytest.mark.parametrize("chosen", PARTS, ids=str)
def test_lines_of_groups_have_their_dots_and_fields_before_the_pass_as_well(chosen, local):
    made = sheet(network(), local=local, **chosen).wires
    new, empty = (sheet(network(run=False), local=local, blank=b, **chosen).wires for b in ("", "gradients"))
    for wire, before, blank in zip(made, new, empty, strict=True):
        assert bool(wire.below) == bool(before.below) == bool(blank.below.blank)
        assert not before.below or before.below.text.endswith("·")


def test_formulas_at_groups_are_the_whole_gradient_or_a_part_of_it():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    with scope("inner"):
        y = x * w + x * x
    z = labelled(y * x, "z")
    z.backward()
    below = [wire.below.text for wire in sheet(z, group=1, local="both").wires]
    assert {"∂z/∂x via inner = 24", "∂z/∂w = 9"} <= {*below}


def test_the_field_of_a_lone_leaf_is_within_its_scene():
    scene = viz.draw(Value(1.0, "x"), style="textbook", blank="gradients").scene
    rects = [mark for mark in leaves(scene.marks) if isinstance(mark, Rect)]
    assert rects
    assert all(0 <= rect.y and rect.y + rect.height <= scene.height for rect in rects)


def test_a_group_that_is_the_root_shows_the_gradient_that_enters():
    x = Value(3.0, "x")
    with scope("inner"):
        y = x * x + 1.0
    y.backward()
    scene = viz.draw(y, style="textbook", group=1).scene
    shown = [m.text for m in leaves(scene.marks) if isinstance(m, Text) and m.kind == "gradient"]
    assert shown == ["6", "1"]
