"""Two moons: micrograd's demo, number by number. A network learns to tell two half circles apart.

The targets are −1 and +1, and an example costs what it costs a support vector machine, max(0, 1 − y·score):
nothing once the score has the right sign and is at least 1 in size. To their mean over all 100 points comes
the penalty 10⁻⁴ Σ p² over all parameters p. The learning rate falls from 1.0 in equal steps, by 0.9 in 100.

The first weights are those of micrograd's notebook, drawn by `random` from the same seed in the same order.
So are the points where NumPy is there to draw them: scikit-learn's make_moons from the notebook's seed. The
costs are then those that the notebook prints, and in the end every point is told right, as there.

    score    the model's output; its sign is the answer          y    the target

Source: Karpathy, micrograd (2020), demo.ipynb: an MLP 2-16-16-1 with relu, 100 steps of gradient descent.
"""

from collections.abc import Iterator
from pathlib import Path

import nn
import viz
from demos import runner
from nn import optim
from nn.data import Dataset, moons
from nn.losses import l2
from nn.schedules import linear

SEED, STEPS = 1337, 100
COSTS = {0: "0.895844102868", 1: "1.7236", 2: "0.7429", 10: "0.2451", 50: "0.0988", 99: "0.010978370135"}


def points_of_the_notebook() -> Dataset:
    """What make_moons(n_samples=100, noise=0.1) gives after np.random.seed(1337)."""
    import numpy as np

    rng = np.random.RandomState(SEED)
    angle = np.linspace(0, np.pi, 50)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    x = np.concatenate([upper, [1, 0.5] - upper])
    order = np.arange(100)
    rng.shuffle(order)
    x = x[order] + rng.normal(scale=0.1, size=(100, 2))
    return Dataset(x.tolist(), [int(i >= 50) for i in order])


def claims(history: nn.History, costs: dict[int, str]) -> Iterator[tuple[str, bool]]:
    """What the notebook prints: the costs before some of the steps, and the accuracy."""
    for step, printed in costs.items():
        cost = history.rows[step]["loss"]
        yield f"cost before step {step}: {cost:.12f} (source: {printed})", runner.matches(printed, cost)
    yield "in the end all 100 points are told right", history.rows[-1]["accuracy"] == 1


def run(out: Path) -> bool:
    """Train as micrograd's notebook does."""
    try:
        points, costs = points_of_the_notebook(), COSTS
    except ImportError:
        print("Other points than the notebook's: to draw those, pip install 'scalar-autograd[numpy]'")
        points, costs = moons(100, noise=0.1, seed=SEED), {}
    data = Dataset(points.x, [2 * y - 1 for y in points.y])
    model = nn.MLP(2, [16, 16, 1], seed=SEED)
    parameters = model.parameters()
    history = nn.fit(
        model, data, "hinge", optim.SGD(parameters, lr=linear(1.0, STEPS, end=0.1)),
        epochs=STEPS, metrics=["accuracy"], penalty=lambda: l2(parameters, 1e-4),
    )  # fmt: skip
    print(f"{model}\n\n{history}\n")
    held = runner.confirm(claims(history, costs))
    runner.plot(
        out / "moons.png",
        lambda ax: viz.plot_decision_boundary(model, data.x, data.y, ax),
        lambda ax: viz.plot_history(history, ax),
    )
    return held


if __name__ == "__main__":
    runner.run_alone(__file__)
