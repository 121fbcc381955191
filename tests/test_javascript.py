"""JavaScript emitted from the table: it gives Python's numbers, gradients and errors, in a real browser."""

import math
from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, given, settings

from autograd import Value, ops, topological_order
from autograd.op import FAILURES
from autograd.testing.strategies import expressions, targets
from viz.javascript import script

ROWS = [row for name, row in ops.TABLE.items() if row.partials and row.name == name]
VARIABLE = [row for row in ROWS if row.sequences or len(row.parameters) < row.arity]
SINGLE = [row for row in ROWS if not row.sequences]

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


def same(found, expected):
    """Whether two outcomes agree: numbers to 1e-13, and nan with nan alone."""
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, str) or isinstance(found, str) or expected is None or found is None:
        return found == expected
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return math.isclose(found, expected, rel_tol=1e-13, abs_tol=1e-13)


def test_a_number_is_not_the_same_as_nan():
    assert same([math.nan, [1.0, "raises"]], [math.nan, [1 + 1e-15, "raises"]])
    for x, y in product([math.nan, math.inf, 1.0, "raises", None], repeat=2):
        assert same(x, y) == (x is y)


def form(node):
    return node.op, len(node.args)


def is_free(node):
    return node.op is not ops.constant


def computed(order, numbers):
    """The values and gradients at other leaves, as Python computes them; "raises" where it does."""
    made = {}
    try:
        for node in order:
            if node.args:
                made[node] = node.op.apply([made[arg] for arg in node.args])
            else:
                made[node] = Value(numbers[node]) if is_free(node) else node
    except FAILURES:
        return "raises"
    values = [made[node].data for node in order]
    try:
        made[order[-1]].backward()
    except FAILURES:
        return [values, "raises"]
    return [values, [made[node].grad or 0 if is_free(node) else None for node in order]]


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
    found = javascript(
        emitted.code, "argument.map(outcome)", [data(*graph, emitted.places) for graph in graphs]
    )
    for (order, numbers), outcome in zip(graphs, found, strict=True):
        expected = computed(order, numbers)
        if not isinstance(outcome, str) and not isinstance(outcome[1], str):
            outcome[1] = [x if is_free(node) else None for x, node in zip(outcome[1], order, strict=True)]
        assert same(outcome, expected), (order, numbers)


def test_every_row_with_rules_is_emitted():
    forms = [(row, 4 if row.sequences else row.arity) for row in ROWS]
    emitted = script(forms)
    assert not emitted.refused
    assert emitted.places == {form: i for i, form in enumerate(forms)}


def test_random_graphs_have_the_values_and_gradients_of_python(javascript):
    """At the numbers recorded, and beside them, also outside the domains of their rows."""
    graphs = []

    @settings(max_examples=500, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    @given(expressions([row for row in VARIABLE if row is not ops.element]))
    def draw(expression):
        order = topological_order(expression.root)
        for scale, shift in (1, 0), (-0.7, 0.031):
            graphs.append((order, {leaf: scale * leaf.data + shift for leaf in expression.leaves}))

    draw()
    agree(javascript, graphs)


EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.8e308 / 1.01, *(k / 2 for k in range(-7, 8))]
INNER = [
    -30.25,
    -5.3,
    -1.7,
    -0.9,
    -0.3,
    -1e-9,
    1e-9,
    0.1,
    0.45,
    0.97,
    1.3,
    2.2,
    6.9,
    14.1,
    25.75,
    171.3,
    300.1,
]


def points(row):
    """Arguments of a row, of which one or two run through numbers, and parameters through their choices."""
    middle = [[x] for x in targets(row, row.arity, float)]
    for i, choices in row.parameters.items():
        middle[i] = choices
    free = [i for i in range(row.arity) if i not in row.parameters]
    for i in free:
        yield from product(*middle[:i], EDGES + INNER, *middle[i + 1 :])
    for i, j in combinations(free, 2):
        yield from product(*middle[:i], EDGES, *middle[i + 1 : j], EDGES, *middle[j + 1 :])


@pytest.mark.parametrize("row", SINGLE, ids=lambda row: row.name)
def test_a_row_and_its_rules_agree_at_edges_and_between(javascript, row):
    """One argument after the other, and two at once, run through zeros, infinities, nan, halves and more."""
    emitted = script([(row, row.arity)])
    found = javascript(
        emitted.code,
        """argument.map((args) => {
        const [f, rules] = ROWS[0], z = attempt(() => f(...args));
        return z === "raises" ? [z] : [z, ...rules.map((rule) => attempt(() => rule(...args, z)))];
    })""",
        [*points(row)],
    )
    wrong = []
    for point, outcome in zip(points(row), found, strict=True):
        z = attempt(row.function, *point)
        expected = [z] if z == "raises" else [z, *(attempt(rule, *point, z) for rule in row.partials)]
        if not same(outcome, expected):
            wrong.append((point, outcome, expected))
    assert not wrong


def attempt(function, *args):
    try:
        return function(*args)
    except FAILURES:
        return "raises"
