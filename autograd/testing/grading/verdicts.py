"""Is a wrong number a fault, or one of the conventions on which good engines differ? And what is behind it?

A verdict is a status of the report and a diagnosis.
"""

from collections.abc import Sequence

from autograd.testing.grading import probes
from autograd.testing.grading.diagnosis import Answer, Diagnosing
from autograd.testing.grading.engine import METHODS
from autograd.testing.grading.misconceptions import SESSIONS
from autograd.testing.grading.probes import BETWEEN, CHAIN, CHANGED, GRAPHS, MEMORY
from autograd.testing.grading.program import READINGS, Failure
from autograd.testing.grading.report import FAIL, NOTE, Diagnosis

Verdict = tuple[str, Diagnosis]


def of_form(form: str, answers: Sequence[Answer], diagnosing: Diagnosing) -> Verdict:
    """What wrong numbers of a form of an operation mean."""
    wrong = next(answer for answer in answers if not answer.right)
    if form == "iadd" and _is_in_place(wrong, diagnosing.near):
        text = "it changes the value itself, as with arrays, or refuses to if it is a leaf"
        return NOTE, Diagnosis("in-place", text, True)
    return FAIL, diagnosing.of_form(form, answers)


def of_kink(form: str, answers: Sequence[Answer], near: float) -> Diagnosis | None:
    """What an engine chose at a kink, where more than one slope is right, if it is not what ours chose."""
    name = form.partition(":")[0]
    for answer in answers:
        place = {"kink": "at 0", "tie": "where both are equal"}.get(answer.probe.tag)
        if place and not answer.is_ours(near):
            text = f"{place} its slope is {answer.found[0]}, ours {answer.probe.right[0]}: both are right"
            return Diagnosis(f"{name}-at-kink", text, True)
    return None


def of_habit(name: str, wrong: Answer, diagnosing: Diagnosing) -> Verdict:
    """What the wrong numbers of a habit mean."""
    failure = wrong.failure
    if name in GRAPHS:
        return FAIL, diagnosing.of_engine()
    if name in probes.SESSIONS:
        return _of_session(wrong, diagnosing)
    if name == CHAIN and failure and failure.kind == "RecursionError":
        return NOTE, _certain("recursion-depth", "long chains end in RecursionError (micrograd's do too)")
    if name == CHANGED and (failure or None in wrong.found) and not diagnosing.is_faulty:
        return NOTE, _certain("not-to-be-set", str(failure or "what is set leaves the graph"))
    if name == CHANGED and wrong.found[1] == 5.0:
        text = "slopes are made of what .data is during the pass, not of what was used (micrograd's too)"
        return NOTE, _certain("data-read-late", text)
    if name == MEMORY and not failure:
        return NOTE, _certain(
            "kept-alive", "values are kept alive after their last use, by a list or a cache"
        )
    if name == BETWEEN and (wrong.found[0] is None or _is_unread(wrong)):
        return NOTE, _certain("leaves-alone", "gradients are kept at leaves alone")
    if diagnosing.is_faulty:
        return FAIL, diagnosing.of_engine()
    return FAIL, Diagnosis("", f"it raises {failure}" if failure else "the numbers are wrong")


def _of_session(wrong: Answer, diagnosing: Diagnosing) -> Verdict:
    """What several passes show, where one pass is right."""
    if freed := _freed(diagnosing):
        return NOTE, _certain("freed-after-pass", f"a pass frees its graph; then {freed}")
    if diagnosing.best.graphs or {"add", "mul"} & {*diagnosing.best.forms}:
        return FAIL, diagnosing.through()
    if diagnosing.session:
        known = SESSIONS[diagnosing.session]
        return NOTE if known.convention else FAIL, _certain(diagnosing.session, known.text)
    if diagnosing.is_faulty:
        return FAIL, diagnosing.of_engine()
    failure = wrong.failure
    return FAIL, Diagnosis("", f"it raises {failure}" if failure else "passes do not add up at the leaves")


def _freed(diagnosing: Diagnosing) -> Failure | None:
    """What is raised by a later backward pass of a session, after a first one that went well."""
    for answer in [answer for answers in diagnosing.sessions.values() for answer in answers]:
        if failure := answer.failure:
            acts = [act[0] for act in answer.probe.program[: failure.act + 1]]
            if acts[-1] == "backward" and acts.count("backward") > 1:
                return failure
    return None


def _is_in_place(answer: Answer, near: float) -> bool:
    """Whether `z = x; z += y` is right but for the number of x, or is refused as arrays refuse it."""
    if failure := answer.failure:
        return failure.kind == "RuntimeError" and answer.probe.program[failure.act][0] == "op"
    others = (0, 1, 3)  # the slopes, and the number of z
    return all(probes.agree(answer.found[i], answer.probe.right[i], near) for i in others)


def _is_unread(answer: Answer) -> bool:
    """Whether what failed was to read a number."""
    return answer.failure is not None and answer.probe.program[answer.failure.act][0] in READINGS


def _certain(name: str, text: str) -> Diagnosis:
    return Diagnosis(name, text, True)


def remedy(form: str, failure: Failure | None) -> Diagnosis:
    """What is to be done about an operation that is not offered."""
    name, _, side = form.partition(":")
    method = METHODS.get("add" if name == "sum" else name)
    if side == "left" or name == "sum":
        return _certain(f"no-r{method}", f"define __r{method}__")
    if side == "right":
        return _certain("number-not-wrapped", f"make a value of a number in __{method}__")
    if failure and "unsupported operand" not in failure.text and "bad operand" not in failure.text:
        return _certain("refused", str(failure))
    return _certain("not-offered", f"define __{method}__" if method else f"there is no {name}")
