"""What the exporters write at a node and at an edge: text in no format yet, "" where nothing is to stand."""

from collections import Counter

from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, OPERATION, Edge, Formula, Graph, Node
from viz.text import full, short

BLANK = "____"  # on a worksheet, where a number is to be filled in
NONE = "–"  # where no local derivative exists, or nothing is passed on
NO_GRADIENT = "·"  # where no gradient has arrived


def name(node: Node, options: Options) -> str:
    """The name; a group is nothing without its name."""
    return node.name if options.labels or node.kind == GROUP else ""


def data(node: Node, options: Options) -> str:
    """The forward number."""
    if not options.values or node.data is None:
        return ""
    return BLANK if options.blank == "all" else short(node.data, digits=options.digits)


def gradient(node: Node, options: Options) -> str:
    """The backward number, signed; a group of several outputs has none."""
    if not options.gradients or node.kind == CONSTANT or (node.kind == GROUP and node.gradient is None):
        return ""
    if options.blank:
        return BLANK
    return NO_GRADIENT if node.gradient is None else short(node.gradient, signed=True, digits=options.digits)


def local(edge: Edge, options: Options) -> tuple[Formula | str, str]:
    """The local derivative as (formula, number), each of them "" where it is not asked for.

    A formula that is just its number, 1 = 1, is left out when both are asked for.
    """
    if not edge.formula or options.local == "none":
        return "", ""
    formula = (edge.rule or NONE) if options.local != "number" else ""
    number = NONE if edge.local is None else short(edge.local, digits=options.digits)
    if options.blank == "all":
        number = BLANK
    if options.local == "formula" or (formula and edge.local is None):
        return formula, ""
    return "" if formula == full(edge.local).replace("-", "−") else formula, number


def local_text(edge: Edge, options: Options) -> str:
    """The local derivative in one text: `y`, `4` or `y = 4`."""
    return " = ".join(str(part) for part in local(edge, options) if part)


def title(node: Node, options: Options) -> str:
    """A node in full, a line for each: how it is computed, value, gradient; but not on a worksheet."""
    lines = [f"{node.name} = {node.expression}" if node.expression else node.name or node.kind]
    if node.data is not None and options.blank != "all":
        lines.append(f"value {full(node.data)}")
    if node.gradient not in (None, "") and node.kind != CONSTANT and not options.blank:
        lines.append(f"gradient {full(node.gradient)}")
    return "\n".join(lines)


def numbers(node: Node, options: Options) -> list[str]:
    """Value and gradient in full, a line for each; on a worksheet only what is given."""
    if node.data is None:
        return []
    value = f"value {full(node.data)}"
    if node.kind == CONSTANT:
        return [value]
    lines = [value] if options.blank != "all" or node.kind == LEAF else []
    if not options.blank:
        none = node.gradient is None
        lines.append(f"gradient {'none has arrived; call backward()' if none else full(node.gradient)}")
    return lines


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
