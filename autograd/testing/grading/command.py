"""`python -m autograd grade student.py`: the report on a student's engine, which runs in another process."""

import math
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from autograd.testing.grading.check import Here, grade
from autograd.testing.grading.engine import Engine
from autograd.testing.grading.isolation import Isolated
from autograd.testing.grading.loading import LoadError, load
from autograd.testing.grading.peers import PEERS
from autograd.testing.grading.probes import arities
from autograd.testing.grading.report import FAIL, Diagnosis, EngineReport, Row

DESCRIPTION = "Grade a scalar autograd engine: its operations, its gradients and its habits."
EPILOG = """The file's class Value is graded, with the functions that the file defines, or its
ENGINE = Engine(...). Exit status: 0 nothing is wrong, 1 something is, 2 an argument of this command is."""

PEERS_LIMIT = 120.0  # seconds: JAX traces and tinygrad compiles every program
FORMATS: Mapping[str, Callable[[EngineReport], str]] = {
    "text": lambda report: f"{report}\n",
    "markdown": EngineReport.markdown,
    "json": EngineReport.json,
    "gradescope": EngineReport.gradescope,
}


def main(arguments: Sequence[str]) -> int:
    """Run the command line behind `grade`; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        report = _report(options)
        text = FORMATS[options.format](report)
        if options.output:
            options.output.write_text(text, encoding="utf-8")
            text = f"{report.summary()}\n"
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.write(text)
    return 0 if report.passed else 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser("autograd grade", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?", help="the student's file")
    what.add_argument("--peer", choices=PEERS, help="another engine that is installed, in this process")
    add("--class", dest="name", default="", metavar="NAME", help="the class, or the Engine, in the file")
    add("--operations", type=_names, metavar="add,mul,…", help="the operations to grade; else all there are")
    add("--require", type=_names, metavar="add,mul,…", help="those that may not be missing")
    add("--weights", default="", metavar="tanh=2,…|FILE", help="points for operations and habits")
    add("--seed", type=int, default=0, metavar="N", help="of the random programs")
    add("--format", choices=FORMATS, default="text", help="of the report")
    add("--output", type=Path, metavar="FILE", help="where to write the report, else it is printed")
    add("--timeout", type=float, default=2, metavar="S", help="seconds for one program, 4 S for all")
    add("--memory", type=int, default=1024, metavar="MB", help="megabytes for the file's process")
    add("--here", action="store_true", help="run the file in this process, without limits")
    return parser


def _report(options: Namespace) -> EngineReport:
    """The report on the file or peer; a file that cannot be loaded has one row, which says why."""
    if options.timeout <= 0 or options.memory <= 0:
        raise ValueError("--timeout and --memory must be above 0")
    chosen = {
        "operations": options.operations,
        "require": options.require,
        "weights": _weights(options.weights),
        "seed": options.seed,
    }
    if options.peer:
        return grade(Here(_peer(options.peer)), **chosen, limit=PEERS_LIMIT)
    if not options.file.is_file():
        raise FileNotFoundError(f"there is no file {options.file}")
    try:
        if options.here:
            return grade(Here(load(options.file.resolve(), options.name)), **chosen)
        limits = {"timeout": options.timeout, "memory": options.memory}
        with Isolated(options.file, options.name, arities=arities(), **limits) as engine:
            return grade(engine, **chosen)
    except LoadError as error:
        row = Row(options.file.name, "file", FAIL, diagnosis=Diagnosis("load", str(error)))
        return EngineReport(options.name or "Value", options.seed, [row])


def _peer(name: str) -> Engine:
    try:
        engine: Engine = PEERS[name]()
    except ImportError as error:
        raise ValueError(f"--peer {name}: {error}; install it first") from None
    return engine


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _weights(text: str) -> dict[str, float]:
    """The points in `tanh=2, exp=1`, or in a file of such lines."""
    if text and "=" not in text:
        text = Path(text).read_text(encoding="utf-8")
    weights = {}
    for part in filter(str.strip, re.split("[,\n]", text)):
        name, _, points = part.partition("=")
        try:
            weights[name.strip()] = float(points)
        except ValueError:
            raise ValueError(f"--weights: write {part.strip()!r} as name=points, such as tanh=2") from None
        if not 0 <= weights[name.strip()] < math.inf:
            raise ValueError(f"--weights: points are 0 or more, and finite, not {points.strip()}")
    return weights
