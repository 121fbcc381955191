"""The program learns MNIST as Nielsen's network does: 784-30-10, quadratic cost, mini-batches of 10, η = 3.

Thirty epochs and five seeds of each init are trained by tests/benchmarks/test_program_speed.py; here few.
"""

import os

import pytest
from benchmarks.nielsen import accuracy, train
from processes import outputs

from nn.data import mnist

pytestmark = pytest.mark.skipif(
    "AUTOGRAD_DATA" not in os.environ, reason="AUTOGRAD_DATA, the folder of MNIST, is not set"
)


def numbers(model):
    return [p.data for p in model.parameters()]


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    data, _ = mnist(train=500, test=1)
    first, again, other = (numbers(train(data, "normal", seed, epochs=2)) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(("init", "least"), [("normal", 0.90), ("lecun", 0.93)])
def test_a_network_of_thirty_neurons_reads_most_of_the_digits(init, least):
    data, test = mnist()
    shares = [accuracy(train(data, init, seed, epochs=3), test) for seed in range(3)]
    assert sorted(shares)[1] >= least


def test_the_numbers_are_the_same_in_every_process():
    script = (
        "from benchmarks.nielsen import train; from nn.data import mnist;"
        "print([p.data for p in train(mnist(train=100, test=1)[0], 'lecun', 0, epochs=1).parameters()])"
    )
    assert len(outputs(script)) == 1
