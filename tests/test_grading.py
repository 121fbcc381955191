"""check_engine: right engines pass, wrong ones are caught, and what has a name is called by it.

The engines are those of `students`, which were written without the grader. What their mistakes are called
here, and which no number can tell apart, say SAME and SEEN.
"""

import ast
import contextlib
import copy
import functools
import io
import random
import sys
import types

import pytest
import slips
from micrograd.engine import Value as Micrograd
from students import CONVENTIONS, RIGHT, WORDS, WRONG, load

import autograd
from autograd.testing import Engine, check_engine
from autograd.testing.grading import probes
from autograd.testing.grading.check import grade
from autograd.testing.grading.engine import defined_in
from autograd.testing.grading.misconceptions import ENGINES, SESSIONS, candidates
from autograd.testing.grading.model import RIGHT as RIGHT_HABITS
from autograd.testing.grading.model import Model
from autograd.testing.grading.program import run

SAME = {  # numbers cannot tell the first from the second
    "recursive-per-path": "no-visited", "visited-local": "no-visited", "on-the-way-out": "not-reversed",
    "children-eq": "eq-by-value", "no-children": "no-backward", "resets-leaves": "resets",
    "relu-at-zero": "relu-at-kink", "other-no-rmul": "no-rmul", "other-no-rsub": "no-rsub",
    "other-no-neg": "not-offered", "other-floats-not-wrapped": "number-not-wrapped",
}  # fmt: skip
SEEN = {  # what has no name of its own is called by what its numbers are
    "other-rsub-slope": {"sub-plus"}, "other-rtruediv-slope": {"div-no-square"}, "other-neg-plus": {"sign"},
    "other-copies-operand": {"second-missing"}, "other-exp-power-rule": {"exp-power"},
    "other-sigmoid-like-tanh": {"sigmoid-as-tanh"}, "other-relu-slope-is-out": {"relu-times-x"},
    "other-exponent-no-gradient": {"second-missing"}, "other-stack-no-visited": {"no-visited"},
    "other-called-at-once": {"no-backward"}, "other-new-leaf": {"no-backward"},
    "other-counts-all-uses": {"cleared"}, "other-class-attribute": {"no-pass"},
    "late-binding": {"cos-of-out"},
}  # fmt: skip


def adapted(module, base):
    """The engine of a student's file, in its own words."""
    words = WORDS[base]
    functions = defined_in(module)
    return Engine(
        getattr(module, words.make), words.data, words.grad, words.backward, functions, name=words.make
    )


def graded(source, base, **options):
    """The report of a student's file, whose prints nobody sees."""
    with contextlib.redirect_stdout(io.StringIO()):
        return check_engine(adapted(load(source), base), **options)


@functools.cache
def right_report(base):
    """The report of a right engine."""
    return graded(RIGHT[base], base)


def found(report, statuses=("fail", "note", "missing")):
    """The names of what rows with these statuses show, and of what gives the same numbers."""
    diagnoses = [row.diagnosis for row in report.rows if row.status in statuses and row.diagnosis]
    return {name for diagnosis in diagnoses for name in (diagnosis.id, *diagnosis.candidates)}


def claimed(report):
    """What is said to be wrong: for each row its name, and those that give the same numbers."""
    diagnoses = [row.diagnosis for row in report.rows if row.status == "fail" and row.diagnosis]
    return [{one.id, *one.candidates} for one in diagnoses if one.certain and one.id != "through"]


def offered(report):
    """The rows of what the engine has."""
    return {row.name for row in report.rows if row.status != "missing"}


# ── Right engines ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("base", RIGHT)
def test_right_engines_pass(base):
    report = right_report(base)
    assert (report.passed, report.score) == (True, 1), str(report)
    assert {"x + y", "x * y", "2 + x", "x ** 3", "random programs"} <= offered(report)


def test_our_own_engine_passes_everything():
    report = check_engine(autograd.Value)
    assert {row.status for row in report.rows} == {"pass"}
    assert len(report.rows) > 60


def test_what_is_right_does_not_depend_on_the_scope_around():
    for around in (autograd.no_grad(), autograd.scope("layer")):
        with around:
            report = check_engine(Micrograd)
        assert str(report) == str(check_engine(Micrograd))


def test_of_micrograd_the_report_says_what_it_is():
    report = check_engine(Micrograd)
    assert report.passed and found(report, ["note"]) == {
        "intermediates-not-reset", "data-read-late", "recursion-depth",
    }  # fmt: skip
    (power,) = (row for row in report.rows if row.name == "x ** y")
    assert power.status == "missing" and "only supporting int/float powers" in power.diagnosis.text


# ── Wrong engines ───────────────────────────────────────────────────────────────────────────────────

UNNAMED = {  # whose numbers the catalogue does not give
    "paths recursive-per-path", "pairs queue-visited", "closures late-binding pow", "german late-binding exp",
    "methods late-binding functions",
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=[wrong.name for wrong in WRONG])
def test_wrong_engines_are_caught_and_named_and_never_named_wrongly(wrong):
    report, right = graded(wrong.source, wrong.base), right_report(wrong.base)
    if not {*wrong.ids} <= CONVENTIONS:
        assert not report.passed or offered(right) - offered(report), str(report)
    if not any(name.startswith("other-") and name not in SAME for name in wrong.ids):
        named = all({name, SAME.get(name)} & found(report) for name in wrong.ids)
        assert named == (wrong.name not in UNNAMED), str(report)
    true = {name for one in wrong.ids for name in (one, SAME.get(one), *SEEN.get(one, ()))} | found(right)
    assert all(names & true for names in claimed(report)), str(report)


def test_nearly_all_that_has_a_name_is_named():
    """The share that the test above holds, of the engines whose mistake is in the catalogue."""
    named = [wrong for wrong in WRONG if not any(name.startswith("other-") for name in wrong.ids)]
    assert len(named) >= 150 and len(UNNAMED) / len(named) < 0.05


def test_programs_that_are_shown_are_small():
    sizes = []
    for wrong in WRONG[::4]:
        report = graded(wrong.source, wrong.base)
        failing = [row for row in report.rows if row.status == "fail" and row.program]
        if failing:
            sizes.append(min(map(operations_in, failing)))
    assert max(sizes) <= 4 and sum(count <= 2 for count in sizes) >= 0.85 * len(sizes)


def operations_in(row):
    """How many operations the program of a row has: its assignments but those of leaves."""
    lines = row.program.splitlines()
    return sum(" = " in line for line in lines) - len(row.inputs)


def test_what_only_many_operations_show_is_found_and_made_small():
    module = load(RIGHT["hinted"])
    right = module.Value.backward

    def forgets_the_third_use(root):
        right(root)
        order = [root]
        for node in order:
            order += [parent for parent in node.parents if not any(parent is known for known in order)]
        for node in order:
            uses = sum(parent is node for user in order for parent in user.parents)
            node.grad *= 1 if uses < 3 else (uses - 1) / uses

    module.Value.backward = forgets_the_third_use
    for seed in range(3):
        report = check_engine(adapted(module, "hinted"), operations=["add", "mul", "tanh"], seed=seed)
        (row,) = (row for row in report.rows if row.status == "fail")
        assert (row.name, operations_in(row)) == ("random programs", 2), str(report)


def test_the_same_seed_gives_the_same_report():
    wrong = next(wrong for wrong in WRONG if wrong.name == "closures assigns")
    first, again = (str(graded(wrong.source, wrong.base, seed=7)) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("name", ["assigns", "preorder", "queue-visited", "no-visited", "queue-no-visited"])
def test_the_order_of_sets_changes_no_name(name):
    wrong = next(wrong for wrong in WRONG if wrong.id == name and wrong.base == "closures")
    for seed in range(20):
        module = load(wrong.source)
        module.Value.__hash__ = functools.partialmethod(any_hash, {}, random.Random(seed))
        report = check_engine(adapted(module, "closures"), operations=["add", "mul"])
        assert not report.passed and name in found(report), str(report)


def any_hash(value, known, chance):
    """A hash by which sets hold values in any order."""
    return known.setdefault(id(value), chance.getrandbits(40))


class Two:
    """Of which no value can be made."""

    def __init__(self, data, grad):
        self.data, self.grad = data, grad


REFUSED = {
    "a number": (lambda: check_engine(3), "needs a class such as Value, or an Engine, not 3"),
    "no value": (lambda: check_engine(Two), "Two(1.0) raises TypeError"),
    "an operation": (
        lambda: check_engine(Micrograd, operations=["sigmod"]),
        "operation 'sigmod'; the nearest is 'sigmoid'",
    ),
    "a weight": (lambda: check_engine(Micrograd, weights={"2 -x": 1}), "row '2 -x'; the nearest is '2 - x'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_graded_is_refused_in_one_line(case):
    ask, message = REFUSED[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        ask()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_weights_count_where_an_engine_has_the_row():
    """One grading scheme serves all students: what an engine does not offer has no points."""
    report = check_engine(Micrograd, weights={"tanh": 5, "2 - x": 3, "sub:right": 2, "two losses": 0})
    points = {row.name: row.points for row in report.rows}
    assert (points["2 - x"], points["x - 2"], points["two losses"], points["x + y"]) == (3, 2, 0, 1)
    assert report.possible == sum(row.points for row in report.rows if row.status != "missing")


# ── The catalogue ───────────────────────────────────────────────────────────────────────────────────

NAMES = (
    "add mul neg sub div power absolute sum iadd exp log tanh sigmoid relu sin sqrt softplus maximum".split()
)


class Modelled:
    """A model as what is graded: sums and `+=` are made of its +."""

    title = "Model"
    words = Engine.of(autograd.Value).words(probes.arities())

    def __init__(self, rules, **habits):
        self.rules = {name: candidate.rule for name, candidate in rules.items()}
        self.rules = {**{name: next(candidates(name)).rule for name in ("sum", "iadd")}, **self.rules}
        self.habits = RIGHT_HABITS._replace(**{"session": "kept", **habits})

    def run(self, program):
        return run(program, Model(self.habits, self.rules))


PASSES = [(name, way) for name, kind in {**ENGINES, **SESSIONS}.items() for way in kind.ways]
MODELS = {
    **{f"{name} {way}": (name, Modelled({}, **way)) for name, way in PASSES},
    **{
        f"{form} {candidate.name} {i}": (candidate.name, Modelled({form: candidate}))
        for form in NAMES
        for i, candidate in enumerate(candidates(form))
        if candidate.name
    },
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_every_misconception_is_found_where_it_is_the_only_one(case):
    name, model = MODELS[case]
    report = grade(model, NAMES)
    if name == "add-swapped":
        assert report.passed  # both get the same
    else:
        assert name in found(report), str(report)
        assert all(name in names for names in claimed(report)), str(report)


# ── Mutants ─────────────────────────────────────────────────────────────────────────────────────────

EQUIVALENT = 8  # children in another order, in a list for a set; no name of the operation; a leaf not visited


def mutants(source):
    """A right file with one slip in its engine, at every place where it does more than say or assert."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not isinstance(node, ast.If)]  # what it does as a script
    left_out = {inner for node in ast.walk(tree) for inner in slips.wording(node)}
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    left_out |= {inner for node in asserts for inner in ast.walk(node)}
    for place, node in enumerate(ast.walk(tree)):
        for wrong in (wrong for slip in slips.SLIPS if node not in left_out for wrong in slip(node)):
            mutant = copy.deepcopy(tree)
            mutant = slips.Put([*ast.walk(mutant)][place], copy.deepcopy(wrong)).visit(mutant)
            slips.Counted().visit(mutant)
            yield ast.fix_missing_locations(mutant)


def test_of_a_right_engine_hardly_a_mutant_passes():
    right = right_report("closures")
    alive, count = [], 0
    for mutant in mutants(RIGHT["closures"]):
        count += 1
        module = types.ModuleType("student")
        sys.modules["student"], module._turn = module, slips.Turns()
        try:
            exec(compile(mutant, "student.py", "exec"), vars(module))
            report = check_engine(adapted(module, "closures"), limit=2.0)
        except Exception:  # a file that cannot be loaded is caught too
            continue
        finally:
            del sys.modules["student"]
        if report.passed and not offered(right) - offered(report):
            alive.append(ast.unparse(mutant))
    assert count > 100
    assert len(alive) <= EQUIVALENT + 0.02 * count, "\n\n".join(alive)
