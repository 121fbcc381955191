"""Mazur's network, digit for digit: two inputs, two hidden neurons, two outputs and one step of descent.

The article works out every number of one backward pass by hand, and gradient descent with η = 0.5 then moves
w1 … w8; the biases stay. The article rightly says that the gradients towards w1 … w4 need the old w5 … w8,
and prints new weights that are made so. The error after the step is then 0.291027774. It prints 0.291027924:
the error that follows when w5 … w8 move first, so that what flows back to the hidden neurons is weighted with
the new ones. A program that does so also gives the outputs that the article prints after 10,000 steps, to
nine digits, which the right order of work does not. (Their error is 0.000035085; printed is 0.0000351085.)

    i, b, target   inputs, biases and targets, which are constants     w   weights     η   learning rate
    net, out       weighted input and activation of a neuron           h, o   hidden and output neurons
    E              the error, E_o1 + E_o2, each ½(target − out)²

Source: Mazur, A Step by Step Backpropagation Example (2015).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from autograd import Value, constant, sigmoid
from demos import runner
from demos.runner import Number, as_written

WEIGHTS = ["0.15", "0.20", "0.25", "0.30", "0.40", "0.45", "0.50", "0.55"]
ETA = 0.5

FIGURES = {
    "net_h1": "0.3775",
    "out_h1": "0.593269992",
    "out_h2": "0.596884378",
    "net_o1": "1.105905967",
    "out_o1": "0.75136507",
    "out_o2": "0.772928465",
    "E_o1": "0.274811083",
    "E_o2": "0.023560026",
    "E": "0.298371109",
    "∂E/∂out_o1": "0.74136507",
    "∂E/∂net_o1": "0.138498562",
    "∂E/∂w5": "0.082167041",
    "∂E/∂out_h1": "0.036350306",
    "∂E/∂w1": "0.000438568",
}
MOVED = [  # w1 … w8 after one step
    "0.149780716", "0.19956143", "0.24975114", "0.29950229",
    "0.35891648", "0.408666186", "0.511301270", "0.561370121",
]  # fmt: skip


class Network(NamedTuple):
    """The nodes that a step of learning needs."""

    h: list[Value]
    net_o: list[Value]
    o: list[Value]
    E: Value


def build(number: Number) -> Value:
    """Record the graph of the error."""
    return network(weights(number), number).E


def weights(number: Number = as_written) -> list[Value]:
    """w₁ … w₈ before the first step."""
    return [Value(number(text), f"w{i}") for i, text in enumerate(WEIGHTS, 1)]


def network(w: Sequence[Value], number: Number = as_written) -> Network:
    """Record the graph of the error for these weights."""
    w1, w2, w3, w4, w5, w6, w7, w8 = w
    i1, i2 = constant(number("0.05"), "i1"), constant(number("0.10"), "i2")
    b1, b2 = constant(number("0.35"), "b1"), constant(number("0.60"), "b2")
    target1, target2 = constant(number("0.01"), "target_o1"), constant(number("0.99"), "target_o2")
    net_h1, net_h2 = w1 * i1 + w2 * i2 + b1, w3 * i1 + w4 * i2 + b1
    h1, h2 = sigmoid(net_h1), sigmoid(net_h2)
    net_o1, net_o2 = w5 * h1 + w6 * h2 + b2, w7 * h1 + w8 * h2 + b2
    o1, o2 = sigmoid(net_o1), sigmoid(net_o2)
    E1, E2 = (target1 - o1) ** 2 / 2, (target2 - o2) ** 2 / 2
    E = E1 + E2
    labels = {
        "net_h1": net_h1, "net_h2": net_h2, "out_h1": h1, "out_h2": h2,
        "net_o1": net_o1, "net_o2": net_o2, "out_o1": o1, "out_o2": o2,
        "E_o1": E1, "E_o2": E2, "E": E,
    }  # fmt: skip
    for label, node in labels.items():
        node.label = label
    return Network([h1, h2], [net_o1, net_o2], [o1, o2], E)


def learn(w: Sequence[Value]) -> None:
    """One step as the article describes it: all weights move along the gradient at the old ones."""
    network(w).E.backward()
    move(w)


def learn_in_turn(w: Sequence[Value]) -> None:
    """One step that meets the article's errors: w5 … w8 move first, and w1 … w4 see the new ones."""
    h, net_o, _, E = network(w)
    E.backward()
    for weight in w[:4]:
        weight.grad = 0
    move(w[4:])
    for out_h, to_o in zip(h, (w[4::2], w[5::2]), strict=True):
        out_h.backward(seed=sum(net.grad * weight.data for net, weight in zip(net_o, to_o, strict=True)))
    move(w[:4])


def move(w: Sequence[Value]) -> None:
    """One step of gradient descent."""
    for weight in w:
        weight.data -= ETA * weight.grad
        weight.grad = 0


def claims() -> Iterator[tuple[str, bool]]:
    """The article's figures after learning, and where they come from."""
    as_told, in_turn = weights(), weights()
    learn(as_told)
    learn_in_turn(in_turn)
    for weight, printed in zip(as_told, MOVED, strict=True):
        yield figure(f"{weight.label} after one step", weight.data, printed)
    yield figure("E after it, all weights at once", network(as_told).E.data, "0.291027774")
    yield figure("E after it, w5 … w8 first", network(in_turn).E.data, "0.291027924")
    for _ in range(9_999):
        learn(as_told)
        learn_in_turn(in_turn)
    yield figure("out_o1 after 10,000 steps, all weights at once", network(as_told).o[0].data, "0.015913620")
    _, _, (o1, o2), E = network(in_turn)
    yield figure("out_o1 after 10,000 steps, w5 … w8 first", o1.data, "0.015912196")
    yield figure("out_o2 after them", o2.data, "0.984065734")
    yield figure("E after them", E.data, "0.000035085")


def figure(what: str, found: float, printed: str) -> tuple[str, bool]:
    """The claim that a number is what is printed."""
    return f"{what} = {found:.12g} (expected: {printed})", runner.matches(printed, found)


def run(out: Path) -> bool:
    """The first pass node by node, then the steps."""
    met = runner.show_graph(build, FIGURES, out, "mazur")
    print("\nLearning with η = 0.5:")
    return runner.confirm(claims()) and met


if __name__ == "__main__":
    runner.run_alone(__file__)
