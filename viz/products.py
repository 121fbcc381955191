"""Gradients as formulas, the way a textbook writes them on the edges: `−∂L/∂y · y² · exp(−x)`, for a root L.

A local derivative is a graph, ∂y/∂s = −y / s. Its terms (`autograd.terms`) are taken apart into a product,
multiplied onto the products before it, and written:

product    a sign and factors with exponents: −y / s is −, y to the 1, s to the −1
factor     what a product does not look into: a name, a number, `exp(t1)`, or a sum, `1 − y`
symbol     how a node without a label is written: as the product that it is, `exp(−x)`
head       the incoming gradient, `∂L/∂y`, before all factors; none at the root, where it is 1
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from autograd import Value, ops
from autograd.formula import Local, Piece
from autograd.terms import Term, Terms
from viz.records import OPERATION, Graph
from viz.text import clip
from viz.view import LETTERS
from viz.words import NONE

LONG = 40  # characters of a symbol; a longer one goes by the name of its node
LETTER = re.compile(r"[^\W\d_][\d₀-₉]*")  # a name of one letter, perhaps with an index
NUMBER, NAME, SUM, OTHER = "number", "name", "sum", "other"  # a name of one letter; what has parentheses


class Product(NamedTuple):
    """A sign and factors with their exponents, in the order in which they are written."""

    negative: bool = False
    factors: Mapping[Term, int] = {}

    def times(self, other: "Product") -> "Product":
        """The product of two products; a factor that both have stands once, at its first place."""
        factors = Counter(self.factors)
        factors.update(other.factors)
        return Product(self.negative != other.negative, {f: e for f, e in factors.items() if e})

    def power(self, exponent: int) -> "Product":
        """The product, multiplied with itself."""
        factors = {factor: e * exponent for factor, e in self.factors.items()}
        return Product(self.negative and exponent % 2 == 1, factors)


def product(terms: Terms, term: Term) -> Product:
    """A term, taken apart."""
    negative = False
    factors: Counter[Term] = Counter()
    waiting = [(term, 1)]
    while waiting:
        term, exponent = waiting.pop()
        op, args = term.op, term.args
        if (opposite := terms.opposite(term)) is not None:
            negative ^= exponent % 2 == 1
            waiting.append((opposite, exponent))
        elif op in (ops.mul, ops.div):
            waiting += (args[1], exponent if op is ops.mul else -exponent), (args[0], exponent)
        elif op is ops.reciprocal:
            waiting.append((args[0], -exponent))
        elif op is ops.power and args[1].op is ops.constant and isinstance(args[1].value, int):
            waiting.append((args[0], exponent * args[1].value))
        elif not term.is_number(1):
            factors[term] += exponent
    return Product(negative, {factor: e for factor, e in factors.items() if e})


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


class Factor(NamedTuple):
    """A written factor, its exponent, and what it looks like: NUMBER, NAME of a letter, SUM, OTHER."""

    text: str
    exponent: int
    kind: str


class Writer:
    """Writes products of terms, and terms with products in them; `names` are those of Values."""

    def __init__(self, terms: Terms, names: Mapping[Value, str]) -> None:
        self.terms = terms
        self.names = {**names}
        self.pieces: dict[Term, Piece] = {}

    def piece(self, term: Term) -> Piece:
        """The term as it is written within others, after what it is made of."""
        stack = [term]
        while stack:
            inner = stack[-1]
            made = product(self.terms, inner)
            single = inner in made.factors
            missing = [x for x in (inner.args if single else made.factors) if x not in self.pieces]
            if missing:
                stack += missing
            elif single:
                name = "" if inner.op else clip(self.names[inner.value], LETTERS)
                self.pieces[stack.pop()] = Piece.term(inner, [self.pieces[arg] for arg in inner.args], name)
            else:
                self.pieces[stack.pop()] = self._within(made)
        return self.pieces[term]

    def _within(self, made: Product) -> Piece:
        """A product within something else."""
        binding = ops.SIGN if made.negative else ops.PRODUCT
        if len(made.factors) == 1 and not made.negative:
            ((factor, exponent),) = made.factors.items()
            binding = self.pieces[factor].binding if exponent == 1 else ops.POWER if exponent > 0 else binding
        return Piece(self.write(made), binding, not made.negative)

    def write(self, product: Product, head: str = "") -> str:
        """The product as text, after a head; parentheses only where needed: −∂L/∂z · 2t / y(1 − y)."""
        factors = sorted(product.factors.items(), key=lambda factor: factor[0].op is not ops.constant)
        if [e for _, e in factors] == [1] and not head and not product.negative:
            return self.piece(factors[0][0]).text  # a sum that stands alone
        above = [self._factor(factor, e) for factor, e in factors if e > 0]
        below = [self._factor(factor, -e) for factor, e in factors if e < 0]
        top = _joined(above) or ("" if head and not below else "1")
        bottom = f"({_joined(below)})" if len(below) > 1 else _joined(below)
        fraction = " / ".join(filter(None, (top, bottom)))
        return "−" * product.negative + " · ".join(filter(None, (head, fraction)))

    def _factor(self, term: Term, exponent: int) -> Factor:
        """A factor to a power, in parentheses where it would be read differently."""
        piece = self.piece(term)
        power = Piece.number(exponent).raised if exponent > 1 else ""
        if term.op is ops.constant and piece.negates:
            return Factor(piece.text + power, exponent, NUMBER)
        if piece.binding <= ops.POWER and (term.op or exponent > 1):  # w² as a name can stand alone
            return Factor(f"({piece.text}){power}", exponent, SUM)
        letter = term.op is None and LETTER.fullmatch(piece.text)
        return Factor(piece.text + power, exponent, NAME if letter else OTHER)


def _joined(factors: list[Factor]) -> str:
    """Factors with dots between; none in 2t and in y(1 − y)."""
    text = before = ""
    for factor in factors:
        close = before + factor.kind in (NUMBER + NAME, NUMBER + SUM, NAME + SUM)
        text += factor.text if close or not text else f" · {factor.text}"
        before = factor.kind if factor.exponent == 1 else OTHER
    return text


# ── The formulas of a graph ─────────────────────────────────────────────────────────────────────────


class Formulas:
    """Of every node of a graph how it is written, and of every edge the gradient that it passes on.

    A node that is used in a group has more contributions than are seen: its gradient goes by its name.

    symbols    by node: its label, or what it is made of; its name (t1) where that would be too long
    gradients  by target and position of an edge: upstream × local, as text; NONE where nothing is passed on
    incoming   by node: the gradient that arrives there, as text
    spoken     the nodes whose names stand in formulas though they have no label
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.terms = Terms(graph.names)
        self.writer = Writer(self.terms, graph.names)
        self.known: dict[Value, Term] = {}  # names, and what unlabelled nodes are made of
        self.made: dict[Value, Product] = {}
        self.spoken: set[int] = set()
        self.symbols = [clip(node.name, LETTERS) for node in graph.nodes]
        for node in graph.nodes:
            if node.kind == OPERATION and node.size == 1:
                self._add(node.key, node.expression.graph, bool(node.label))
        self.gradients = {(edge.target, edge.position): NONE for edge in graph.edges}
        self.incoming = self._backward()

    def _add(self, key: int, value: Value, labelled: bool) -> None:
        """A recorded node, as the product that it is; with a label, or if too long, it goes by its name."""
        term = self.terms.apply(value.op, *map(self._term, value.args))
        made = self.made[value] = product(self.terms, term)
        text = "" if labelled else self.writer.write(made)
        if len(text) > LONG:
            self.spoken.add(key)
        elif not labelled:
            self.known[value], self.symbols[key] = term, text

    def _term(self, value: Value) -> Term:
        """A node in a formula."""
        if value not in self.known:
            constant = value.op is ops.constant
            self.known[value] = self.terms.node(value, ()) if constant else self.terms.atom(value)
        return self.known[value]

    def _backward(self) -> list[str]:
        """From the roots to the leaves: the gradient of every node, and on the way those of the edges."""
        roots, incoming = set(self.graph.roots), ["" for _ in self.graph.nodes]
        arrived: list[list[tuple[str, Product]]] = [[] for _ in self.graph.nodes]
        partly = {edge.source for edge in self.graph.edges if self.graph.nodes[edge.target].size != 1}
        for node in reversed(self.graph.nodes):
            contributions = arrived[node.key]
            if node.key in roots:
                contributions.append((self._head(node.key), Product()))
            if node.key in partly:
                contributions = [(self._head(node.key), Product())]
            texts = (self.writer.write(product, head) for head, product in contributions)
            incoming[node.key] = " + ".join(texts).replace(" + −", " − ")
            if len(contributions) == 1 and len(incoming[node.key]) <= LONG:
                head, upstream = contributions[0]
            else:
                head, upstream = self._head(node.key), Product()
            for edge in self.graph.incoming[node.key]:
                if edge.local is not None and edge.rule:
                    local = self._local(edge.rule.graph)
                    passed = upstream.times(local)
                    text = self.writer.write(passed, head)
                    if node.key in roots and not local.factors and head:
                        text += " · 1"
                    self.gradients[edge.target, edge.position] = text
                    arrived[edge.source].append((head, passed))
        return incoming

    def _head(self, key: int) -> str:
        """∂root/∂node; nothing, for 1, where the node is itself the only root."""
        self.spoken.add(key)
        return "" if self.graph.roots == (key,) else self.derivative(key)

    def derivative(self, key: int) -> str:
        """∂root/∂node, by their names."""
        root, name = (clip(name, LETTERS) for name in (self.graph.whole, self.graph.nodes[key].name))
        return f"∂{root}/∂{name}"

    def _local(self, local: Local) -> Product:
        """A local derivative, in labels as far as there are any."""
        if not isinstance(local.graph, Value):
            return product(self.terms, self.terms.number(local.graph))
        self.writer.names |= local.names  # of the rule's constants
        stand_ins = {x: self._term(node) for x, node in local.stand_ins.items()}
        result = product(self.terms, self.terms.read(local.graph, stand_ins))
        target, made = self._term(local.node), self.made[local.node]
        below = not made.negative and made.factors and max(made.factors.values()) < 0
        fits = all(result.factors.get(factor, 0) <= e for factor, e in made.factors.items())
        if target.op is None and below and fits:  # y = 1 / s: write y for it
            result = result.times(made.power(-1)).times(Product(False, {target: 1}))
        return result
