"""The step-through page: laws of its file, then its behaviour in a real browser, then errors.

A browser test opens the page from a file, and fails where the page asks for anything else or complains.
"""

import json
import random
import re
import time
import zlib
from base64 import b64decode, b64encode
from fractions import Fraction
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import outputs

import viz
from autograd import (
    Value,
    backward_steps,
    constant,
    dot,
    log,
    maximum,
    no_grad,
    ops,
    sqrt,
    tanh,
    topological_order,
    where,
)
from viz import page
from viz.cards import scene
from viz.options import Options
from viz.records import read
from viz.scene import leaves
from viz.text import full, short

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\u2028]]>\u2029&lt;",
    """'"`${alert(1)}\\""",
    "{data}{}%s",
    "苹果🍎",
    "שלום עולם",
]


def html(root, **options):
    graph, chosen = read([root]), Options(**options)
    return page.render(graph, chosen, [root], lambda: scene(graph, chosen))


def unpacked(text):
    """What the page's loader unpacks: a line of JSON, and the script."""
    packed = re.search(r'<script type="text/plain" id="code" data-size="\d+">(.*?)</script>', text)[1]
    return zlib.decompress(b64decode(packed), -15).decode()


def script(text):
    return unpacked(text).partition("\n")[2]


def data(root, **options):
    """What a page that tells what Python has written holds, also of floats."""
    return json.loads(json.dumps(page._told(read([root]), [root], Options(**options))[1]))


def said(step):
    """The sentence of a step."""
    return "".join(part if isinstance(part, str) else part[0] for part in step["parts"])


def labelled(value, label):
    value.label = label
    return value


def neuron():
    x1, x2, w1, w2 = (Value(x, name) for x, name in ((2.0, "x1"), (0.0, "x2"), (-3.0, "w1"), (1.0, "w2")))
    return labelled(tanh(x1 * w1 + x2 * w2 + Value(6.881373587, "b")), "o")


def apples(number=float):
    apple, count, tax = Value(100, "apple"), Value(2, "count"), Value(number("1.1"), "tax")
    return labelled(labelled(apple * count, "apples") * tax, "price")


def square():
    x = Value(3.0, "x")
    return labelled(x * x + x, "y")


def branch():
    x, y = Value(2.0, "x"), Value(5.0, "y")
    return where(x > 1, 2 * x, tanh(y)) + 1


def network(inputs=4, widths=(8, 8, 1)):
    """An MLP product by product."""
    draw = random.Random(1)
    values = [Value(draw.uniform(-1, 1), f"x{i}") for i in range(inputs)]
    for width in widths:
        neurons = [[Value(draw.uniform(-1, 1)) for _ in values] for _ in range(width)]
        sums = [sum(map(Value.__mul__, weights, values), Value(0.1)) for weights in neurons]
        values = [tanh(each) for each in sums]
    return values[0]


GRAPHS = {
    "neuron": neuron(), "apples": apples(), "fractions": apples(Fraction), "square": square(),
    "branch not taken": branch(), "complex": Value(1 + 2j, "z") * 2, "a leaf": Value(2.0, "x"),
    "many operands": dot([Value(1.0, "a"), Value(2.0, "b")], [Value(3.0, "c"), 4.0]),
}  # fmt: skip


@st.composite
def graphs(draw):
    """A root over shared subexpressions, constants and branches, with any labels."""
    labels = st.sampled_from(["", "", "x", "w", *HOSTILE]) | st.text(max_size=20)
    nodes = [Value(x, draw(labels)) for x in draw(st.lists(st.floats(-3, 3), min_size=1, max_size=4))]
    for _ in range(draw(st.integers(0, 10))):
        left, right = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(2))
        made = [left + right, left * right, 2 * left, left**2, tanh(left), maximum(left, right)]
        made.append(where(left > right, left, right))
        nodes.append(labelled(draw(st.sampled_from(made)), draw(labels)))
    return nodes[-1]


def states(root):
    """What every card shows at every step, from the engine alone: [({key: value}, {key: gradient}), …]"""
    order = [node for node in topological_order(root) if node.op is not ops.constant]
    keys = {node: f"n{i}" for i, node in enumerate(topological_order(root))}
    values = {keys[node]: short(node.data) if not node.args else "·" for node in order}
    gradients = {keys[node]: "·" for node in order}
    shown = [(dict(values), dict(gradients))]
    for node in order:
        if node.args:
            values[keys[node]] = short(node.data)
            shown.append((dict(values), dict(gradients)))
    gradients[keys[root]] = "+1"
    shown.append((values, dict(gradients)))
    for step in backward_steps(root):
        gradients[keys[step.argument]] = short(step.total, signed=True)
        shown.append((values, dict(gradients)))
    shown.append((values, {key: "0" if text == "·" else text for key, text in gradients.items()}))
    return shown


# ── Laws of the file ────────────────────────────────────────────────────────────────────────────────


@given(graphs())
def test_the_data_follow_the_engines_steps_and_end_in_its_gradients(root):
    found = data(root)
    expected = states(root)
    assert len(found["steps"]) == len(expected)
    for now, (values, gradients) in enumerate(expected):
        for key, (born, sums) in found["nodes"].items():
            assert ["·", *(text for step, text, _ in sums if step <= now)][-1] == gradients[key]
            assert (born > now) == (values[key] == "·")
    root.backward()
    leaves = [(f"n{i}", node) for i, node in enumerate(topological_order(root)) if node.op is None]
    for key, node in leaves:
        assert full(node.grad + 0.0) == full(float(found["nodes"][key][1][-1][2]) + 0.0)


@given(graphs())
def test_no_tooltip_of_a_line_gives_a_step_away(root):
    before = data(root)
    root.backward()
    assert data(root) == before
    (view,) = before["views"]
    marks = [mark for mark in view["right"][2:] if mark[1].get("data-key") in before["edges"]]
    titles = [inner[2] for _, _, *parts in marks for inner in parts if inner[0] == "title"]
    assert len(titles) == len(before["edges"]) and not any("upstream" in title for title in titles)


class Outline(HTMLParser):
    """The elements of a page, checked to be closed in order."""

    VOID = {"meta", "link", "input", "rect", "path"}

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.VOID or self.open.pop() == tag


@given(graphs(), st.sampled_from(["auto", "light", "dark"]))
def test_the_file_is_well_formed_and_asks_for_nothing(root, theme):
    text = html(root, theme=theme)
    elements = Outline(text).elements
    assert [tag for tag, _ in elements].count("script") == 2
    keys = re.findall('"data-key":"(.*?)"', json.dumps(data(root)["views"], separators=(",", ":")))
    assert len(keys) == len(set(keys)) and {*data(root)["nodes"], *data(root)["edges"]} <= set(keys)
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    built = re.findall('"id":"(.*?)"', unpacked(text))  # by the script, of the pictures one at a time
    ids += [name for name in built if not name.startswith("graph-")]
    assert len(ids) == len(set(ids))
    assert not any(
        name.startswith("on") or name == "src" for _, attributes in elements for name in attributes
    )
    assert not re.findall("https?:", text)
    addresses = re.findall("https?:[^\"'` ]*", unpacked(text))
    assert {*addresses} <= {"http://www.w3.org/2000/svg", "http://www.w3.org/${own}"}
    policy = next(attributes["content"] for _, attributes in elements if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for inline in [script(text), *re.findall("<(?:script|style)>(.*?)</(?:script|style)>", text, re.DOTALL)]:
        assert f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'" in policy


ENDS = [
    "</script", "</script>", "</SCRIPT >", "</sCrIpT/x>", "\u2028</script", "<!--", "<!--<script>", "-->",
    "</style\t>", "</title>", "]]>", "&lt;/script&gt;", "</svg>",
]  # fmt: skip


@given(st.lists(st.sampled_from(ENDS) | st.text(), min_size=2, max_size=4))
def test_no_label_ends_the_data_the_script_or_the_style(labels):
    """As a browser reads them: a script ends at the first end tag of its name, in whatever letters."""

    def build(labels):
        first, *others = (Value(2.0, label) for label in labels)
        return labelled(sum(others, first * first), labels[0])

    root = build(labels)
    text, plain = html(root), html(build("x" * len(labels)))
    for tag in "script", "style", "title", "svg", "main", "!--":
        ends = re.compile(f"<{tag}|</{tag}", re.IGNORECASE)
        assert len(ends.findall(text)) == len(ends.findall(plain))
    said_of_all = " ".join(said(step) for step in data(root)["steps"])
    assert all(node.name in said_of_all for node in read([root]).nodes)


def test_the_script_writes_texts_alone():
    """Nothing in it reads a text as markup or as code, or reaches outside of the page."""
    code = script(html(neuron()))
    words = """innerHTML outerHTML insertAdjacent createContextualFragment DOMParser document.write eval(
        Function( srcdoc import( fetch XMLHttp window. setAttribute("on localStorage javascript:"""
    assert not [word for word in words.split() if word in code]
    assert re.findall(r"createElement\w*\((.*?)\)", code) == ["`http://www.w3.org/${own}`, tag"]


@given(graphs())
def test_the_same_graph_gives_the_same_bytes_whether_backward_has_run_or_not(root):
    before = html(root)
    root.backward()
    assert html(root) == before
    with no_grad():
        assert html(root) == before


def test_the_same_bytes_in_every_process():
    script = "from test_page import html, neuron; print(html(neuron()))"
    assert len(outputs(script)) == 1


def test_a_neuron_is_small_and_a_network_is_quick():
    assert len(html(neuron()).encode()) < 32_000
    root = network(4, (10, 9, 1))
    assert 400 < len(topological_order(root)) < page.LIMIT
    start = time.perf_counter()
    assert len(html(root)) < 250_000
    assert time.perf_counter() - start < 5  # seconds; about 0.3


def test_every_card_has_room_for_its_longest_running_sum():
    x = Value(1 / 3, "x")
    root = (x * -1234.5 + x * 1234.4) + x * 0.1  # the sums: −1234, −0.1, 0
    sums = [text for _, text, _ in data(root)["nodes"]["n0"][1]]
    assert len(sums) == 3
    (scene,) = page._told(read([root]), [root], Options())[0]
    assert max(sums, key=len) in [mark.text for mark in leaves(scene.marks) if mark.kind == "gradient"]


# ── Sentences known by heart ────────────────────────────────────────────────────────────────────────


def test_the_neuron_in_words():
    sentences = [f"{step['phase']}: {said(step)}" for step in data(neuron())["steps"]]
    assert sentences == [
        "Start: 5 leaves with a number, 5 operations to compute.",
        "Forward: t1 = x1 × w1 = 2 × (−3) = −6",
        "Forward: t2 = x2 × w2 = 0 × 1 = 0",
        "Forward: t3 = t1 + t2 = −6 + 0 = −6",
        "Forward: t4 = t3 + b = −6 + 6.881 ≈ 0.8814",
        "Forward: o = tanh(t4) = tanh(0.8814) = 0.7071",
        "Backward: o: seed 1",
        "Backward: ∂o/∂t4 += ∂o/∂o × ∂o/∂t4 = 1 × 0.5 = 0.5, so far 0.5",
        "Backward: ∂o/∂t3 += ∂o/∂t4 × ∂t4/∂t3 = 0.5 × 1 = 0.5, so far 0.5",
        "Backward: ∂o/∂b += ∂o/∂t4 × ∂t4/∂b = 0.5 × 1 = 0.5, so far 0.5",
        "Backward: ∂o/∂t1 += ∂o/∂t3 × ∂t3/∂t1 = 0.5 × 1 = 0.5, so far 0.5",
        "Backward: ∂o/∂t2 += ∂o/∂t3 × ∂t3/∂t2 = 0.5 × 1 = 0.5, so far 0.5",
        "Backward: ∂o/∂x2 += ∂o/∂t2 × ∂t2/∂x2 = 0.5 × 1 = 0.5, so far 0.5",
        "Backward: ∂o/∂w2 += ∂o/∂t2 × ∂t2/∂w2 = 0.5 × 0 = 0, so far 0",
        "Backward: ∂o/∂x1 += ∂o/∂t1 × ∂t1/∂x1 = 0.5 × (−3) = −1.5, so far −1.5",
        "Backward: ∂o/∂w1 += ∂o/∂t1 × ∂t1/∂w1 = 0.5 × 2 = 1, so far 1",
        "Done: ∂o/∂x1 = −1.5, ∂o/∂w1 = 1, ∂o/∂x2 = 0.5, ∂o/∂w2 = 0, ∂o/∂b = 0.5.",
    ]


def test_formulas_and_all_digits_stand_beside_the_sentence():
    steps = data(apples())["steps"]
    assert said(steps[2]) == "price = apples × tax = 200 × 1.1 = 220"
    assert steps[2]["parts"][-1] == ["220", "220.00000000000003"]
    assert [step.get("note") for step in steps[3:6]] == [
        "∂price/∂price = 1",
        "∂price/∂apples = tax, as price = apples × tax",
        "∂price/∂tax = apples, as price = apples × tax",
    ]
    assert said(data(apples(Fraction))["steps"][4]) == (
        "∂price/∂apples += ∂price/∂price × ∂price/∂apples = 1 × 11/10 = 11/10, so far 11/10"
    )
    assert said(data(apples(), digits=None)["steps"][2]).endswith(" = 220.00000000000003")


def test_a_square_passes_twice_and_sums():
    steps = [said(step) for step in data(square())["steps"]]
    assert steps[5:7] == [
        "∂y/∂x += ∂y/∂y × ∂y/∂x = 1 × 1 = 1, so far 1",
        "∂y/∂x += ∂y/∂t1 × ∂t1/∂x = 1 × 3 = 3, so far 4",
    ]


def test_numbers_are_written_as_they_are_read():
    x = Value(-3.0, "x")
    steps = [said(data(root)["steps"][1]) for root in (x**2, 2 - x, -x, 2 * x)]
    assert steps == ["t1 = x² = (−3)² = 9", "t1 = 2 − x = 2 − (−3) = 5", "t1 = −x = −(−3) = 3", "t1 = 2 × x = 2 × (−3) = −6"]  # fmt: skip  # noqa: E501


def test_setting_data_after_the_forward_pass_changes_no_step():
    root = neuron()
    before = data(root)["steps"]
    for node in topological_order(root):
        node.data = 7.0 if node.op is None else node.data
    assert data(root)["steps"] == before


def test_right_to_left_names_are_set_apart(opened):
    sheet = opened(html(Value(2.0, "שלום עולם") * Value(3.0, "y")))
    sheet.keyboard.press("ArrowRight")
    assert sheet.text_content("#sentence") == "t1 = \u2068שלום עולם\u2069 × y = 2 × 3 = 6"


# ── In a browser ────────────────────────────────────────────────────────────────────────────────────


CARDS = """() => Object.fromEntries([".data", ".gradient"].map((part) => [part, Object.fromEntries(
    [...document.querySelectorAll("[data-key]:has(" + part + ")")]
    .map((g) => [g.dataset.key, g.querySelector(part).textContent]))]))"""
WITH = "(name) => [...document.querySelectorAll('.' + name)].map((g) => g.dataset.key)"
COUNT = "() => document.getElementById('count').textContent"


def cards(sheet):
    return tuple(sheet.evaluate(CARDS).values())


@pytest.mark.parametrize("name", GRAPHS)
def test_the_cells_fill_in_the_order_of_the_pass_with_its_numbers(opened, name):
    root = GRAPHS[name]
    sheet = opened(html(root))
    expected = states(root)
    for state in expected:
        assert cards(sheet) == state
        sheet.keyboard.press("ArrowRight")
    assert cards(sheet) == expected[-1]  # another press at the end changes nothing
    for state in reversed(expected):
        assert cards(sheet) == state
        sheet.keyboard.press("ArrowLeft")


def test_the_active_card_and_its_lines_are_marked(opened):
    root = neuron()
    sheet = opened(html(root))
    assert sheet.evaluate(WITH, "later") == [
        *("e2.0", "e2.1", "e5.0", "e5.1", "e6.0", "e6.1", "e8.0", "e8.1", "e9.0"),
        *("n2", "n5", "n6", "n8", "n9"),
    ]
    sheet.evaluate("show(3)")
    assert sheet.evaluate(WITH, "active") == ["n6"]
    assert sheet.evaluate(WITH, "near") == ["e6.0", "e6.1"]
    assert sheet.evaluate(WITH, "later") == ["e8.0", "e8.1", "e9.0", "n8", "n9"]
    steps = backward_steps(root)
    keys = {node: f"{i}" for i, node in enumerate(topological_order(root))}
    for i, step in enumerate(steps):
        sheet.evaluate(f"show({7 + i})")
        assert sheet.evaluate(WITH, "step") == [f"e{keys[step.node]}.{step.position}"]
        assert sheet.evaluate(WITH, "active") == [f"n{keys[step.node]}"]
        assert sheet.evaluate(WITH, "receives") == [f"n{keys[step.argument]}"]
        assert len(sheet.evaluate(WITH, "unpassed")) == len(steps) - i - 1
    width = "() => parseFloat(getComputedStyle(document.querySelector('.step .line')).strokeWidth)"
    assert sheet.evaluate(width) > 3


def test_slider_keys_and_buttons_move(opened):
    sheet = opened(html(neuron()))
    moves = [
        (lambda: sheet.keyboard.press("ArrowRight"), 1), (lambda: sheet.keyboard.press("End"), 16),
        (lambda: sheet.keyboard.press("ArrowLeft"), 15), (lambda: sheet.keyboard.press("Home"), 0),
        (lambda: sheet.keyboard.press("ArrowLeft"), 0), (lambda: sheet.click("#next"), 1),
        (lambda: sheet.click("#back"), 0), (lambda: sheet.locator("#slider").fill("9"), 9),
        (lambda: sheet.focus("#slider"), 9), (lambda: sheet.keyboard.press("ArrowRight"), 10),
        (lambda: sheet.focus("#picture"), 10), (lambda: sheet.keyboard.press("ArrowLeft"), 9),
        (lambda: sheet.keyboard.press("Control+ArrowRight"), 9),
    ]  # fmt: skip
    for move, expected in moves:
        move()
        assert sheet.evaluate(COUNT) == f"step {expected} of 16"
        assert sheet.locator("#slider").input_value() == str(expected)
        assert sheet.get_attribute("#slider", "aria-valuetext") == f"step {expected} of 16"


KEYS = {"ArrowLeft": -1, "ArrowRight": 1, "PageUp": -1, "PageDown": 1, "Home": -16, "End": 16}


@pytest.mark.parametrize("focus", ["body", "#picture", "#slider", "#next", "#play", "#fit"])
def test_every_key_does_the_same_wherever_the_focus_is(opened, focus):
    """Its own step and nothing else; with Control, Alt, Meta or Shift it is the browser's, as others are."""
    sheet = opened(html(neuron()))
    for start in (0, 7, 16):
        for key, move in KEYS.items():
            sheet.evaluate(f"show({start})")
            sheet.focus(focus) if focus != "body" else sheet.evaluate("document.activeElement.blur()")
            sheet.keyboard.press(key)
            assert sheet.evaluate("now") == min(max(start + move, 0), 16)
            assert sheet.evaluate("[scrollX, scrollY]") == [0, 0]
    prevented = """([key, held]) => {
        const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held });
        return !document.body.dispatchEvent(event);
    }"""
    sheet.evaluate("show(7)")
    for held in ({"ctrlKey": True}, {"altKey": True}, {"metaKey": True}, {"shiftKey": True}):
        assert not any(sheet.evaluate(prevented, [key, held]) for key in [*KEYS, " "])
    assert not any(sheet.evaluate(prevented, [key, {}]) for key in ("a", "Enter", "ArrowUp", "Tab"))
    assert sheet.evaluate("now") == 7 and sheet.inner_text("#play") == "Play"


@pytest.mark.parametrize("size", [(1000, 500), (601, 500), (600, 640), (360, 640)])
def test_the_picture_stands_over_the_panel_and_its_controls_in_rows(opened, size):
    """In one row in their order; in a narrow window the slider has a row of its own over the others."""
    sheet = opened(html(apples()), viewport={"width": size[0], "height": size[1]})
    box = lambda name: sheet.locator(name).bounding_box()
    header, picture, panel, story = (box(each) for each in ("header", "#picture", "#panel", "#story"))
    assert header["y"] == 0 and header["height"] <= picture["y"] + 0.5
    assert picture["height"] > 100 and picture["y"] + picture["height"] <= panel["y"] + 0.5
    assert panel["y"] + panel["height"] == pytest.approx(size[1], abs=1)
    names = ["back", "play", "next", "slider", "count"]
    controls = [box(f"#{name}") for name in names]
    assert all(control["y"] >= story["y"] + story["height"] - 0.5 for control in controls)
    if size[0] <= 600:
        slider = controls.pop(3)
        assert slider["width"] > 0.8 * size[0]
        assert all(slider["y"] + slider["height"] <= control["y"] for control in controls)
    for left, right in pairwise(controls):
        assert left["x"] + left["width"] <= right["x"] + 0.5
        assert abs(left["y"] + left["height"] / 2 - right["y"] - right["height"] / 2) < 2
    assert all(0 <= c["x"] and c["x"] + c["width"] <= size[0] + 0.5 for c in controls)
    assert all(
        c["height"] >= 24 and c["width"] >= 24 for c in controls[:3]
    )  # large enough for a finger (WCAG 2.2, 2.5.8)


def test_play_runs_to_the_end_and_stops(opened):
    sheet = opened(html(apples()).replace(f'data-pace="{page.PACE}"', 'data-pace="20"'))
    sheet.keyboard.press("Space")
    sheet.locator("#count", has_text="step 8 of 8").wait_for(timeout=5000)
    sheet.locator("#play", has_text="Play").wait_for(timeout=5000)


def test_play_starts_again_at_the_end_and_pauses_for_whatever_moves(opened):
    sheet = opened(html(apples()).replace(f'data-pace="{page.PACE}"', 'data-pace="60000"'))
    sheet.keyboard.press("End")
    sheet.click("#play")
    assert (sheet.inner_text("#play"), sheet.evaluate(COUNT)) == ("Pause", "step 0 of 8")
    sheet.keyboard.press("Space")  # on the button, which has the focus: a click
    assert sheet.inner_text("#play") == "Play"
    sheet.click("#play")
    sheet.keyboard.press("ArrowRight")
    assert (sheet.inner_text("#play"), sheet.evaluate(COUNT)) == ("Play", "step 2 of 8")
    sheet.click("#play")  # the first step at once
    assert (sheet.inner_text("#play"), sheet.evaluate(COUNT)) == ("Pause", "step 3 of 8")


def test_the_sentence_is_spoken_and_tooltips_follow(opened):
    sheet = opened(html(apples()))
    assert sheet.get_attribute("#story", "aria-live") == "polite"
    heard = set()
    for _ in range(9):
        heard.add(sheet.inner_text("#story"))
        sheet.keyboard.press("ArrowRight")
    assert len(heard) == 9
    title = "[data-key=n4] title"
    assert "gradient 1" in sheet.text_content(title)
    assert "value 220.00000000000003" in sheet.text_content(title)
    sheet.keyboard.press("Home")
    assert sheet.text_content(title) == (
        "price = apples × tax\nvalue not computed yet\ngradient none has arrived"
    )
    sheet.evaluate("show(2)")
    assert sheet.get_attribute("#sentence span", "title") == "220.00000000000003"


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05


@pytest.mark.parametrize(("theme", "scheme", "dark"), [
    ("auto", "light", False), ("auto", "dark", True), ("light", "dark", False), ("dark", "light", True),
])  # fmt: skip
def test_themes_follow_the_reader_or_the_option_and_every_text_can_be_read(opened, theme, scheme, dark):
    sheet = opened(html(neuron(), theme=theme), color_scheme=scheme, reduced_motion="reduce")
    style = "([name, property]) => getComputedStyle(document.querySelector(name))[property]"
    ground = luminance(sheet.evaluate(style, ["body", "backgroundColor"]))
    assert (ground < 0.1) == dark == (luminance(sheet.evaluate(style, [".ground", "fill"])) < 0.1)
    panel = luminance(sheet.evaluate(style, ["#panel", "backgroundColor"]))
    for step in 3, 11:
        sheet.evaluate(f"show({step})")
        for text in "#phase", "#sentence", "#note", "#count", "#play":
            low, high = sorted((luminance(sheet.evaluate(style, [text, "color"])), panel))
            assert high / low >= 4.5
        stroke = luminance(sheet.evaluate(style, [".active > rect", "stroke"]))
        assert max(stroke, ground) / min(stroke, ground) >= 3


def test_motion_only_for_who_wants_it(opened):
    duration = "() => getComputedStyle(document.querySelector('#picture g')).transitionDuration"
    durations = [
        opened(html(apples()), f"{motion}.html", reduced_motion=motion).evaluate(duration)
        for motion in ("reduce", "no-preference")
    ]
    assert durations == ["0s", "0.25s"]


def test_hostile_labels_are_shown_and_run_nothing(opened):
    root = sum((Value(2.0, label) for label in HOSTILE), Value(1.0, HOSTILE[0]))
    root.label = HOSTILE[0]
    sheet = opened(html(root))
    names = [node.name for node in read([root]).nodes if node.label]
    assert len(names) == len(HOSTILE) + 2
    assert names[-1] in sheet.title()
    sentences = sheet.evaluate(
        "state.moments.map((_, k) => (show(k), document.getElementById('sentence').textContent))"
    )
    plain = re.sub("[\u2068\u2069]", "", " ".join(sentences))
    for name in names:
        assert name in plain
        assert name in sheet.text_content("#picture")
    assert sheet.evaluate("document.scripts.length") == 3
    assert sheet.evaluate("document.images.length") == 0


@pytest.mark.parametrize("options", [
    {"labels": False, "local": "none", "digits": 2}, {"direction": "down", "local": "both", "digits": None},
    {"values": False, "gradients": False}, {"local": "formula"},
])  # fmt: skip
def test_whatever_the_picture_hides_the_page_shows_every_number(opened, options):
    root = neuron()
    sheet = opened(html(root, **options))
    digits = options.get("digits", 4)
    sheet.keyboard.press("End")
    shown = cards(sheet)
    root.backward()
    for i, node in enumerate(topological_order(root)):
        assert shown[0][f"n{i}"] == short(node.data, digits=digits)
        assert shown[1][f"n{i}"] == short(node.grad, True, digits)


def test_small_windows_scroll_the_picture_alone_follow_the_step_and_fit(opened):
    sheet = opened(html(neuron()), viewport={"width": 400, "height": 640}, reduced_motion="reduce")
    wide = "() => document.documentElement.scrollWidth <= 400 && document.documentElement.scrollHeight <= 640"
    seen = """(key) => { const box = document.querySelector(`[data-key=${key}]`).getBoundingClientRect();
        return box.left >= 0 && box.right <= 400; }"""
    assert not sheet.evaluate(seen, "n9")
    sheet.evaluate("show(6)")
    assert sheet.evaluate(seen, "n9") and not sheet.evaluate(seen, "n0")
    sheet.keyboard.press("End")
    sheet.keyboard.press("ArrowLeft")
    assert sheet.evaluate(seen, "n1")
    assert sheet.evaluate(wide)
    sheet.click("#fit")
    assert sheet.get_attribute("#fit", "aria-pressed") == "true"
    assert sheet.evaluate(seen, "n0") and sheet.evaluate(seen, "n9")


def test_the_card_that_receives_is_always_in_sight(opened):
    sheet = opened(html(neuron()), viewport={"width": 240, "height": 640}, reduced_motion="reduce")
    sides = """(k) => { show(k); const box = document.querySelector(".receives").getBoundingClientRect();
        return [box.left, box.right]; }"""
    for step in range(7, 16):
        left, right = sheet.evaluate(sides, step)
        assert 0 <= left < right <= 240


def test_every_control_has_a_name_and_shows_the_focus(opened):
    sheet = opened(html(apples()))
    focus = "() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
    sheet.focus("#picture")
    assert sheet.evaluate(focus) == ["picture", "solid"]
    sheet.focus("[data-key=n4]")  # the last card; there is no step before the first
    for name in "smaller", "fit", "larger", "play", "next", "slider":
        sheet.keyboard.press("Tab")
        assert sheet.evaluate(focus) == [name, "solid"]
    for control in sheet.locator("button, input, main, section").all():
        assert control.get_attribute("aria-label") or control.inner_text()


def test_a_network_opens_in_a_moment(opened):
    root = network(4, (10, 9, 1))
    sheet = opened(html(root))
    timing = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"
    assert sheet.evaluate(timing) < 3000  # milliseconds; about 300
    start = time.perf_counter()
    for _ in range(20):
        sheet.keyboard.press("ArrowRight")
    sheet.keyboard.press("End")
    assert time.perf_counter() - start < 4
    assert cards(sheet) == states(root)[-1]


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(opened):
    diagram = viz.draw(apples())
    frame = diagram.iframe(height=300)._repr_html_()
    sheet = opened(f"<!doctype html><title>notebook</title>{frame}")
    inner = sheet.frame_locator("iframe")
    inner.locator("#next").click()
    assert inner.locator("#sentence").inner_text() == "apples = apple × count = 100 × 2 = 200"
    assert sheet.locator("iframe").bounding_box()["height"] == 300


# ── Pages without steps, and errors ─────────────────────────────────────────────────────────────────


def test_several_roots_and_too_many_values_are_still_pictures(opened):
    x = Value(2.0, "x")
    several = viz.draw([x * 2, tanh(x)]).html()
    assert "Steps lead back from one root, and this picture has 2" in several
    long = x
    for _ in range(page.LIMIT):
        long = long + x
    many = html(long)
    assert "501 values are too many to follow step by step: draw a graph of at most 500." in many
    for text in several, many:
        Outline(text)
        assert "<script" not in text
        assert "script-src" not in text
    assert opened(several).locator("svg").count() == 1


def test_a_part_of_a_graph_is_a_still_picture():
    root = neuron()
    part = viz.draw(root, focus="t1", depth=1).html()
    assert "This picture is showing 4 of 10 values; 6 left out." in part
    assert "viz.draw(root).html()" in part


def test_a_constant_has_nothing_to_differentiate(opened):
    sheet = opened(html(constant(2.0) * 3))
    sheet.keyboard.press("End")
    assert sheet.inner_text("#sentence") == "There is no leaf, so there is nothing to differentiate."


def test_where_a_derivative_does_not_exist_the_page_says_so(opened):
    sheet = opened(html(sqrt(Value(0.0, "x"))))
    sheet.keyboard.press("End")
    assert sheet.inner_text("#sentence").startswith("The backward pass stops at t1 = sqrt(x) = sqrt(0): ")
    assert cards(sheet)[1] == {"n0": "·", "n1": "+1"}
    assert html(sqrt(Value(0.0, "\ud800\u202e"))).encode().count("\u202e".encode()) == 0


def test_a_diagram_saves_its_page(tmp_path):
    diagram = viz.draw(apples())
    assert diagram.save(tmp_path / "apples.html").read_text(encoding="utf-8") == diagram.html()
    assert diagram.html() == html(apples())
    assert "log(" in viz.draw(log(Value(2.0, "x")), style="record").html()


@pytest.mark.parametrize("blank", ["", "gradients", "all"])
@pytest.mark.parametrize("style", ["record", "textbook"])
@pytest.mark.parametrize("form", ["svg", "html", "dot", "mermaid", "text"])
def test_every_format_keeps_to_the_style_and_gives_no_answer_of_a_worksheet_away(form, style, blank):
    x, y = Value(3.217, "x"), Value(4.129, "y")
    z = labelled(x * y, "z")
    z.backward(seed=10**6)  # so that gradients are other numbers than the leaves
    diagram = viz.draw(z, style=style, blank=blank, local="none" if style == "record" else "number")
    make = {"dot": lambda: diagram.dot().source}.get(form, getattr(diagram, form))
    if style == "textbook" and form in ("dot", "mermaid"):
        with pytest.raises(ValueError, match="not style 'textbook'; use style='record'"):
            make()
        return
    text = make()
    text += unpacked(text) if "<script" in text else ""
    assert "3.217" in text and "4.129" in text
    assert ("13.28" in text) == (blank != "all")
    if blank:
        assert "4129000" not in text and "3217000" not in text
    if form == "html":
        assert ("<script" in text) == (style == "record" and not blank)
        assert diagram.svg() in text or "<script" in text


def test_a_product_that_the_shown_digits_do_not_give_is_about_equal():
    x = Value(2 / 3, "x")
    y = labelled(x * 1.2345678 * 7.0, "y")
    said_ = [said(step) for step in data(y, digits=2)["steps"]]
    assert any("≈" in each for each in said_)
    assert any(" ≈ " in line for line in str(viz.table(y, digits=2)).splitlines())
    assert not any("≈" in said(step) for step in data(y, digits=None)["steps"])


def test_an_arrow_back_appears_when_gradient_has_passed_and_the_arrow_forward_recedes(opened):
    sheet = opened(html(square()))
    arrows = """() => [...document.querySelectorAll('.tip')]
        .filter((tip) => getComputedStyle(tip).visibility !== 'hidden').length"""
    heads = "() => getComputedStyle(document.querySelector('.head')).opacity"
    assert sheet.evaluate(arrows) == 0 and sheet.evaluate(heads) == "1"
    seen = []
    for k in range(3, 8):  # the seed, and then four edges
        sheet.evaluate(f"show({k})")
        seen.append(sheet.evaluate(arrows))
    assert seen == [0, 1, 2, 3, 4] and float(sheet.evaluate(heads)) < 0.5
