"""The words of all styles and formats: what stands at a node and at an edge, titles, and the summary."""

from collections import Counter
from typing import NamedTuple

from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, OPERATION, Edge, Formula, Graph, Node
from viz.text import clip, full, short

BLANK = "____"  # on a worksheet in text, where a number is to be filled in
NONE = "none"  # a dash would be lost in a line: where no local derivative exists, or nothing is passed on
NO_GRADIENT = "·"  # where no gradient has arrived
LONG = 500  # characters of an expression in a title


class Field(NamedTuple):
    """A text, and behind it a number to be filled in on a worksheet, if `blank`. Nothing at all is false."""

    text: str = ""
    blank: bool = False

    def __str__(self) -> str:
        return self.text + BLANK * self.blank

    def __bool__(self) -> bool:
        return bool(self.text or self.blank)


NOTHING = Field()


def name(node: Node, options: Options) -> str:
    """The name; a group is nothing without its name."""
    return node.name if options.labels or node.kind == GROUP else ""


def data(node: Node, options: Options) -> Field:
    """The forward number; what is given, the number of a leaf, is on no worksheet blank."""
    if not options.values or node.data is None:
        return NOTHING
    if options.blank == "all" and node.kind not in (LEAF, CONSTANT):
        return Field(blank=True)
    return Field(short(node.data, digits=options.digits))


def now(node: Node, options: Options) -> str:
    """The number that it holds, where that is another than the operations have used; on no worksheet."""
    if node.now is None or options.blank or not options.values:
        return ""
    held, used = (short(number, digits=options.digits) for number in (node.now, node.data))
    return f"now {held}" if held != used else ""


def gradient(node: Node, options: Options) -> Field:
    """The backward number, signed; a group of several outputs has none."""
    if not options.gradients or node.kind == CONSTANT or (node.kind == GROUP and node.data is None):
        return NOTHING
    if options.blank:
        return Field(blank=True)
    return Field(NO_GRADIENT if node.gradient is None else short(node.gradient, True, options.digits))


def local(edge: Edge, options: Options) -> tuple[Formula | str, Field]:
    """The local derivative as (formula, number), each of them empty where it is not asked for.

    A formula that is just its number, 1 = 1, is left out when both are asked for. Where nothing is passed on,
    the word NONE stands.
    """
    if not edge.formula or options.local == "none":
        return "", NOTHING
    if edge.local is None:
        return (edge.rule or NONE) if options.local != "number" else NONE, NOTHING
    formula = edge.rule if options.local != "number" else ""
    if options.local == "formula":
        return formula, NOTHING
    if formula == full(edge.local).replace("-", "−"):
        formula = ""
    return formula, Field(blank=True) if options.blank else Field(short(edge.local, digits=options.digits))


def local_text(edge: Edge, options: Options) -> str:
    """The local derivative in one text: `y`, `4` or `y = 4`."""
    return " = ".join(str(part) for part in local(edge, options) if part)


def title(node: Node, options: Options) -> str:
    """A node in full, a line for each: how it is computed, its label if that is cut, value, gradient."""
    if not node.size:
        return "left out here"
    first = f"{node.name} = {clip(node.expression, LONG)}" if node.expression else node.name or node.kind
    if node.kind == CONSTANT:
        first = f"constant {node.name}".rstrip()
    elif node.kind == GROUP:
        first = f"{node.name}: {node.expression}"
    whole = [node.label] if "…" in node.name and node.label != node.name else []
    return "\n".join((first, *whole, *numbers(node, options)))


def numbers(node: Node, options: Options) -> list[str]:
    """Value and gradient in full, a line for each; on a worksheet only what is given."""
    if node.data is None:
        return []
    value = f"value {full(node.data)}"
    since = [] if node.now is None or options.blank else [f"now {full(node.now)}, set after it was used"]
    if node.uses and not options.blank:
        since.insert(0, f"used as {' and as '.join(map(full, node.uses))} in different operations")
    if node.kind == CONSTANT:
        return [value, *since]
    if node.alarm:
        arises = "given" if node.kind == LEAF else "which arises here: no operand is nan or infinite"
        value += f", {arises}"
    lines = [value, *since] if options.blank != "all" or node.kind == LEAF else []
    if not options.blank:
        none = node.gradient is None
        lines.append(f"gradient {'none has arrived; call backward()' if none else full(node.gradient)}")
    return lines


def edge_title(edge: Edge, options: Options) -> str:
    """The formula of the local derivative, and its number where the formula is not just that."""
    if edge.count > 1 or (edge.flow is not None and not edge.formula):
        edges = "1 edge" if edge.count == 1 else f"{edge.count:,} edges"
        flow = f"; Σ |upstream × local| = {short(edge.flow)}: so wide is the line"
        return edges if edge.flow is None or options.blank else edges + flow
    if options.blank:
        return ""
    formula, number = str(edge.formula), full(edge.local).replace("-", "−")
    return formula if edge.local is None or formula.endswith(f" = {number}") else f"{formula} = {number}"


def summary(graph: Graph, options: Options) -> str:
    """What the picture shows, for who cannot see it."""
    roots = ", ".join(
        (node.name or "a constant")
        + ("" if node.data is None or options.blank == "all" else f" = {full(node.data)}")
        for node in map(graph.nodes.__getitem__, graph.roots)
    )
    kinds = Counter(node.kind for node in graph.nodes if node.size)
    worksheet, groups = "", f"groups: {kinds[GROUP]}" if kinds[GROUP] else ""
    if options.style == "textbook":
        worksheet, groups = "Worksheet: " if options.blank else "", ""
    counts = f"leaves: {kinds[LEAF]}, operations: {kinds[OPERATION]}"
    return "; ".join(filter(None, (f"{worksheet}Computation graph of {roots}", counts, groups, graph.note)))
