"""The live page: its model against the engine, then what a reader does with it in a real browser.

The model (live.js) computes in an empty page, many graphs at once; what is shown is tested in pages.
"""

import itertools
import json
import math
import random
import re
import struct
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_page import GRAPHS, cards, graphs, html, labelled, network, neuron, square

import nn
import viz
from autograd import Op, Value, dot, log, no_grad, ops, relu, scope, sqrt, tanh, topological_order, where
from viz import live, page
from viz.javascript import source
from viz.options import Options
from viz.records import read
from viz.text import full, short

DIGITS = (1, 2, 4, 8, None)


@pytest.fixture(scope="module")
def computing(browser):
    """Runs JavaScript in an empty page."""
    sheet = browser.new_page()
    yield lambda code: json.loads(sheet.evaluate(f"() => JSON.stringify({code}, {CODED})"))
    sheet.close()


CODED = "(_, x) => typeof x === 'number' && !Number.isFinite(x) ? String(x) : x"
LIBRARY = "".join(["let ROWS;\n", *map(source, ("numbers.js", "live.js"))])


def modelled(root, code, **options):
    """JavaScript: the value of `code`, in which `model` is the model of a graph and `start` its numbers."""
    data, rows = page._live(read([root]), [root], Options(**options))[1:]
    return f"""(() => {{ const data = {json.dumps(data)};\n{rows[1].replace("const ROWS", "ROWS", 1)}
        const model = modelled(data, data.views[0]), start = model.values.map(({{ number }}) => number);
        {code} }})()"""


def told(root, **options):
    """The moments as Python writes them: [phase, sentence, note, card, line, numbers in full]."""
    moments = page._moments(read([root]), root, Options(**options).digits)
    return [
        [
            each.phase,
            "".join(part if isinstance(part, str) else part[0] for part in each.parts),
            each.note,
            "" if each.node is None else f"n{each.node}",
            each.edge,
            [part[1] for part in each.parts if not isinstance(part, str)],
        ]
        for each in moments
    ]


TELL = """return model.computed(start).moments.map(({ phase, tell, note, node, edge }) => {
    const parts = tell(), texts = parts.map((part) => (typeof part === "string" ? part : part[0]));
    const numbers = parts.filter((part) => typeof part !== "string").map(([, all]) => all);
    return [phase, texts.join(""), note ?? "", node ?? "", edge ?? "", numbers]; });"""


def replayed(root, numbers):
    """The graph of a root recorded again from other numbers of its leaves, node by node."""
    made = {}
    for node in topological_order(root):
        if node.op is None:
            made[node] = Value(numbers[node])
        else:
            operands = [made[arg] for arg in node.args]
            made[node] = node if node.op is ops.constant else node.op.apply(operands)
    return made


def near(found, expected):
    """Equal to 1e-13; nan is equal to nan alone."""
    found, expected = float(found), float(expected)
    if math.isnan(found) or math.isnan(expected):
        return math.isnan(found) and math.isnan(expected)
    return found == expected or abs(found - expected) <= 1e-13 * max(1.0, abs(expected))


# ── Laws of the model ───────────────────────────────────────────────────────────────────────────────


def some_numbers():
    draw = random.Random(1)
    edges = """0 -0 1 -1 1e-5 1e5 1e16 1e15 123456.5 12345.5 12344.5 1234.5 1235.5 2.5 1e7 9999999.5 9999.5
        99995 5e-324 1e22 inf -inf nan"""
    return [
        *map(float, edges.split()),
        *(draw.uniform(-1, 1) * 10 ** draw.randint(-30, 30) for _ in range(1500)),
        *(draw.randint(-(10**6), 10**6) / draw.choice([1, 2, 4, 8, 16]) for _ in range(1500)),
        *(struct.unpack("d", struct.pack("Q", draw.getrandbits(64)))[0] for _ in range(1500)),
    ]


def test_numbers_are_written_as_python_writes_them(computing):
    numbers = some_numbers()
    written = ", ".join(repr(x).replace("inf", "Infinity").replace("nan", "NaN") for x in numbers)
    cases = [*itertools.product((False, True), DIGITS)]
    asked = json.dumps([{"signed": signed, "digits": digits} for signed, digits in cases])
    found = computing(
        f"(() => {{ {LIBRARY} return [{written}]"
        f".map((x) => [full(x), ...{asked}.map((o) => short(x, o))]); }})()"
    )
    assert found == [[full(x), *(short(x, *case) for case in cases)] for x in numbers]
    whole = [0, -7, 12345678, 123456789012, 2**53]
    found = computing(
        f"(() => {{ {LIBRARY} return {whole}"
        ".map((x) => [full(x, true), short(x, { digits: 4, whole: true })]); })()"
    )
    assert found == [[full(x), short(x)] for x in whole]


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(st.lists(graphs(), min_size=40, max_size=40))
def test_every_moment_is_told_as_python_tells_it(computing, roots):
    roots = [
        *roots,
        *(root for root in GRAPHS.values() if not live.why_not(read([root]))),
        network(2, (3, 1)),
    ]
    found = computing(
        f"(() => {{ {LIBRARY} return [{', '.join(modelled(root, TELL) for root in roots)}]; }})()"
    )
    assert found == [told(root) for root in roots]


def test_sentences_keep_to_the_digits_that_were_asked_for(computing):
    root = labelled(Value(2 / 3, "x") * 1.2345678 * 7.0, "y")
    for digits in DIGITS:
        code = modelled(root, TELL, digits=digits)
        assert computing(f"(() => {{ {LIBRARY} return {code}; }})()") == told(root, digits=digits)


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(st.lists(graphs(), min_size=25, max_size=25), st.randoms(use_true_random=False))
def test_numbers_after_an_edit_are_those_of_backward(computing, roots, draw):
    asked, expected = [], []
    for root in roots:
        view = read([root]).view
        numbers = {node: draw.choice([0.0, 1.5, -2.0, draw.uniform(-3, 3)]) for node in view.order}
        edits = [[i, numbers[node]] for i, node in enumerate(view.order) if node.op is None]
        asked.append(modelled(root, f"""
            for (const [i, x] of {json.dumps(edits)}) start[i] = x;
            try {{
                const {{ made, gradients }} = model.computed(start);
                return [made, made.map((_, i) => gradients[i] ?? 0)];
            }} catch (error) {{ return error.name; }}"""))  # fmt: skip
        try:
            made = replayed(root, numbers)
            made[root].backward()
        except ArithmeticError:
            expected.append("RangeError")
        else:
            expected.append(
                [[made[node].data for node in view.order], [made[node].grad for node in view.order]]
            )
    for found, right in zip(
        computing(f"(() => {{ {LIBRARY} return [{', '.join(asked)}]; }})()"), expected, strict=True
    ):
        if right == "RangeError":
            assert found == right
            continue
        for numbers, wanted in zip(found, right, strict=True):
            assert all(near(x, y) for x, y in zip(numbers, wanted, strict=True) if y is not None)


FORMULAS = {
    "2.5": 2.5, "−2": -2, "1/3": 1 / 3, "2 × (0.5 − 1)": -1, "-2^2": -4, "2^-1": 0.5, "3e-2": 0.03,
    "1,5": 1.5, "inf": math.inf, "": math.nan, "x": math.nan, "2 +": math.nan, "(1": math.nan,
    "1 2": math.nan,
}  # fmt: skip


def test_formulas_in_numbers_are_read(computing):
    found = computing(f"(() => {{ {LIBRARY} return {json.dumps([*FORMULAS])}.map(evaluated); }})()")
    assert all(map(near, found, FORMULAS.values()))


# ── Changing leaves ─────────────────────────────────────────────────────────────────────────────────

NUMBERS = """() => Object.fromEntries([...document.querySelectorAll("[data-name]")].map((g) => [
    g.dataset.name,
    ["value", "grad"].map((role) => g.querySelector(`[data-role=${role}]`)?.dataset.number)]))"""
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))"


def leaf(sheet, name):
    return sheet.locator(f'input[aria-label="{name}"]')


def assert_shows(sheet, root, **numbers):
    """Every number that the page holds is that of the engine, with these numbers of the leaves."""
    sheet.evaluate(FRAME)
    names = read([root]).names
    made = replayed(root, {node: numbers.get(names.get(node), node.data) for node in topological_order(root)})
    made[root].backward()
    found = sheet.evaluate(NUMBERS)
    for node, again in made.items():
        if node.op is not ops.constant:
            value, gradient = found[names[node]]
            assert near(value, again.data) and near(gradient, again.grad)


def test_typing_changes_every_number(opened):
    root = neuron()
    sheet = opened(html(root))
    assert_shows(sheet, root)
    leaf(sheet, "x1").fill("2.5")
    assert_shows(sheet, root, x1=2.5)
    leaf(sheet, "b").fill("1/4")
    assert_shows(sheet, root, x1=2.5, b=0.25)
    leaf(sheet, "w2").press("ArrowUp")
    assert leaf(sheet, "w2").input_value() == "1.1"
    leaf(sheet, "w2").press("Shift+ArrowDown")
    assert_shows(sheet, root, x1=2.5, b=0.25, w2=0.1)
    sheet.click("#reset")
    assert_shows(sheet, root)


@pytest.mark.parametrize("touch", [False, True])
def test_dragging_a_name_changes_its_number(opened, touch):
    root = neuron()
    sheet = opened(html(root), viewport={"width": 390, "height": 844}, has_touch=touch)
    box = sheet.locator(".grip", has_text="w1").bounding_box()
    assert box["width"] >= 24 and box["height"] >= 24
    x, y = box["x"] + 8, box["y"] + box["height"] / 2
    sheet.mouse.move(x, y)
    sheet.mouse.down()
    sheet.mouse.move(x + 40, y, steps=4)
    sheet.mouse.up()
    assert leaf(sheet, "w1").input_value() == "-2.5"
    assert_shows(sheet, root, w1=-2.5)


def test_what_is_no_number_or_leads_nowhere_leaves_all_as_it_was(opened):
    x = Value(2.0, "x")
    root = labelled(log(x) * x, "y")
    sheet = opened(html(root))
    for text, why in (
        ("two", "x needs a number, such as 2.5 or 1/3"),
        ("-1", "t1 = log(x) = log(−1): math domain error"),
    ):
        leaf(sheet, "x").fill(text)
        assert leaf(sheet, "x").get_attribute("aria-invalid") == "true"
        assert sheet.locator(".problem").inner_text() == why
        assert_shows(sheet, root)
    leaf(sheet, "x").fill("3")
    assert leaf(sheet, "x").get_attribute("aria-invalid") == "false"
    assert sheet.locator(".problem").inner_text() == ""
    assert_shows(sheet, root, x=3.0)


def test_steps_follow_an_edit(opened):
    sheet = opened(html(neuron()))
    sheet.evaluate("show(1)")
    leaf(sheet, "x1").fill("-1.5")
    sheet.evaluate(FRAME)
    assert sheet.inner_text("#sentence") == "t1 = x1 × w1 = −1.5 × (−3) = 4.5"
    sheet.keyboard.press("End")  # in a field, whose own key it is
    assert sheet.evaluate("now") == 1
    sheet.evaluate("document.activeElement.blur()")
    sheet.keyboard.press("End")
    leaf(sheet, "x1").fill("0")
    sheet.evaluate(FRAME)
    assert sheet.inner_text("#phase") == "Done" and "∂o/∂w1 = 0" in sheet.inner_text("#sentence")


def test_another_branch_and_a_nan_are_followed(opened):
    x, y = Value(1.0, "x"), Value(2.0, "y")
    sheet = opened(html(labelled(relu(x) * y, "z")))
    leaf(sheet, "x").fill("-1")
    sheet.evaluate(FRAME)
    assert sheet.evaluate(NUMBERS)["x"] == ["-1.0", "0.0"]
    colour = "() => getComputedStyle(document.querySelector('[data-name=y] [data-role=value]')).fill"
    usual = sheet.evaluate(colour)
    leaf(sheet, "y").fill("inf")
    sheet.evaluate(FRAME)
    assert sheet.evaluate(colour) != usual
    assert sheet.evaluate(NUMBERS)["z"][0] == "nan"


def test_a_nan_that_meets_no_local_derivative_stops_the_pass_as_in_python(opened):
    x, y = Value(4.0, "x"), Value(1.0, "y")
    t = labelled(sqrt(x), "t")
    sheet = opened(html(labelled(t * y - t * y, "z")))
    leaf(sheet, "y").fill("inf")  # ∂z/∂t = ∞ − ∞
    leaf(sheet, "x").fill("0")
    sheet.evaluate(FRAME)
    sheet.evaluate("show(1e6)")
    assert sheet.inner_text("#sentence").startswith("The backward pass stops at t = sqrt(x) = sqrt(0): ")


def test_a_where_that_was_decided_stays_decided_and_the_page_says_so(opened):
    x = Value(2.0, "x")
    sheet = opened(html(labelled(where(x > 1, lambda: x * x, lambda: -x), "y")))
    assert sheet.inner_text("#said") == live.CHOSEN
    leaf(sheet, "x").fill("-3")
    sheet.evaluate(FRAME)
    assert sheet.evaluate(NUMBERS)["y"][0] == "9.0"


def test_a_row_that_javascript_cannot_have_keeps_its_numbers(opened):
    bent = Op("bent", lambda x: math.sin(x), lambda x, z: math.cos(x))
    live_row = Op("cube", lambda x: x * x * x, lambda x, z: 3 * x * x)
    x, y = Value(0.5, "x"), Value(2.0, "y")
    root = labelled(bent(x) * live_row(y), "z")
    sheet = opened(html(root))
    assert leaf(sheet, "x").is_disabled()
    assert "math" in leaf(sheet, "x").get_attribute("title")
    leaf(sheet, "y").fill("3")
    assert_shows(sheet, root, y=3.0)


def test_a_row_that_is_not_the_same_at_every_call_stills_the_page(opened):
    calls = itertools.count(1)
    noisy = Op("noisy", lambda x: x * next(calls), lambda x, z: 1)
    root = labelled(noisy(Value(2.0, "x")) * 3.0, "y")
    sheet = opened(html(root))
    assert (
        sheet.inner_text("#said")
        == "The numbers stand still: computed here, t1 is another than Python recorded."
    )
    assert leaf(sheet, "x").is_disabled() and sheet.locator("#descend").is_disabled()
    sheet.keyboard.press("End")
    sheet.evaluate(FRAME)
    shown = sheet.evaluate(NUMBERS)
    assert [shown[name] for name in ("x", "t1", "y")] == [["2.0", "3.0"], ["2.0", "3.0"], ["6.0", "1"]]


def test_a_rule_that_fails_where_it_was_recorded_stops_the_pass_there(opened):
    def fails(x, z):
        raise ValueError("there is none")

    root = labelled(Op("bent", math.sin, fails)(Value(0.5, "x")) * Value(2.0, "y"), "z")
    sheet = opened(html(root))
    sheet.keyboard.press("End")
    said = sheet.inner_text("#sentence")
    assert said.startswith("The backward pass stops at t1 = ") and "there is none" in said
    assert cards(sheet)[1] == {"n0": "·", "n1": "+2", "n2": "+0.4794", "n3": "+1"}


@pytest.mark.parametrize(("root", "why"), [
    (Value(Fraction(1, 3), "x") * 2, "x is a Fraction"),
    (Value(1j, "z") * 2, "z is a complex"),
    (Value(2**60, "n") * 2, "n is so large an int"),
], ids=["fraction", "complex", "large"])  # fmt: skip
def test_other_numbers_stand_still_and_the_page_says_why(opened, root, why):
    sheet = opened(html(root))
    assert sheet.locator("#panel > p").last.inner_text().endswith(f"a page computes with floats, and {why}.")
    assert sheet.locator("input:not(#slider)").count() == 0
    sheet.keyboard.press("End")
    assert sheet.inner_text("#phase") == "Done"


def test_a_leaf_set_between_two_operations_stands_still():
    x = Value(2.0, "x")
    y = x * 3.0
    x.data = 5.0
    assert live.why_not(read([y * x])) == "Its numbers stand still: x was set between operations."


def test_a_leaf_set_after_the_forward_pass_begins_with_the_number_that_was_used(opened):
    def build():
        return labelled(sum([Value(2.0, "x1"), Value(3.0, "x2")]) * Value(4.0, "w"), "y")

    for make in neuron, build:
        root = make()
        for node in topological_order(root):
            node.data = 7.0 if node.op is None else node.data
        sheet = opened(html(root))
        assert leaf(sheet, "x1").input_value() == "2"
        leaf(sheet, "x1").fill("3")
        assert_shows(sheet, make(), x1=3.0)


def test_a_width_without_room_for_other_numbers_is_let_go(opened):
    x = Value(2.0, "x")
    diagram = viz.draw(labelled(x * x, "y"), width=260)
    assert diagram.scene.width <= 260
    assert_shows(opened(diagram.html()), labelled(x * x, "y"))


def test_many_leaves_stand_behind_a_fold_and_those_outside_of_scopes_in_front(opened):
    model = nn.MLP(2, [3, 1])
    sheet = opened(html(labelled(model([Value(1.0, "x1"), Value(2.0, "x2")]), "y")))
    assert sheet.locator("#leaves input").count() == 2
    assert sheet.inner_text("#more") == "13 more leaves"
    assert sheet.locator("#others input").count() == 13


def test_hostile_names_stay_names(opened):
    labels = [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "step",
        "__proto__",
        '"&#x',
    ]
    root = labelled(sum((Value(2.0, name) for name in labels), Value(1.0, "x")), "y")
    names = [name for node, name in read([root]).names.items() if node.op is None]
    sheet = opened(html(root))
    for name in names:
        assert sheet.evaluate(
            "(name) => [...document.querySelectorAll('input')].some((i) => i.ariaLabel === name)", name
        )
    sheet.get_by_label("step", exact=True).fill("7")
    sheet.get_by_label("__proto__", exact=True).fill("3")
    sheet.wait_for_timeout(300)
    sheet.reload()
    assert sheet.get_by_label("step", exact=True).input_value() == "7"
    assert sheet.get_by_label("__proto__", exact=True).input_value() == "3"


# ── Paths, a step of descent, a quiz ────────────────────────────────────────────────────────────────


def test_a_card_shows_its_paths_and_their_sum(opened):
    root = square()  # x · x + x: three paths
    sheet = opened(html(root))
    sheet.click("[data-name=x]")
    lines = sheet.locator("#sums li").all_inner_texts()
    assert sheet.inner_text("#about").startswith("∂y/∂x is a sum over 3 paths")
    assert lines == [
        "∂t1/∂x × ∂y/∂t1 = 3 × 1 = 3", "∂t1/∂x × ∂y/∂t1 = 3 × 1 = 3", "∂y/∂x = 1 = 1",
        "Sum over all paths = 7 = the gradient",
    ]  # fmt: skip
    assert sheet.locator(".way").count() == 4
    sheet.locator("#sums li").last.hover()
    sheet.locator("#sums li").nth(2).hover()
    assert sheet.locator(".way").count() == 1
    leaf(sheet, "x").fill("10")
    sheet.evaluate(FRAME)
    assert sheet.locator("#sums li").last.inner_text() == "Sum over all paths = 21 = the gradient"
    sheet.keyboard.press("Escape")
    sheet.click("#close")
    assert sheet.locator("#paths").is_hidden() and sheet.locator(".way").count() == 0


def test_of_very_many_paths_the_five_largest_are_shown(opened):
    value = x = Value(0.5, "x")
    for _ in range(60):
        value = value * 0.5 + value
    sheet = opened(html(labelled(value, "y")))
    clock = "() => { const start = performance.now(); showPaths(0); return performance.now() - start; }"
    sheet.evaluate(clock)
    assert sheet.inner_text("#about").startswith(f"∂y/∂x is a sum over {2**60} paths")
    lines = sheet.locator("#sums li").all_inner_texts()
    assert len(lines) == 7 and lines[0].endswith(" = 1")
    x.grad = 0
    value.backward()
    assert lines[-1] == f"Sum over all paths = {short(x.grad)} = the gradient"
    assert lines[-2].startswith(f"… and {2**60 - 5} more, together ")


def test_a_step_moves_every_leaf_against_its_gradient(opened):
    root = neuron()
    sheet = opened(html(root))
    root.backward()
    sheet.fill("#rate", "0.5")
    sheet.click("#descend")
    leaves = {node.label: node.data - 0.5 * node.grad for node in topological_order(root) if node.op is None}
    assert_shows(sheet, root, **leaves)
    made = replayed(root, {node: leaves.get(node.label) for node in topological_order(root)})
    assert sheet.inner_text("#moved") == f"o: {short(root.data)} → {short(made[root].data)}"
    assert sheet.locator("#spark").is_visible()
    sheet.fill("#rate", "x")
    sheet.click("#descend")
    assert sheet.inner_text("#moved") == "η needs a number, such as 0.1"


def test_a_step_out_of_the_domain_is_not_taken(opened):
    root = labelled(sqrt(Value(0.01, "x")), "y")
    sheet = opened(html(root))
    sheet.click("#descend")
    assert sheet.inner_text("#moved").startswith(
        "This step leads to where the graph does not exist: y = sqrt(x)"
    )
    assert_shows(sheet, root)


def test_the_quiz_hides_every_gradient_until_it_is_found(opened):
    root = neuron()
    sheet = opened(html(root))
    sheet.click("#test")
    hidden = (
        "() => [...document.querySelectorAll('[data-role=grad]')].filter((e) => e.textContent === '?').length"
    )
    assert sheet.evaluate(hidden) == 9 and not sheet.locator("#sentence").is_visible()
    sheet.click("[data-name=x1]")
    assert sheet.locator("#paths").is_hidden()  # which end in the gradient
    sheet.fill("#answer", "3")
    sheet.press("#answer", "Enter")
    assert sheet.inner_text("#hint") == "Not yet. Upstream × local: upstream ∂o/∂o = 1, local 0.5."
    root.backward()
    grads = {node.label or name: node.grad for node, name in read([root]).names.items()}
    for left in range(8, -1, -1):
        asked = sheet.inner_text("#question").removeprefix("∂o/∂").removesuffix(" =")
        sheet.fill("#answer", f"{grads[asked]:.3g} × 2/2")
        sheet.click("#check")
        assert sheet.evaluate(hidden) == left
    assert sheet.inner_text("#question") == "8 of 9 right at the first try."
    sheet.click("#test")
    assert sheet.locator("#quiz").is_hidden() and sheet.locator("#sentence").is_visible()


# ── Groups, size, address, slides ───────────────────────────────────────────────────────────────────


def grouped():
    x = [Value(1.0, "x1"), Value(-2.0, "x2")]
    with scope("one"):
        hidden = [tanh(dot([Value(0.5), Value(k / 4)], x)) for k in range(3)]
    with scope("two"):
        out = dot([Value(0.1 * k) for k in range(3)], hidden)
    return labelled(out * out, "L")


def test_groups_step_as_groups_and_open_and_close(opened):
    root = grouped()
    sheet = opened(viz.draw(root, group=1).html())
    sheet.keyboard.press("End")
    names = "() => [...document.querySelectorAll('[data-name]')].map((g) => g.dataset.name)"
    closed = sheet.evaluate(names)
    assert {"one", "two", "x1", "L"} <= {*closed}
    root.backward()
    assert sheet.locator("[data-name=x1] [data-role=grad]").text_content() == short(
        root_leaf(root, "x1").grad, True
    )
    sheet.evaluate(f"show({sheet.evaluate('state.moments.findIndex((m) => m.edge && m.node)')})")
    assert sheet.inner_text("#phase") == "Backward"
    sheet.click("[data-name=one]")
    assert len(sheet.evaluate(names)) > len(closed)
    sheet.keyboard.press("Escape")
    sheet.locator("g:has(>.frame)").dispatch_event("click")
    assert sheet.evaluate(names) == closed
    leaf(sheet, "x1").fill("3")
    sheet.evaluate(FRAME)
    numbers = {node: 3.0 if node.label == "x1" else node.data for node in topological_order(root)}
    assert near(sheet.evaluate(NUMBERS)["L"][0], replayed(root, numbers)[root].data)


def root_leaf(root, label):
    return next(node for node in topological_order(root) if node.label == label)


def test_a_graph_that_is_summed_up_for_its_size_alone_has_its_steps(opened):
    root = network(4, (8, 8, 1))
    assert 150 < len(topological_order(root)) < page.LIMIT
    sheet = opened(viz.draw(root).html())
    assert sheet.locator("[data-key^=n]").count() == len(read([root]).nodes)
    assert_shows(sheet, root)


def test_portrait_phones_get_the_downward_layout(opened):
    sheet = opened(html(neuron()), viewport={"width": 390, "height": 844})
    place = "(name) => document.querySelector(`[data-name=${name}]`).getBoundingClientRect().y"
    assert sheet.evaluate(place, "x1") < sheet.evaluate(place, "t1") < sheet.evaluate(place, "o")
    leaf(sheet, "x1").fill("1.5")
    sheet.set_viewport_size({"width": 1000, "height": 500})
    wide = "(name) => document.querySelector(`[data-name=${name}]`).getBoundingClientRect().x"
    sheet.wait_for_function("() => view.right && svg.width.baseVal.value > svg.height.baseVal.value")
    assert sheet.evaluate(wide, "x1") < sheet.evaluate(wide, "t1") < sheet.evaluate(wide, "o")
    assert_shows(sheet, neuron(), x1=1.5)


def test_fit_enlarges_and_the_buttons_zoom(opened):
    sheet = opened(html(square()), viewport={"width": 1600, "height": 900})
    width = "() => svg.getBoundingClientRect().width"
    natural = sheet.evaluate(width)
    sheet.click("#fit")
    assert sheet.evaluate(width) > 1.5 * natural
    sheet.click("#fit")
    assert sheet.evaluate(width) == pytest.approx(natural, abs=1)
    sheet.click("#larger")
    assert sheet.evaluate(width) == pytest.approx(1.25 * natural, abs=1)
    sheet.click("#smaller")
    assert sheet.evaluate(width) == pytest.approx(natural, abs=1)


def test_the_address_holds_the_state(opened):
    root = neuron()
    sheet = opened(html(root))
    leaf(sheet, "x1").fill("2.5")
    sheet.evaluate("show(7)")
    sheet.wait_for_timeout(300)
    assert sheet.evaluate("location.hash") == "#step=7&x1=2.5"
    sheet.reload()
    assert sheet.evaluate("now") == 7 and leaf(sheet, "x1").input_value() == "2.5"
    assert_shows(sheet, root, x1=2.5)
    sheet.evaluate("location.hash = 'step=3&w1=1/2'")
    sheet.wait_for_function("() => now === 3")
    assert_shows(sheet, root, w1=0.5)
    sheet.evaluate("history.replaceState(null, '', '#step=900&x1=nonsense&y=3')")
    sheet.reload()
    assert sheet.evaluate("now") == 16 and leaf(sheet, "x1").input_value() == "2"


def test_at_either_end_the_keys_go_on_to_the_slides_around(opened):
    frame = viz.draw(square()).iframe()._repr_html_()
    sheet = opened(
        f"<!doctype html><script>heard = []; onmessage = (e) => heard.push(e.data)</script>{frame}"
    )
    inner = sheet.frame_locator("iframe").locator("#picture")
    inner.press("PageUp")
    inner.press("PageDown")
    assert sheet.frames[1].evaluate("now") == 1
    inner.press("End")
    inner.press("ArrowRight")
    sheet.wait_for_function("() => heard.length === 2")
    assert sheet.evaluate("heard") == ['{"method":"prev"}', '{"method":"next"}']


def test_paper_shows_the_picture_and_no_controls(opened):
    sheet = opened(html(neuron()))
    sheet.emulate_media(media="print")
    assert not any(sheet.locator(f"#{name}").is_visible() for name in ("controls", "touch", "size"))
    assert sheet.locator("#picture svg").is_visible()


def test_no_page_depends_on_the_recording_mode():
    root = neuron()
    with no_grad():
        assert html(root) == html(root)
    assert not re.search("https?:", html(root))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_nothing_is_in_the_way_of_a_screen_reader_or_a_keyboard(browser, tmp_path, size, scheme):
    """By the rules of axe-core, at the start, on the way, with the paths open, and in the quiz."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed (extra: test)"
    )
    viewport = {"width": size[0], "height": size[1]}
    sheet = browser.new_page(bypass_csp=True, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    for name, text in ("neuron", html(neuron())), ("groups", viz.draw(grouped(), group=1).html()):
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        sheet.goto(path.as_uri())
        for state in "show(0)", "show(6)", "showPaths(0)", "element.test.click()":
            sheet.evaluate(state)
            assert axe.Axe().run(sheet).response["violations"] == []
    sheet.close()
