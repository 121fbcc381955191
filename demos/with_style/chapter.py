"""What the package shows: every module's part, with the claims that are checked."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

import viz
from demos import digits, runner
from demos.with_style import beside
from demos.with_style.network import Network
from demos.with_style.training import Compiled, accuracy, columns, one_hot
from nn.data import Dataset, gates

SWEEPS = 1_000  # epochs of xor
HIDDEN, SIZE, RATE, SEED = 30, 10, 3.0, 3
EPOCHS, EPOCHS_ON_SMALL_DIGITS = 3, 5
FIRST_STEPS = 100  # in which rounding errors stay small


def run(out: Path) -> bool:
    """The parts in reading order."""
    train, test, name = digits.load()
    epochs = EPOCHS if name == "MNIST" else EPOCHS_ON_SMALL_DIGITS
    print(f"Images: {name}\n")
    held = [show_names(), show_pairs(), show_xor(), show_digits(train, test, epochs, out)]
    return all(held)


def show_names() -> bool:
    """What becomes of names with subscripts."""
    network = Network([2, 1])
    print("Names in mathematical letters\n")
    return runner.confirm(
        [
            ("Wₙ and Wn are one name, by Unicode's NFKC", network.Wₙ is network.Wn),
            ("the attribute is stored as Wn", "Wn" in vars(network)),
            ("a string is not normalised: getattr(network, 'Wₙ') finds nothing", not hasattr(network, "Wₙ")),
        ]
    )


def show_pairs() -> bool:
    """Every derivative of a small network, by hand and on Values."""
    print("\nNetwork([2, 3, 2]), one example: every derivative by hand, and in the graph of Values\n")
    print("            by hand               on Values             difference")
    print("─" * 66)
    in_floats, in_fractions = beside.in_floats(), beside.in_fractions()
    for name, by_hand, on_values in in_floats:
        print(f"{name:10}  {by_hand:+.17f}  {on_values:+.17f}  {by_hand - on_values:+10.1e}")
    print()
    return runner.confirm(runner.agreement(("δ", "∂J/∂W", "∂J/∂b"), in_floats, in_fractions, "z/(1 + z²)"))


def show_xor() -> bool:
    """The network learns the four lines of xor."""
    data = gates("xor")
    network = Network([2, 3, 1])
    X, Y = np.array(data.x, float), np.array(data.y, float)[:, None]
    network.train_network(columns(X, Y, 4), SWEEPS, η=5.0)
    print(f"\nxor, by Network([2, 3, 1]), {SWEEPS:,} epochs of one mini-batch\n")
    answers = network.forward(X.T)[1][-1].ravel()
    for (x, y), a in zip(data, answers, strict=True):
        print(f"  {x}  {y}  {a:.4f}")
    print()
    far = np.abs(answers - data.y).max()
    return runner.confirm([(f"every answer is right to {far:.2f}, less than 0.1", bool(far < 0.1))])


def show_digits(train: Dataset, test: Dataset, epochs: int, out: Path) -> bool:
    """Digits, by hand and compiled."""
    network, compiled = two(train)
    X, Y = train.x, one_hot(train.y)
    deviation = network.forward(X.T)[0][0].std()
    by_hand: list[float] = []
    on_values: list[float] = []

    start = perf_counter()
    network.train_network(columns(X, Y, SIZE), epochs, RATE, lambda: by_hand.append(accuracy(network, test)))
    half = perf_counter()
    compiled.train(X, Y, SIZE, epochs, RATE, lambda: on_values.append(compiled.accuracy(test)))
    end = perf_counter()

    print(f"\n{len(train):,} images by Network({network.structure}), mini-batches of {SIZE}, η = {RATE}")
    print(f"The first z have a standard deviation of {deviation:.1f}\n")
    print("epoch  by hand  compiled")
    print("─" * 24)
    for epoch, (hand, values) in enumerate(zip(by_hand, on_values, strict=True), 1):
        print(f"{epoch:5}  {hand:7.2%}  {values:8.2%}")
    print(f"\nTime, by hand to compiled: {(half - start) / (end - half):.1f}\n")
    held = runner.confirm(digit_claims(first_difference(train), by_hand, on_values))
    runner.plot(out / "with_style.png", lambda ax: viz.plot_history({"test accuracy": by_hand}, ax))
    return held


def two(data: Dataset) -> tuple[Network, Compiled]:
    """The network by hand and on Values, with the same numbers."""
    network = Network([len(data.x[0]), HIDDEN, 10], SEED)
    return network, Compiled(network)


def first_difference(train: Dataset) -> float:
    """How far any parameter of the two is apart after the first steps."""
    network, compiled = two(train)
    some = train[: FIRST_STEPS * SIZE]
    network.train_network(columns(some.x, one_hot(some.y), SIZE), 1, RATE)
    compiled.train(some.x, one_hot(some.y), SIZE, 1, RATE)
    return float(np.abs(beside.theta(network) - compiled.theta).max())


def digit_claims(apart: float, by_hand: list[float], on_values: list[float]) -> Iterator[tuple[str, bool]]:
    """Both come to the same numbers, and those are good ones."""
    yield f"after {FIRST_STEPS} steps all parameters of the two agree to {apart:.0e}", apart < 1e-12
    differences = [abs(hand - values) for hand, values in zip(by_hand, on_values, strict=True)]
    yield "their accuracies agree to 0.2 % after every epoch", max(differences) < 0.002
    yield f"{by_hand[-1]:.2%} of the test images are told right, at least 85 %", by_hand[-1] >= 0.85
