"""Gradients as formulas, the way a textbook writes them on the edges: `−∂L/∂y · y² · exp(−x)`.

A local derivative comes as text, `∂y/∂s = −y / s`, in the names of its nodes. Here it is read as a product,
multiplied onto the products before it, and written again:

product    a sign and factors with exponents: −y / s is (−, {y: 1, s: −1})
factor     what a product does not look into: a name, a number, `exp(t1)`, or a sum, `1 − y`
token      the one private letter that stands for a node while formulas are read, so that no label, however
           strange, can be mistaken for a part of a formula
symbol     how a node without a label is written: as the product that it is, `exp(−x)`
head       the incoming gradient, `∂L/∂y`, before all factors
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from viz.records import OPERATION, Edge, Graph
from viz.text import clip

LONG = 40  # characters of a symbol; a longer one goes by the name of its node
LETTERS = 28  # of a name; titles have it whole
LOSS = "L"  # of which the incoming gradient is one
HEAD, FIRST = "\U000f0000", 0xF0001  # tokens are letters for private use, of which no label need be afraid

RAISED, PLAIN = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"
EXPONENT = f"[{RAISED}]"
LETTER = r"[^\W\d_][\d₀-₉]*"  # a name of one letter, perhaps with an index
NUMBER = re.compile(r"[\d.]+(e[-−]?\d+)?(/\d+)?")
TOKEN = re.compile("[\U000f0000-\U000ffffd]")


class Product(NamedTuple):
    """A sign and factors with their exponents, in the order in which they are written."""

    negative: bool = False
    factors: Mapping[str, int] = {}

    def __mul__(self, other: object) -> "Product":
        """The product of two products; a factor that both have stands once, at its first place."""
        if not isinstance(other, Product):
            return NotImplemented
        factors = dict(self.factors)
        for factor, exponent in other.factors.items():
            factors[factor] = factors.get(factor, 0) + exponent
        return Product(self.negative != other.negative, {f: e for f, e in factors.items() if e})

    def power(self, exponent: int) -> "Product":
        """The product, multiplied with itself."""
        factors = {factor: e * exponent for factor, e in self.factors.items()}
        return Product(self.negative and exponent % 2 == 1, factors)


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────


def parse(text: str) -> Product:
    """A formula, as `autograd.formula` writes it, as a product.

    >>> parse("−y / s"), parse("z × (1 − z)")
    (Product(negative=True, factors={'y': 1, 's': -1}), Product(negative=False, factors={'z': 1, '1 − z': 1}))
    """
    product = Product()
    waiting = [(text, 1)]  # texts still to be read, and their exponents
    while waiting:
        text, exponent = waiting.pop()
        parts = [text] if _is_sum(text) else _parts(text)
        if len(parts) > 1:
            signs = (-exponent if before == " / " else exponent for before in ("", *parts[1::2]))
            waiting += reversed([*zip(parts[::2], signs, strict=True)])
        elif (raised := re.fullmatch(f"(.+?)({EXPONENT}+)", text)) and not _is_sum(text):
            waiting.append((raised[1], exponent * int(raised[2].translate(str.maketrans(RAISED, PLAIN)))))
        elif text.startswith("−") and not _is_sum(text):
            product *= Product(exponent % 2 == 1)
            waiting.append((text[1:], exponent))
        elif _wrapped(text):
            waiting.append((text[1:-1], exponent))
        elif not (NUMBER.fullmatch(text) and text in ("1", "1.0")):
            product *= Product(False, {text: exponent})
    return product


def _parts(text: str) -> list[str]:
    """Factors and the signs between them: `a / b` is [a, " / ", b]."""
    return _split(text, (" × ", " / "))


def _is_sum(text: str) -> bool:
    return len(_split(text, (" + ", " − "))) > 1


def _split(text: str, signs: tuple[str, ...]) -> list[str]:
    """The text cut at signs outside of all parentheses; every second part is a sign."""
    parts, start, depth = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if not depth and text[i : i + 3] in signs:
            parts += [text[start:i], text[i : i + 3]]
            start = i + 3
    return [*parts, text[start:]]


def _wrapped(text: str) -> bool:
    """Whether one pair of parentheses holds the whole text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depths, depth = [], 0
    for letter in text[:-1]:
        depth += (letter == "(") - (letter == ")")
        depths.append(depth)
    return min(depths) > 0


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────


def write(product: Product, head: str = "", names: Mapping[str, str] | None = None) -> str:
    """The product as text, after a head, its tokens by their names; parentheses only where needed.

    >>> write(parse("2 × t × (−1)"), "∂L/∂z"), write(parse("z × (1 − z)")), write(parse("−1 / x"))
    ('−∂L/∂z · 2t', 'z(1 − z)', '−1 / x')
    """
    names = names or {}
    return _spelled(_written(product, HEAD if head else "", names), {**names, HEAD: head})


def _written(product: Product, head: str, names: Mapping[str, str]) -> str:
    """The same, its tokens as they are."""
    factors = sorted(product.factors.items(), key=lambda factor: not NUMBER.fullmatch(factor[0]))
    if [e for _, e in factors] == [1] and not head and not product.negative:
        return factors[0][0]  # a sum that stands alone
    above = [_raised(factor, e) for factor, e in factors if e > 0]
    below = [_raised(factor, -e) for factor, e in factors if e < 0]
    top = _joined(above, names) or ("" if head and not below else "1")
    bottom = f"({_joined(below, names)})" if len(below) > 1 else "".join(below)
    fraction = " / ".join(filter(None, (top, bottom)))
    return "−" * product.negative + " · ".join(filter(None, (head, fraction)))


def _spelled(text: str, names: Mapping[str, str]) -> str:
    """The text with names in place of tokens."""
    return TOKEN.sub(lambda token: names.get(token[0], token[0]), text)


def _raised(factor: str, exponent: int) -> str:
    """A factor to a power, in parentheses where it would be read differently."""
    loose = _is_sum(factor) or (not NUMBER.fullmatch(factor) and re.search(r"^−|^[^(]*[+^]", factor))
    power = str(exponent).translate(str.maketrans(PLAIN, RAISED)) if exponent > 1 else ""
    return f"({factor}){power}" if loose else factor + power


def _joined(factors: list[str], names: Mapping[str, str]) -> str:
    """Factors with dots between; none in 2t and in y(1 − y)."""
    text = before = ""
    for factor in factors:
        shown, opens = _spelled(factor, names), factor.startswith("(")
        number, letter = NUMBER.fullmatch(before), re.fullmatch(LETTER, _spelled(before, names))
        close = (opens and (number or letter)) or (number and re.fullmatch(f"{LETTER}{EXPONENT}*", shown))
        text += factor if close or not text else f" · {factor}"
        before = factor
    return text


# ── The formulas of a graph ─────────────────────────────────────────────────────────────────────────


class Formulas:
    """Of every node of a graph how it is written, and of every edge the gradient that it passes on.

    A node that is used in a group has more contributions than are seen: its gradient goes by its name.

    symbols    by node: its label, or what it is made of; its name (t1) where that would be too long
    gradients  by target and position of an edge: upstream × local, as text; "–" where nothing is passed on
    incoming   by node: the gradient that arrives there, as text
    spoken     the nodes whose names stand in formulas though they have no label
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tokens = [chr(FIRST + node.key) for node in graph.nodes]
        self.names = {
            token: clip(node.name, LETTERS) for token, node in zip(self.tokens, graph.nodes, strict=True)
        }
        self.operands: list[list[Edge]] = [[] for _ in graph.nodes]
        for edge in graph.edges:
            self.operands[edge.target].append(edge)
        self.products: dict[str, Product] = {}  # of tokens without a label of their own
        self.symbols: list[str] = []
        self.spoken: set[int] = set()
        for node in graph.nodes:
            product = Product(False, {self.tokens[node.key]: 1})
            if node.kind == OPERATION and node.size == 1 and not node.label:
                made = self._expanded(self._read(node.expression, node.key))
                if len(write(made, "", self.names)) <= LONG:
                    product = self.products[self.tokens[node.key]] = made
                else:
                    self.spoken.add(node.key)
            self.symbols.append(write(product, "", self.names))
        self.gradients = {(edge.target, edge.position): "–" for edge in graph.edges}
        self.incoming = self._backward()

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
            incoming[node.key] = _sum(write(product, head, self.names) for head, product in contributions)
            if len(contributions) == 1 and len(incoming[node.key]) <= LONG:
                head, upstream = contributions[0]
            else:
                head, upstream = self._head(node.key), Product()
            for edge in self.operands[node.key]:
                if edge.local is not None and edge.rule:
                    local = self._local(edge)
                    product = upstream * local
                    text = write(product, head, self.names)
                    if node.key in roots and not local.factors and head:
                        text += " · 1"
                    self.gradients[edge.target, edge.position] = text
                    arrived[edge.source].append((head, product))
        return incoming

    def _head(self, key: int) -> str:
        """∂L/∂node; nothing, for 1, where the node is itself the root L."""
        symbol = self.names[self.tokens[key]]
        self.spoken.add(key)
        return "" if symbol == LOSS and key in self.graph.roots else f"∂{LOSS}/∂{symbol}"

    def _local(self, edge: Edge) -> Product:
        """The local derivative of an edge, in labels as far as there are any."""
        local = self._read(edge.rule, edge.target)
        target, operands = self.tokens[edge.target], self.operands[edge.target]
        whole = self._read(self.graph.nodes[edge.target].expression, edge.target)
        below = self.tokens[operands[-1].source]
        if whole == Product(False, {below: -1}) and below in local.factors:  # y = 1 / s: write y for it
            local *= Product(False, {below: -local.factors[below], target: -local.factors[below]})
        return self._expanded(local)

    def _read(self, text: str, target: int) -> Product:
        """A formula about a node and its operands, its names replaced by tokens."""
        keys = {target, *(edge.source for edge in self.operands[target])}
        names = {self.graph.nodes[key].name: self.tokens[key] for key in sorted(keys)}
        names.pop("", None)  # constants have none
        if not names:
            return parse(text)
        words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        found = re.compile(rf"(?<!\w)(?:{words})(?![^\W{RAISED}])(?!\()")
        return parse(found.sub(lambda name: names[name[0]], text))

    def _expanded(self, product: Product) -> Product:
        """The product with what stands behind tokens without a label."""
        result = Product(product.negative)
        for factor, exponent in product.factors.items():
            if factor in self.products:
                result *= self.products[factor].power(exponent)
            else:
                result *= Product(False, {TOKEN.sub(self._inside, factor): exponent})
        return result

    def _inside(self, token: re.Match[str]) -> str:
        """What stands in place of a token within a factor, in parentheses where it needs them."""
        product = self.products.get(token[0])
        if product is None:
            return token[0]
        text = _written(product, "", self.names)
        before, after = token.string[: token.start()], token.string[token.end() :]
        enclosed = before.endswith(("(", "[", ", ")) and after.startswith((")", "]", ","))
        term = re.search(r"(^|\(| [+−] )$", before) and re.match(r"$|\)| [+−] ", after)
        whole = re.fullmatch(r"[\w󰀀-󿿽]*(\(.*\))?", text) and text[0] != "("
        safe = enclosed or whole or (term and not _is_sum(text) and text[0] != "−")
        return text if safe else f"({text})"


def _sum(texts: Iterator[str]) -> str:
    """The texts with plus or minus between."""
    return " + ".join(texts).replace(" + −", " − ")
