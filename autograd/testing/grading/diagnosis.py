"""Which misconception gives every number that an engine gave? And if none does, what the symptom is.

First the rules of the operations, on trees, where the order of the pass cannot be seen; then the pass itself,
on graphs with those rules. Both are tried for each habit of the catalogue, and that one is taken which leaves
least unexplained, with the fewest mistakes.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from autograd import ops
from autograd.testing.grading.misconceptions import ENGINES, SESSIONS, Candidate, candidates
from autograd.testing.grading.model import RIGHT, Habits, Model, Rule, right
from autograd.testing.grading.probes import OUT_OF_TABLE, Probe, agree, shown
from autograd.testing.grading.program import READINGS, Act, Failure, Program, Reading, run, size
from autograd.testing.grading.report import Diagnosis

BLURRING = ("int-data",)  # under which other rules cannot be told apart
WIRING = ("no-backward", "no-children", "self-backward")
RECURSIVE = {"add:left": "radd-recursive", "sum": "radd-recursive", "mul:left": "rmul-recursive"}
JOINTS = 6  # nodes with two children in a program whose orders are all tried


@dataclass
class Answer:
    """A probe and what the engine gave."""

    probe: Probe
    found: list[Reading]
    right: bool

    @property
    def failure(self) -> Failure | None:
        """What was raised, if anything was."""
        return next((x for x in self.found if isinstance(x, Failure)), None)

    def is_ours(self, near: float) -> bool:
        """Whether our own engine gives the same; at a kink another may be right too."""
        return all(map(agree, self.found, self.probe.right, [near] * len(self.found)))


Answers = Mapping[str, Sequence[Answer]]


@dataclass
class Fit:
    """How far a model with some habits gives the numbers that were found.

    rules     of the forms of operations        named      the wrong ones among them
    forms     that no rule explains              graphs     rows whose numbers the model does not give
    """

    name: str
    habits: Habits
    rules: dict[str, Rule] = field(default_factory=dict)
    named: dict[str, Candidate] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)
    graphs: list[str] = field(default_factory=list)

    @property
    def cost(self) -> tuple[int, int]:
        """What is unexplained, then how many mistakes it takes: one for each operation, one for the pass."""
        return len(self.forms) + len(self.graphs), len(self.operations) + bool(self.name)

    @property
    def operations(self) -> set[str]:
        """The operations that are wrong."""
        return {form.partition(":")[0] for form in self.named}


def gives(
    program: Program, found: Sequence[Reading], habits: Habits, rules: Mapping[str, Rule], near: float
) -> bool:
    """Whether the model gives these readings, in one of the orders in which sets may hold children."""
    model = Model(habits, rules)
    first = run(program, model)
    if all(map(agree, found, first, [near] * len(found))):
        return True
    for flips in product([False, True], repeat=min(model.joints, JOINTS)):
        if any(flips) and all(
            map(agree, found, run(program, Model(habits, rules, flips)), [near] * len(found))
        ):
            return True
    return False


class Diagnosing:
    """The answers of an engine, and the models that are tried on them."""

    def __init__(self, trees: Answers, graphs: Answers, sessions: Answers, near: float) -> None:
        self.trees, self.graphs, self.sessions, self.near = trees, graphs, sessions, near
        self.best, self.others = self.search()
        self.session = self.of_sessions(self.best)

    def search(self) -> tuple[Fit, list[str]]:
        """The fit with the least cost, and the names of others that are as good."""
        first = self.fit("", RIGHT)
        asked = {form.partition(":")[0] for form in self.trees}
        if first.cost[0] == 0 and (not first.named or (len(first.operations) == 1 and len(asked) > 1)):
            return first, []  # nothing is wrong, or one operation of several
        ways = [(name, way) for name, found in ENGINES.items() for way in found.ways]
        fits = [first, *(self.fit(name, RIGHT._replace(**way), first.cost[0]) for name, way in ways)]
        least = min(fit.cost for fit in fits)
        best = [fit for fit in fits if fit.cost == least]
        if len(best) > 1:
            best.sort(key=lambda fit: (self.of_sessions(fit) is None, not fit.name))
        return best[0], [*dict.fromkeys(fit.name for fit in best[1:] if fit.name not in ("", best[0].name))]

    def fit(self, name: str, habits: Habits, most: float = math.inf) -> Fit:
        """A model with these habits, and for each form with the first rule that gives its numbers.

        It is given up where more than `most` forms are unexplained.
        """
        fit = Fit(name, habits)
        for form in ("mul", "add"):  # each has the other in its longer programs
            self.fit_form(form, [a for a in self.trees.get(form, ()) if size(a.probe.program) == 1], fit)
        for form, answers in self.trees.items():
            answers = [answer for answer in answers if not answer.probe.tag]
            if not name and all(answer.right for answer in answers):
                continue
            found = self.fit_form(form, answers, fit)
            if found is None:
                fit.forms.append(form)
                if len(fit.forms) > most:
                    return fit
            elif found.name:
                fit.named[form] = found
        fit.graphs = self.unexplained(self.graphs, fit)
        if fit.graphs and not name:
            self.assigning(fit)
        return fit

    def fit_form(self, form: str, answers: Sequence[Answer], fit: Fit) -> Candidate | None:
        """The first rule with which the model gives these answers, which is its rule from now on."""
        for candidate in self.tried(form, fit):
            fit.rules[form] = candidate.rule
            if all(self.explains(answer, fit) for answer in answers):
                return candidate
        fit.rules.pop(form, None)
        return None

    def tried(self, form: str, fit: Fit) -> Iterator[Candidate]:
        """The rules for a form: the right one, that of the operation without a number, then all others."""
        name, _, side = form.partition(":")
        if name in ops.TABLE and name not in OUT_OF_TABLE:
            yield Candidate("", "", right(name))
        if side and name in fit.named:
            yield fit.named[name]
        yield from candidates(form)

    def explains(self, answer: Answer, fit: Fit) -> bool:
        """Whether the model gives what the engine gave."""
        return gives(answer.probe.program, answer.found, fit.habits, fit.rules, self.near)

    def unexplained(self, rows: Answers, fit: Fit) -> list[str]:
        """The rows of which the model gives another number."""
        return [
            name
            for name, answers in rows.items()
            if not all(self.explains(answer, fit) for answer in answers)
        ]

    def assigning(self, fit: Fit) -> None:
        """Let one operation alone set gradients with =, where that explains the graphs."""
        for name in ("add", "mul"):
            before = fit.rules.get(name)
            fit.rules[name] = replace(before or right(name), store="assigns")
            if not self.unexplained(self.graphs, fit):
                text = "its gradients are set with = where += must add them up"
                fit.named[name], fit.graphs = Candidate(f"assigns-in-{name}", text, fit.rules[name]), []
                return
            fit.rules.pop(name)
            if before:
                fit.rules[name] = before

    def of_sessions(self, fit: Fit) -> str | None:
        """The habit that explains what several passes gave: "" if it is the right one, None if none does."""
        ways = [("", {}), *((name, way) for name, found in SESSIONS.items() for way in found.ways)]
        for name, way in ways:
            if not self.unexplained(self.sessions, replace(fit, habits=fit.habits._replace(**way))):
                return name
        return None

    # ── What is said of a row ───────────────────────────────────────────────────────────────────────

    def of_form(self, form: str, answers: Sequence[Answer]) -> Diagnosis:
        """What is behind the wrong numbers of a form."""
        best, name = self.best, form.partition(":")[0]
        wrong = next(answer for answer in answers if not answer.right)
        if named := best.named.get(form):
            text, certain = in_terms_of(form, named.text), self.is_certain(form)
            return Diagnosis(named.name, hedged(text, certain), certain, self.alternatives(form, answers))
        if form not in best.forms and best.name and not wrong.probe.tag:
            return self.of_engine()
        if form not in best.forms and not wrong.probe.tag:
            return self.through()
        return of_edge(form, wrong) or Diagnosis("", symptom(name, wrong))

    def is_certain(self, form: str) -> bool:
        """Whether a named rule is what is wrong: where + and × lose gradients alike, it may be the pass.

        Nor is an operation without its backward what is wrong where only a number beside it changes things.
        """
        best = self.best
        alike = {each for each, named in best.named.items() if named.name == best.named[form].name}
        if best.graphs or best.name in BLURRING:
            return False
        return best.named[form].name not in WIRING or not (":" in form or {"add", "mul"} <= alike)

    def alternatives(self, form: str, answers: Sequence[Answer]) -> tuple[str, ...]:
        """Other names of rules that give the same numbers for a form."""
        fit, found = replace(self.best, rules=dict(self.best.rules)), []
        for candidate in candidates(form):
            fit.rules[form] = candidate.rule
            if all(self.explains(answer, fit) for answer in answers if not answer.probe.tag):
                found.append(candidate.name)
        return tuple(dict.fromkeys(name for name in found if name not in ("", self.best.named[form].name)))

    @property
    def is_faulty(self) -> bool:
        """Whether the pass or an operation is wrong, and has a name."""
        return bool(self.best.name or self.best.named)

    def is_innocent(self, form: str) -> bool:
        """Whether a form is right by itself, and wrong numbers are explained by others in its programs."""
        best = self.best
        if best.name or form in best.forms or form in best.named or form not in best.rules:
            return False
        alone = [answer.right for answer in self.trees[form] if size(answer.probe.program) == 1]
        return best.rules[form].compose is None or all(alone)

    def through(self) -> Diagnosis:
        """What is wrong elsewhere, and shows here too."""
        guilty = dict.fromkeys(form.partition(":")[0] for form in (*self.best.named, *self.best.forms))
        names = ", ".join(map(shown, guilty)) or "the backward pass"
        return Diagnosis("through", f"what is wrong with {names} shows here too", True)

    def of_engine(self) -> Diagnosis:
        """What is behind wrong numbers of graphs."""
        if self.best.name and not self.best.graphs:
            text = "; or: ".join(ENGINES[name].text for name in (self.best.name, *self.others))
            certain = not self.best.forms
            return Diagnosis(self.best.name, hedged(text, certain), certain, tuple(self.others))
        assigned = [named for named in self.best.named.values() if named.name.startswith("assigns-in")]
        if assigned:
            return Diagnosis(assigned[0].name, assigned[0].text, True)
        if self.best.named or self.best.forms:
            return self.through()
        text = "the sum over all paths is wrong; usual causes: = for +=, or nodes that hand their gradient on"
        return Diagnosis("", f"{text} before all of it has arrived")


# ── Without a model ─────────────────────────────────────────────────────────────────────────────────


def of_edge(form: str, wrong: Answer) -> Diagnosis | None:
    """What a single number or exception tells: far out, outside the domain, at a tie, of a negative base."""
    name, _, side = form.partition(":")
    failure = wrong.failure
    if wrong.probe.tag == "outside":
        text = f"outside its domain it gives {wrong.found[0]} in place of an error or nan"
        return Diagnosis(f"{name}-outside", text, True)
    if wrong.probe.tag == "far":
        kind = failure.kind if failure else "a wrong number"
        return Diagnosis(
            f"{name}-overflow", f"{kind} far from 0: write it with exp of negative numbers alone", True
        )
    if wrong.probe.tag == "tie":
        if wrong.found == [1.0, 1.0]:
            return Diagnosis("max-both", "where both are equal the gradient is handed on twice", True)
        return Diagnosis("", f"where both are equal the slopes are {' and '.join(map(str, wrong.found))}")
    if not failure or wrong.probe.program[failure.act][0] != "op":
        return None
    refused = failure.kind in ("ValueError", "TypeError")
    if name == "power" and side != "left" and refused and wrong.probe.inputs[0] < 0:
        return Diagnosis("pow-base-negative", "the base may be negative where the exponent is whole", True)
    if failure.kind == "RecursionError":
        called = RECURSIVE.get(form, "calls-itself")
        return Diagnosis(called, "it calls itself for ever", form in RECURSIVE)
    return None


def in_terms_of(form: str, text: str) -> str:
    """Words about x and y for a form such as 2 − x, in which what was y is x."""
    if not form.endswith(":left"):
        return text
    return re.sub(r"\b[xy]\b", lambda letter: "x" if letter[0] == "y" else "2", text)


def hedged(text: str, certain: bool) -> str:
    """What is said of a misconception that does not give every number."""
    return text if certain else f"perhaps: {text}"


def symptom(name: str, wrong: Answer) -> str:
    """What can be seen of a fault that has no name, and what causes it as a rule."""
    for found, right_one, act in zip(
        wrong.found, wrong.probe.right, readings(wrong.probe.program), strict=True
    ):
        if isinstance(found, Failure):
            return f"it raises {found}"
        if agree(found, right_one, 1e-6) or not isinstance(right_one, float):
            continue
        if act[0] == "value":
            return f"{'the number' if act[1] in 'zu' else 'the number of an argument'} is wrong"
        if not found:
            return (
                f"no gradient arrives through {name}; usual causes: no `out._backward =`, no children, "
                "self.grad for out.grad"
            )
        if right_one == 0:
            return "a gradient arrives where there should be none"
        return f"the gradient is {found / right_one:.4g} times what it should be, at this point"
    return "the numbers are wrong"


def readings(program: Program) -> list[Act]:
    """The acts that read."""
    return [act for act in program if act[0] in READINGS]
