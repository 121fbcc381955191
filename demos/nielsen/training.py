"""Part 4. The book's training: 784-30-10, η = 3.0, mini-batches of 10, 30 epochs, compiled from scalars.

The weights begin with N(0, 1), as in chapters 1 and 2. A neuron of 784 such inputs has a z of far more than 1
in size, where σ is flat and learns slowly. Chapter 3 divides the deviation by √n, for n inputs; both are run.

With 50,000 images to learn from, the book tells of about 95 %.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import nn
import viz
from demos import digits, runner
from demos.nielsen.mini_batch import HIDDEN, CompiledNetwork
from demos.nielsen.network import Network

EPOCHS, SIZE, ETA = 30, 10, 3.0
LEAST, LEAST_OF_SMALL = 0.93, 0.85  # of the test digits: of MNIST, of small digits


def narrow(network: Network) -> None:
    """Take the weights from N(0, 1) to N(0, 1/n)."""
    for w in network.weights:
        w /= math.sqrt(w.shape[1])


def learn(train: nn.data.Dataset, test: nn.data.Dataset) -> dict[str, nn.History]:
    """The accuracy by epoch, for either beginning."""
    wide, slim = (CompiledNetwork([train.x.shape[1], HIDDEN, 10]) for _ in range(2))
    narrow(slim)
    return {
        name: network.SGD(train, EPOCHS, SIZE, ETA, test)
        for name, network in {"N(0, 1)": wide, "N(0, 1/n)": slim}.items()
    }


def show(histories: dict[str, nn.History]) -> None:
    """A table of the accuracies."""
    print("        " + "".join(f"{f'weights {name}':>22}" for name in histories))
    print("epoch" + " " * 3 + f"{'training':>13}{'test':>9}" * len(histories))
    for rows in zip(*(history.rows for history in histories.values()), strict=True):
        cells = [f"{row['accuracy']:13.2%}{row['val_accuracy']:9.2%}" for row in rows]
        print(f"{rows[0]['epoch']:5}   {''.join(cells)}")


def claims(histories: dict[str, nn.History], least: float) -> Iterator[tuple[str, bool]]:
    """What was learned: at least so much from the first beginning, and more from the second."""
    wide, slim = (history.rows[-1]["val_accuracy"] for history in histories.values())
    yield f"from N(0, 1): {wide:.2%} of the test digits are told, at least {least:.0%}", wide >= least
    yield f"from N(0, 1/n): {slim:.2%}, which is more", slim > wide


def run(out: Path) -> bool:
    """Train twice, and plot."""
    train, test, name = digits.load()
    print(f"Data: {name}, {len(train):,} examples to learn from and {len(test):,} to be tested on\n")
    histories = learn(train, test)
    show(histories)
    print()
    held = runner.confirm(claims(histories, LEAST if name == "MNIST" else LEAST_OF_SMALL))
    lowest = min(min(row["accuracy"], row["val_accuracy"]) for h in histories.values() for row in h.rows)
    drawings = [
        lambda ax, name=name, history=history: viz.plot_history(history, ax).set(
            title=f"weights {name}", ylim=(lowest, 1)
        )
        for name, history in histories.items()
    ]
    runner.plot(out / "nielsen.png", *drawings)
    return held
