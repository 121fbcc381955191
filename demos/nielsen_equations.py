"""Nielsen's four equations of backpropagation, read off the nodes of a network with 3, 4 and 2 neurons.

    BP1    δ^L_j = ∂C/∂a^L_j · σ′(z^L_j)        where C = ½ Σⱼ (y_j − a^L_j)², so that ∂C/∂a^L_j = a^L_j − y_j
    BP2    δ^l_j = Σₖ w^{l+1}_kj δ^{l+1}_k · σ′(z^l_j)
    BP3    ∂C/∂b^l_j = δ^l_j
    BP4    ∂C/∂w^l_jk = a^{l−1}_k δ^l_j

δ^l_j, the error of neuron j in layer l, is nothing but the gradient of the node z^l_j. So one backward pass
gives all left sides. The right sides are worked out here with plain numbers from the four formulas alone,
BP2 from the δ of the layer above by the same formulas.

In floats the two agree to 12 decimals. Where σ(z) = z / (1 + z²) stands in for the sigmoid, whose values no
fraction holds, all numbers are fractions, and they are the same.

    l, L   layer, last layer (the inputs are layer 1)      w, b   weights and biases
    z      weighted input of a neuron                      a      its activation σ(z)
    y      desired output                                  C      cost of the one example

Source: Nielsen, Neural Networks and Deep Learning, chapter 2.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import nn
import viz
from autograd import Value, constant, topological_order
from demos import runner
from demos.runner import Number, as_written
from nn.losses import quadratic

SIZES = 3, 4, 2
X = "0.5", "-1.0", "0.8"
Y = "0.0", "1.0"


def rational(z: Value) -> Value:
    """An activation that fractions can follow."""
    return z / (1 + z * z)


def sigmoid_prime(z: float) -> float:
    """σ′(z) of the sigmoid."""
    return math.exp(-z) / (1 + math.exp(-z)) ** 2


def rational_prime(z: Fraction) -> Fraction:
    """σ′(z) of z / (1 + z²)."""
    return (1 - z * z) / (1 + z * z) ** 2


def build(number: Number) -> Value:
    """Record the graph of the cost of one example; in fractions with the rational activation."""
    nin, *nouts = SIZES
    activation = rational if number is Fraction else "sigmoid"
    model, rng = nn.MLP(nin, nouts, activation, activation), Random(2)
    for parameter in model.parameters():
        parameter.data = number(f"{rng.uniform(-1, 1):.1f}")
    a = model([constant(number(x), f"a^1_{{{k}}}") for k, x in enumerate(X, 1)])
    y = [constant(number(y), f"y_{{{j}}}") for j, y in enumerate(Y, 1)]
    C: Value = quadratic(a, y)
    C.label = "C"
    return C


class Check(NamedTuple):
    """One equation at one neuron, or one weight: what the engine gives and what the formula gives."""

    equation: str
    name: str
    left: Any
    right: Any


def checks(C: Value, y: Sequence[Any], prime: Callable[[Any], Any]) -> Iterator[Check]:
    """Every equation at every neuron. `C.backward()` has been called; `prime` is σ′."""
    node = {node.label: node for node in topological_order(C)}

    def at(letter: str, layer: int, *place: int) -> Value:
        return node[f"{letter}^{layer}_{{{''.join(map(str, place))}}}"]

    def neurons(layer: int) -> range:
        return range(1, SIZES[layer - 1] + 1)

    L, delta = len(SIZES), {}
    for j in neurons(L):
        z, a = at("z", L, j), at("a", L, j)
        delta[L, j] = (a.data - y[j - 1]) * prime(z.data)
        yield Check("BP1", f"δ^{L}_{j}", z.grad, delta[L, j])
    for layer in range(L - 1, 1, -1):
        for j in neurons(layer):
            z, above = at("z", layer, j), layer + 1
            passed_back = sum(at("w", above, k, j).data * delta[above, k] for k in neurons(above))
            delta[layer, j] = passed_back * prime(z.data)
            yield Check("BP2", f"δ^{layer}_{j}", z.grad, delta[layer, j])
    for layer, j in sorted(delta):
        yield Check("BP3", f"∂C/∂b^{layer}_{j}", at("b", layer, j).grad, delta[layer, j])
    for layer, j in sorted(delta):
        for k in neurons(layer - 1):
            right = at("a", layer - 1, k).data * delta[layer, j]
            yield Check("BP4", f"∂C/∂w^{layer}_{j}{k}", at("w", layer, j, k).grad, right)


def backward(number: Number, prime: Callable[[Any], Any]) -> list[Check]:
    """The checks after one backward pass in a number type."""
    C = build(number)
    C.backward()
    return list(checks(C, [number(y) for y in Y], prime))


def claims() -> Iterator[tuple[str, bool]]:
    """The equations hold: in floats to 12 decimals, in fractions exactly."""
    in_floats = backward(as_written, sigmoid_prime)
    in_fractions = backward(Fraction, rational_prime)
    for equation in "BP1", "BP2", "BP3", "BP4":
        floats = [abs(check.left - check.right) for check in in_floats if check.equation == equation]
        exact = [check.left == check.right for check in in_fractions if check.equation == equation]
        text = f"{equation} at {len(floats)} places: in floats to {max(floats):.0e}, in fractions exactly"
        yield text, max(floats) < 1e-12 and all(exact)


def run(out: Path) -> bool:
    """The graph node by node, then both sides of every equation."""
    C = build(as_written)
    C.backward()
    print(viz.table(C))
    print("\nBoth sides of every equation: the gradient in the graph, and the formula\n")
    print("equation  left                gradient            formula    difference")
    print("─" * 71)
    for equation, name, left, right in backward(as_written, sigmoid_prime):
        print(f"{equation:8}  {name:12}  {left:+.15f}  {right:+.15f}  {left - right:+11.1e}")
    print()
    held = runner.confirm(claims())
    runner.draw(C, out, "nielsen_equations")
    return held


if __name__ == "__main__":
    runner.run_alone(__file__)
