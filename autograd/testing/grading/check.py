"""check_engine: is a scalar engine right? And if not, what has been misunderstood?

Programs of known results are run on it: `probes` says which, `diagnosis` what wrong numbers mean.

    form   an operation, and where a number stands in it: `sub`, `sub:left` (2 − x), `sub:right` (x − 2)
    near   how far a number may be from the right one, relative to it: more where the engine has float32
"""

import contextlib
import io
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from autograd.testing.grading import probes
from autograd.testing.grading.diagnosis import Answer, Diagnosing, readings
from autograd.testing.grading.engine import Engine, Words
from autograd.testing.grading.probes import BETWEEN, GRAPHS, Probe
from autograd.testing.grading.program import READINGS, Act, Failure, Program, Reading, run, size, write
from autograd.testing.grading.report import FAIL, MISSING, NOTE, PASS, TIMEOUT, Diagnosis, EngineReport, Row
from autograd.testing.grading.shrink import shrunk, tested
from autograd.testing.grading.verdicts import of_form, of_habit, of_kink, remedy

COMMON = ("exp", "log", "tanh", "sigmoid", "relu", "sin", "cos", "sqrt", "absolute")  # told of if missing
RANDOM = "random programs"
REQUIRED = ("add", "mul")
SINGLE, DOUBLE = 1e-3, 1e-7
PROGRAMS = 100


class Runner(Protocol):
    """Where programs run: in this process, or in another one."""

    title: str
    words: Words

    def run(self, program: Program) -> list[Reading]:
        """What the readings of a program are."""
        ...


class Here:
    """An engine in this process, whose prints and warnings nobody sees."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.title = engine, engine.title
        self.words = engine.words(probes.arities())

    def run(self, program: Program) -> list[Reading]:
        """What the readings of a program are."""
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return run(program, self.engine)


def check_engine(
    engine: Any,
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    operations: Collection[str] | None = None,
    require: Collection[str] | None = None,
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
    limit: float = 10.0,
) -> EngineReport:
    """Test a scalar engine: its operations, one by one, and its habits; print the report.

    engine       a class in the manner of micrograd (`Value(2.0)`, operators, `backward()`, `.data`, `.grad`),
                 or an `Engine`, which says how others are spoken with
    functions    operations that are neither operators nor methods, by the names of the table: {"tanh": tanh};
                 those that the module of the class defines are found
    operations   which rows of the table are asked for; all that the engine has
    require      which of them must be there: `operations` if they are given, else "add" and "mul"
    weights      points for operations and habits by name, in place of 1: {"tanh": 2, "a value used twice": 5}
    seed         of the random programs at the end; the same seed gives the same report
    limit        seconds after which nothing more is asked; what was not asked has failed

    Right is what our own engine gives, whose rules `check_grads` compares with oracles.

    >>> from autograd import Value
    >>> report = check_engine(Value, operations=["add", "mul", "tanh"])
    >>> report.passed, report.score
    (True, 1.0)
    """
    return grade(Here(Engine.of(engine, functions)), operations, require, weights or {}, seed, limit)


def grade(
    runner: Runner,
    operations: Collection[str] | None = None,
    require: Collection[str] | None = None,
    weights: Mapping[str, float] = {},
    seed: int = 0,
    limit: float = 10.0,
) -> EngineReport:
    """`check_engine` of what answers programs, wherever it runs."""
    known = probes.arities()
    _refuse_unknown("operation", [*(operations or ()), *(require or ())], known)
    rows = {key for form in probes.listed(known) for key in (form, probes.shown(form))}
    _refuse_unknown("row", weights, [*rows, *probes.habits(), RANDOM])
    require = require if require is not None else operations if operations is not None else REQUIRED
    grading = _Grading(runner, [*known] if operations is None else [*operations], require, limit)
    grading.ask()
    report = EngineReport(runner.title, seed, grading.rows(seed))
    for row in report.rows:
        row.points = weights.get(row.name, weights.get(row.key, row.points))
    return report


def _refuse_unknown(what: str, given: Iterable[str], known: Collection[str]) -> None:
    """ValueError for the first name that is none, with the nearest that is."""
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1, 0.0)[0]
            raise ValueError(f"check_engine knows no {what} {name!r}; the nearest is {near!r}")


class _Grading:
    """What was asked and answered.

    missing   the forms that the engine refuses, and how
    """

    def __init__(self, runner: Runner, names: Sequence[str], require: Collection[str], limit: float) -> None:
        self.runner, self.names, self.require, self.limit = runner, names, require, limit
        self.begun = time.perf_counter()
        self.missing: dict[str, Failure | None] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.seconds: dict[str, float] = {}
        self.near = self.precision()

    def precision(self) -> float:
        found = self.runner.run([("leaf", "a", 0.1), ("value", "a")])[0]
        single = isinstance(found, float) and found != 0.1 and abs(found - 0.1) < 1e-6
        return SINGLE if single else DOUBLE

    # ── Asking ──────────────────────────────────────────────────────────────────────────────────────

    def ask(self) -> None:
        """Run all probes."""
        offered = [name for name in self.names if name in self.runner.words.calls]
        self.missing |= {name: None for name in self.names if name not in offered}
        for form in probes.forms(offered):
            if form.partition(":")[0] not in self.missing:
                self.ask_form(form)
        for name, all_of_it in probes.habits().items():
            if asked := [probe for probe in all_of_it if self.can(probe.program)]:
                self.answer(name, asked)

    def ask_form(self, form: str) -> None:
        asked = [probe for probe in probes.trees(form) if self.can(probe.program, form)]
        first = self.run(asked[0].program)[0]
        if isinstance(first, Failure) and self.is_refusal(form, first, asked[0].program[first.act]):
            self.missing[form] = first
        else:
            self.answer(form, asked)

    def is_refusal(self, form: str, failure: Failure, act: Act) -> bool:
        """Whether an exception says that there is no such operation, none of a number, or no slope of it."""
        if act[0] != "op":
            return failure.kind == "NotImplementedError"
        if ":" in form or form == "sum":
            return failure.kind in ("TypeError", "AttributeError", "NotImplementedError", "AssertionError")
        refused = "unsupported operand" in failure.text or "bad operand" in failure.text
        return refused or failure.kind in ("NotImplementedError", "AssertionError")

    def can(self, program: Program, form: str = "") -> bool:
        """Whether the engine has all operations of a program."""
        used = {act[2] for act in program if act[0] in ("op", "chain")} - {form.partition(":")[0]}
        return all(name in self.names and name not in self.missing for name in used)

    def run(self, program: Program) -> list[Reading]:
        """What the readings of a program are, while there is time left."""
        if time.perf_counter() - self.begun > self.limit:
            return [
                Failure("Timeout", f"{self.limit:g} s were over", 0) for act in program if act[0] in READINGS
            ]
        return self.runner.run(program)

    def answer(self, row: str, asked: Iterable[Probe]) -> None:
        begun = time.perf_counter()
        self.answers[row] = []
        for probe in asked:
            found = self.run(probe.program)
            self.answers[row].append(Answer(probe, found, probe.allows(found, self.near)))
        self.seconds[row] = time.perf_counter() - begun

    # ── Saying ──────────────────────────────────────────────────────────────────────────────────────

    def rows(self, seed: int) -> list[Row]:
        """A row for each form and habit."""
        forms = probes.listed(self.names)
        trees = {form: answers for form, answers in self.answers.items() if form in forms}
        graphs = {name: self.answers[name] for name in (*GRAPHS, BETWEEN) if name in self.answers}
        if BETWEEN in graphs and not all(isinstance(x, float) for x in graphs[BETWEEN][0].found):
            del graphs[BETWEEN]
        sessions = {name: self.answers[name] for name in probes.SESSIONS if name in self.answers}
        self.diagnosing = Diagnosing(trees, graphs, sessions, self.near)
        rows = [self.operation(form) for form in forms if self.is_listed(form)]
        rows += [self.habit(name) for name in self.answers if name not in trees and self.is_seen(name)]
        if all(row.status in (PASS, NOTE, MISSING) for row in rows):
            rows += self.random_programs(seed)
        return rows

    def is_seen(self, name: str) -> bool:
        """Whether a habit can be asked for on this engine."""
        found = [x for answer in self.answers[name] for x in answer.found]
        return not any(isinstance(x, Failure) and x.kind == "NotImplementedError" for x in found)

    def is_listed(self, form: str) -> bool:
        """Whether a form has a row: if it is offered, or one would expect it."""
        name, _, side = form.partition(":")
        if form in self.answers:
            return True
        expected = name in (*probes.SHOWN, *COMMON, *self.require)
        return expected and (not side or name not in self.missing)

    def operation(self, form: str) -> Row:
        row = Row(probes.shown(form), "operation", PASS, key=form, seconds=self.seconds.get(form, 0))
        if form in self.missing:
            row.status = FAIL if form in self.require else MISSING
            row.diagnosis = remedy(form, self.missing[form])
            return row
        answers = self.answers[form]
        wrong = next((answer for answer in answers if not answer.right), None)
        if wrong and (wrong.probe.tag or not self.diagnosing.is_innocent(form)):
            status, row.diagnosis = of_form(form, answers, self.diagnosing)
            self.show(row, wrong, status)
        elif chosen := of_kink(form, answers, self.near):
            row.status, row.diagnosis = NOTE, chosen
        return row

    def show(self, row: Row, wrong: Answer, status: str = FAIL) -> None:
        """Let a row show a wrong answer, made small where many operations are not needed."""
        bad = self.wrong_readings(wrong)
        if not bad:  # an engine that is right when it is asked again
            row.status = status
            return
        if size(wrong.probe.program) > 2 and row.key in (*GRAPHS, RANDOM):
            small = Probe(shrunk(wrong.probe.program, self.differs))
            again = Answer(small, self.run(small.program), False)
            if found := self.wrong_readings(again):  # a set may hold its values in another order now
                wrong, bad = again, found
        row.status, row.inputs = status, wrong.probe.inputs
        if any(isinstance(x, Failure) and x.kind == "Timeout" for x in wrong.found):
            row.status = TIMEOUT
        row.yours, row.right = map(text_of, bad[0][1:])
        acts = [act for act in wrong.probe.program if act[0] not in READINGS] + [act for act, _, _ in bad]
        notes = [f"yours {text_of(found)}, right {text_of(right)}" for _, found, right in bad]
        row.program = write(acts, self.runner.words, notes)

    def wrong_readings(self, answer: Answer) -> list[tuple[Act, Reading, Reading]]:
        """What was read and should be another number: the act, yours, and right."""
        numbers = zip(readings(answer.probe.program), answer.found, answer.probe.right, strict=True)
        return [each for each in numbers if not probes.agree(*each[1:], self.near)]

    def habit(self, name: str) -> Row:
        row = Row(name, "habit", PASS, key=name, seconds=self.seconds[name])
        wrong = next((answer for answer in self.answers[name] if not answer.right), None)
        if wrong:
            status, row.diagnosis = of_habit(name, wrong, self.diagnosing)
            self.show(row, wrong, status)
        return row

    def random_programs(self, seed: int) -> list[Row]:
        """Random programs over all operations that have passed; a wrong one is shown as small as can be."""
        names = [
            form for form in self.answers if form in probes.arities() and form not in probes.OUT_OF_TABLE
        ]
        row = Row(RANDOM, "habit", PASS, key=RANDOM)
        begun = time.perf_counter()
        for program in tested(names, PROGRAMS, seed):
            if self.differs(program):
                row.diagnosis = Diagnosis("", "each operation is right by itself, and these together are not")
                self.show(row, Answer(Probe(program), self.run(program), False))
                break
        row.seconds = time.perf_counter() - begun
        return [row] if names else []

    def differs(self, program: Program) -> bool:
        """Whether the engine gives another number than ours."""
        probe = Probe(program)
        return probe.is_defined and not probe.allows(self.run(program), self.near * 10)


def text_of(reading: Reading) -> str:
    """A reading in a report: ten digits, or the exception."""
    return f"{reading:.10g}" if isinstance(reading, float) else str(reading)
