"""Part 4. Three networks on MNIST, alike but for their activations, compiled from the cost of one example.

The article draws weights from N(0, 1). Among 784 inputs that gives z of far more than 1 in size, where
sigmoid is flat and linear and relu run away. Here they are divided by √n, for n inputs. The batches are taken
in the order of the files, as in the article.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import autograd
import nn
import viz
from demos import digits, runner
from demos.from_zero.network import NeuralNetwork
from demos.from_zero.values import OnValues
from nn.data import Dataset
from nn.losses import quadratic

HIDDEN, EPOCHS, SIZE = 30, 10, 10
LEARNING_RATES = {("sigmoid", "sigmoid"): 3.0, ("relu", "sigmoid"): 0.5, ("relu", "linear"): 0.03}
LEAST = 0.9  # of the test digits


def learn(train: Dataset, test: Dataset, activations: tuple[str, str], lr: float) -> nn.History:
    """The accuracy on both sets after every epoch."""
    network = NeuralNetwork([train.x.shape[1], HIDDEN, 10], list(activations))
    network.weights = [W / math.sqrt(W.shape[1]) for W in network.weights]
    model, history = OnValues(network), nn.History()
    cost = autograd.compile(lambda x, y: quadratic(model(x), y), model.parameters())
    outputs = autograd.compile(model, model.parameters())
    theta = cost.parameters()

    def accuracy(data: Dataset) -> float:
        return float((outputs.predict(theta, data.x).argmax(axis=1) == data.y).mean())

    one_hot = Dataset(train.x, np.eye(10)[train.y])
    for epoch in range(1, EPOCHS + 1):
        for batch in one_hot.batches(SIZE):
            _, gradient = cost(theta, batch.x, batch.y)
            theta -= lr * gradient
        history.rows.append({"epoch": epoch, "accuracy": accuracy(train), "val_accuracy": accuracy(test)})
    return history


def show(histories: dict[str, nn.History]) -> None:
    """A table of the accuracies."""
    print("        " + "".join(f"{name:>22}" for name in histories))
    print("epoch   " + f"{'training':>13}{'test':>9}" * len(histories))
    for rows in zip(*(history.rows for history in histories.values()), strict=True):
        cells = [f"{row['accuracy']:13.2%}{row['val_accuracy']:9.2%}" for row in rows]
        print(f"{rows[0]['epoch']:5}   {''.join(cells)}")


def claims(histories: dict[str, nn.History]) -> Iterator[tuple[str, bool]]:
    """What each has learned."""
    for name, history in histories.items():
        told = history.rows[-1]["val_accuracy"]
        yield f"{name}: {told:.2%} of the test digits are told, at least {LEAST:.0%}", told >= LEAST


def run(out: Path) -> bool:
    """Train each, and plot."""
    train, test, name = digits.load()
    print(f"Data: {name}, {len(train):,} examples to learn from and {len(test):,} to be tested on\n")
    histories = {
        ", ".join(activations): learn(train, test, activations, lr)
        for activations, lr in LEARNING_RATES.items()
    }
    show(histories)
    print()
    held = runner.confirm(claims(histories))
    lowest = min(min(row["accuracy"], row["val_accuracy"]) for h in histories.values() for row in h.rows)
    drawings = [
        lambda ax, name=name, history=history: viz.plot_history(history, ax).set(title=name, ylim=(lowest, 1))
        for name, history in histories.items()
    ]
    runner.plot(out / "from_zero.png", *drawings)
    return held
