"""The compiled program against NumPy by hand, PyTorch, JAX, micrograd and the eager engine.

Run with `make bench -s` and read the ratios: those of the medians over the rounds. Each measurement is a
process of race.py with one thread for everybody. PyTorch and JAX are raced where they are installed. Where
OPENBLAS_CORETYPE is set, NumPy's products do without the newer instructions that PyTorch and JAX then use.

The aims for a step of Nielsen's 784-30-10 on a mini-batch of 10: at most the time of NumPy by hand (1.05 at
1,000), less than JAX's, a third of PyTorch's, a tenth of the textbook's loop, and 10,000 times as fast as
micrograd. To compile it in 1.5 s and the tiny GPT in 5 s; a step of that 50 times as fast as the eager one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from tests import programs
from tests.programs import ZOO

RACE = Path(__file__).with_name("race.py")
ROUNDS = 21
ONE_THREAD = {
    **dict.fromkeys(["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NPROC"], "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
needs_mnist = pytest.mark.skipif("AUTOGRAD_DATA" not in os.environ, reason="AUTOGRAD_DATA is not set")


def measure(benchmark, *what):
    """What race.py measures, in a process of its own."""
    root = RACE.parent.parent.parent
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": path}
    command = [sys.executable, str(RACE), *map(str, what)]

    def run():
        return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)

    return benchmark.pedantic(run, rounds=1)


def compare(benchmark, *what, rounds=ROUNDS):
    """Print what the other sides take in units of what ours takes."""
    measured = measure(benchmark, *what, 1 if benchmark.disabled else rounds)
    seconds = {name: median(times) for name, times in measured.items()}
    ours = seconds.pop("Compiled")
    for name, theirs in seconds.items():
        benchmark.extra_info[name] = theirs / ours
        print(f"{' '.join(map(str, what))}: {name} takes {theirs / ours:.2f} × our {1e6 * ours:.1f} µs")


@pytest.mark.benchmark(group="a step of 784-30-10")
@pytest.mark.parametrize("n", [10, 1000])
@pytest.mark.parametrize("side", ["Matrices", "Textbook", "PyTorch", "Jax"])
def test_step(benchmark, side, n):
    if side in ("PyTorch", "Jax"):
        pytest.importorskip({"PyTorch": "torch", "Jax": "jax"}[side])
    compare(benchmark, "step", side, n)


@pytest.mark.benchmark(group="784-30-10, for one example")
def test_micrograd(benchmark):
    compare(benchmark, "micrograd_example", 10)


@pytest.mark.benchmark(group="a step of the tiny GPT on one name, with Adam")
def test_gpt(benchmark):
    compare(benchmark, "gpt_step", 8)


@pytest.mark.benchmark(group="value and gradient of a program")
@pytest.mark.parametrize("name", [kind.__name__ for kind in ZOO])
def test_program(benchmark, name):
    if name == "VolatilitySurface":
        pytest.importorskip("scipy")  # its side by hand
    compare(benchmark, "program", name, rounds=ROUNDS if hasattr(getattr(programs, name), "by_hand") else 3)


@pytest.mark.benchmark(group="value and gradient of an objective of 10,000 coupled variables")
@pytest.mark.parametrize("side", ["by hand", "CasADi"])
def test_coupled(benchmark, side):
    if side == "CasADi":
        pytest.importorskip("casadi")
    compare(benchmark, "coupled_step", side, 100 if benchmark.disabled else 10_000)


@pytest.mark.benchmark(group="to the first gradient of that objective")
@pytest.mark.parametrize("side", ["Compiled", "CasADi"])
def test_coupled_first(benchmark, side):
    if side == "CasADi":
        pytest.importorskip("casadi")
    size = (100, 1) if benchmark.disabled else (10_000, 5)
    benchmark.extra_info["seconds"] = taken = median(measure(benchmark, "coupled_first", side, *size))
    print(f"{side}: {taken:.2f} s to the first gradient of {size[0]:,} coupled variables")


@pytest.mark.benchmark(group="one option with five derivatives")
def test_option(benchmark):
    compare(benchmark, "option")


@pytest.mark.benchmark(group="memory of a step of 784-30-10: at most 1.5 × NumPy by hand")
@pytest.mark.parametrize("n", [10, 1000])
def test_memory(benchmark, n):
    peaks = measure(benchmark, "memory", n)
    benchmark.extra_info["ratio"] = ratio = peaks["Compiled"] / peaks["Matrices"]
    print(f"mini-batch {n}: {ratio:.2f} × the {peaks['Matrices'] / 1e6:.2f} MB of NumPy by hand")


@pytest.mark.benchmark(group="to compile: at most 1.5 s, and 5 s for the GPT")
def test_compile(benchmark):
    for name, times in measure(benchmark, "compiling", 1 if benchmark.disabled else 3).items():
        benchmark.extra_info[name] = median(times)
        print(f"{name}: {median(times):.2f} s")


@pytest.mark.benchmark(group="to compile, per scalar node: the same for ten times as many")
@pytest.mark.parametrize(("kind", "sizes"), [("wide", [10**4, 10**5, 10**6]), ("deep", [10**3, 10**4])])
def test_growth(benchmark, kind, sizes):
    for seconds, nodes in measure(benchmark, "growth", kind, *sizes[: 1 if benchmark.disabled else None]):
        benchmark.extra_info[str(nodes)] = seconds / nodes
        print(f"{kind}, {nodes:,} nodes: {seconds:.2f} s, {1e6 * seconds / nodes:.1f} µs a node")


@needs_mnist
@pytest.mark.benchmark(group="30 epochs on 20,000 digits: median of five seeds at least 93 % and 94.5 %")
@pytest.mark.parametrize("init", ["normal", "lecun"])
def test_training(benchmark, init):
    seeds, epochs = (1, 1) if benchmark.disabled else (5, 30)
    seconds, shares = zip(*measure(benchmark, "training", init, seeds, epochs))
    benchmark.extra_info |= {"seconds": median(seconds), "accuracy": median(shares)}
    each = ", ".join(f"{100 * share:.2f}" for share in sorted(shares))
    print(f"{init}: {100 * median(shares):.2f} % ({each}) after {median(seconds):.1f} s")
