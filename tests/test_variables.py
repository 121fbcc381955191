"""variables: Values without a label are called as the user's variables."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz
from autograd import Value, constant, tanh
from autograd.naming import typeset
from viz.variables import variables


def shown(diagram):
    return {node.name for node in diagram.graph.nodes} - {""}


names = st.text("abxyw", min_size=1, max_size=3)


@given(st.dictionaries(names, st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=3)), st.data())
def test_every_value_goes_by_the_first_variable_that_holds_it(held, data):
    values = [Value(i, data.draw(st.sampled_from(["", "label"]))) for i in range(4)]
    of = lambda x: values[x] if isinstance(x, int) else [*map(of, x)]
    called = variables("draw", {name: of(x) for name, x in held.items()})
    places = [
        (name if isinstance(x, int) else f"{name}_{i}", values[v])
        for name, x in held.items()
        for i, v in enumerate([x] if isinstance(x, int) else x)
    ]
    for value in values:
        wanted = next((name for name, other in places if other is value and not value.label), None)
        assert called.get(value) == wanted


def test_leaves_and_what_is_made_of_them_are_called_as_the_variables():
    x, w_1, y_hat, labelled = Value(2.0), Value(3.0), Value(0.5), Value(1.0, "b")
    η = constant(0.1)
    z = x * w_1 + labelled
    loss = (tanh(z) - y_hat) ** 2 * η
    _hidden, n, rows = w_1, 5, [[1.0, 2.0]] * 3
    diagram = viz.draw(loss, names=locals(), constants="node")
    assert {"x", "w₁", "ŷ", "b", "η", "z", "loss"} <= shown(diagram) and "labelled" not in shown(diagram)
    assert "z = t1 + b" in diagram.text() and ">w<" in diagram.svg() and "x" not in shown(viz.draw(loss))
    assert viz.draw(loss, names=locals(), focus="w_1", depth=0).graph.nodes
    table = str(viz.table(loss, names=locals()))
    assert re.search(r"loss += t\d × η", table) and "∂t1/∂w₁ = x" in table
    assert (x.label, loss.label) == ("", "")  # nothing is changed


def test_lists_and_arrays_are_called_by_their_places():
    w, W = [Value(1.0), Value(2.0)], np.array([[Value(3.0), Value(4.0)]], object)
    v = np.array(Value(5.0), object)
    knot = [y := Value(1.0)]
    knot.append(knot)
    assert variables("draw", {"v": v}) == {v[()]: "v"} and variables("draw", {"knot": knot})[y] == "knot_0"
    other, data = {"a": Value(9.0)}, [(1.0, Value(2.0))] * 3
    y = w[0] * w[1] + W[0, 0] * W[0, 1]
    assert {"w₀", "w₁", "W₀,₀", "W₀,₁", "y"} <= shown(viz.draw(y, names=locals()))
    assert set(variables("draw", {"other": other, "data": data, "empty": [], "text": "w"})) == set()


def test_two_values_of_one_name_are_numbered_and_labels_come_first():
    alpha, b = Value(1.0), Value(2.0, "α")
    y = b * alpha
    assert shown(viz.draw(y, names=locals())) == {"α", "α₂", "y"} and typeset("alpha") == "α"


def test_what_is_no_mapping_is_refused_in_one_line():
    x = Value(1.0)
    for call, name in (viz.draw, "draw"), (viz.table, "table"):
        with pytest.raises(
            TypeError, match=rf"^{name}: names must map names to Values, as locals\(\) does"
        ) as error:
            call(x * 2, names=[x])
        assert "\n" not in str(error.value)
