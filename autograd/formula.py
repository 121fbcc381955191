"""A recorded Value, or a local derivative, as text and as LaTeX.

graph   what is written: a Value, or what a row's rule gives for stand-ins of a node and its arguments
names   Value → text, in place of labels; whoever has neither gets a name that no other has
term    a node of a graph, simplified by exact identities (`terms`)
piece   a written term, with how strongly its outermost symbol binds

A graph is written from its leaves up; a parent puts parentheses around what binds more weakly than itself.
Symbols and templates come from the table. What is written is never read back.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, filterfalse
from typing import Any, NamedTuple

from autograd import ops
from autograd.naming import HIGH, latex_name, latex_symbol, numbered, typeset
from autograd.op import ATOM, POWER, PRODUCT, SIGN, Op
from autograd.recording import UNNAMED, mode
from autograd.terms import Names, Term, Terms, label_of
from autograd.value import Value, topological_order

LONG = 1000  # characters, after which an expression continues from a named part

SCIENTIFIC = re.compile(r"(-?)([\d.]+)[eE](\S+)")  # 2.5e-07
SUPERSCRIPT = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
TEX_FUNCTIONS = {"sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "exp", "log"}


def formula(value: Value, latex: bool = False, names: Names | None = None) -> str:
    r"""The expression that `value` records, in the names or labels of its leaves.

    It is simplified by identities that are exact: 1 × a is a, a × a is a², a + a is 2 × a, (−a) × b is
    −a × b. A node that is then used more than once is written once, on a line of its own before the
    expression, under its label or as t1, t2, …; so is a part of a very long expression. Leaves without a
    label are x1, x2, …. Parentheses stand only where the expression would otherwise be read differently.

    >>> a, b = Value(2, "a"), Value(1, "b")
    >>> formula((a + b) * (b + 1))
    '(a + b) × (b + 1)'
    >>> print(formula((a + b) ** 2 / b, latex=True))
    \frac{\left(a + b\right)^{2}}{b}
    """
    terms = Terms(names)
    root = terms.read(value, {})
    uses = terms.uses(root)
    order = [term for term in terms.made if uses[term.place]]
    label = {term: terms.label(term) for term in order}
    fresh = _Fresh(["", *label.values()], names)
    named = {t: "" for t in order if t.op is None or (uses[t.place] > 1 and t.args and t is not root)}
    for term in named:
        named[term] = fresh.name(label[term], "t" if term.args else "x")
    lines: list[str] = []
    written: dict[Term, Piece] = {}
    for term in order:
        if term in written:
            continue
        piece = Piece.term(term, [written[arg] for arg in term.args], named.get(term, ""), latex)
        if term.args and term is not root and (term in named or len(piece.text) > LONG):
            name = Piece.named(named.get(term) or fresh.name(label[term], "t"), latex)
            lines.append(f"{name.text} = {piece.text}")
            piece = name
        written[term] = piece
    return ("\\\\\n" if latex else "\n").join([*lines, written[root].text])


def expression(node: Value, latex: bool = False, names: Names | None = None) -> str:
    """How a recorded node was computed, as one operation on its arguments' names: `apples × tax`.

    Arguments without a name or a label are x1, x2, … if they are leaves, and t1, t2, … if not.
    """
    if node.op is None or not node.args:
        raise ValueError(f"{node!r} is not the result of an operation")
    named = node_names(node.args, names)
    pieces = [
        Piece.named(named[arg], latex) if arg in named else Piece.number(arg.data, latex) for arg in node.args
    ]
    return Piece.operation(node.op, pieces, latex).text


# ── Local derivatives ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """A local derivative ∂node/∂argument as a graph: what the row's rule gives for stand-ins.

    graph      a Value, or a number; None where the rule says "no contribution"
    stand_ins  the Values in the graph that stand for nodes, and the nodes
    names      of these nodes, and of the constants of the rule, such as π
    """

    node: Value
    argument: Value
    graph: Any
    stand_ins: Mapping[Value, Value]
    names: Names

    def left(self, latex: bool = False) -> str:
        """`∂z/∂x`"""
        of, by = (_name(self.names.get(node, "constant"), latex) for node in (self.node, self.argument))
        return rf"\frac{{\partial {of}}}{{\partial {by}}}" if latex else f"∂{of}/∂{by}"

    def right(self, latex: bool = False) -> str:
        """`y`"""
        if self.graph is None:
            return r"\text{no contribution}" if latex else "no contribution"
        if not isinstance(self.graph, Value):
            return Piece.number(self.graph, latex).text
        if self.graph in self.stand_ins:
            return _name(self.names[self.stand_ins[self.graph]], latex)
        terms = Terms()
        used = filter(self.stand_ins.__contains__, topological_order(self.graph))
        root = terms.read(self.graph, {x: terms.atom(self.stand_ins[x]) for x in used})
        uses, written = terms.uses(root), dict[Term, Piece]()
        for term in terms.made:
            if uses[term.place]:
                name = "" if term.op else self.names[term.value]
                written[term] = Piece.term(term, [written[arg] for arg in term.args], name, latex)
        return written[root].text

    def formula(self, latex: bool = False) -> str:
        """`∂z/∂x = y`"""
        return f"{self.left(latex)} = {self.right(latex)}"


def local_formula(node: Value, position: int, latex: bool = False, names: Names | None = None) -> str:
    """The local derivative of a recorded node by its argument at `position`: `∂z/∂x = y`.

    The node and its arguments go by their names or labels; where there is none, the node is z and its
    arguments are x and y, or x₁, x₂, … where they are more, as far as no other has that name. Constants
    without a label are written as their numbers.
    """
    if not 0 <= position < len(node.args):
        raise ValueError(f"{node!r} has no argument at position {position}")
    return local_formulas(node, [position], latex, names)[0]


def local_formulas(
    node: Value, positions: Iterable[int], latex: bool = False, names: Names | None = None
) -> list[str]:
    """The local derivatives of a recorded node by several of its arguments, as `local_formula` gives them."""
    return [local.formula(latex) for local in local_graphs(node, positions, names)]


def local_graphs(node: Value, positions: Iterable[int], names: Names | None = None) -> list[Local]:
    """The same as graphs: the rules, called with stand-ins that hold the recorded numbers.

    What a rule raises where the derivative does not exist is left as it is.
    """
    args, wanted, names = node.args, {*positions}, _local_names(node, names or {})
    operands: dict[Value, Any] = {
        arg: Value(x) if arg in names else x for arg, x in zip(args, node.operands, strict=True)
    }
    result = Value(node.data)
    stand_ins = {x: arg for arg, x in operands.items() if arg in names} | {result: node}
    mask = [i in wanted for i in range(len(args))]
    token = mode.set(UNNAMED)  # also under no_grad
    try:
        graphs = node.op.local_derivatives((*map(operands.get, args), result), mask) if node.op else []
    finally:
        mode.reset(token)
    own = [x for x in topological_order(*(graph for graph in graphs if isinstance(graph, Value)))
           if x.op is ops.constant and label_of(x, None)]  # fmt: skip
    names = node_names([*names, *own], names) if own else names
    every = zip(args, graphs, mask, strict=False)
    return [Local(node, arg, graph, stand_ins, names) for arg, graph, asked in every if asked]


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────


def node_names(nodes: Iterable[Value], names: Names | None = None) -> dict[Value, str]:
    """A name of its own for every node: its name or label, or x1, x2, … for leaves and t1, t2, … for others.

    Names are typeset: ŷ for `y_hat`, w²₁₃ for `w^2_{13}` (`autograd.naming`). Where several nodes would have
    one name, the later ones are numbered: w, w₂, w₃, or w₁, w⁽²⁾₁. Constants of one label and one number
    share a name; those without a label have none: they are written as numbers.
    """
    wishes = {
        node: label for node in nodes if (label := label_of(node, names)) or node.op is not ops.constant
    }
    fresh, given, constants = _Fresh(wishes.values(), names), dict[Value, str](), dict[Any, str]()
    for node, label in wishes.items():
        if node.op is ops.constant:
            key = label, node.data
            given[node] = constants[key] = constants.get(key) or fresh.name(label)
        else:
            given[node] = fresh.name(label, "t" if node.op else "x")
    return given


def _local_names(node: Value, names: Names) -> dict[Value, str]:
    """The names of a node and its arguments in a formula of their own."""
    labels = {x: label_of(x, names) for x in (*node.args, node)}
    nameless = [x for x, label in labels.items() if not label and x.op is not ops.constant]
    if nameless:
        taken = {*labels.values(), *map(typeset, names.values())}
        letters = chain("xyuv" * (len(node.args) < 3), (f"x{i}".translate(SUBSCRIPT) for i in count(1)))
        results = chain("zwq", (f"z{i}" for i in count(1)))
        letter = dict(zip(dict.fromkeys(node.args), filterfalse(taken.__contains__, letters), strict=False))
        letter[node] = next(filterfalse(taken.__contains__, results))
        labels |= {x: letter[x] for x in nameless}
    return node_names(labels, labels)


class _Fresh:
    """Gives names that no other has: a label, numbered if it is used already, or a stem and a number.

    `labels` are what else is to be named, and `names` what is named already, in sight or not.
    """

    def __init__(self, labels: Iterable[str], names: Names | None) -> None:
        self.taken = {*labels}
        if names and "" in self.taken:
            self.taken.update(map(typeset, names.values()))
        self.used = {""}
        self.numbers: dict[str, Iterator[int]] = {}

    def name(self, label: str, stem: str = "") -> str:
        """The label if there is one and nobody has it, or else the first name that nobody has or wants."""
        name, key = label, label or stem
        while name in self.used or (name in self.taken and name != label):
            number = next(self.numbers.setdefault(key, count(2 if label else 1)))
            name = numbered(label, number) if label else f"{stem}{number}"
        self.used.add(name)
        return name


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


class Piece(NamedTuple):
    """A written term.

    binding  how strongly its outermost symbol binds   negates  whether a sign before it negates all of it
    raised   a whole number as it is written as an exponent: ⁻²
    """

    text: str
    binding: int = ATOM
    negates: bool = True
    raised: str = ""

    @classmethod
    def term(cls, term: Term, args: Sequence["Piece"], name: str, latex: bool = False) -> "Piece":
        """A term, written with the pieces of its args, or by its name."""
        if term.op is None:
            return cls.named(name, latex)
        return cls.operation(term.op, args, latex) if term.args else cls.number(term.value, latex)

    @classmethod
    def named(cls, name: str, latex: bool = False) -> "Piece":
        """A name; one that ends in a superscript binds as a power: its square is (a²₁)²."""
        return cls(_name(name, latex), POWER if {*name} & {"^", *HIGH} else ATOM)

    @classmethod
    def number(cls, x: Any, latex: bool = False) -> "Piece":
        """A number, or its text."""
        text = str(x).replace("−", "-")
        negative = text.startswith("-")
        raised = text.replace("-", "−").translate(SUPERSCRIPT) if text[negative:].isdecimal() else ""
        binding = SIGN if negative else PRODUCT if "/" in text else ATOM  # a Fraction: 1/3
        if latex and (power := SCIENTIFIC.fullmatch(text)):
            ten, ahead = f"10^{{{int(power[3])}}}", power[2] != "1"
            text = power[1] + (rf"{power[2]} \times " if ahead else "") + ten
            binding = binding if negative else PRODUCT if ahead else POWER
        return cls(text if latex else "−" * negative + text[negative:], binding, not negative, raised)

    @classmethod
    def operation(cls, op: Op, pieces: Sequence["Piece"], latex: bool = False) -> "Piece":
        """The operation applied to what is written already."""
        if op is ops.identity:
            return pieces[0]
        template = op.latex if latex else ""
        parts = [piece.text for piece in pieces]
        if not (template or op.infix):
            return cls(_call(op, parts, latex))
        symbol = latex_symbol(op.symbol) if latex else op.symbol
        # the text before each argument
        before = template.split("{}")[:-1] or ([symbol] if op.infix == SIGN else ["", f" {symbol} "])
        if op.infix:
            parts = [
                piece.text if template and text.endswith("{{") else piece.beside(op, i, latex)
                for i, (text, piece) in enumerate(zip(before, pieces, strict=True))
            ]
        text = template.format(*parts) if template else "".join(map(str.__add__, before, parts))
        if op.infix == POWER and not latex:
            text = parts[0] + (pieces[1].raised or f"^{parts[1]}")
        binding = POWER if "^" in template else PRODUCT if "frac" in template else ATOM
        return cls(text, op.infix or binding, _negates(op, before[0], pieces[0]))

    def beside(self, op: Op, i: int, latex: bool = False) -> str:
        """The argument at place i of an infix symbol, in parentheses where it would be read differently.

        Of equal symbols the left one goes first (a − b − c), but for powers the right one. A sign before
        a product goes to its first factor, which makes no difference: −a × b.
        """
        loose = self.binding < op.infix or (self.binding == op.infix and (i == 0) == (op.infix == POWER))
        if op.infix == SIGN:
            loose = not self.negates
        elif i == 1 and self.binding == SIGN and op.infix != POWER:
            loose = True  # a − (−3)
        if not loose:
            return self.text
        return rf"\left({self.text}\right)" if latex else f"({self.text})"


def _negates(op: Op, opening: str, first: Piece) -> bool:
    """Whether a sign before an operation, which goes to what comes first in it, negates the whole."""
    if op in (ops.mul, ops.div) and not opening:
        return first.negates or first.binding < op.infix
    return op.infix != SIGN and (bool(opening) or op.infix in (0, POWER))


def _call(op: Op, parts: Sequence[str], latex: bool) -> str:
    """A function's name and its arguments: max(x, y), dot([x, y], [u, v])."""
    if op.sequences:
        n = len(parts) // op.sequences
        parts = [f"[{', '.join(parts[i : i + n])}]" for i in range(0, len(parts), n or 1)]
    if not latex:
        return f"{op.name}({', '.join(parts)})"
    name = rf"\{op.name}" if op.name in TEX_FUNCTIONS else latex_symbol(op.name)
    return rf"{name}\left({', '.join(parts)}\right)"


def _name(name: str, latex: bool) -> str:
    return latex_name(name) if latex else name
