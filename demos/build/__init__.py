"""Build it yourself: a whole engine in ten steps, each a file to run, from one product to exact fractions.

    step1   one product                    step6    the rest of the table
    step2   a graph                        step7    a neuron and a network
    step3   topological order              step8    training
    step4   accumulation                   step9    second order
    step5   operators and constants        step10   exact fractions

Every step says in its docstring what it adds, and little else differs from the step before. `python -m
demos.build.step4` runs one; `python -m demos.build.holes 4` makes homework of it.
"""

import inspect
import runpy
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

from demos import runner

STEPS = range(1, 11)
LINES = 99  # at most, of the last engine, without its network
NEW = 22  # at most, in a step after the first


def run(out: Path) -> bool:
    """Every step, after its text."""
    for step in STEPS:
        print(f"{parts(step)[0]}\n")
        play(step)
        print()
    return runner.confirm(claims())


def claims() -> Iterator[tuple[str, bool]]:
    """What is claimed of the files."""
    size = lines(10).index("class Neuron:")
    yield f"the engine has {size} lines, at most {LINES}", size <= LINES
    news = [len(new(lines(before), lines(after))) for before, after in pairwise(STEPS)]
    yield f"steps 2 to 10 have {news} new lines, at most {NEW}", max(news) <= NEW


def play(step: int) -> None:
    """Run a step as a program."""
    runpy.run_path(str(file(step)), run_name="__main__")


def file(step: int) -> Path:
    """Where a step is written."""
    return Path(__file__).with_name(f"step{step}.py")


def parts(step: int) -> tuple[str, str, str]:
    """The text of a step, its engine and the code that shows it."""
    text, _, code = file(step).read_text(encoding="utf-8").removeprefix('"""').partition('\n"""\n\n')
    engine, _, shown = code.partition('\n\n\nif __name__ == "__main__":\n')
    return text, engine, inspect.cleandoc(shown)


def lines(step: int) -> list[str]:
    """The lines of a step's engine."""
    return parts(step)[1].splitlines()


def new(before: list[str], after: list[str]) -> set[int]:
    """The places of the lines of `after` that are not those of `before`; blank ones do not count."""
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    places = {j for tag, _, _, start, stop in changes if tag != "equal" for j in range(start, stop)}
    return {j for j in places if after[j]}
