"""The words for a derivative that is wrong: which one, what it should be, and what the mistake looks like."""

from collections.abc import Mapping, Sequence
from itertools import islice
from operator import methodcaller
from typing import Any

from autograd import ops
from autograd.formula import local_formula
from autograd.op import FAILURES, Op, is_complex
from autograd.testing.bounds import Bounded, Edge, edges, number
from autograd.testing.oracles import COMPLEX_STEP, DIFFERENCES, along, differences
from autograd.value import Value

Names = Mapping[Value, str]


class GradientError(AssertionError):
    """A derivative is wrong. The first line of the message says which one; `op` is the row, if it is one."""

    def __init__(self, message: str, op: Op | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.op = op
        self.position = position


# Whether pytest leaves a frame of these modules out: of a GradientError it shows the line of the test alone.
__tracebackhide__ = methodcaller("errisinstance", GradientError)


# ── A rule ──────────────────────────────────────────────────────────────────────────────────────────


def wrong_rule(edge: Edge, names: Names, within: str) -> GradientError:
    """The error for an edge on which rule and oracle differ."""
    place = _place(edge, names, within)
    expected, oracle = Bounded(edge.expected.slope, edge.tolerance), edge.expected.oracle
    found = f"{_formula(edge, names)} gives {number(edge.found)}"
    wrong_kind, hidden = _wrong_kind(edge), expected.allows(edge.found)
    if wrong_kind:
        message = f"{place}: {wrong_kind}"
    elif edge.kink:
        left, right = edge.expected.sides or (None, None)
        message = (
            f"{place}: {found}, which is not between the slopes {number(left)} and {number(right)} on both "
            f"sides of the kink; check {_rule_of(edge.op)}"
        )
    elif hidden:
        message = (
            f"{place}: {found}, and in a hundred digits not the slope {number(edge.expected.slope)}; "
            f"check {_rule_of(edge.op)}"
        )
    else:
        message = f"{place}: {found}, {_gives(oracle)} {expected}; check {_rule_of(edge.op)}"
    lines = [message, *_circumstances(edge, names)]
    if (hint := _hint(edge)) and not wrong_kind and not hidden:
        lines.append(f"  it seems  {hint}")
    return GradientError("\n".join(lines), edge.op, edge.position)


def unknown_slope(edge: Edge, names: Names, within: str) -> GradientError:
    """The error for an edge that no oracle could judge."""
    message = (
        f"{_place(edge, names, within)}: {_formula(edge, names)} gives {number(edge.found)}, which could not "
        "be checked: no oracle reaches this point; check at another one, or say allow_unknown=True"
    )
    return GradientError("\n".join([message, *_circumstances(edge, names)]), edge.op, edge.position)


def wrong_graph(edge: Edge, names: Names, by: str, got: Any, want: Bounded, oracle: str) -> GradientError:
    """The error for a rule that is right in value, and wrong when it is differentiated."""
    op, z, x = edge.op, names[edge.node], names[edge.argument]
    return GradientError(
        f"{op.name} at {z} (row {op.name}): ∂{z}/∂{x} is right, but its derivative by {by} is "
        f"{number(got)}, {_gives(oracle)} {want}; write {_rule_of(op)} with autograd's functions\n"
        f"  the rule {_formula(edge, names)} breaks off the graph: math.cos(x) or x.data gives a "
        "number where cos(x) gives a derivative of every order",
        op,
        edge.position,
    )


def _place(edge: Edge, names: Names, within: str) -> str:
    return f"{edge.op.name} at {names[edge.node]} (row {edge.op.name}{within})"


def _circumstances(edge: Edge, names: Names) -> list[str]:
    """Which argument, and from what numbers."""
    operands = ", ".join(
        f"{names[arg]} = {number(x)}" if arg in names else number(x)
        for arg, x in islice(zip(edge.node.args, edge.node.operands, strict=True), 8)
    )
    return [
        f"  argument  {edge.position + 1} of {len(edge.node.args)}: {names[edge.argument]}",
        f"  computed  {names[edge.node]} = {edge.op.name}({operands}) = {number(edge.node.data)}",
    ]


def _gives(oracle: str) -> str:
    return f"{oracle} give{'s' * (oracle != DIFFERENCES)}"


def _wrong_kind(edge: Edge) -> str:
    """What to say where not the rule is wrong, but what the row says of its kind."""
    op, expected, operands = edge.op, edge.expected, edge.node.operands
    if edge.kink or not (expected.sides or expected.oracle == COMPLEX_STEP):
        return ""
    if any(map(is_complex, operands)):
        along_imaginary, along_real = expected.sides or (0, 0)
        return (
            f"it is not analytic: its slope is {number(along_real)} along the real axis and "
            f"{number(along_imaginary)} along the imaginary one; give the row another kind, which refuses "
            "complex numbers"
        )
    real = differences(along(op, operands, edge.position), operands[edge.position], kinked=True)
    low, high = sorted(real.sides or (real.slope, real.slope))
    if not low - real.error - edge.tolerance <= edge.found <= high + real.error + edge.tolerance:
        return ""
    return (
        f'its rule is right for real numbers, but the row says kind="{op.kind}", and the function is not '
        f'analytic; say kind="{"kinked" if real.sides else "smooth"}" (or "kinked")'
    )


def _hint(edge: Edge) -> str:
    """What a wrong slope looks like."""
    found, expected = edge.found, edge.expected.slope
    if edge.kink:
        return ""
    if found == 0:
        return "the rule gives no contribution at all"
    if abs(found + expected) <= edge.tolerance:
        return "the sign of the rule is wrong"
    for other in edges(edge.node, 0):
        if other.position != edge.position and abs(found - other.expected.slope) <= edge.tolerance:
            return f"it is the derivative by argument {other.position + 1}: the rules may be swapped"
    return f"the rule is wrong by a factor of {factor(found / expected)}" if expected else ""


def factor(x: Any) -> str:
    """A factor to read, as 1 + 1e-07 where it is near 1."""
    more = x - 1
    if is_complex(x) or not 0 < abs(more) < 1e-4:
        return number(x, 6)
    return f"1 {'+' if more > 0 else '−'} {float(abs(more)):.1g}"


def _rule_of(op: Op) -> str:
    """The rule's name in the code: of the table's row, or of the user's."""
    return f"the rule of ops.{op.name}" if ops.TABLE.get(op.name) is op else f"the rule of {op.name}"


def _formula(edge: Edge, names: Names) -> str:
    """`∂z/∂x = y`, as the rule says it; only `∂z/∂x` where the rule cannot be written with Values."""
    try:
        return local_formula(edge.node, edge.position, names=names)
    except FAILURES:
        return f"∂{names[edge.node]}/∂{names[edge.argument]}"


# ── The engine, and the function ────────────────────────────────────────────────────────────────────


def wrong_sum(
    node: Value, names: Names, incoming: Sequence[tuple[Edge, Bounded]], want: Bounded
) -> GradientError:
    """The error for a node whose gradient is not the sum over its uses: edges, and what arrives at them."""
    uses = "".join(
        f"\n  {edge.op.name} at {names[edge.node]}: {number(adjoint.value)} × {number(edge.found)}"
        for edge, adjoint in incoming
    )
    return GradientError(
        f"accumulation at {names[node]}: backward gives {number(node.grad)}, and its {len(incoming)} "
        f"use{'s'[: len(incoming) != 1]} sum to {want}{uses}\n"
        "  every local derivative is right, so Value.backward adds them up wrongly"
    )


def agree(where: str, got: Any, want: Bounded) -> None:
    """GradientError where a pass of the engine gives something else than the chain rule."""
    if not want.allows(got):
        raise GradientError(
            f"accumulation {where} gives {number(got)}, and the chain rule over the local derivatives "
            f"{want}\n  every local derivative is right, so this pass adds them up wrongly"
        )


def not_the_same_twice(before: Any, after: Any) -> GradientError:
    """The error for a function that is none."""
    return GradientError(
        f"f leaves the graph: called twice at the same numbers, it gives {number(before)} and "
        f"{number(after)}; give it its random numbers as arguments"
    )


def leaves_the_graph(place: Sequence[Any], got: Any, want: Any) -> GradientError:
    """The error for a function that is not what its graph says."""
    return GradientError(
        f"f leaves the graph: at ({', '.join(map(number, place))}) it is {number(got)}, and its recorded "
        f"graph {number(want)}\n  the graph itself is differentiated rightly; a number goes around it "
        "(x.data, a copy, a random one)"
    )
