"""The process in which a student's engine runs: it answers programs with what the engine gives.

Questions and answers are lines of JSON. The first question says which file, and how much it may use.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from autograd.testing.grading.loading import LoadError, load
from autograd.testing.grading.program import Failure, Reading, run


def main() -> None:
    """Answer questions until there are none."""
    with open(os.dup(0), encoding="utf-8") as questions, open(os.dup(1), "w", encoding="utf-8") as answers:
        _silence()
        for answer in _answers(map(json.loads, questions)):
            print(json.dumps(answer), file=answers, flush=True)


def _answers(questions: Iterator[Any]) -> Iterator[Any]:
    """First what the engine is called and how its programs are written; then the readings of programs."""
    number, (path, name, arities, megabytes, seconds) = next(questions)
    _limit(megabytes, seconds)
    try:
        engine = load(Path(path), name)
        yield number, {"title": engine.title, "words": engine.words(arities)}
    except LoadError as error:
        yield number, {"error": str(error)}
        return
    for number, program in questions:
        yield number, [_written(reading) for reading in run(program, engine)]


def _silence() -> None:
    """From now on nothing is read from the parent's pipes, nor written to them, by their old numbers."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for place in range(3):
        os.dup2(nowhere, place)


def _limit(megabytes: int, seconds: int) -> None:
    """Bound what this process may use, where the system can; the parent watches it too."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {
        resource.RLIMIT_AS: megabytes << 20,
        resource.RLIMIT_FSIZE: 16 << 20,
        resource.RLIMIT_CPU: seconds,  # so that it ends though its parent has been killed
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        with suppress(ValueError, OSError):  # less is allowed already, or there is no such limit
            resource.setrlimit(kind, (most, most))


def _written(reading: Reading) -> Any:
    return reading if reading is None or isinstance(reading, Failure) else repr(float(reading))


if __name__ == "__main__":
    main()
