"""JavaScript emitted from the table: it gives Python's numbers, gradients and errors, in a real browser."""

import math
import random
from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from autograd import Op, Value, ops, topological_order
from autograd.op import FAILURES
from autograd.testing.strategies import expressions, targets
from viz.javascript import by_hand, script

ROWS = [row for name, row in ops.TABLE.items() if row.partials and row.name == name]
VARIABLE = [row for row in ROWS if row.sequences or len(row.parameters) < row.arity]

# a graph, arguments first: of each node its number or [place in ROWS, arguments, which of them are wanted]
HARNESS = """
function attempt(f) {
  try { return f(); } catch (error) { if (error instanceof RangeError) return "raises"; throw error; }
}
function forward(graph) {
  const values = [];
  for (const node of graph)
    values.push(typeof node === "number" ? node : ROWS[node[0]][0](...node[1].map((i) => values[i])));
  return values;
}
function backward(graph, values) {
  const gradients = graph.map(() => null);
  gradients[graph.length - 1] = 1;
  for (let k = graph.length - 1; k >= 0; k--) {
    const upstream = gradients[k];
    if (typeof graph[k] === "number" || upstream === null) continue;
    const [row, places, wanted] = graph[k], rules = ROWS[row][1], args = places.map((i) => values[i]);
    const silent = upstream === 0;
    const all = silent || Array.isArray(rules) ? null : rules(args, values[k]);
    places.forEach((i, j) => {
      if (!wanted[j]) return;
      const local = silent ? 1 : all ? all[j] : rules[j](...args, values[k]);
      if (local !== null) gradients[i] = (gradients[i] ?? 0) + upstream * local;
    });
  }
  return gradients.map((gradient) => gradient ?? 0);
}
const outcome = (graph) => attempt(() => {
  const values = forward(graph);
  return [values, attempt(() => backward(graph, values))];
});
"""


@pytest.fixture(scope="module")
def javascript(browser):
    """A function that runs a script and evaluates an expression after it, with one argument."""
    page = browser.new_page()

    def run(code, expression, argument=None):
        return page.evaluate(f"(argument) => {{ {code} {HARNESS} return {expression}; }}", argument)

    yield run
    page.close()


def same(found, expected, least=1.0):
    """Whether two outcomes agree: numbers to 1e-13, below `least` of that, and nan with nan alone."""
    if isinstance(expected, list | tuple):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(same(x, y, least) for x, y in pairs)
    if isinstance(expected, str) or isinstance(found, str) or expected is None or found is None:
        return found == expected
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return math.isclose(found, expected, rel_tol=1e-13, abs_tol=1e-13 * least)


def test_a_number_is_not_the_same_as_nan():
    assert same([math.nan, [1.0, "raises"]], [math.nan, [1 + 1e-15, "raises"]])
    for x, y in product([math.nan, math.inf, 1.0, "raises", None], repeat=2):
        assert same(x, y) == (x is y)


def form(node):
    return node.op, len(node.args)


def is_free(node):
    return node.op is not ops.constant


def computed(order, numbers, noise=lambda: 0.0):
    """The values and gradients at other leaves, as Python computes them; "raises" where it does.

    `noise` is drawn for every operation, whose result is rounded once more: by so much, relative to itself.
    """
    made = {}
    try:
        for node in order:
            if node.args:
                made[node] = node.op.apply([made[arg] for arg in node.args])
                made[node].data *= 1 + noise()
            else:
                made[node] = Value(numbers[node]) if is_free(node) else node
    except FAILURES:
        return "raises"
    values = [made[node].data for node in order]
    try:
        made[order[-1]].backward()
    except FAILURES:
        return [values, "raises"]
    return [values, [made[node].grad or 0 for node in order]]


def data(order, numbers, places):
    """A graph as the harness reads it."""
    at = {node: i for i, node in enumerate(order)}
    return [
        [places[form(node)], [at[arg] for arg in node.args], [*map(is_free, node.args)]]
        if node.args
        else numbers.get(node, node.data)
        for node in order
    ]


def agree(javascript, graphs):
    """Whether graphs and the numbers of their leaves have the same outcome in both languages."""
    emitted = script(form(node) for order, _ in graphs for node in order if node.args)
    assert not emitted.refused
    sent = [data(*graph, emitted.places) for graph in graphs]
    found = javascript(emitted.code, "argument.map(outcome)", sent)
    for (order, numbers), outcome in zip(graphs, found, strict=True):
        expected = computed(order, numbers)
        assert same(outcome, expected) or is_chaotic(order, numbers, outcome, expected), (order, numbers)


def is_chaotic(order, numbers, outcome, expected):
    """Whether two outcomes differ no more than Python's own do where every operation is rounded once more."""
    draw = random.Random(0)
    noisy = [computed(order, numbers, lambda: draw.choice([-1e-15, 1e-15])) for _ in range(4)]
    if "raises" in (outcome, expected, *noisy, outcome[1], expected[1], *(each[1] for each in noisy)):
        return False
    numbers = zip(*(chain(*parts) for parts in (outcome, expected, *noisy)), strict=True)
    return all(same(x, y) or abs(x - y) <= 10 * max(abs(z - y) for z in others) for x, y, *others in numbers)


def test_every_row_with_rules_is_emitted():
    forms = [(row, 4 if row.sequences else row.arity) for row in ROWS]
    emitted = script(forms)
    assert not emitted.refused
    assert emitted.places == {form: i for i, form in enumerate(forms)}


def test_random_graphs_have_the_values_and_gradients_of_python(javascript):
    """At the numbers recorded, beside them, far out, and where all leaves are 0."""
    graphs = []

    @settings(max_examples=250, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    @given(expressions([row for row in VARIABLE if row is not ops.element]))
    def draw(expression):
        order = topological_order(expression.root)
        for scale, shift in (1, 0), (-0.7, 0.031), (3, -1.1), (0, 0):
            graphs.append((order, {leaf: scale * leaf.data + shift for leaf in expression.leaves}))

    draw()
    agree(javascript, graphs)


# ── Rows, one by one ────────────────────────────────────────────────────────────────────────────────

EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7e308, *(k / 2 for k in range(-7, 8))]
INNER = [-30.25, -5.3, -1.7, -0.3, -1e-9, 1e-9, 0.1, 0.45, 0.97, 1.3, 2.2, 6.9, 14.1, 25.75, 171.3, 300.1]


def points(row):
    """Arguments of a row, of which one or two run through numbers, and parameters through their choices."""
    if row.sequences:
        first = row.parameters.get(0, EDGES)
        yield from product(first, EDGES)
        yield from product(first, *[[0.0, -1.5, math.inf, -math.inf, math.nan]] * 3)
        return
    middle = [[x] for x in targets(row, row.arity, float)]
    for i, choices in row.parameters.items():
        middle[i] = choices
    free = [i for i in range(row.arity) if i not in row.parameters]
    for i in free:
        yield from product(*middle[:i], EDGES + INNER, *middle[i + 1 :])
    for i, j in combinations(free, 2):
        yield from product(*middle[:i], EDGES, *middle[i + 1 : j], EDGES, *middle[j + 1 :])


def slopes(row, args, z):
    """The local derivatives of a row, or what becomes of each."""
    if row.sequences:
        return attempt(row.partials[0], args, z)
    return [attempt(rule, *args, z) for rule in row.partials]


def attempt(function, *args):
    try:
        return function(*args)
    except (*FAILURES, IndexError):
        return "raises"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_and_its_rules_agree_at_edges_and_between(javascript, row):
    """Zeros, infinities, nan, halves, the least and the greatest numbers: also what raises."""
    given = [*points(row)]
    emitted = script([(row, row.arity or 2)])
    found = javascript(
        emitted.code,
        """argument.map((args) => {
            const [f, rules] = ROWS[0], z = attempt(() => f(...args));
            if (z === "raises") return z;
            const each = (rule) => attempt(() => rule(...args, z));
            return [z, Array.isArray(rules) ? rules.map(each) : attempt(() => rules(args, z))];
        })""",
        given,
    )
    for args, outcome in zip(given, found, strict=True):
        z = attempt(row.function, *args)
        expected = z if z == "raises" else [z, slopes(row, args, z)]
        assert same(outcome, expected, least=1e-300), args


# ── Rows of the user's own ──────────────────────────────────────────────────────────────────────────

cube = Op("cube", lambda x: x * x * x, lambda x, z: 3 * ops.square(x))
sixth = Op("cube", lambda x: ops.square(cube(x)), lambda x, z: 2 * cube(x) * cube.partials[0](x, z))
double = Op("tanh", lambda x: x + x, lambda x, z: 2.0)
inverse = Op("1/x </script>", lambda x: x**-1, lambda x, z: -z / x)
bend = Op(
    "bend",
    lambda x, y: ops.where(x > y, lambda: ops.log(x - y), lambda: x - y),
    lambda x, y, z: ops.guard(x > y, lambda: 1 / (x - y), 1),
    lambda x, y, z: None,
)
norm = Op(
    "norm",
    lambda *x: ops.sqrt(sum(xi * xi for xi in x)),
    lambda x, z: [xi / z for xi in x[:-1]] + [None],
    sequences=1,
)
above = Op("above", lambda x, y: x > y, lambda x, y, z: 0, lambda x, y, z: np.float64(0) * x)


def test_a_row_of_the_users_own_is_live(javascript):
    """Also where it calls others, shares its name with one, has branches, or takes sequences."""
    x, y = Value(1.5, "x"), Value(-0.75, "y")
    root = sixth(cube(x) / inverse(y)) + bend(x, y) + norm([x, y, x]) * norm([y, x]) + above(x, y)
    root = root + double(x) * ops.tanh(y)
    order = topological_order(root)
    agree(javascript, [(order, {x: a, y: b}) for a in (1.5, -2.0, 0.0) for b in (-0.75, 3.0, 0.0)])


def test_no_name_of_a_row_leaves_the_script():
    assert "</" not in script([(inverse, 1)]).code


def unfolded(x):
    for _ in range(1000):
        x = x * x
    return x


REFUSED = {
    "its function: it takes float(x), as the functions of math do": Op(
        "f", math.sin, lambda x, z: ops.cos(x)
    ),
    "its rule 1: it takes float(x)": Op("f", ops.sin.function, lambda x, z: math.cos(x)),
    "its function: it asks a number by `if`": Op("f", lambda x: x if x > 0 else 0.0, lambda x, z: x),
    "its rule 2: it asks a number by": Op("f", ops.mul.function, lambda x, y, z: y, lambda x, y, z: x or 1),
    "its function: it takes round(x): use rint(x)": Op("f", round, lambda x, z: 0),
    "its function: TypeError: loop of ufunc": Op("f", np.sin, lambda x, z: np.cos(x)),
    "its function: written out it has more than 4,000 characters": Op("f", unfolded, lambda x, z: z),
    "its function: 1j is a complex": Op("f", lambda x: x * 1j, lambda x, z: 1j),
    "its rule 1: '1' is a str": Op("f", lambda x: +x, lambda x, z: "1" + x),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_row_that_cannot_be_emitted_says_why_in_one_line(why):
    """And so does one that calls it, while others stand."""
    row = REFUSED[why]
    form = row, row.arity
    caller = Op("caller", lambda x: +x, lambda x, z: row(x, *[1.0] * (row.arity - 1)))
    emitted = script([(ops.add, 2), form, (caller, 1), (ops.mul, 2)])
    assert emitted.refused[form].startswith(why) and "\n" not in emitted.refused[form]
    assert ("function" in why) == ((caller, 1) in emitted.refused)
    live = [(ops.add, 2), *[(caller, 1)] * ("rule" in why), (ops.mul, 2)]
    assert emitted.places == {form: i for i, form in enumerate(live)}


def test_no_row_takes_the_name_of_another_whose_caller_was_refused(javascript):
    inner, other = (Op("f", lambda x, k=k: k * x, lambda x, z: 1) for k in (2, 3))
    broken = Op("f", lambda x: math.sin(inner(x)), lambda x, z: 1)
    emitted = script([(broken, 1), (other, 1), (inner, 1)])
    assert emitted.places == {(other, 1): 0, (inner, 1): 1}
    assert javascript(emitted.code, "ROWS.map(([f]) => f(1))") == [3, 2]


# ── The script ──────────────────────────────────────────────────────────────────────────────────────


NEURON = """const ROWS = (() => {
const tanh = Math.tanh;
const mul = (x, y) => x * y;
const add = (x, y) => x + y;
return [
[mul, [(x, y, z) => y, (x, y, z) => x]],
[add, [(x, y, z) => 1, (x, y, z) => 1]],
[tanh, [(x, z) => 1 - (z * z)]]
];
})();
"""


def test_a_script_has_what_its_rows_need_and_no_more():
    assert script([(ops.mul, 2), (ops.add, 2), (ops.tanh, 1)]).code == NEURON
    every = script((row, row.arity or 2) for row in ROWS).code
    assert all(piece in every for piece in by_hand().values())
