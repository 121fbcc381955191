"""The exporters: laws of every format, hostile labels read back, and errors where something is missing."""

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import outputs
from test_page import unpacked

import autograd
import viz
from autograd import Op, Value, constant, dot, exp, sqrt, tanh, where
from autograd.naming import latex_symbol, runs
from autograd.op import SIGN, SUM
from autograd.testing import check_grads
from demos import runner
from viz import Diagram, latex, mermaid, words
from viz.options import BLANKS, DIRECTIONS, LOCALS
from viz.records import read
from viz.scene import LIGHT

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<b>", "<b>x</b>", "</text><script>alert(1)</script>", "a & b", "&lt;&amp;#60;", '" onload="x', "a\nb",
    "苹果🍎", "שלום", "%$#_{}~^\\", "\\N \\G\\l\\", "{}|`$", "x|y]", "]]>", "-->", "end", "1. x",
    " _a_ **b**  c ", "style: #1;", "`md`", "\x00\x1b[31m\u202e", "α_1", "exp", "x²", "___", "fa:fa-car",
    "\ud800\x7f", "x\x85y",
]  # fmt: skip
labels = st.sampled_from(["", "x", "w_1", *HOSTILE]) | st.text(max_size=12)
choices = st.fixed_dictionaries({
    "local": st.sampled_from(LOCALS),
    "blank": st.sampled_from(BLANKS),
    "direction": st.sampled_from(DIRECTIONS),
    "digits": st.sampled_from([2, 4, None]),
    "values": st.booleans(),
    "gradients": st.booleans(),
    "labels": st.booleans(),
    "theme": st.sampled_from(["auto", "dark"]),
    "max_nodes": st.sampled_from([3, 150, None]),
})  # fmt: skip
TEXTS = {
    "dot": lambda diagram: diagram.dot().source,
    "mermaid": viz.Diagram.mermaid,
    "tikz": viz.Diagram.tikz,
    "text": viz.Diagram.text,
    "tex": Diagram.formats[".tex"],
}
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="the program dot is not installed")
needs_tex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="no TeX is installed")


@st.composite
def graphs(draw):
    """A root over shared subexpressions and constants, with any labels."""
    nodes = [Value(x, draw(labels)) for x in draw(st.lists(st.floats(-3, 3), min_size=1, max_size=4))]
    for _ in range(draw(st.integers(0, 8))):
        left, right = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        z = draw(
            st.sampled_from(
                [left + right, left * right, 2 * left, left - 1, tanh(left), dot([left], [right])]
            )
        )
        z.label = draw(labels)
        nodes.append(z)
    if draw(st.booleans()):
        nodes[-1].backward()
    return nodes[-1]


def square():
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    y.backward()
    return y


def hostile():
    """Every hostile label at a leaf, each a factor, so that all are in formulas too."""
    leaves = [Value(float(i), label) for i, label in enumerate(HOSTILE)]
    half = len(leaves) // 2
    root = dot(leaves[:half], leaves[half:])
    root.label = "<&>"
    root.backward()
    return root


def hostile_rows():
    """Rows with every hostile name, one on another, of two kinds in turn."""
    root = Value(2.0, "x")
    for i, name in enumerate(HOSTILE):
        row = Op(name, lambda x, y: x * y, lambda x, y, z: y, lambda x, y, z: x, infix=i % 2 * SUM)
        root = row(root, Value(1.0 + i, "y"))
    return root


def names(diagram):
    return [node.name for node in diagram.graph.nodes]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60)
@given(graphs(), choices)
def test_every_format_has_every_edge_and_is_the_same_twice(root, chosen):
    diagram = viz.draw(root, **chosen)
    ports = [(edge.source, edge.target, edge.position) for edge in diagram.graph.edges]
    edges = [port[:2] for port in ports]
    source, flowchart = diagram.dot().source, diagram.mermaid()
    assert [
        tuple(map(int, e)) for e in re.findall(r"^\tn(\d+):[es] -> n(\d+):i(\d+):[wn]", source, re.M)
    ] == ports
    assert [tuple(map(int, e)) for e in re.findall(r"^  n(\d+) --.*> n(\d+)$", flowchart, re.M)] == edges
    assert diagram.tikz().count(r"\path[graph head]") == len(edges)
    assert all(write(diagram) == write(viz.draw(root, **chosen)) for write in TEXTS.values())


@settings(max_examples=60)
@given(graphs(), choices)
def test_latex_is_balanced_and_mermaid_is_made_of_its_own_lines(root, chosen):
    diagram = viz.draw(root, **chosen)
    for text in (Diagram.formats[".tex"](diagram), viz.table(root).latex()):
        assert balanced(text)
    line = re.compile(
        r'flowchart (LR|TB)|  n(\d+|ote)\["[^"\[\]`{}|\\;%]*(#\d+;[^"\[\]`{}|\\;%]*)*"\]'
        r'|  n\d+ --( "[^"]*" --)?> n\d+'
        r"|  classDef \w+ [^\"]*|  class [n\d,]+ \w+|  linkStyle [\d,]+ [^\"]*"
    )
    assert all(line.fullmatch(row) for row in diagram.mermaid().rstrip("\n").split("\n"))


def balanced(text):
    """Whether braces, environments and $ are closed in the order in which they were opened."""
    text = re.sub(r"\\[\\{}$%&#_]", "", re.sub(r"\\newcommand.*", "", text).replace("hbox{%", "hbox{"))
    opened = []
    for token in re.findall(r"\\begin\{\w+\}|\\end\{\w+\}|[{}$]", text):
        opener = {"}": "{", "$": "$"}.get(token, token.replace(r"\end", r"\begin"))
        if opened[-1:] == [opener] and (token == "$" or token != opener):
            opened.pop()
        elif token in "{$" or token == opener:
            opened.append(token)
        else:
            return False
    return not opened and not re.search("[%#]", text)


@settings(max_examples=60)
@given(graphs())
def test_the_tree_writes_every_value_once_and_marks_the_others(root):
    diagram = viz.draw(root, labels=False)
    head, *lines = diagram.text().rstrip("\n").split("\n")
    marks = sum("↑" in line for line in lines)
    graph = diagram.graph
    assert head.split() == ["value", "gradient"]
    kinds = [node.kind for node in graph.nodes]
    operations = sum(kind == "operation" for kind in kinds)
    edges = len(graph.edges)
    assert len(lines) == edges + 1
    assert marks == edges + 1 - operations - sum(k == "leaf" for k in kinds) - sum(
        kinds[edge.source] == "constant" for edge in graph.edges
    )


@pytest.mark.parametrize("name", runner.GRAPHS)
def test_every_demo_in_every_format_without_any_program(name, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    root = runner.load(name).build(runner.as_written)
    root.backward()
    for ending in Diagram.formats.keys() - {".pdf", ".png"}:
        path = viz.draw(root).save(tmp_path / "new" / f"{name}{ending}")
        assert path.read_bytes().decode().endswith("\n") and b"\r" not in path.read_bytes()
    assert r"\begin{tabular}" in viz.table(root).latex()


def test_the_same_bytes_in_every_process():
    script = (
        "from test_exports import *; d = viz.draw(hostile(), local='both');"
        "print(*(write(d) for write in TEXTS.values()), viz.table(hostile()).latex())"
    )
    found = outputs(script)
    assert len(found) == 1 and len(found.pop()) > 10_000


EVERYWHERE = {
    **TEXTS,
    "svg": viz.Diagram.svg,
    "textbook": lambda diagram: viz.draw(diagram.roots, style="textbook", local="formula").svg(),
    "html": lambda diagram: "".join(strings(json.loads(unpacked(diagram.html()).partition("\n")[0]))),
    "table": lambda diagram: str(viz.table(*diagram.roots)),
    "markdown": lambda diagram: viz.table(*diagram.roots).markdown(),
    "tabular": lambda diagram: viz.table(*diagram.roots).latex(),
    "formula": lambda diagram: autograd.formula(*diagram.roots),
    "latex": lambda diagram: autograd.formula(*diagram.roots, latex=True),
    "steps": lambda diagram: "".join(
        f"{s.formula}{s.latex()}" for s in autograd.backward_steps(*diagram.roots)
    ),
    "check": lambda diagram: failure(check_grads, diagram.roots[0].op, *diagram.roots[0].args),
    "error": lambda diagram: failure(diagram.roots[0].op, *diagram.roots[0].args[:1], "no number"),
    "rule": lambda diagram: failure(viz.Diagram.text, diagram) or failure(broken(diagram.roots[0]).backward),
    "program": lambda diagram: compiled(diagram.roots[0]),
}


def failure(f, *args):
    """What f says when it fails."""
    try:
        return str(f(*args) or "")
    except Exception as error:
        return str(error)


def broken(root):
    """The same operation with a rule that fails."""
    rules = [lambda x, y, z: 1 / 0] * 2
    op = Op(root.op.symbol, root.op.function, *rules, infix=root.op.infix)
    return op(*root.args)


def compiled(root):
    """The pictures of a compiled program, in all text formats."""
    x, y = root.args
    program = autograd.compile(lambda given: root.op(x, y) * given, [x, y])
    program(program.parameters(), [1.0])
    picture = viz.draw(program)
    ET.fromstring(picture.svg())
    return picture.svg() + picture.dot().source + picture.text()


names_of_all_kinds = st.sampled_from([*HOSTILE, "\ufffe", "\x85\u2028", "{}", "{0}", "}}{{"]) | st.text(
    st.characters(), min_size=1, max_size=8
)


def strings(data):
    """All texts of what a page has unpacked."""
    if isinstance(data, str):
        yield data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from strings(each)


@pytest.mark.parametrize("form", EVERYWHERE)
@settings(max_examples=25)
@given(names_of_all_kinds, labels, names_of_all_kinds, st.sampled_from([0, SUM, SIGN + 1]))
def test_no_name_breaks_a_format_be_it_of_a_row_a_label_or_a_scope(form, row, label, scope, infix):
    op = Op(row, lambda x, y: x * y, lambda x, y, z: y, lambda x, y, z: x, infix=infix)
    with autograd.scope(scope):
        root = op(Value(2.0, label), Value(3.0, scope))
    root.label = label
    text = EVERYWHERE[form](viz.draw(root, local="both"))
    text.encode()
    assert not [c for c in text if c not in "\n\t" and category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if form in ("svg", "textbook"):
        ET.fromstring(text)
    if form in ("tex", "tabular", "latex"):
        assert balanced(text)


# ── Hostile labels, read back ───────────────────────────────────────────────────────────────────────


@needs_dot
def test_graphviz_shows_every_label_as_it_is():
    diagram = viz.draw(hostile(), local="formula")
    picture = ET.fromstring(diagram.dot().pipe("svg"))
    shown = [text.text.replace("\xa0", " ") for text in picture.iter(f"{SVG}text")]
    on_lines = {part for text in shown for part in (text[1:-1], text[1:], text[:-1])}
    for name in names(diagram):
        assert {run.text for run in runs(name)} <= {*shown}  # of its card
        assert name == "<&>" or {run.text for run in runs(name)} <= on_lines | {
            *shown
        }  # of a local derivative
    titles = [link.get("{http://www.w3.org/1999/xlink}title") for link in picture.iter(f"{SVG}a")]
    assert all(
        any(str(title).replace("\xa0", " ").startswith(f"{name}\n") for title in titles)
        for name in names(diagram)[:-1]
    )


@needs_dot
def test_rows_of_every_name_are_drawn_by_dot():
    diagram = viz.draw(hostile_rows(), local="both")
    picture = ET.fromstring(diagram.dot().pipe("svg"))
    shown = {text.text.replace("\xa0", " ") for text in picture.iter(f"{SVG}text")}
    assert {run.text for node in diagram.graph.nodes for run in runs(node.symbol)} <= shown


def test_mermaid_reads_every_label_back():
    diagram = viz.draw(hostile())
    found = re.findall(r'\["<b>(.*?)</b>', diagram.mermaid())
    assert [
        re.sub(r"#(\d+);", lambda m: chr(int(m[1])), text).replace("\xa0", " ") for text in found
    ] == names(diagram)
    assert mermaid.escape("apple_count 0.5 x1") == "apple_count 0.5 x1"


def test_the_tree_and_the_table_show_every_label():
    diagram = viz.draw(hostile())
    shown = diagram.text()
    assert all(f" ─ {name} " in shown for name in names(diagram)[:-1])
    assert "x\\|y\\]" in viz.table(hostile()).markdown()


@needs_tex
@pytest.mark.parametrize("make", [hostile, hostile_rows])
@pytest.mark.parametrize("local", ["both", "number"])
def test_the_latex_document_compiles_on_one_page(tmp_path, local, make):
    viz.draw(make(), local=local).save(tmp_path / "picture.tex")
    body = viz.table(make()).latex() + f"\\[{autograd.formula(make(), latex=True)}\\]"
    document = (
        f"\\documentclass{{article}}\\usepackage{{graphicx}}\n{latex.preamble(body)}\n\\begin{{document}}\n"
    )
    (tmp_path / "table.tex").write_text(f"{document}{body}\n\\end{{document}}\n", encoding="utf-8")
    for name in "picture", "table":
        run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-600:]
        assert b"(1 page" in done.stdout or name == "table"


@needs_dot
@pytest.mark.parametrize("name", runner.GRAPHS)
def test_dot_draws_every_demo(name):
    root = runner.load(name).build(Fraction)
    root.backward()
    diagram = viz.draw(root, local="both", direction="down", constants="node")
    picture = ET.fromstring(diagram.dot().pipe("svg"))
    kinds = [group.get("class") for group in picture.iter(f"{SVG}g")]
    assert kinds.count("node") == len(diagram.graph.nodes)
    assert kinds.count("edge") == len(diagram.graph.edges)


# ── The first nan or infinity ───────────────────────────────────────────────────────────────────────


def overflowing():
    """A product that is infinite."""
    x = Value(1e200, "x")
    return x * x + x


def steep():
    """A quotient whose slope is infinite."""
    x = Value(1e-200, "x")
    return 1 / x + x


MARKED = {
    "record": lambda root, **options: viz.draw(root, **options).svg().count('class="alarm"'),
    "textbook": lambda root, **options: (
        viz.draw(root, style="textbook", **options).svg().count('class="alarm"')
    ),
    "dot": lambda root, **options: viz.draw(root, **options).dot().source.count(f'COLOR="{LIGHT["alarm"]}"'),
    "mermaid": lambda root, **options: len(
        re.findall("  class n\\d alarm|  linkStyle \\d ", viz.draw(root, **options).mermaid())
    ),
    "text": lambda root, **options: viz.draw(root, **options).text().count("arises here"),
}


@pytest.mark.parametrize("marked", MARKED.values(), ids=MARKED)
@pytest.mark.parametrize(
    ("make", "hides"),
    [(overflowing, {"blank": "all"}), (steep, {"blank": "gradients"})],
    ids=["value", "gradient"],
)
def test_the_first_infinity_is_marked_once_in_every_format_and_on_no_worksheet(marked, make, hides):
    root = make()
    root.backward()
    assert [marked(root), marked(root, **hides), marked(square())] == [1, 0, 0]


# ── Known by heart ──────────────────────────────────────────────────────────────────────────────────


def test_a_square_as_a_tree():
    assert viz.draw(square(), local="both").text() == (
        "              value  gradient\n"
        "y = x × x         9        +1\n"
        "├─ x = 3 ─ x      3        +6\n"
        "└─ x = 3 ─ ↑ x, above\n"
    )


def test_a_square_as_a_flowchart():
    assert viz.draw(square()).mermaid().split("\n")[:5] == [
        "flowchart LR",
        '  n0["<b>x</b><br/>value 3<br/>gradient #43;6"]',
        '  n1["<b>y</b> = x × x<br/>value 9<br/>gradient #43;1"]',
        '  n0 -- "3" --> n1',
        '  n0 -- "3" --> n1',
    ]


def test_options_reach_every_format():
    y = Value(0.123456789, "x") * 2
    y.label = "y"
    y.backward()
    for write in TEXTS.values():
        few = re.sub(r'tooltip="[^"]*"', "", write(viz.draw(y, digits=2)))
        assert "0.12" in few and "0.123" not in few
        assert "0.123456789" in write(viz.draw(y, digits=None))
        assert "+2" not in write(viz.draw(y, gradients=False)).replace("#43;", "+")
        assert "+2" not in write(viz.draw(y, blank="gradients")).replace("#43;", "+")
        assert "+2" in write(viz.draw(y)).replace("#43;", "+")
        blank = write(viz.draw(y, blank="all", labels=False, local="number"))
        assert not re.search(r"0\.24", blank)  # what is given, the leaf, is not to be found
        assert write(viz.draw(y, direction="down")) != write(viz.draw(y)) or write is viz.Diagram.text
        assert write(viz.draw(y, local="none")) != write(viz.draw(y))


def test_no_derivative_is_a_dash():
    x, y = Value(0.0, "x"), Value(2.0, "y")
    assert " none ─ y" in viz.draw(where(constant(1), x, y)).text()
    assert "no contribution ─ y" in viz.draw(where(constant(1), x, y), local="formula").text()
    assert "└─ none ─ x" in viz.draw(sqrt(x), local="both").text()


X, Y, Z = Value(0.5, "x"), Value(2.0, "y_1"), Value(0.25, "a + b")


@pytest.mark.parametrize(
    ("root", "written"),
    [
        (tanh(X), r"1 - t_{1}^{2}"),
        (X**Y, r"y_{1} \cdot x^{y_{1} - 1}"),
        (Z * X, "x"),
        (X * Z, r"\text{a + b}"),
        (autograd.maximum(X, Y), r"\operatorname{share}\left(x, y_{1}\right)"),
        (where(constant(0), X, Y), r"\text{no contribution}"),
        (X * 1e-05, "10^{-5}"),
        (autograd.log2(X), r"\frac{1}{x \cdot \ln 2}"),
        (X * constant(3, "k"), "k"),
        (sqrt(Value(0.0, "x")), ""),
    ],
    ids=lambda x: "" if isinstance(x, str) else str(x.op.name),
)
def test_a_formula_in_latex(root, written):
    edge = read([root]).edges[1 if root.op is autograd.ops.where else 0]
    assert (latex.formula(edge.rule, 60) if edge.rule else "") == written
    assert r"\partial" in latex.formula(edge.formula, 60) or not edge.rule


def test_a_formula_that_is_cut_is_written_from_its_text():
    node = read([dot([X] * 9, [Z] * 9)]).nodes[-1]
    assert latex.formula(node.expression, 20) == r"\operatorname{dot}([x, x, x, x, x,\dots"


def test_symbols_in_latex():
    assert [latex_symbol(text) for text in ("×", "+", "log_sigmoid", "σ", "#")] == [
        r"\times", "+", r"\operatorname{log\_sigmoid}", r"\sigma", r"\text{\#}",
    ]  # fmt: skip


def test_the_table_in_latex():
    lines = viz.table(square()).latex().split("\n")
    assert lines[1:7] == [
        r"\begin{tabular}{llr}", r"\hline", r"node &  & value \\", r"\hline",
        r"$x$ &  & $3.0$ \\", r"$y$ & $= x \cdot x$ & $9.0$ \\",
    ]  # fmt: skip
    derivative = r"$\frac{\partial y}{\partial x} = x$"
    assert rf"$y$ & $\to$ $x$ & {derivative} & $1$ & $\times$ & $3.0$ & = & $3.0$ & $6.0$ \\" in lines


def test_a_deep_tree_starts_again_at_the_margin():
    y = Value(1.0, "x")
    for _ in range(3000):
        y = tanh(y)
    text = viz.draw(y, max_nodes=None).text()
    assert text.count(", below") == 124  # a tree of 24 branches, and the branch that announces the next
    assert max(map(len, text.split("\n"))) < 200


# ── PNG, programs, errors ───────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_named_in_one_line(tmp_path, monkeypatch):
    for package in "resvg_py", "vl_convert", "graphviz":
        monkeypatch.setitem(sys.modules, package, None)
    diagram = viz.draw(square())
    remedies = {
        ".png": r"^PNG .* pip install 'scalar-autograd\[png\]'; or save as \.svg$",
        ".pdf": r"^PDF .* pip install 'scalar-autograd\[pdf\]'; or save as \.svg$",
        ".dot": r"pip install graphviz$",
    }
    for ending, remedy in remedies.items():
        with pytest.raises(RuntimeError, match=remedy):
            diagram.save(tmp_path / f"x{ending}")
    assert not list(tmp_path.iterdir())


def test_mermaid_refuses_what_it_would_not_draw():
    y = Value(1.0, "x")
    for _ in range(501):
        y = exp(y * 0)
    with pytest.raises(ValueError, match=r"at most 500 edges and 50,000 letters.*max_nodes=… or group=…$"):
        viz.draw(y, max_nodes=None).mermaid()
    assert "showing" in viz.draw(y).mermaid() and "showing" in viz.draw(y).text()
    assert "showing" in viz.draw(y).tikz() and "showing" in viz.draw(y).dot().source


def test_an_unknown_ending_names_those_that_exist(tmp_path):
    with pytest.raises(
        ValueError, match=r"file ending '\.gif' does not exist; there is '\.svg', '\.png', '\.pdf', '\.tex'"
    ):
        viz.draw(square()).save(tmp_path / "x.gif")
    assert words.BLANK not in viz.draw(square(), blank="all").tikz()


def test_a_tree_whose_root_is_left_out_begins_at_what_is_shown():
    y = Value(2.0, "x")
    for i in range(6):
        y = exp(-y)
        y.label = f"y{i}"
    shown = viz.draw(y, focus="x", depth=2).text()
    assert "…" in shown and "x" in shown and "y0 = exp(" in shown
