"""What the package shows: every module's part, with the claims that are checked."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import viz
from autograd import Value, sigmoid
from demos import apples, apples_oranges, digits, runner
from demos.runner import as_written
from demos.saito import beside, shopping, timing, training
from demos.saito.layers import Array, Layer, Sigmoid, SigmoidNodes
from demos.saito.two_layer_net import TwoLayerNet
from nn.data import Dataset

STEPS, STEPS_ON_SMALL_DIGITS = 10_000, 2_500
CHECKED = 3  # examples of the gradient check


def run(out: Path) -> bool:
    """The parts in reading order."""
    train, test, name = digits.load()
    steps = STEPS if name == "MNIST" else STEPS_ON_SMALL_DIGITS
    print(f"Images: {name}\n")
    network, x, t = training.network_for(train), train.x[:CHECKED], training.one_hot(train.y[:CHECKED])
    held = [
        show_shopping(),
        show_sigmoid(),
        show_pairs(),
        show_gradient_check(network, x, t),
        show_timings(network, x, t),
        show_training(train, test, steps, out),
    ]
    return all(held)


# ── Layers ──────────────────────────────────────────────────────────────────────────────────────────


def show_shopping() -> bool:
    """The figures of both bills."""
    print("MulLayer and AddLayer: what the text prints, exactly in fractions, and the same as the graph's\n")
    held = runner.confirm(bill_claims(shopping.apples, apples))
    print()
    return runner.confirm(bill_claims(shopping.apples_oranges, apples_oranges)) and held


def bill_claims(bill: Callable[[runner.Number], dict[str, Any]], demo: Any) -> Iterator[tuple[str, bool]]:
    """Every figure of a bill, by the demo that draws its graph."""
    in_floats, in_fractions, graph = bill(as_written), bill(Fraction), demo.build(as_written)
    graph.backward()
    for figure, (printed, exact) in demo.FIGURES.items():
        found, found_exactly = in_floats[figure], in_fractions[figure]
        text = f"{figure} = {found} (source: {printed}), exactly {found_exactly}"
        good = runner.matches(printed, found) and found == runner.number(graph, figure)
        yield text, good and found_exactly == Fraction(exact)


def show_sigmoid() -> bool:
    """The sigmoid's derivative in three ways."""
    print("\nSigmoid backward: through × exp + /, merged as y(1 − y), and on Values\n")
    print("     x    four nodes             merged                 Value")
    rows = [
        (x, slope(SigmoidNodes(), x), slope(Sigmoid(), x), value_slope(x)) for x in (-4.0, -1.0, 0.0, 2.5)
    ]
    for x, *slopes in rows:
        print(f"{x:6}    " + "   ".join(f"{slope:.18f}" for slope in slopes))
    print()
    far = max(max(slopes) - min(slopes) for _, *slopes in rows)
    return runner.confirm([(f"all three agree to {far:.0e}", far < 1e-15)])


def slope(layer: Layer, x: float) -> float:
    """A layer's derivative at x."""
    layer.forward(x)
    return float(layer.backward(1.0))


def value_slope(x: float) -> float:
    """The derivative of the sigmoid's row at x."""
    leaf = Value(x)
    sigmoid(leaf).backward()
    return float(leaf.grad)


# ── The network ─────────────────────────────────────────────────────────────────────────────────────


def show_pairs() -> bool:
    """Every derivative of the small network, by the layers and on Values."""
    print("\nTwoLayerNet 2-3-2, a batch of two: every derivative by the layers, and in the graph of Values\n")
    print("                       by the layers         on Values             difference")
    print("─" * 78)
    in_floats, in_fractions = beside.in_floats(), beside.in_fractions()
    for name, by_hand, on_values in in_floats:
        print(f"{name:18}  {by_hand:+.17f}  {on_values:+.17f}  {by_hand - on_values:+10.1e}")
    print()
    return runner.confirm(runner.agreement(("δ", "∂L/∂W", "∂L/∂b"), in_floats, in_fractions, "Squares"))


def show_gradient_check(network: TwoLayerNet, x: Array, t: Array) -> bool:
    """The text's gradient check, and the same differences to the network on Values."""
    numerical, backward = network.numerical_gradient(x, t), network.gradient(x, t)
    sizes = "-".join(map(str, (*network.params["W1"].shape, len(network.params["b2"]))))
    print(f"\nThe gradient check of TwoLayerNet {sizes}, a batch of {CHECKED}: mean |numerical − backward|\n")
    print("parameter  numbers  mean difference")
    print("─" * 35)
    far = {name: float(np.mean(np.abs(numerical[name] - backward[name]))) for name in backward}
    for name, difference in far.items():
        print(f"{name:9}  {backward[name].size:7,}  {difference:.1e}")
    print()
    values = max(abs(by_hand - on_values) for _, by_hand, on_values in beside.pairs(network, x, t))
    return runner.confirm(
        [
            ("every mean difference is below 1e-8", max(far.values()) < 1e-8),
            (f"every derivative agrees with the network on Values to {values:.0e}", values < 1e-12),
        ]
    )


def show_timings(network: TwoLayerNet, x: Array, t: Array) -> bool:
    """The text's motive, as ratios; a clock proves no claim."""
    print(f"\nThe time of one gradient, a batch of {CHECKED}\n")
    print("way                            losses evaluated        time     ratio")
    print("─" * 69)
    ways = timing.timings(network, x, t)
    for way, evaluations, seconds in ways:
        ratio = seconds / ways[1].seconds
        print(f"{way:29}  {evaluations:16,}  {1e3 * seconds:7.2f} ms  {ratio:8,.1f}")
    return True


# ── Training ────────────────────────────────────────────────────────────────────────────────────────


def show_training(train: Dataset, test: Dataset, steps: int, out: Path) -> bool:
    """The training of both sides, its table and its plot."""
    print(f"\nTraining on {len(train):,} images: {steps:,} steps, batches of {training.BATCH}\n")
    layers = training.Course(training.Layers(training.network_for(train)))
    compiled = training.Course(training.Compiled(training.network_for(train)))
    training.train([layers, compiled], train, test, steps)
    print("         by the layers     compiled")
    print("epoch    train    test     train    test")
    print("─" * 41)
    for epoch, row in enumerate(zip(layers.train, layers.test, compiled.train, compiled.test, strict=True)):
        print(f"{epoch:5}    " + "   ".join(f"{accuracy:.2%}" for accuracy in row))
    print(f"\nTime of the steps, compiled to layers: {compiled.seconds / layers.seconds:.2f}\n")
    held = runner.confirm(training_claims(layers, compiled))
    curves = {"train accuracy": compiled.train[1:], "test accuracy": compiled.test[1:]}
    runner.plot(out / "saito.png", lambda ax: viz.plot_history(curves, ax))
    return held


def training_claims(layers: training.Course, compiled: training.Course) -> Iterator[tuple[str, bool]]:
    """Both sides come to the same numbers, and those are good ones."""
    far = np.abs(layers.side.theta() - compiled.side.theta()).max()
    yield f"in the end all parameters of the two agree to {far:.0e}", bool(far < 1e-9)
    same = layers.train == compiled.train and layers.test == compiled.test
    yield "their accuracies are the same in every epoch", same
    accuracy = compiled.test[-1]
    yield f"{accuracy:.2%} of the test images are told right, at least 95 %", accuracy >= 0.95
