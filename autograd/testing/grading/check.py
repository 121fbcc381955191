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
from typing import Any, Protocol

from autograd.testing.grading import probes
from autograd.testing.grading.diagnosis import THROUGH, Answer, Diagnosing, readings
from autograd.testing.grading.engine import METHODS, Engine, Words
from autograd.testing.grading.misconceptions import SESSIONS
from autograd.testing.grading.probes import BETWEEN, CHAIN, CHANGED, GRAPHS, HABITS, MEMORY, Probe
from autograd.testing.grading.program import READINGS, Act, Failure, Program, Reading, run, size, write
from autograd.testing.grading.report import FAIL, MISSING, NOTE, PASS, TIMEOUT, Diagnosis, EngineReport, Row
from autograd.testing.grading.shrink import shrunk, tested

COMMON = (
    "exp",
    "log",
    "tanh",
    "sigmoid",
    "relu",
    "sin",
    "cos",
    "sqrt",
    "absolute",
)  # named where they are missing
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
    for name in [*(operations or ()), *(require or ())]:
        if name not in known:
            raise ValueError(f"check_engine knows no operation {name!r}; choose from {', '.join(known)}")
    require = require if require is not None else operations if operations is not None else REQUIRED
    grading = _Grading(runner, [*known] if operations is None else [*operations], require, limit)
    grading.ask()
    report = EngineReport(runner.title, seed, grading.rows(seed))
    names = {key for row in report.rows for key in (row.name, row.key)}
    if unknown := [name for name in weights if name not in names]:
        choice = ", ".join(sorted(names))
        raise ValueError(f"check_engine: weights has {unknown[0]!r}, which is no row; choose from {choice}")
    for row in report.rows:
        row.points = weights.get(row.name, weights.get(row.key, row.points))
    return report


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
        for name, programs in {**GRAPHS, **probes.SESSIONS, **HABITS}.items():
            asked = [Probe(program) for program in programs if self.can(program)]
            if asked:
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
        trees = {form: answers for form, answers in self.answers.items() if form in probes.forms(self.names)}
        graphs = {name: self.answers[name] for name in (*GRAPHS, BETWEEN) if name in self.answers}
        if BETWEEN in graphs and not all(isinstance(x, float) for x in graphs[BETWEEN][0].found):
            del graphs[BETWEEN]
        sessions = {name: self.answers[name] for name in probes.SESSIONS if name in self.answers}
        self.diagnosing = Diagnosing(trees, graphs, sessions, self.near)
        rows = [self.operation(form) for form in probes.listed(self.names) if self.is_listed(form)]
        rows += [self.habit(name) for name in self.answers if name not in trees]
        if all(row.status in (PASS, NOTE, MISSING) for row in rows):
            rows += self.random_programs(seed)
        return [row for row in rows if row.status]

    def is_listed(self, form: str) -> bool:
        """Whether a form has a row: if it is offered, or one would expect it."""
        name, _, side = form.partition(":")
        if form in self.answers:
            return True
        expected = name in (*probes.SHOWN, *COMMON, *self.require)
        return expected and (not side or name not in self.missing)

    def operation(self, form: str) -> Row:
        name = form.partition(":")[0]
        row = Row(probes.shown(form), "operation", PASS, key=form, seconds=self.seconds.get(form, 0))
        if form in self.missing:
            row.status = FAIL if form in self.require else MISSING
            row.diagnosis = remedy(form, self.missing[form])
            return row
        answers = self.answers[form]
        if wrong := next((answer for answer in answers if not answer.right), None):
            row.diagnosis = self.diagnosing.of_form(form, answers)
            self.show(row, wrong)
            if form == "iadd" and self.is_in_place(wrong):
                text = "it changes the value itself, as with arrays, or refuses to if it is a leaf"
                row.status, row.diagnosis = NOTE, Diagnosis("in-place", text, True)
        elif kink := next((answer for answer in answers if self.is_convention(answer)), None):
            place = "where both are equal" if kink.probe.tag == "tie" else "at 0"
            text = f"{place} its slope is {kink.found[0]}, ours {kink.probe.right[0]}: both are right"
            row.status, row.diagnosis = NOTE, Diagnosis(f"{name}-at-kink", text, True)
        return row

    def is_in_place(self, answer: Answer) -> bool:
        """Whether `z = x; z += y` is right but for the number of x, or is refused as arrays refuse it."""
        first = answer.found[0]
        if isinstance(first, Failure):
            return first.kind == "RuntimeError" and answer.probe.program[first.act][0] == "op"
        others = (0, 1, 3)  # the slopes, and the number of z
        return all(probes.agree(answer.found[i], answer.probe.right[i], self.near) for i in others)

    def is_convention(self, answer: Answer) -> bool:
        """Whether another number than ours is right too."""
        return answer.probe.tag in ("kink", "tie") and not all(
            map(probes.agree, answer.found, answer.probe.right, [self.near] * len(answer.found))
        )

    def show(self, row: Row, wrong: Answer, status: str = FAIL) -> None:
        """Let a row show a wrong answer, made small where many operations are not needed."""
        if size(wrong.probe.program) > 2 and row.key in GRAPHS:
            small = Probe(shrunk(wrong.probe.program, self.differs))
            wrong = Answer(small, self.run(small.program), False)
        row.status, row.inputs = status, wrong.probe.inputs
        if any(isinstance(x, Failure) and x.kind == "Timeout" for x in wrong.found):
            row.status = TIMEOUT
        numbers = zip(readings(wrong.probe.program), wrong.found, wrong.probe.right, strict=True)
        bad = [
            (act, found, right) for act, found, right in numbers if not probes.agree(found, right, self.near)
        ]
        row.yours, row.right = map(text_of, bad[0][1:])
        acts = [act for act in wrong.probe.program if act[0] not in READINGS] + [act for act, _, _ in bad]
        notes = [f"yours {text_of(found)}, right {text_of(right)}" for _, found, right in bad]
        row.program = write(acts, self.runner.words, notes)

    def habit(self, name: str) -> Row:
        row = Row(name, "habit", PASS, key=name, seconds=self.seconds[name])
        wrong = next((answer for answer in self.answers[name] if not answer.right), None)
        if not wrong:
            return row
        status, row.diagnosis = self.judged(name, wrong)
        if status:
            self.show(row, wrong, status)
        else:
            row.status = ""
        return row

    def judged(self, name: str, wrong: Answer) -> tuple[str, Diagnosis]:
        """Whether a habit is a fault or a convention, and what is behind it; no status: it cannot be seen."""
        failure = next((x for x in wrong.found if isinstance(x, Failure)), None)
        found = self.diagnosing
        if failure and failure.kind == "NotImplementedError":
            return "", Diagnosis("", "")
        if name in GRAPHS:
            return FAIL, found.of_engine()
        if name in probes.SESSIONS:
            if freed := self.freed():
                return NOTE, Diagnosis("freed-after-pass", f"a pass frees its graph; then {freed}", True)
            if found.best.graphs or {"add", "mul"} & {*found.best.forms}:
                return FAIL, THROUGH
            if found.session:
                known = SESSIONS[found.session]
                return NOTE if known.convention else FAIL, Diagnosis(found.session, known.text, True)
            if found.best.name or found.best.named:
                return FAIL, found.of_engine()
            return FAIL, Diagnosis(
                "", f"it raises {failure}" if failure else "passes do not add up at the leaves"
            )
        if name == CHAIN and failure and failure.kind == "RecursionError":
            return NOTE, Diagnosis(
                "recursion-depth", "long chains end in RecursionError (micrograd's do too)", True
            )
        if name == CHANGED and (failure or None in wrong.found) and not (found.best.name or found.best.named):
            return NOTE, Diagnosis("not-to-be-set", str(failure or "what is set leaves the graph"), True)
        if name == CHANGED and not failure and wrong.found[1] == 5.0:
            text = "slopes are made of what .data is during the pass, not of what was used (micrograd's too)"
            return NOTE, Diagnosis("data-read-late", text, True)
        if name == MEMORY and not failure:
            return NOTE, Diagnosis(
                "kept-alive", "values are kept alive after their last use, by a list or a cache", True
            )
        if name == BETWEEN and (wrong.found[0] is None or is_reading(wrong, failure)):
            return NOTE, Diagnosis("leaves-alone", "gradients are kept at leaves alone", True)
        if found.best.name or found.best.named:
            return FAIL, found.of_engine()
        return FAIL, Diagnosis("", f"it raises {failure}" if failure else "the numbers are wrong")

    def freed(self) -> Failure | None:
        """What is raised by a later backward pass of a session, after a first one that went well."""
        for answer in [answer for name in probes.SESSIONS for answer in self.answers.get(name, ())]:
            failure = next((x for x in answer.found if isinstance(x, Failure)), None)
            acts = [act[0] for act in answer.probe.program[: failure.act + 1]] if failure else []
            if acts[-1:] == ["backward"] and acts.count("backward") > 1:
                return failure
        return None

    def random_programs(self, seed: int) -> list[Row]:
        """Random programs over all operations that have passed; a wrong one is shown as small as can be."""
        names = [
            form for form in self.answers if form in probes.arities() and form not in probes.OUT_OF_TABLE
        ]
        row = Row("random programs", "habit", PASS, key="random programs")
        begun = time.perf_counter()
        for program in tested(names, PROGRAMS, seed):
            if self.differs(program):
                small = shrunk(program, self.differs)
                probe = Probe(small)
                found = self.run(small)
                answer = Answer(probe, found, False)
                row.diagnosis = Diagnosis("", "each operation is right by itself, and these together are not")
                self.show(row, answer)
                break
        row.seconds = time.perf_counter() - begun
        return [row] if names else []

    def differs(self, program: Program) -> bool:
        """Whether the engine gives another number than ours."""
        probe = Probe(program)
        return probe.is_defined and not probe.allows(self.run(program), self.near * 10)


def remedy(form: str, failure: Failure | None) -> Diagnosis:
    """What is to be defined for an operation that is not offered."""
    name, _, side = form.partition(":")
    method = METHODS.get("add" if name == "sum" else name)
    if side == "left" or name == "sum":
        return Diagnosis(f"no-r{method}", f"define __r{method}__", True)
    if side == "right":
        return Diagnosis("number-not-wrapped", f"make a value of a number in __{method}__", True)
    if failure and "unsupported operand" not in failure.text and "bad operand" not in failure.text:
        return Diagnosis("refused", str(failure), True)
    return Diagnosis("not-offered", f"define __{method}__" if method else f"there is no {name}", True)


def is_reading(answer: Answer, failure: Failure | None) -> bool:
    """Whether what failed was to read a number."""
    return failure is not None and answer.probe.program[failure.act][0] in READINGS


def text_of(reading: Reading) -> str:
    """A reading in a report: ten digits, or the exception."""
    return f"{reading:.10g}" if isinstance(reading, float) else str(reading)
