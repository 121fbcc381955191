"""Mirror symmetry: 6 bits, 2 hidden neurons, and the weights that they find for themselves.

Is a pattern of six bits its own mirror image? No single bit tells anything, and yet two hidden neurons are
enough. Each learns weights that are equal and opposite about the middle, so that a symmetric pattern adds up
to 0 in both of them, and their negative biases keep them off. The three pairs are in the ratio 1 : 2 : 4, and
±1, ±2 and ±4, or some of them, never add up to 0: every other pattern switches on one of the two neurons,
which have opposite signs. Both say no to the output.

(From 60 starts like this one, 20 have learned it after the paper's 1,425 sweeps, three of them with the ratio
2 : 3 : 4, where no sum is 0 either.)

    w    the six weights of a hidden neuron; w[k] and w[5 − k] are a mirrored pair
    p    the output: above ½ it says "symmetric"          y    1 where the pattern is, else 0

Source: Rumelhart, Hinton & Williams, Learning Representations by Back-Propagating Errors (1986), figure 1:
all 64 patterns at once, cost ½ Σ (p − y)², first weights from −0.3 to 0.3, rate 0.1, momentum 0.9.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import nn
import viz
from demos import runner
from nn import optim
from nn.data import symmetry

SWEEPS = 700
NEAR = 0.02  # what a ratio may be off by


def right(p: Any, y: int) -> bool:
    """Whether the pattern's kind is told."""
    return bool((p > 0.5) == (y == 1))


def near(found: float, expected: float) -> bool:
    """Whether two weights agree, as closely as the sweeps allow."""
    return abs(found - expected) <= NEAR * abs(expected)


def claims(model: nn.MLP, history: nn.History) -> Iterator[tuple[str, bool]]:
    """What the network has learned, and what its weights look like."""
    hidden, (output,) = (layer.neurons for layer in model.layers)
    (*w, b), (*v, c), (*u, d) = ([p.data for p in neuron.parameters()] for neuron in (*hidden, output))
    least, middle, most = sorted(map(abs, w[:3]))
    ratio = f"1 : {middle / least:.3f} : {most / least:.3f}"
    yield "all 64 patterns are told", history.rows[-1]["right"] == 1
    yield "mirrored weights are equal and opposite", all(near(w[k], -w[5 - k]) for k in range(3))
    yield f"the pairs are as {ratio}, near 1 : 2 : 4", near(middle / least, 2) and near(most / least, 4)
    yield "the other neuron has the same weights with the other sign", all(map(near, v, (-x for x in w)))
    yield "both have a negative bias", b < 0 and c < 0
    yield "both say no to the output, whose bias says yes", max(u) < 0 < d


def run(out: Path) -> bool:
    """Train as in 1986, and look at the weights."""
    data, model, rng = symmetry(6), nn.MLP(6, [2, 1], "sigmoid", "sigmoid"), Random(8)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-0.3, 0.3)
    # The paper descends on the sum over the patterns, `fit` on their mean.
    optimizer = optim.SGD(model.parameters(), lr=0.1 * len(data), momentum=0.9)
    history = nn.fit(model, data, "quadratic", optimizer, epochs=SWEEPS, metrics=[right])
    print(f"{history}\n")
    for neuron in (neuron for layer in model.layers for neuron in layer.neurons):
        *weights, bias = (f"{p.data:+7.3f}" for p in neuron.parameters())
        print(f"{neuron.names[0]}:  w = {'  '.join(weights)}  bias {bias}")
    print()
    held = runner.confirm(claims(model, history))
    runner.plot(out / "symmetry.png", lambda ax: viz.plot_history(history, ax))
    print(f"Network: {viz.draw_network(model).save(out / 'symmetry-network.svg')}")
    return held


if __name__ == "__main__":
    runner.run_alone(__file__)
