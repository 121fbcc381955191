"""Part 3. What the article gets wrong, each by the smallest run that exposes it.

Most of it goes unnoticed, for the network learns all the same. A gradient check finds it at once: the slope
of f at x is nearly (f(x + h) − f(x − h)) / 2h, and this quotient owes nothing to any derivation.

The smallest network is one neuron with one input: z = w x + b, a = σ(z), C = ½ (y − a)².
"""

import inspect
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import autograd
from autograd import Value
from demos import runner
from demos.from_zero.network import Array, NeuralNetwork, sigmoid, sigmoid_prime

Claims = Iterator[tuple[str, bool]]
W, B, X, Y = 1.5, 0.5, 1.0, 0.0  # the neuron and its example


def quotient(f: Callable[[float], float], x: float, h: float = 1e-5) -> float:
    """The slope of f at x, from two values of f."""
    return (f(x + h) - f(x - h)) / (2 * h)


def refusal(f: Callable[[], object]) -> str:
    """What the ValueError says that f raises; nothing where it raises none."""
    try:
        f()
    except ValueError as error:
        return str(error)
    return ""


def near(found: float, expected: float) -> bool:
    """Whether two slopes agree, as far as a quotient can tell."""
    return math.isclose(found, expected, rel_tol=1e-6)


def cost(w: float) -> float:
    """C of the neuron for a weight."""
    return float((Y - sigmoid(w * X + B)) ** 2 / 2)


def the_printed_delta_lacks_a_prime() -> Claims:
    """The article prints δ^L = (a^L − y) σ(z^L). The sign is right; BP1 has σ′ in place of σ."""
    z = W * X + B
    a = sigmoid(z)
    slope = quotient(lambda z: float((Y - sigmoid(z)) ** 2 / 2), z)
    printed, right = float((a - Y) * a), float((a - Y) * sigmoid_prime(z))
    yield f"as printed δ = {printed:.6f}, and ∂C/∂z is {slope:.6f}", not near(printed, slope)
    yield f"with σ′ it is {right:.6f}", near(right, slope)


def the_codes_gradient_has_the_other_sign() -> Claims:
    """Its code has σ′, and (y − a) in place of (a − y). So its dw is −∂C/∂w, which `train` adds: w + lr dw.

    Two wrong signs make a right step. Who takes dw for the gradient it is called, and hands it to any
    optimizer, climbs.
    """
    dw = float((Y - sigmoid(W * X + B)) * sigmoid_prime(W * X + B) * X)
    slope = quotient(cost, W)
    yield f"as coded dw = {dw:.6f}, and ∂C/∂w is {slope:.6f}", near(dw, -slope)
    yield f"C = {cost(W):.4f}; after w + dw, as `train` does, {cost(W + dw):.4f}", cost(W + dw) < cost(W)
    yield f"after w − dw, as an optimizer does, {cost(W - dw):.4f}", cost(W - dw) > cost(W)


def two_equations_are_headed_bp1() -> Claims:
    """Both the δ of the last layer and the δ of any other layer are headed BP1, and nothing is headed BP2.

    They are two equations. In a chain of two neurons the first gives the second neuron's δ, and only the
    second equation, which goes on from there, gives the first neuron's.
    """
    z1 = Value(0.3)
    z2 = W * autograd.sigmoid(z1)
    a2 = autograd.sigmoid(z2)
    (((Y - a2) ** 2) / 2).backward()
    last = (a2.data - Y) * float(sigmoid_prime(z2.data))
    other = W * last * float(sigmoid_prime(z1.data))
    yield f"headed BP1: {last:.6f} = ∂C/∂z2", near(last, z2.grad)
    yield f"headed BP1 again: {other:.6f} = ∂C/∂z1, another number", near(other, z1.grad) and other != last


def printed_batches(x: Array, y: Array, size: int) -> Iterator[tuple[Array, Array]]:
    """The batches of the article's `train`."""
    for i in range(0, len(y), size):
        yield x[i : i + size], y[i : i + size]


def batches_are_cut_from_the_wrong_axis() -> Claims:
    """Examples are columns, and the article cuts its batches from the rows, `len(y)` of them.

    With one input and one output there is one row: a single batch of everything, whatever its size should be.
    With two inputs a batch of size 1 is the first input of every example, and the product with W fails.
    """
    y = np.zeros((1, 4))
    batches = list(printed_batches(np.zeros((1, 4)), y, size=2))
    (x, _), *more = batches
    yield f"4 examples in batches of 2: {len(batches)} batch of {x.shape[1]}", x.shape[1] == 4 and not more
    [(x, _)] = printed_batches(np.zeros((2, 4)), y, size=1)
    said = refusal(lambda: NeuralNetwork([2, 1], ["sigmoid"]).feedforward(x))
    yield f"2 inputs, a batch of 1: x is {x.shape}, and NumPy says: {said:.40}…", said.startswith("matmul")


def the_sigmoid_overflows() -> Claims:
    """The article's σ(z) is e^z / (1 + e^z). From 710 on e^z is more than a float holds: inf / inf is nan."""
    with np.errstate(over="ignore", invalid="ignore"):
        before, after = (float(np.exp(z) / (1 + np.exp(z))) for z in (709.0, 710.0))
    yield f"at 709 it is {before}, at 710 {after}", before == 1 and math.isnan(after)
    yield f"1 / (1 + e^−z), in a form that never overflows: {sigmoid(710.0)}", sigmoid(710.0) == 1


def printed_activation(name: str) -> Callable[[Array], Array]:
    """The article's choice where a name is none of its three."""
    print(f"    Unknown activation function {name}: linear is used")
    return lambda z: z


def an_unknown_activation_goes_on_as_linear() -> Claims:
    """Where a name is unknown the article prints a line and goes on with the identity.

    Another network learns, and its maker may never know. NeuralNetwork of part 1 refuses the name.
    """
    a = printed_activation("tanh")(np.array(3.0))
    yield f"tanh(3) = {math.tanh(3):.6f}, and the neuron gives {a}", a == 3
    said = refusal(lambda: NeuralNetwork([1, 1], ["tanh"]))
    yield said, "'tanh' does not exist" in said


def the_slope_of_relu_at_its_kink() -> Claims:
    """At 0 relu has no slope; any number from 0 to 1 serves as one. The article takes 1, where z ≥ 0.

    The engine takes 0, of all of them the least in size, as do Saitō's Relu and PyTorch. Both learn, but they
    do not agree, and a neuron whose z is exactly 0 is no rarity where weights begin with 0.
    """
    z = Value(0.0)
    autograd.relu(z).backward()
    printed = float(np.where(np.array(0.0) >= 0, 1, 0))
    yield f"article: {printed:g}; engine: {z.grad:g}", (printed, z.grad) == (1, 0)
    right, left = (quotient(lambda z: max(z, 0.0), z) for z in (1e-3, -1e-3))
    yield f"the quotients at either side: {left:g} and {right:g}", left == 0 and near(right, 1)


def the_shape_of_w() -> Claims:
    """The table of symbols gives W^L the shape n^L × n^L. It has a column for each input: n^L × n^{L−1}."""
    x, printed, right = np.zeros((2, 1)), np.zeros((1, 1)), NeuralNetwork([2, 1], ["linear"]).weights[0]
    said = refusal(lambda: printed @ x)
    yield (
        f"from 2 inputs to 1 neuron, W as printed is {printed.shape}: {said:.40}…",
        said.startswith("matmul"),
    )
    yield f"part 1: {right.shape}, and W x is {(right @ x).shape}", (right @ x).shape == (1, 1)


ERRORS = [
    the_printed_delta_lacks_a_prime,
    the_codes_gradient_has_the_other_sign,
    two_equations_are_headed_bp1,
    batches_are_cut_from_the_wrong_axis,
    the_sigmoid_overflows,
    an_unknown_activation_goes_on_as_linear,
    the_slope_of_relu_at_its_kink,
    the_shape_of_w,
]


def run(out: Path) -> bool:
    """Each error: what it is, and the run."""
    held = []
    for number, error in enumerate(ERRORS, start=1):
        print(f"{number}. {inspect.cleandoc(error.__doc__ or '')}\n")
        held.append(runner.confirm(error()))
        print()
    return all(held)
