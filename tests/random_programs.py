"""Random programs for compile, against the eager engine: a hundred thousand of them, for an hour.

    python tests/random_programs.py --count 100000 --workers 2

A program is drawn from its number alone: lists, each made from earlier ones by a step of WHOLE or SMOOTH,
whose last are summed. Constants stand where they like, also first in a sequence; inputs and indices are used
again and again; three rows have one name. `print(draw(17))` shows the program of a mismatch at 17.

In half of the programs, those of whole numbers, every result is exact, ties and kinks among them: the eager
engine computes it with Python's ints, and the arrays must hold the very same numbers, unless the sizes of all
terms together may be too large for the floats. The others have elementary functions, and an error of ROUNDING
times the sizes.

    w   parameters          x   one example                i   its indices
    a, b   earlier lists    c   constants    k   1 to 4    sizes   Σ |terms|, by the chain rule over |slopes|
"""

import argparse
import multiprocessing
import sys
import time
from random import Random
from typing import NamedTuple

import numpy as np

import autograd
from autograd import Op, Value, ops
from autograd.value import sweep, topological_order

PART = 100  # programs that a worker takes at a time
LONGEST = 24  # elements of a list
ROUNDING = {np.float64: 1e-12, np.float32: 1e-3}
EXACT = {np.float64: 2**53, np.float32: 2**24}
SAME = [  # rows of one name, which is that of another row, too
    Op(name, lambda x, k=k: k * x, lambda x, z, k=k: k, kind="rational")
    for k, name in ((2, "poly"), (3, "poly"), (-1, "sigmoid"))
]


def chunks(z, k):
    """Rows of k, without the rest."""
    return [z[i : i + k] for i in range(0, len(z) - k + 1, k)] or [z]


def digits(z, k):
    """The elements in the order of their places' reversed binary digits, as far as that many are there."""
    bits = len(z).bit_length() - 1
    return [z[int(f"{i:0{bits}b}"[::-1], 2)] for i in range(2**bits)] if bits else z


def gates(a, b, k, made):
    """What alternates between rows, as the gates of an LSTM written in one loop over units."""
    rows = [made[(k + g) % len(made)] for g in range(3)]
    z = [rows[i % 3](p) for i, p in enumerate(a)]
    return [z[i] * z[i - 1] + q for i, q in zip(range(len(z)), b)]


WHOLE = {  # of lists a and b, a number k from 1 to 4, constants c, an index i: each gives a list
    "add": lambda a, b, k, c, i: [p + q for p, q in zip(a, b)],
    "subtract": lambda a, b, k, c, i: [p - q for p, q in zip(a, b)],
    "multiply": lambda a, b, k, c, i: [p * q for p, q in zip(a, b)],
    "commuted": lambda a, b, k, c, i: [p * q if j % k else q * p for j, (p, q) in enumerate(zip(a, b))],
    "scale": lambda a, b, k, c, i: [z * (j % k - 1) for j, z in enumerate(a)],
    "shift": lambda a, b, k, c, i: [c[j % k] - z for j, z in enumerate(a)],
    "one for all": lambda a, b, k, c, i: [z * b[k % len(b)] for z in a],
    "outer": lambda a, b, k, c, i: [p * q for p in a[:5] for q in b[:5]],
    "matrix product": lambda a, b, k, c, i: [
        ops.dot(r, s) for r in chunks(a, k) for s in chunks(b, k) if len(r) == len(s)
    ],
    "window": lambda a, b, k, c, i: [
        ops.dot(a[j : j + k], b[:k]) for j in range(len(a) - k + 1) if len(b) >= k
    ],
    "dots with constants": lambda a, b, k, c, i: [
        ops.dot([c[0], *r], [q, *r]) for r, q in zip(chunks(a, k), b)
    ],
    "sums": lambda a, b, k, c, i: [autograd.sum(r) for r in chunks(a, k)],
    "sums of three": lambda a, b, k, c, i: [
        p + q + b[k % len(b)] * c[j % 2] for j, (p, q) in enumerate(zip(a, b))
    ],
    "sums of four": lambda a, b, k, c, i: [p + q - b[k % len(b)] + a[0] for p, q in zip(a, b[::-1])],
    "sums with constants": lambda a, b, k, c, i: [autograd.sum([c[k - 1], *r]) for r in chunks(a, k)],
    "columns": lambda a, b, k, c, i: [autograd.sum(column) for column in zip(*chunks(a, k))],
    "greatest of two": lambda a, b, k, c, i: [ops.maximum(c[0], z) for z in a],  # of three, ties give thirds
    "least": lambda a, b, k, c, i: [ops.minimum(p, q) for p, q in zip(a, b)],
    "clip": lambda a, b, k, c, i: [ops.clip(z, -k, c[0] + 3) for z in a],
    "remainder": lambda a, b, k, c, i: [z % (k + 2) for z in a],
    "relu": lambda a, b, k, c, i: [ops.relu(z) for z in a],
    "where": lambda a, b, k, c, i: [ops.where(p > q, lambda p=p: p * k, q) for p, q in zip(a, b)],
    "take": lambda a, b, k, c, i: [autograd.take(r, i[k % 2]) for r in chunks(a, 4) if len(r) == 4] or a,
    "take with constants": lambda a, b, k, c, i: [
        autograd.take([c[0], p, c[1], b[0]], i[j % 2]) for j, p in enumerate(a)
    ],
    "one name": lambda a, b, k, c, i: [SAME[j % min(k, 3)](z) for j, z in enumerate(a)],
    "gates": lambda a, b, k, c, i: gates(a, b, k, [ops.relu, ops.absolute, *SAME]),
    "causal dots": lambda a, b, k, c, i: [
        ops.dot(a[: j + 1], b[: j + 1]) for j in range(min(len(a), len(b), 6))
    ],
    "causal sums": lambda a, b, k, c, i: [
        autograd.sum([*c[: k - 1], *a[: j + 1]]) for j in range(min(len(a), 6))
    ],
    "constants first": lambda a, b, k, c, i: [*c[:k], *a],
    "reverse": lambda a, b, k, c, i: a[::-1],
    "digits": lambda a, b, k, c, i: digits(a, k),
    "every k-th": lambda a, b, k, c, i: a[k - 1 :: k],
    "roll": lambda a, b, k, c, i: a[k:] + a[:k],
    "repeat": lambda a, b, k, c, i: a * k,
    "repeat each": lambda a, b, k, c, i: [z for z in a for _ in range(k)],
    "transpose": lambda a, b, k, c, i: [z for column in zip(*chunks(a, k)) for z in column],
    "shuffle": lambda a, b, k, c, i: [a[(j * j + k) % len(a)] for j in range(len(a))],
    "interleave": lambda a, b, k, c, i: [z for pair in zip(a, b) for z in pair],
    "join": lambda a, b, k, c, i: a + b,
}
SMOOTH = {
    "map": lambda a, b, k, c, i: [(ops.tanh, ops.sigmoid, ops.softplus, ops.sin)[k - 1](z) for z in a],
    "quotient": lambda a, b, k, c, i: [p / (q * q + k) for p, q in zip(a, b)],
    "roots": lambda a, b, k, c, i: [ops.sqrt(z * z + k) for z in a],
    "softmax": lambda a, b, k, c, i: [z for r in chunks(a, k) for z in autograd.softmax([*c[: k - 1], *r])],
    "logsumexp": lambda a, b, k, c, i: [ops.logsumexp([*c[: k - 1], *r]) for r in chunks(a, k)],
    "causal logsumexp": lambda a, b, k, c, i: [
        ops.logsumexp([*c[: k - 1], *a[: j + 1]]) for j in range(min(len(a), 6))
    ],
    "greatest": lambda a, b, k, c, i: [ops.maximum(*c[:k], *r) for r in chunks(a, k)],
    "products": lambda a, b, k, c, i: [autograd.prod([c[0], *map(ops.tanh, r)]) for r in chunks(a, k)],
    "means": lambda a, b, k, c, i: [autograd.mean([*c[: k - 1], *r]) for r in chunks(a, k)],
    "gates": lambda a, b, k, c, i: gates(a, b, k, [ops.tanh, ops.sigmoid, ops.sin]),
    "temperature": lambda a, b, k, c, i: [ops.tanh(z / (1 + b[0] * b[0])) for z in a],
}
TAME = {True: lambda z: z % 5, False: ops.tanh}  # what keeps numbers small, by whether they are whole


class Drawn(NamedTuple):
    """A program: its steps (name, a, b, k, c), and its parameters, inputs and indices as numbers."""

    whole: bool
    steps: list
    w: list
    X: list
    picks: list

    def run(self, w, x, i):
        """The function that is compiled: of one example."""
        lists = [w, x]
        for name, i_a, i_b, k, c in self.steps:
            a, b = lists[-1 - i_a % len(lists)], lists[-1 - i_b % len(lists)]
            made = (SMOOTH.get(name) if not self.whole else None) or WHOLE[name]
            z = made(a, b, k, c, i)[:LONGEST] or a
            lists.append([*map(TAME[self.whole], z)] if k % 2 else z)
        weights = [z * (j % 3 - 1) for j, z in enumerate(lists[-1] + lists[-2])]
        return autograd.sum(weights) + w[0] * autograd.sum(x) + autograd.take(w[:4], i[0]) * i[1]


def draw(seed):
    """The program of a number."""
    random = Random(seed)
    whole = random.random() < 0.5
    names = [*WHOLE] if whole else [*WHOLE, *SMOOTH, *SMOOTH]

    def number():
        return random.randint(-3, 3) if whole else random.choice((random.randint(-2, 2), random.gauss(0, 1)))

    steps = [
        (
            random.choice(names),
            *random.choices(range(4), k=2),
            random.randint(1, 4),
            [number() for _ in range(4)],
        )
        for _ in range(random.randint(1, 8))
    ]
    n, size = random.choice((1, 2, 3, 5)), random.choice((4, 5, 6, 8))
    w = [number() for _ in range(random.choice((4, 5, 8)))]
    X = [[number() for _ in range(size)] for _ in range(n)]
    return Drawn(whole, steps, w, X, [[random.randrange(4) for _ in range(2)] for _ in range(n)])


def eager(program):
    """(value, gradient, sizes) by the eager engine: sums over the examples."""
    w = [Value(number) for number in program.w]
    total = autograd.sum([program.run(w, x, i) for x, i in zip(program.X, program.picks)])
    total.backward()
    order = topological_order(total)
    size = {total: 1}
    for node, _, arg, local, _ in sweep(order, {total: 1}):
        size[arg] = size.get(arg, 0) + abs(local or 0) * size[node]
    largest = max([size.get(node, 0) * max(1, abs(node.data)) for node in order])
    return total.data, [p.grad for p in w], largest


def check(seed, dtypes=(np.float64, np.float32)):
    """ValueError where the compiled program of a seed differs from the eager engine."""
    program = draw(seed)
    value, by, sizes = eager(program)
    w = [Value(float(number)) for number in program.w]
    compiled = autograd.compile(lambda x, i: program.run(w, x, i), w, "sum")
    picks = np.array(program.picks)
    for dtype in dtypes:
        got, gradient = compiled(np.array(program.w, dtype), np.array(program.X, dtype), picks)
        allowed = 0 if program.whole and sizes < EXACT[dtype] else ROUNDING[dtype] * sizes
        for what, a, b in [("value", got, value), *zip(range(len(by)), gradient.tolist(), by, strict=True)]:
            if not abs(a - b) <= allowed:
                raise ValueError(f"{dtype.__name__}, {what}: {a!r} for {b!r}; {allowed:.1e} is allowed")


def run(seeds):
    """The mismatches, as texts, among the programs of some seeds."""
    mismatches = []
    for seed in seeds:
        try:
            check(seed)
        except Exception as error:
            mismatches.append(f"program {seed}: {type(error).__name__}: {error}\n{draw(seed)}")
    return mismatches


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    given = parser.parse_args()
    last, failed, start = given.first + given.count, 0, time.monotonic()
    parts = [range(i, min(i + PART, last)) for i in range(given.first, last, PART)]
    with multiprocessing.Pool(given.workers) as pool:
        for done, mismatches in enumerate(pool.imap_unordered(run, parts), start=1):
            failed += len(mismatches)
            print("".join(f"\n{mismatch}\n" for mismatch in mismatches), end="")
            if done % 20 == 0 or done == len(parts):
                seconds = time.monotonic() - start
                print(
                    f"{min(PART * done, given.count):,} programs in {seconds:,.0f} s, {failed:,} mismatches",
                    flush=True,
                )
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
