"""Random programs that lie well inside every domain, and how a wrong one is made small.

Shrinking is greedy: of the changes that leave a program wrong the first is kept, until there is none.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from autograd import ops
from autograd.op import FAILURES
from autograd.testing.grading.probes import TIES, arities, domains
from autograd.testing.grading.program import Act, Program

LARGEST = 50.0
SMALLEST = 1e-3  # the least distance from 0, where kinks and poles are
SIMPLE = (1.0, 2.0, -1.0, 3.0, 0.5)  # numbers that a small program should have


def tested(names: Sequence[str], count: int, seed: int) -> Iterator[Program]:
    """So many random programs of these operations; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield program(chance, names)


def program(chance: random.Random, names: Sequence[str]) -> Program:
    """A random program: up to three leaves and eight operations, each on values that are in its domain."""
    letters = "abc"[: chance.randint(1, 3)]
    leaves: list[Act] = [
        ("leaf", name, round(chance.uniform(0.1, 2), 2) * chance.choice((1, -1))) for name in letters
    ]
    numbers: dict[str, float] = {act[1]: act[2] for act in leaves}
    acts: list[Act] = []
    for i in range(chance.randint(2, 8)):
        name = chance.choice(names)
        args = tuple(chance.choice([*numbers][-4:]) for _ in range(arities()[name]))
        result = result_of(name, [numbers[arg] for arg in args])
        if result is not None:
            acts.append(("op", f"t{i}", name, args))
            numbers[f"t{i}"] = result
    return finished([*leaves, *acts])


def result_of(name: str, args: Sequence[float]) -> float | None:
    """The number, or nothing where an argument or it lies near the end of a domain, a kink or a tie."""
    inside = all(
        interval.low + SMALLEST < x < interval.high - SMALLEST and abs(x - (interval.hole or 0)) > SMALLEST
        for interval, x in zip(domains(name), args, strict=False)
    )
    if not inside or (name in TIES and abs(args[0] - args[1]) < SMALLEST):
        return None
    try:
        result = float(ops.TABLE[name](*args))
    except FAILURES:
        return None
    return result if abs(result) < LARGEST else None


def finished(acts: Sequence[Act]) -> list[Act]:
    """The leaves and operations that the last one needs, its backward pass, and what there is to read."""
    *_, (_, root, *_) = acts
    used, needed = {root}, []
    for act in reversed(acts):
        if act[1] in used:
            needed.append(act)
            used |= {*act[3]} if act[0] == "op" else set()
    needed.reverse()
    leaves = [act[1] for act in needed if act[0] == "leaf"]
    return [*needed, ("backward", root), *(("gradient", leaf) for leaf in leaves), ("value", root)]


def shrunk(program: Program, differs: Callable[[Program], bool]) -> Program:
    """The program after all changes that make it smaller and leave it wrong."""
    found = True
    while found:
        found = False
        for smaller in smaller_ones(program):
            if differs(smaller):
                program, found = smaller, True
                break
    return program


def smaller_ones(program: Program) -> Iterator[Program]:
    """Programs with an operation less, a leaf for a value between, + or × for another, simpler numbers."""
    acts = [act for act in program if act[0] in ("leaf", "op")]
    made = [act for act in acts if act[0] == "op"]
    for act in reversed(made):
        for arg in dict.fromkeys(act[3]):
            rest = [_with(each, act[1], arg) for each in acts if each is not act]
            if act is not made[-1]:
                yield finished(rest)
            elif len(made) > 1 and arg not in leaf_names(acts):
                yield finished(
                    [each for each in rest if each[1] != arg] + [each for each in rest if each[1] == arg]
                )
    for i, act in enumerate(acts):
        if act[0] == "leaf":
            simpler = SIMPLE[: SIMPLE.index(act[2])] if act[2] in SIMPLE else SIMPLE
            for number in simpler:
                yield finished([*acts[:i], ("leaf", act[1], number), *acts[i + 1 :]])
            continue
        for place, arg in enumerate(act[3]):
            for leaf in leaf_names(acts):
                if arg not in leaf_names(acts):
                    args = (*act[3][:place], leaf, *act[3][place + 1 :])
                    yield finished([*acts[:i], (*act[:3], args), *acts[i + 1 :]])
        for name in ("add", "mul")[: ("add", "mul", act[2]).index(act[2])] if len(act[3]) == 2 else ():
            yield finished([*acts[:i], (*act[:2], name, act[3]), *acts[i + 1 :]])


def leaf_names(acts: Sequence[Act]) -> list[str]:
    """The names of the leaves."""
    return [act[1] for act in acts if act[0] == "leaf"]


def _with(act: Act, old: str, new: str) -> Act:
    """The act with another argument."""
    return (*act[:3], tuple(new if arg == old else arg for arg in act[3])) if act[0] == "op" else act
