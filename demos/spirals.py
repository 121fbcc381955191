"""Three spirals: a classifier with a score for each class, tested on points that it has not seen.

Three arms wind around one another. Softmax turns the three scores into probabilities, and the cost is
cross-entropy, −log of the probability of the right arm. A quarter of the points is kept back. What is told
wrong here lies within 0.1 of the centre, where the arms meet and are as close as the noise is wide.

    score    one of the model's three outputs; the greatest is the answer

Source: the data after Karpathy, CS231n (2015), "Putting it together: minimal neural network case study".
"""

import math
from collections.abc import Iterator
from pathlib import Path

import nn
import viz
from autograd import no_grad
from demos import runner
from nn import optim
from nn.data import spirals
from nn.schedules import cosine

EPOCHS, BATCH = 30, 30
CENTRE = 0.1  # radius within which the arms cannot be told apart


def claims(history: nn.History, wrong: list[list[float]]) -> Iterator[tuple[str, bool]]:
    """How well the arms are told apart, and where they are not."""
    seen, unseen = history.rows[-1]["accuracy"], history.rows[-1]["val_accuracy"]
    yield f"of the points of training {seen:.1%} are told right, at least 97 %", seen >= 0.97
    yield f"of the others {unseen:.1%}, at least 95 %", unseen >= 0.95
    yield f"the {len(wrong)} told wrong are near the centre", all(math.hypot(*x) < CENTRE for x in wrong)


def run(out: Path) -> bool:
    """Train on three quarters of the points."""
    points = spirals(300, noise=0.02, seed=1)
    train, test = points.split(0.75, seed=1)
    model = nn.MLP(2, [16, 16, 3], "relu", init="he", seed=1)
    print(f"{model}\n")
    optimizer = optim.Adam(model.parameters(), lr=cosine(0.03, EPOCHS * math.ceil(len(train) / BATCH)))
    history = nn.fit(
        model, train, "cross_entropy", optimizer,
        epochs=EPOCHS, batch_size=BATCH, validation=test, metrics=["accuracy"],
    )  # fmt: skip
    print(f"{history}\n")
    with no_grad():
        wrong = [x for x, y in points if not nn.accuracy(model(x), y)]
    held = runner.confirm(claims(history, wrong))
    runner.plot(
        out / "spirals.png",
        lambda ax: viz.plot_decision_boundary(model, points.x, points.y, ax),
        lambda ax: viz.plot_history(history, ax),
    )
    return held


if __name__ == "__main__":
    runner.run_alone(__file__)
