"""autograd.foreign: graphs of other engines as Values, and what viz shows of them."""

import math
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from micrograd.engine import Value as Micrograd

import viz
from autograd import Value, backward_steps, ops
from autograd.foreign import Unknown, copied, is_node
from autograd.testing import Engine


class Student:
    """An engine as students write it: children in a set, and nothing of it may be compared or shown."""

    hashes = count()

    def __init__(self, data, children=(), op="", label=""):
        self.data, self.grad, self.label = data, 0.0, label
        self._op, self._backward, self.hash = op, lambda: None, next(self.hashes)
        self._prev = self.kept(children)

    kept = set

    def made(self, data, children, op, *locals_):
        out = type(self)(data, children, op)

        def _backward():
            for child, local in zip(children, locals_, strict=True):
                child.collect(local * out.grad)

        out._backward = _backward
        return out

    def collect(self, gradient):
        self.grad += gradient

    def __add__(self, other):
        return self.made(self.data + other.data, (self, other), "+", 1.0, 1.0)

    def __mul__(self, other):
        return self.made(self.data * other.data, (self, other), "*", other.data, self.data)

    def __sub__(self, other):
        return self.made(self.data - other.data, (self, other), "-", 1.0, -1.0)

    def tanh(self):
        t = math.tanh(self.data)
        return self.made(t, (self,), "tanh", 1 - t**2)

    def relu(self):
        return self.made(max(self.data, 0.0), (self,), "ReLU", float(self.data >= 0))

    def swoosh(self):
        return self.made(self.data / 7, (self,), "swoosh", 1 / 7)

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for child in node._prev:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node._backward()

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        raise AssertionError("compared")

    def __bool__(self):
        raise AssertionError("asked for its truth")

    def __repr__(self):
        raise AssertionError("shown")


class Overwrites(Student):
    """It has = where += is needed."""

    def collect(self, gradient):
        self.grad = gradient


class Ordered(Student):
    """Its children are in order."""

    kept = tuple


def root_of(kind):
    """f = ab(a + b), whose leaves are used twice."""
    a, b = kind(2.0, label="a"), kind(-3.0, label="b")
    product, total = a * b, a + b
    root = product * total
    product.label, total.label, root.label = "d", "e", "f"
    root.backward()
    return root


def copy_of(root, engine=None):
    """The copy of a root."""
    return copied([root], engine)[id(root)]


def marks(root):
    """What is marked, by label."""
    marked = (copy for copy in copied([root]).values() if (copy.computed, copy.arriving) != (None, None))
    return {copy.label: (copy.computed, copy.arriving) for copy in marked}


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────

NUMBERS = st.builds(Fraction, st.sampled_from([-3, -1, 0, 2, 5]), st.sampled_from([1, 2]))
STEPS = st.lists(st.tuples(st.sampled_from("+*-/^r"), st.integers(0, 9), st.integers(0, 9)), max_size=8)


def applied(sign, x, y):
    """An operation on two values of micrograd."""
    match sign:
        case "r":
            return x.relu()
        case "^":
            return x**2
        case "/" if y.data:
            return x / y
        case "*":
            return x * y
        case "-":
            return x - y
    return x + y


@given(st.lists(NUMBERS, min_size=1, max_size=4), STEPS)
def test_of_a_right_engine_nothing_is_marked_and_the_rows_give_its_gradients(numbers, steps):
    values = [*map(Micrograd, numbers)]
    for sign, i, j in steps:
        values.append(applied(sign, values[i % len(values)], values[j % len(values)]))
    root = values[-1]
    root.backward()
    copies = copied([root])
    arrived = {step.argument: step.total for step in backward_steps(copies[id(root)])}
    for copy in copies.values():
        assert (copy.data, copy.grad) == (copy.source.data, copy.source.grad)
        assert copy.computed is copy.arriving is None and not isinstance(copy.op, Unknown)
        assert copy.grad == arrived.get(copy, copy.source is root)


def test_a_wrong_gradient_is_marked_where_it_arises_and_shown_as_it_is():
    assert marks(root_of(Student)) == {}
    root = root_of(Overwrites)
    for copy in copied([root]).values():
        assert copy.grad == copy.source.grad
    there = {copy.label: copy.arriving for copy in copied([root]).values()}
    assert there["d"] is there["e"] is there["f"] is None
    assert (there["a"], there["b"]) == (-3.0, -8.0)  # 2ab + b², a² + 2ab


def test_a_fault_upstream_marks_nothing_below_it():
    class Wrong(Ordered):
        def tanh(self):
            t = math.tanh(self.data)
            return self.made(t, (self,), "tanh", 1 - self.data**2)

    x = Wrong(0.5, label="x")
    inner = x * x
    inner.label = "inner"
    root = inner.tanh() * inner.tanh()
    root.backward()
    assert [*marks(root)] == ["inner"]


def test_the_picture_does_not_depend_on_the_order_of_a_set():
    def text(hashes):
        Student.hashes = iter(hashes)
        return viz.draw(root_of(Student)).svg() + str(viz.table(root_of(Student)))

    try:
        assert text(range(100)) == text(range(100, 0, -1))
    finally:
        Student.hashes = count()


def test_a_deep_graph_needs_no_recursion():
    x = Student(1.0)
    for _ in range(3000):
        x = x.tanh()
    assert "values" in repr(viz.draw(x))


# ── Reading an operation ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("op", "numbers", "result", "row"),
    [
        ("+", [2, 3], 5, ops.add), ("*", [2, 3], 6, ops.mul), ("-", [2, 3], -1, ops.sub),
        ("/", [3, 2], 1.5, ops.div), ("-", [3], -3, ops.neg), ("**", [2, 3], 8, ops.power),
        ("**3", [2], 8, ops.power), ("**-1", [2], 0.5, ops.power), ("^0.5", [4], 2.0, ops.power),
        ("pow(2)", [3], 9, ops.power), ("ReLU", [3], 3, ops.relu), ("Mul", [2, 3], 6, ops.mul),
        ("__truediv__", [3, 2], 1.5, ops.div), ("Inv", [2], 0.5, ops.reciprocal),
        ("σ", [0], 0.5, ops.sigmoid),
        ("log", [1.0], 0.0, ops.log), ("max", [2, 3], 3, ops.maximum), ("max", [2, 3, 5], 5, ops.amax),
        ("leaky_relu", [-1.0], -0.01, ops.leaky_relu), ("sum", [1, 2, 3], 6, ops.sum),
        ("dot", [1, 2, 3, 4], 11, ops.dot), (math.exp, [0.0], 1.0, ops.exp), (Exception, [2], 3, None),
        ("max", [2, 3], 4, None), ("", [2], 2, None), ("**x", [2], 4, None),
        ("log", [-1.0], -2.0, None),
    ],
)  # fmt: skip
def test_an_operation_is_known_by_its_name_and_its_number(op, numbers, result, row):
    made = copy_of(Ordered(result, [*map(Ordered, numbers)], op), Engine(Ordered))
    assert made.op is row if row else isinstance(made.op, Unknown)
    assert [*made.operands][: len(numbers)] == numbers and made.data == result
    viz.draw(made.source, engine=Engine(Ordered)).svg()


def test_a_set_is_put_into_the_order_that_gives_the_number():
    a, b = Student(2.0, label="a"), Student(5.0, label="b")
    for root, labels in (a - b, "ab"), (b - a, "ba"), (a * a, "aa"), (a + a, "aa"):
        assert "".join(arg.label for arg in copy_of(root).args) == labels


def test_what_nothing_tells_is_unknown():
    equal = copy_of(Student(2.0) - Student(2.0))
    assert isinstance(equal.op, Unknown) and equal.computed is None
    a = Student(1.0)
    for lost in Student(3.0, [a], "+"), Student(3.0, [a, a, Student(1.5)], "sum"):
        assert isinstance(copy_of(lost).op, Unknown) and copy_of(lost).computed is None


def test_numbers_among_children_are_constants():
    x = Ordered(3.0, label="x")
    made = copy_of(Ordered(6.0, (x, 2.0), "*"))
    assert [arg.op for arg in made.args] == [None, ops.constant]


def test_a_number_that_was_set_since_is_marked_and_its_slopes_are_not_known():
    root = root_of(Student)
    a = next(copy.source for copy in copied([root]).values() if copy.label == "a")
    a.data = 4.0
    assert marks(root) == {"d": (-12.0, None), "e": (1.0, None)}
    text = viz.draw(root).text()
    assert "d = a × b (operands give −12)" in text and "lines give" not in text
    assert "its operands give -12.0: one was set since" in viz.draw(root).svg()


def test_rounding_is_not_marked():
    x, y = Ordered(0.1), Ordered(0.3)
    product = Ordered(0.03 * (1 + 1e-7), (x, y), "*")  # in single precision
    assert copy_of(product).op is ops.mul
    root = x * Ordered(1e6) - x * Ordered(1e6 - 1)
    root.backward()
    x.grad += 0.1  # of terms that are a million
    assert marks(root) == {}
    x.grad += 100
    assert marks(root)[""] == (None, 1.0)


def test_nan_is_nan():
    root = root_of(Student) * Student(math.nan)
    root.backward()
    assert marks(root) == {} and copy_of(root).op is ops.mul


def test_what_nothing_arrives_at_passes_nothing_on():
    x = Ordered(2.0, label="x")
    root = x.swoosh() * Ordered(0.0)
    root.backward()
    assert marks(root) == {}
    x.grad = 5.0
    assert marks(root) == {"x": (None, 0.0)}


def test_conventions_at_kinks_are_not_marked():
    x = Student(0.0, label="x")
    x.relu().backward()
    assert x.grad == 1.0
    root = x.relu()
    root.backward()
    assert marks(root) == {}


# ── Engines of other kinds ──────────────────────────────────────────────────────────────────────────


class Scalar:
    """As minitorch's: what made it is in its history, and inner nodes keep no derivative."""

    class Mul:
        pass

    def __init__(self, data, function=None, inputs=()):
        self.data, self.derivative, self.history = data, None, (function, inputs)

    def __mul__(self, other):
        return Scalar(self.data * other.data, self.Mul, (self, other))


MINITORCH = Engine(
    Scalar,
    gradient="derivative",
    children=lambda x: x.history[1],
    operation=lambda x: x.history[0],
)


def test_an_engine_says_how_its_nodes_are_read():
    x, y = Scalar(2.0), Scalar(3.0)
    root = x * y * y
    assert "·" in viz.draw(root, engine=MINITORCH).svg()
    x.derivative, y.derivative = 9.0, 12.0
    text = viz.draw(root, locals(), MINITORCH).text()
    assert "x" in text and "+9" in text and "+12" in text and "lines" not in text
    assert "lines" not in str(viz.table(root, names={"x": x}, engine=MINITORCH))
    assert viz.sheet([root], engine=MINITORCH).pages


def test_gradients_of_an_engine_that_keeps_none_at_the_root_are_shown():
    a, b = Student(2.0, label="a"), Student(3.0, label="b")
    root = a * b
    assert [copy.grad for copy in copied([root]).values()] == [None] * 3
    a.grad, b.grad = 3.0, 2.0  # of a pass that hands gradients on without a place at the root
    assert sorted(copy.grad for copy in copied([root]).values() if copy.grad) == [2.0, 3.0]
    assert marks(root) == {} and "+3" in viz.draw(root).text()


def test_names_of_variables_and_lists_reach_the_nodes():
    x, w = Micrograd(2.0), [Micrograd(3.0), Micrograd(4.0)]
    loss = w[0] * x + w[1]
    text = viz.draw(loss, names=locals()).text()
    assert all(name in text for name in ("x", "w₀", "w₁", "loss"))


def test_several_roots_and_our_own_beside_them():
    x = Student(2.0, label="x")
    assert len(viz.draw([x.tanh(), x * x]).graph.roots) == 2
    assert len(viz.draw([x.tanh(), Value(1.0, "y")]).graph.roots) == 2


# ── Pictures ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("style", ["record", "textbook"])
@pytest.mark.parametrize("local", ["number", "formula", "both", "none"])
def test_pictures_say_what_is_marked_and_what_is_not_known(style, local):
    picture = viz.draw(root_of(Overwrites).swoosh(), style=style, local=local, legend=True)
    svg = picture.svg()
    assert 'class="wrong"' in svg and "lines give −3" in svg and "another number than its operands" in svg
    assert ("?" in svg) == (local != "none" or style == "textbook")
    assert "lines give" in picture.tikz()
    worksheet = viz.draw(root_of(Overwrites), style=style, local=local, blank="gradients").svg()
    assert "lines give" not in worksheet and "wrong" not in worksheet


def test_every_format_says_what_is_marked():
    picture = viz.draw(root_of(Overwrites))
    for text in picture.text(), picture.mermaid(), picture.dot().source, str(viz.table(picture.roots[0])):
        assert "lines give" in text
    assert "class n0,n1 alarm" in picture.mermaid()
    assert "its lines give -3.0: the sum of upstream × local derivative" in picture.svg()


def test_the_table_has_the_gradients_of_the_engine_and_stops_at_what_is_not_known():
    table = str(viz.table(root_of(Overwrites)))
    assert "gradient  lines give" in table and "3.0       -3.0" in table
    assert "gradient so far" in table and "lines give" not in str(viz.table(root_of(Student)))
    assert "swoosh(f = 6.0): its local derivative: not known, as the table has no row" in str(
        viz.table(root_of(Student).swoosh())
    )


def test_a_page_steps_through_what_the_rules_give_and_nothing_else():
    assert "Play" in viz.draw(root_of(Student)).html()
    for root, why in (
        (root_of(Overwrites), "the gradient of a is another than its lines give"),
        (root_of(Student).swoosh(), "there is none for t1"),
        (Ordered(7.0, (Ordered(2.0), Ordered(3.0)), "+", "z"), "z is another number than its operands give"),
    ):
        assert f"Steps go by the rules of the table, and {why}." in viz.draw(root).html()


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────


class Opaque:
    """An engine of which nothing is known."""

    data = 1.0

    def backward(self):
        """Nothing."""


def test_what_is_no_node_is_told_from_what_is():
    assert is_node(Micrograd(1.0)) and is_node(Student(1.0)) and not is_node(Scalar(1.0))
    assert is_node(Scalar(1.0), MINITORCH) and not is_node(Value(1.0)) and not is_node([Student(1.0)])


def test_errors_name_the_class_and_the_remedy():
    with pytest.raises(TypeError, match=r"^draw cannot see what the Opaque of \w+ was made from: .* engine="):
        viz.draw(Opaque())
    with pytest.raises(TypeError, match=r"^table cannot see what the Opaque"):
        viz.table(Opaque())
    with pytest.raises(TypeError, match=r"^the children of a \w+\.Opaque cannot be read, AttributeError"):
        viz.draw(Opaque(), engine=Engine(Opaque))
    with pytest.raises(
        TypeError, match=r"^the children of a .*Scalar are a float, which holds none; .*Engine\("
    ):
        viz.draw(Scalar(1.0), engine=Engine(Scalar, children="data"))
    with pytest.raises(TypeError, match=r"^the value of a .*Scalar is a tuple, not one number"):
        viz.draw(Scalar((1.0, 2.0)), engine=MINITORCH)
    with pytest.raises(TypeError, match=r"^engine must be an Engine.*not a type"):
        viz.draw(Scalar(1.0), engine=Scalar)
    circle = Student(1.0)
    circle._prev = [circle]
    with pytest.raises(ValueError, match="goes in a circle: a Student is made from itself"):
        viz.draw(circle)
