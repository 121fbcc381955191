"""autograd.array: the books' own NumPy code records its graph."""

import sys

import numpy as np
import pytest

import autograd
from autograd import Value, array, ops, topological_order


def gradients(root, *arrays):
    root.backward()
    return [a.grad.astype(float) for a in arrays]


def test_a_layer_as_the_books_write_it():
    W = array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], label="W")
    b = array([0.1, -0.2], label="b")
    x = np.array([1.0, 2.0, -0.5])
    a = 1.0 / (1.0 + np.exp(-(np.dot(W, x) + b)))
    z = W.astype(float) @ x + b.astype(float)
    y = 1 / (1 + np.exp(-z))
    np.testing.assert_array_equal(a.astype(float), y)
    dW, db = gradients(np.sum(a), W, b)
    np.testing.assert_allclose(db, y * (1 - y), rtol=1e-14)
    np.testing.assert_allclose(dW, np.outer(y * (1 - y), x), rtol=1e-14)
    assert W[1, 2].label == "W_23" and b[0].label == "b_1"


def test_a_relu_by_a_mask_leaves_plain_zeros_that_later_functions_take():
    x = array([-1.0, 2.0, 3.0])
    out = x.copy()
    out[x <= 0] = 0
    y = np.sum(np.exp(out) * np.maximum(out, 1))
    (dx,) = gradients(y, x)
    np.testing.assert_allclose(dx, [0, 3 * np.exp(2), 4 * np.exp(3)], rtol=1e-14)
    assert out[0] == 0 and isinstance(out[0], int)


def test_softmax_with_loss_as_the_book_writes_it():
    x = array([[0.3, 2.9, 4.0], [1.0, -1.0, 0.5]])
    t = np.array([2, 0])
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    y = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.sum(np.log(y[np.arange(2), t] + 1e-7)) / 2
    (dx,) = gradients(loss, x)
    np.testing.assert_allclose(dx, (y.astype(float) - np.eye(3)[t]) / 2, atol=1e-7)
    assert np.argmax(x, axis=1).tolist() == [2, 0]
    assert np.sum(np.argmax(y, axis=1) == t) == 2


def test_matrix_products_batches_and_broadcasts():
    A, B = array([[1, 2], [3, 4]]), array([[5, 6], [7, 8]])
    for product in A @ B, np.dot(A, B), np.matmul(A, B), A.dot(B):
        np.testing.assert_array_equal(product.astype(int), [[19, 22], [43, 50]])
        assert isinstance(product, type(A))
    total = np.sum(A * np.array([10, 1]) + A.T)
    dA, dB = gradients(total, A, B)
    np.testing.assert_array_equal(dA, [[11, 2], [11, 2]])
    assert not dB.any()


@pytest.mark.parametrize(
    "name", "exp log sqrt sin tanh arctan2 hypot maximum minimum sign absolute square power".split()
)
def test_numpys_functions_agree_with_numpy(name):
    function, x = getattr(np, name), np.array([0.5, 1.5, 2.5])
    y = np.array([1.0, 1.5, 2.0])
    args = (x, y)[: function.nin]
    result = function(*map(array, args))
    np.testing.assert_allclose(result.astype(float), function(*args), rtol=1e-15)
    assert all(isinstance(v, Value) and v.args for v in result)


def test_a_maximum_over_an_axis_shares_ties_as_its_row_does():
    x = array([1.0, 3.0, 3.0])
    (dx,) = gradients(np.max(x), x)
    assert dx.tolist() == [0, 0.5, 0.5]
    assert np.max(array([[1.0, 2.0], [4.0, 3.0]])) == 4 and np.min(array([[1, 2], [4, 3]])) == 1


def test_where_stack_and_in_place_operations_stay_arrays_of_values():
    x = array([1.0, -2.0])
    y = np.where(x > 0, x, 0)
    y += x
    z = np.exp(np.concatenate([y, np.stack([x, x])[0]]))
    (dx,) = gradients(np.sum(z), x)
    np.testing.assert_allclose(dx, [2 * np.exp(2) + np.exp(1), 2 * np.exp(-2)])


def test_plain_object_arrays_work_as_far_as_numpy_lets_them():
    x = np.array([Value(1.0), Value(2.0)], dtype=object)
    y = np.sum(np.exp(x) * np.array([1.0, 3.0]))
    y.backward()
    np.testing.assert_allclose([v.grad for v in x], [np.exp(1), 3 * np.exp(2)])


def test_numbers_of_numpy_meet_values():
    z = np.float64(2) * Value(3)
    assert type(z) is Value and type(z.data) is float and z.data == 6.0
    assert [type(Value(x).data) for x in (np.float64(1), np.int64(1), np.bool_(1), np.complex128(1))] == [
        float,
        int,
        int,
        complex,
    ]
    assert type((Value(np.float32(2)) * 3).data) is np.float32
    product = Value(2.0) * np.array([1.0, 2.0])
    assert [v.data for v in product] == [2.0, 4.0] and (Value(2) < np.array([1, 3])).tolist() == [False, True]


def test_functions_of_the_table_go_element_by_element():
    x = array([[0.0, 1.0]])
    assert autograd.sigmoid(x).shape == (1, 2) and autograd.maximum(Value(0.5), x)[0, 1].op is ops.maximum
    assert isinstance(autograd.dot(x[0], [1, 2]), Value)


def test_values_are_kept_and_numbers_become_leaves():
    v = Value(1.0, "v")
    a = array([v, 2, 3.5], label="a")
    assert a[0] is v and [x.label for x in a] == ["v", "a_2", "a_3"]
    assert array(2.0, label="s")[()].label == "s"
    assert array(np.zeros((11, 2)), label="w")[10, 1].label == "w_11,2"
    assert len(topological_order(np.sum(a))) == 5


def test_what_is_refused_names_the_remedy():
    with pytest.raises(TypeError, match=r"autograd\.array"):
        Value(np.ones(3))
    with pytest.raises(TypeError, match="not a number"):
        array([1.0, "2"])
    with pytest.raises(ValueError, match="unequal length"):
        array([[1, 2], [3]])
    with pytest.raises(
        TypeError, match=r"maximum cannot mix Value, ndarray; make arrays with autograd\.array"
    ):
        autograd.maximum(Value(1.0), np.array([1.0]))
    with pytest.raises(TypeError, match="rows one by one"):
        autograd.sum(array([[1, 2], [3, 4]]))


def test_without_numpy_one_line_names_the_extra(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "numpy"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "autograd.arrays")
    with pytest.raises(ImportError, match=r"^autograd\.array: .*; pip install 'scalar-autograd\[numpy\]'$"):
        autograd.array([1.0])
