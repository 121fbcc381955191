"""A recorded Value, or a local derivative, as text and as LaTeX.

A Value is written from its leaves up. Every node is a piece of text together with how strongly its
outermost symbol binds; a parent puts parentheses around what binds more weakly than itself. Symbols and
templates come from the table. A local derivative is the row's own rule, called with named Values.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, NamedTuple

from autograd import ops
from autograd.op import ATOM, POWER, PRODUCT, SIGN, Op
from autograd.recording import UNNAMED, mode
from autograd.value import Value, topological_order

LONG = 1000  # characters, after which an expression continues from a named part

SUPERSCRIPT = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
TEX_FUNCTIONS = {"sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "exp", "log"}
TEX_SYMBOLS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta",
    "θ": "theta", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "phi", "ψ": "psi", "ω": "omega", "Δ": "Delta", "Σ": "Sigma", "Φ": "Phi", "Ω": "Omega",
}  # fmt: skip


class Piece(NamedTuple):
    """A written expression and how strongly its outermost symbol binds."""

    text: str
    binding: int = ATOM


def formula(value: Value, latex: bool = False) -> str:
    r"""The expression that `value` records, in the labels of its leaves.

    A node that is used more than once is written once, on a line of its own before the expression,
    under its label or as t1, t2, …; so is a part of a very long expression. Leaves without a label are
    x1, x2, …. Parentheses stand only where the expression would otherwise be read differently.

    >>> a, b = Value(2, "a"), Value(1, "b")
    >>> formula((a + b) * (b + 1))
    '(a + b) × (b + 1)'
    >>> print(formula((a + b) ** 2 / b, latex=True))
    \frac{\left(a + b\right)^{2}}{b}
    """
    order = topological_order(value)
    uses = Counter(arg for node in order for arg in node.args)
    for node in reversed(order):
        if node.op is ops.identity:  # the lifted argument of a derivative is written as what it lifts
            uses[node.args[0]] += uses[node] - 1
            uses[node] = 0
    labels = {node.label for node in order}
    names = node_names((node for node in order if node.op is None or uses[node] > 1), labels)
    taken = labels.union(names.values())
    unnamed = (name for name in map("t{}".format, count(1)) if name not in taken)
    lines: list[str] = []
    written: dict[Value, Piece] = {}
    for node in order:
        if node.op is None:
            piece = Piece(_name(names[node], latex))
        elif node.op is ops.constant:
            piece = _constant(node, latex)
        else:
            piece = _write(node.op, [written[arg] for arg in node.args], latex)
            if node is not value and (node in names or len(piece.text) > LONG):
                name = _name(names.get(node) or node.label or next(unnamed), latex)
                lines.append(f"{name} = {piece.text}")
                piece = Piece(name)
        written[node] = piece
    return ("\\\\\n" if latex else "\n").join([*lines, written[value].text])


def expression(node: Value) -> str:
    """How a recorded node is computed, in the labels of its arguments: `apples × tax`."""
    if node.op is None or not node.args:
        raise ValueError(f"{node!r} is not the result of an operation")
    pieces = [_constant(arg, False) if arg.op is ops.constant else Piece(arg.label) for arg in node.args]
    return _write(node.op, pieces, False).text


def local_formula(node: Value, position: int, latex: bool = False) -> str:
    """The local derivative of a recorded node by its argument at `position`: `∂z/∂x = y`.

    The node and its arguments go by their labels; where there is none, the node is z and its arguments
    are x and y, or x₁, x₂, … where they are more. Constants are written as their numbers.
    """
    if not 0 <= position < len(node.args):
        raise ValueError(f"{node!r} has no argument at position {position}")
    return local_formulas(node, [position], latex)[0]


def local_formulas(node: Value, positions: Iterable[int], latex: bool = False) -> list[str]:
    """The local derivatives of a recorded node by several of its arguments, as `local_formula` gives them."""
    op, args, wanted = node.op, node.args, {*positions}
    labels = {arg.label for arg in args} | {node.label}
    numbered = (f"x{i}".translate(SUBSCRIPT) for i in count(1))
    letters = (x for x in ("xyuv" if len(args) < 3 else numbered) if x not in labels)
    operands: dict[Value, Any] = {}
    for arg, x in zip(args, node.operands, strict=True):
        if arg not in operands:
            letter = next(letters)
            operands[arg] = x if arg.op is ops.constant else Value(x, arg.label or letter)
    result = Value(node.data, node.label or next(z for z in "zwq" if z not in labels))
    token = mode.set(UNNAMED)  # also under no_grad
    try:
        mask = [i in wanted for i in range(len(args))]
        rules = op.local_derivatives((*map(operands.get, args), result), mask) if op else []
    finally:
        mode.reset(token)
    formulas = []
    for arg, rule, asked in zip(args, rules, mask, strict=False):
        if asked:
            by, right = getattr(operands[arg], "label", "constant"), _write_rule(rule, latex)
            left = rf"\frac{{\partial {_name(result.label, True)}}}{{\partial {_name(by, True)}}}"
            formulas.append(f"{left} = {right}" if latex else f"∂{result.label}/∂{by} = {right}")
    return formulas


def node_names(nodes: Iterable[Value], labels: Iterable[str] = ()) -> dict[Value, str]:
    """A name of its own for every node: its label, or x1, x2, … for leaves and t1, t2, … for others.

    Where several nodes bear one label, the later ones are numbered: w, w_2, w_3. `labels` are what else
    is called by a name, such as constants: no node gets one of them that does not bear it.
    """
    nodes = list(nodes)
    taken = {node.label for node in nodes}.union(labels)
    names: dict[Value, str] = {}
    numbers: defaultdict[str, Iterable[int]] = defaultdict(count)
    used: set[str] = {""}
    for node in nodes:
        name, stem = node.label, f"{node.label}_" if node.label else "x" if node.op is None else "t"
        while name in used or (name in taken and name != node.label):
            number = next(iter(numbers[stem])) + (2 if node.label else 1)
            name = f"{stem}{number}"
        used.add(name)
        names[node] = name
    return names


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


def _write(op: Op, pieces: Sequence[Piece], latex: bool) -> Piece:
    """The operation applied to what is written already."""
    if op is ops.identity:  # the lifted argument of a derivative
        return pieces[0]
    if latex and op.latex:
        before = op.latex.split("{}")[:-1]  # the template's text before each argument
        texts = [
            piece.text if not op.infix or text.endswith("{{") else _enclose(op, i, piece, latex)
            for i, (text, piece) in enumerate(zip(before, pieces, strict=False))
        ]
        binding = POWER if "^" in op.latex else PRODUCT if "frac" in op.latex else ATOM
        return Piece(op.latex.format(*texts), op.infix or binding)
    if op.infix:
        texts = [_enclose(op, i, piece, latex) for i, piece in enumerate(pieces)]
        if len(texts) == 1:
            return Piece(op.symbol + texts[0], op.infix)
        if op.infix == POWER:
            if re.fullmatch("−?[0-9]+", pieces[1].text):
                return Piece(texts[0] + pieces[1].text.translate(SUPERSCRIPT), op.infix)
            return Piece("^".join(texts), op.infix)
        return Piece(f" {op.symbol} ".join(texts), op.infix)
    parts = [piece.text for piece in pieces]
    if op.sequences:
        n = len(parts) // op.sequences
        parts = [f"[{', '.join(parts[i : i + n])}]" for i in range(0, len(parts), n or 1)]
    if latex:
        name = rf"\{op.name}" if op.name in TEX_FUNCTIONS else rf"\operatorname{{{_escape(op.name)}}}"
        return Piece(rf"{name}\left({', '.join(parts)}\right)")
    return Piece(f"{op.name}({', '.join(parts)})")


def _enclose(op: Op, i: int, piece: Piece, latex: bool) -> str:
    """The argument at place i of an infix symbol, in parentheses where it would be read differently.

    Of equal symbols the left one goes first (a − b − c), but for powers and signs the right one.
    """
    right_first = op.infix >= SIGN
    loose = piece.binding < op.infix or (piece.binding == op.infix and (i == 0) == right_first)
    if op.infix == SIGN and piece.binding == SIGN:
        loose = True  # −(−x)
    if i == 1 and piece.binding == SIGN and op.infix != POWER:
        loose = True  # a − (−3)
    if not loose:
        return piece.text
    return rf"\left({piece.text}\right)" if latex else f"({piece.text})"


def _write_rule(rule: Any, latex: bool) -> str:
    """What a rule returned for named Values, without the factors 1 that a table of rules brings."""
    if rule is None:
        return "no contribution"
    if not isinstance(rule, Value):
        return _number(rule, latex)
    written: dict[Value, Piece] = {}
    for node in topological_order(rule):
        if node.op is None:
            written[node] = Piece(_name(node.label, latex))
        elif node.op is ops.constant:
            written[node] = _constant(node, latex)
        else:
            written[node] = _tidy(node.op, [written[arg] for arg in node.args], latex)
    return written[rule].text


def _tidy(op: Op, pieces: list[Piece], latex: bool) -> Piece:
    """1 · x is x, x · x is x², x¹ is x, x / 1 is x."""
    texts = [piece.text for piece in pieces]
    if op is ops.mul and "1" in texts:
        return pieces[texts.index("1") ^ 1]
    if op is ops.mul and texts[0] == texts[1]:
        return _write(ops.power, [pieces[0], Piece("2")], latex)
    if op in (ops.power, ops.div) and texts[1] == "1":
        return pieces[0]
    return _write(op, pieces, latex)


def _constant(node: Value, latex: bool) -> Piece:
    text = _name(node.label, latex) if node.label else _number(node.data, latex)
    if text[0] in "−-":
        return Piece(text, SIGN)
    return Piece(text, PRODUCT if "/" in text else ATOM)  # a Fraction is written 1/3


def _number(x: Any, latex: bool) -> str:
    return str(x) if latex else re.sub("^-", "−", str(x))


def _name(name: str, latex: bool) -> str:
    r"""A label: as it is, or in LaTeX: `x1` and `w_ij` with a subscript, `apple` as \mathit{apple}."""
    if not latex:
        return name
    if name in TEX_SYMBOLS:
        return "\\" + TEX_SYMBOLS[name]
    if re.fullmatch(r"\w\^\w+_\{[\w,]+\}", name):  # w^2_{13} is LaTeX already
        return name
    if match := re.fullmatch(r"(\w)_?([0-9]+|(?<=_)\w+)", name):
        return f"{_name(match[1], True)}_{{{_escape(match[2])}}}"
    if len(name) == 1 and name.isalnum() and name.isascii():
        return name
    style = "mathit" if name.isascii() and name.isidentifier() else "text"
    return rf"\{style}{{{_escape(name)}}}"


def _escape(text: str) -> str:
    """The text with LaTeX's special characters made plain."""
    words = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return re.sub(r"[\\~^#$%&_{}]", lambda m: words.get(m[0], "\\" + m[0]), text)
