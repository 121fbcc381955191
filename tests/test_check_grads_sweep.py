"""check_grads, swept over rows, number types and magnitudes: the right rule passes, a wrong one does not.

Every argument of every row takes 40 numbers from 1e-320 to 1e308, and those at and next to each edge, kink,
pole and tie. There the rule of the table must pass, and the same rule × (1 + 1e-7) must be caught, or be said
to be out of reach. The suite takes one in 150 of these points. All of them, and how many there are:

    python tests/test_check_grads_sweep.py
"""

import math
import warnings
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import islice

import mpmath
import numpy as np
import pytest
from oracles import changed, has_variables, points, replace, variables

from autograd import ops
from autograd.testing import GradientError, VacuousCheckWarning, check_grads

ROWS = [op for name, op in ops.TABLE.items() if op.name == name and op.partials and has_variables(op)]
TYPES = {
    "float": float,
    "float32": np.float32,
    "Fraction": Fraction,
    "Decimal": Decimal,
    "mpf": mpmath.mpf,
    "complex": lambda x: complex(x, x / 8),
}
EXPONENTS = (-320, -305, -200, -155, -100, -30, -12, -8, -5, -3, -1, 0, 1, 2, 3, 5, 8, 16, 154, 308)
MAGNITUDES = [side * 10.0**k for k in EXPONENTS for side in (1, -1)]

# Not right there, by a fault of the function or of the rule that is known: (row, type) → why
KNOWN = {
    ("power", "complex"): "the absolute value of subnormal numbers has few digits",
    ("exp2", "complex"): "its phase, |x| ln 2, is rounded more than once",
}


def sweep(op, i):
    """Arguments of the row, with every number of the sweep at position i."""
    low, high, hole = op.domain[i] if i < len(op.domain) else (-math.inf, math.inf, None)
    for k, args in enumerate(points(op)[:2]):
        near = {x for x in (low, high, hole, 0.0, *args) if x is not None and abs(x) < math.inf}
        around = (lambda x: math.nextafter(x, math.inf), lambda x: math.nextafter(x, -math.inf))
        beside = [move(x) for x in sorted(near) for move in (*around, lambda x: x + 1e-9, lambda x: x - 1e-9)]
        for x in [*(MAGNITUDES if k == 0 else ()), *sorted(near), *beside]:
            yield replace(args, i, x)


def runs(op, args, i):
    """Whether the row and its rule give numbers there, in the range of floats and inside the domain."""
    if i < len(op.domain) and not isinstance(args[i], complex) and args[i] not in op.domain[i]:
        return False
    if op is ops.power and isinstance(args[1], Fraction) and abs(args[1]) > 1000:
        return False  # an exact power has as many digits
    try:
        z = op.apply(args)
        local = op.local_derivatives((*args, z), [k == i for k in range(len(args))])[i]
        return local is not None and all(
            x == 0 or 1e-320 < float(abs(x)) < 1e308 for x in (args[i], z, local)
        )
    except (ArithmeticError, ValueError, TypeError, AttributeError):
        return False


def cases(kind, every=1):
    """(row, arguments in the number type, position), wherever the row and its rule give a number."""
    points_of_rows = (
        (op, args, i) for op in ROWS for i in variables(op, points(op)[0])[:2] for args in sweep(op, i)
    )
    with np.errstate(all="ignore"):
        for op, args, i in islice(points_of_rows, every // 2, None, every):
            try:
                typed = [x if k in op.parameters else TYPES[kind](x) for k, x in enumerate(args)]
            except ArithmeticError:
                continue
            if runs(op, typed, i):
                yield op, typed, i


def outcome(op, args, i):
    """What the check says of the row by one argument: "", "said", or the first line of its error."""

    def f(x):
        return op.apply(replace(args, i, x))

    with warnings.catch_warnings(record=True) as told, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            report = check_grads(f, args[i], order=1, allow_unknown=True)
        except GradientError as error:
            return str(error).splitlines()[0]
    vacuous = any(issubclass(w.category, VacuousCheckWarning) for w in told)
    return "said" if vacuous or report.unknown or report.coarse or report.kinks else ""


def judge(kind, op, args, i):
    """Of a right rule and a wrong one: "caught" or "said", or what is wrong."""
    right = outcome(op, args, i)
    if right not in ("", "said"):
        return f"blamed: {right}"
    factor = 1 + {"float32": 1e-4}.get(kind, 1e-7)  # a last place of float32 is 1e-7
    factor = Decimal(factor) if kind == "Decimal" else factor
    before = op.partials
    op.partials = changed(op, 0 if op.sequences else i, lambda local: local * factor)
    try:
        wrong = outcome(op, args, i)
    finally:
        op.partials = before
    return wrong if wrong == "said" else "caught" if wrong else "missed"


@pytest.mark.parametrize("kind", TYPES)
def test_the_right_rule_passes_and_a_wrong_one_is_caught_or_said(kind):
    for op, args, i in cases(kind, every=150):
        if (op.name, kind) not in KNOWN:
            assert judge(kind, op, args, i) in ("caught", "said"), (op.name, args, i)


def test_most_rules_are_caught_and_not_only_said():
    verdicts = Counter(judge("float", *case) for case in cases("float", every=150))
    assert verdicts["caught"] > 5 * verdicts["said"]


def main():
    for kind in TYPES:
        counts = Counter()
        for op, args, i in cases(kind):
            verdict = judge(kind, op, args, i)
            counts[verdict.partition(":")[0]] += 1
            if verdict not in ("caught", "said") and (op.name, kind) not in KNOWN:
                print(f"{op.name}{args} by argument {i + 1}: {verdict}", flush=True)
        print(kind, dict(counts), flush=True)


if __name__ == "__main__":
    main()
