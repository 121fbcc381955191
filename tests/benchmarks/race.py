"""What the program costs: measurements that test_program_speed.py starts, each in a process of its own.

    python tests/benchmarks/race.py step PyTorch 10 21      # side, mini-batch, rounds

prints JSON. BLAS, PyTorch and JAX have one thread, by the environment and by the one core that is left to
the process. The sides of a race do the same work on the same numbers, and their results are compared first.
They take turns of many consecutive steps, so that all meet the same weather; the measure is processor time.
"""

import gc
import json
import os
import sys
import time
import tracemalloc
from functools import reduce

import nielsen
import numpy as np

import autograd
from autograd import Value, tanh
from demos import gpt
from nn.data import mnist
from tests import programs

TURN = 0.05  # seconds that a side runs, at least, before it is the next one's turn


def race(steps, rounds):
    """{side: the seconds of one step, in every round}."""
    measured = {name: [] for name in steps}
    times = {name: max(1, round(TURN / seconds(one, 1))) if rounds > 1 else 1 for name, one in steps.items()}
    for _ in range(rounds):
        for name, one in steps.items():
            gc.collect()
            measured[name].append(seconds(one, times[name]))
    return measured


def seconds(step, times=1):
    """The processor time of one of several consecutive steps, and of waiting for their end."""
    start = time.process_time()
    for _ in range(times):
        step()
    getattr(step, "finish", lambda: None)()
    return (time.process_time() - start) / times


def equal(x, y):
    """Raise unless both are equal to 1e-12, relative to what is greatest in them."""
    off = np.abs(np.subtract(x, y)).max() / np.abs(y).max()
    if not off <= 1e-12:
        raise AssertionError(f"the sides differ by {off}")


# ── Races ───────────────────────────────────────────────────────────────────────────────────────────


class Step:
    """A step of one side on its own data."""

    def __init__(self, side, X, Y):
        self.step, self.finish = side.step, side.finish
        self.data = side.data(X, Y)

    def __call__(self):
        return self.step(*self.data)


def sides(name, n):
    """Ours and another side of nielsen.py after an equal step on a mini-batch of n."""
    model = nielsen.network("lecun", 0, *(("relu", "linear") if name == "Micrograd" else ()))
    theta = np.array([p.data for p in model.parameters()])
    pair = {"Compiled": nielsen.Compiled(theta, model), name: getattr(nielsen, name)(theta)}
    X, Y = nielsen.examples(n)
    steps = {key: Step(side, X, Y) for key, side in pair.items()}
    costs = [float(C) for C in [one() for one in steps.values()] if C is not None]
    equal(costs, costs[:1])
    equal(*[side.theta() - theta for side in pair.values()])
    return pair, steps


def step(name, n, rounds):
    """A step of Nielsen's network, ours and another side's."""
    pair, steps = sides(name, n)
    if name == "Matrices":
        theta, data = pair[name].theta(), nielsen.examples(n)
        steps |= {key: Step(getattr(nielsen, key)(theta), *data) for key in ("NoCost", "Products")}
    return race(steps, rounds)


def micrograd_example(n, rounds):
    """As `step`, per example: ours on a mini-batch of n, micrograd's on one."""
    pair, steps = sides("Micrograd", 1)
    steps["Compiled"] = Step(pair["Compiled"], *nielsen.examples(n))
    measured = race(steps, rounds)
    return measured | {"Compiled": [taken / n for taken in measured["Compiled"]]}


def gpt_step(n, rounds):
    """A step of the tiny GPT on one name of n letters: forward, backward, Adam."""
    model = gpt.GPT(27, seed=0)
    parameters, tokens = model.parameters(), [26, *range(n), 26]
    program = autograd.compile(lambda x: gpt.loss_of(model, x), parameters)
    theta, X = program.parameters(), np.array([tokens])
    optimizers = [gpt.optim.Adam(parameters, 0.01, betas=(0.85, 0.99)) for _ in range(2)]

    def compiled():
        value, gradient = program(theta, X)
        optimizers[0].step_array(theta, gradient)
        return value, gradient

    def eager():
        optimizers[1].zero_grad()
        loss = gpt.loss_of(model, tokens)
        loss.backward()
        optimizers[1].step()
        return loss.data, [p.grad for p in parameters]

    (value, gradient), (loss, grads) = compiled(), eager()
    equal([value], [loss])
    equal(gradient, grads)
    return race({"Compiled": compiled, "eager": eager}, rounds)


def program(name, rounds):
    """The value and the gradient of a program of programs.py: ours, and by hand or else eagerly."""
    source, inputs = sized(name, rounds)
    compiled = autograd.compile(source.loss, source.parameters)
    theta = compiled.parameters()

    def eager():
        losses = [source.loss(*example) for example in zip(*[x.tolist() for x in inputs])]
        for parameter in source.parameters:
            parameter.grad = 0
        mean = autograd.mean(losses)
        mean.backward()
        return mean.data, [parameter.grad for parameter in source.parameters]

    steps = {"Compiled": lambda: compiled(theta, *inputs)}
    if hasattr(source, "by_hand"):
        steps["by hand"] = lambda: source.by_hand(theta, *inputs)
    else:
        steps["eager"] = eager
    return race_of_gradients(steps, rounds)


def sized(name, rounds):
    """A program of programs.py, and inputs for it: in a real size, but to be tried once in a small one."""
    kind = getattr(programs, name)
    source = kind(**kind.large if rounds > 1 else {})
    return source, source.inputs(kind.examples, np.random.default_rng(0))


def race_of_gradients(steps, rounds):
    """A race of functions that give a value and a gradient."""
    (value, gradient), *others = [one() for one in steps.values()]
    for other_value, other_gradient in others:
        equal([other_value], [value])
        equal(other_gradient, gradient)
    return race(steps, rounds)


def coupled_compiled(x):
    """The objective of CasADi's users by ours: x → value and gradient."""
    return autograd.compile(autograd.value_and_grad(programs.coupled))


def coupled_casadi(x):
    """The same by CasADi's SX, scalar by scalar as well."""
    import casadi

    variables = casadi.SX.sym("x", len(x))
    value = programs.coupled(
        variables.elements(), casadi.sin, lambda terms: casadi.sum1(casadi.vertcat(*terms))
    )
    function = casadi.Function("coupled", [variables], [value, casadi.gradient(value, variables)])
    return lambda x: [np.asarray(out).ravel() for out in function(x)]


def coupled_by_hand(x):
    """The same in NumPy."""

    def by_hand(z):
        x, y = z[:-1], z[1:]
        bend, miss, angle = y - x * x, 1 - x, x * y
        slope = np.cos(angle)
        gradient = np.zeros_like(z)
        gradient[:-1] = -4 * bend * x - 2 * miss + y * slope
        gradient[1:] += 2 * bend + x * slope
        return bend @ bend + miss @ miss + np.sin(angle).sum(), gradient

    return by_hand


COUPLED = {"Compiled": coupled_compiled, "CasADi": coupled_casadi, "by hand": coupled_by_hand}


def coupled_step(name, n, rounds):
    """The objective of n coupled variables, ours and another side's."""
    x = np.random.default_rng(0).normal(size=n)
    sides = {side: COUPLED[side](x) for side in ("Compiled", name)}
    return race_of_gradients({side: lambda f=f: f(x) for side, f in sides.items()}, rounds)


def coupled_first(name, n, rounds):
    """The seconds until the first value and gradient are there, in every round."""
    x = np.random.default_rng(0).normal(size=n)
    return [seconds(lambda: COUPLED[name](x)(x)) for _ in range(rounds)]


def option(rounds):
    """The price of one option and its five derivatives, ours and the eager engine's."""
    greeks = autograd.value_and_grad(programs.call, range(5))
    compiled, point = autograd.compile(greeks), (1.0, 1.1, 0.5, 0.2, 0.02)
    ours, eager = lambda: compiled(*point), lambda: greeks(*point)
    return race_of_gradients({"Compiled": ours, "eager": eager}, rounds)


# ── One side alone ──────────────────────────────────────────────────────────────────────────────────


def memory(n):
    """{side: the most bytes that a step has at once, besides the parameters and the data}."""
    pair, _ = sides("Matrices", 1)
    X, Y = nielsen.examples(n)
    peaks = {}
    for name, side in pair.items():
        one = Step(side, X, Y)
        tracemalloc.start()
        one()
        one()
        peaks[name] = tracemalloc.get_traced_memory()[1] + side.held
        tracemalloc.stop()
    return peaks


def compiling(rounds):
    """{network: the seconds of its first call, in every round}."""
    digits, (X, Y) = nielsen.network("lecun"), nielsen.examples(1)
    every_product, names = nielsen.network("lecun", elementary=True), gpt.GPT(27, seed=0)
    calls = {
        "784-30-10": (nielsen.cost(digits), digits.parameters(), X, Y),
        "784-30-10, every product": (nielsen.cost(every_product), every_product.parameters(), X, Y),
        "the tiny GPT, 8 letters": (
            lambda x: gpt.loss_of(names, x),
            names.parameters(),
            np.array([[26, *range(8), 26]]),
        ),
    }
    for kind in programs.ZOO:
        source, inputs = sized(kind.__name__, rounds)
        calls[kind.__name__] = source.loss, source.parameters, *inputs
    return {name: [first_call(*call)[0] for _ in range(rounds)] for name, call in calls.items()}


def first_call(f, parameters, *inputs):
    """The seconds in which f is compiled and run once, and how many scalar nodes it recorded."""
    program = autograd.compile(f, parameters)
    theta = program.parameters()
    gc.collect()
    taken = seconds(lambda: program(theta, *inputs))
    return taken, program.compiled(inputs).nodes


def growth(kind, *sizes):
    """As `first_call`, for graphs of about so many nodes, "wide" or "deep"."""
    return [(wide if kind == "wide" else deep)(size) for size in sizes]


def wide(nodes):
    """A perceptron of 784 inputs with every weight, product and sum of its own node."""
    model = nielsen.network("lecun", elementary=True, hidden=max(1, nodes // (3 * 784)))
    return first_call(nielsen.cost(model), model.parameters(), *nielsen.examples(1))


def deep(nodes):
    """A chain of products and tanh."""
    w = Value(0.5)
    return first_call(lambda x: reduce(lambda a, _: tanh(w * a), range(nodes // 2), x), [w], np.ones(1))


def training(init, seeds, epochs):
    """The seconds of training, and the accuracy on the test images, of each seed."""
    train, test = mnist()
    found = []
    for seed in range(seeds):
        start = time.process_time()
        model = nielsen.train(train, init, seed, epochs)
        found.append((time.process_time() - start, nielsen.accuracy(model, test)))
    return found


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # JAX computes on a thread of its own
    what, *arguments = sys.argv[1:]
    print(json.dumps(globals()[what](*[int(x) if x.isdigit() else x for x in arguments])))
