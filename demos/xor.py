"""XOR: what one neuron cannot learn, and can after two others.

One neuron says yes on one side of a line, and no line has (0, 1) and (1, 0) on one side, (0, 0) and (1, 1) on
the other. Training shows the best that it can do: its cost is convex and least where all weights are 0, and
there it gives ½ for every input, at a cost of log 2. Two hidden neurons draw a line each, and what they give
are new coordinates, in which one line is enough: xor is "or" and "nand".

    x    two bits          p    the probability of a 1 that the model gives, σ of its output

Sources: Minsky & Papert, Perceptrons (1969); Rumelhart, Hinton & Williams, Learning Internal Representations
by Error Propagation (1986).
"""

import math
from collections.abc import Iterator
from pathlib import Path

import nn
import viz
from autograd import sigmoid
from demos import runner
from nn import optim
from nn.data import GATES, Dataset, gates

STEPS = 300


def train(model: nn.MLP, data: Dataset) -> nn.History:
    """Gradient descent on all four examples at once."""
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    return nn.fit(model, data, "binary_cross_entropy", optimizer, epochs=STEPS, metrics=["accuracy"])


def gate_of(neuron: nn.Neuron, data: Dataset) -> str:
    """The gate that a neuron has become, by the sign of its output."""
    answers = [int(neuron(x) > 0) for x in data.x]
    return next((name for name in GATES if gates(name).y == answers), "no gate of that list")


def claims(alone: nn.History, both: nn.History, found: list[str]) -> Iterator[tuple[str, bool]]:
    """What one neuron comes to, and what two and a third do."""
    cost = alone.rows[-1]["loss"]
    yield f"one neuron ends at a cost of {cost:.6f}, log 2", math.isclose(cost, math.log(2), rel_tol=1e-6)
    cost = both.rows[-1]["loss"]
    yield f"after two others it ends at {cost:.6f}, below 0.01", cost < 0.01
    yield "and its four answers are right", both.rows[-1]["accuracy"] == 1
    yield f"the two have become {' and '.join(found)}", found == ["or", "nand"]


def run(out: Path) -> bool:
    """Train one neuron alone, then one after two others."""
    data = gates("xor")
    neuron, model = nn.MLP(2, [1], seed=1), nn.MLP(2, [2, 1], "tanh", seed=2)
    alone, both = train(neuron, data), train(model, data)
    hidden = model.layers[0]
    print("x       hidden neurons    p       xor")
    for x, y in data:
        first, second = hidden(x)
        print(f"{x}  {first.data:+.4f}  {second.data:+.4f}  {sigmoid(model(x)).data:.4f}  {y}")
    print()
    held = runner.confirm(claims(alone, both, [gate_of(each, data) for each in hidden.neurons]))
    costs = {"one neuron": alone.history["loss"], "two hidden": both.history["loss"]}
    runner.plot(
        out / "xor.png",
        lambda ax: viz.plot_decision_boundary(model, data.x, data.y, ax),
        lambda ax: viz.plot_history(costs, ax),
    )
    print(f"Network: {viz.draw_network(model).save(out / 'xor-network.svg')}")
    return held


if __name__ == "__main__":
    runner.run_alone(__file__)
