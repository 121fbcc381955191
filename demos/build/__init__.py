"""Build it yourself: a whole engine in ten steps, each a file to run, from one product to exact fractions.

    step1   one product                    step6    the rest of the table
    step2   a graph                        step7    a neuron and a network
    step3   topological order              step8    training
    step4   accumulation                   step9    second order
    step5   operators and constants        step10   exact fractions

Every step says in its docstring what it adds, and little else differs from the step before. `python -m
demos.build.step4` runs one; `python -m demos.build.holes 4` makes homework of it. `grading` has what
`check_engine` says of the steps, and of what people write in their place.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from demos import runner
from demos.build.grading import TURNS, complaint
from demos.build.text import STEPS, lines, new, parts, play

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
    """What is claimed of the steps."""
    size = lines(10).index("class Neuron:")
    yield f"the engine has {size} lines, at most {LINES}", size <= LINES
    news = [len(new(lines(before), lines(after))) for before, after in pairwise(STEPS)]
    yield f"steps 2 to 10 have {news} new lines, at most {NEW}", max(news) <= NEW
    passed = [step for step in STEPS if not complaint(step)]
    yield f"check_engine passes steps {passed}", passed == [*STEPS][3:]
    found = [complaint(turn.step, turn.lines) for turn in TURNS]
    yield f"and finds all of {len(found)} wrong turns", all(found)
