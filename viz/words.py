"""The words of all styles and formats: what stands at a node and at an edge, titles, and the summary."""

from collections import Counter
from typing import Any, NamedTuple

from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, OPERATION, UNKNOWN, Edge, Graph, Node
from viz.text import clip, full, short

BLANK = "____"  # on a worksheet in text, where a number is to be filled in
NONE = "none"  # a dash would be lost in a line: where no local derivative exists, or nothing is passed on
NO_GRADIENT = "·"  # where no gradient has arrived
ARISES = "nan or ∞ arises here"  # the first of them, where no colour says so
LONG = 500  # characters of an expression in a title


class Field(NamedTuple):
    """A text, and behind it what is to be filled in on a worksheet; both may have several lines.

    alarm  whether the first nan or infinity arises in it
    wrong  whether another engine has it, and the rules of the table give another number

    Nothing at all is false.
    """

    text: str = ""
    blank: str = ""
    alarm: bool = False
    wrong: bool = False

    def __str__(self) -> str:
        return self.text + BLANK * bool(self.blank)

    def __bool__(self) -> bool:
        return bool(self.text or self.blank)

    def blanked(self, blank: object = True) -> "Field":
        """The field to be filled in, if so."""
        return Field(blank=self.text) if blank else self

    def ink(self, kind: str) -> str:
        """The kind of its letters in a picture, which is this one where all is well."""
        return "alarm" if self.alarm else "wrong" if self.wrong else kind


NOTHING = Field()


def name(node: Node, options: Options) -> str:
    """The name; a group is nothing without its name."""
    return node.name if options.labels or node.kind == GROUP else ""


def data(node: Node, options: Options) -> Field:
    """The forward number; what is given, the number of a leaf, is on no worksheet blank."""
    if not options.values or node.data is None:
        return NOTHING
    text, wrong = short(node.data, digits=options.digits), bool(_computed(node, options))
    field = Field(text, alarm=node.alarm, wrong=wrong)
    return field.blanked(options.blank == "all" and node.kind not in (LEAF, CONSTANT))


def remark(node: Node, options: Options) -> str:
    """What else is to be said of the numbers: `now 100`, `operands give 6, lines give +2`."""
    now = _other("now", node.now, node.data, options) if options.values else ""
    return ", ".join(filter(None, (now, _computed(node, options), _arriving(node, options))))


def _computed(node: Node, options: Options) -> str:
    """What an operation gives of its operands, where another engine has another number."""
    return _other("operands give", node.computed, node.data, options) if options.values else ""


def _arriving(node: Node, options: Options) -> str:
    """What the lines to its uses bring back, where another engine has another gradient."""
    return _other("lines give", node.arriving, node.gradient, options, True) if options.gradients else ""


def _other(says: str, number: Any, shown: Any, options: Options, signed: bool = False) -> str:
    """The number beside the one that is shown, where it is written otherwise; on no worksheet."""
    if number is None or options.blank:
        return ""
    text, beside = (short(x, signed, options.digits) for x in (number, shown))
    return f"{says} {text}" if text != beside else ""


def gradient(node: Node, options: Options) -> Field:
    """The backward number, signed; a group of several outputs has none."""
    if not options.gradients or node.kind == CONSTANT or (node.kind == GROUP and node.data is None):
        return NOTHING
    number = NO_GRADIENT if node.gradient is None else short(node.gradient, True, options.digits)
    return Field(number, wrong=bool(_arriving(node, options))).blanked(options.blank)


def local(edge: Edge, options: Options, most: int) -> Field:
    """The local derivative, `y`, `4` or `y = 4`, its formula cut to so many letters.

    A formula that is just its number, 1 = 1, is left out when both are asked for. Where nothing is passed on,
    the word NONE stands.
    """
    if not edge.formula or options.local == "none":
        return NOTHING
    formula = "" if options.local == "number" else clip(edge.rule, most)
    if edge.local is None:
        return Field(UNKNOWN if edge.rule is UNKNOWN else formula or NONE)
    alarm = edge.alarm and options.gradients and not options.blank
    if options.local == "formula":
        return Field(formula, alarm=alarm)
    if formula == full(edge.local).replace("-", "−"):
        formula = ""
    before, number = f"{formula} = " if formula else "", short(edge.local, digits=options.digits)
    return Field(before, number) if options.blank else Field(before + number, alarm=alarm)


def passed(number: Any, options: Options, formula: str = "", alarm: bool = False) -> Field:
    """A gradient on its way back, without a plus: its number, or its formula, or both, as it is asked for."""
    shown = NO_GRADIENT if number is None else short(number, digits=options.digits)
    both = " = ".join(dict.fromkeys(filter(None, (formula, shown))))  # the root's is 1, not 1 = 1
    return Field(formula if options.local == "formula" else both, alarm=alarm).blanked(options.blank)


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
    if node.computed is not None and not options.blank:
        since.append(f"its operands give {full(node.computed)}: one was set since, or the rule is another")
    if node.kind == CONSTANT:
        return [value, *since]
    if node.alarm:
        arises = "given" if node.kind == LEAF else "which arises here: no operand is nan or infinite"
        value += f", {arises}"
    lines = [value, *since] if options.blank != "all" or node.kind == LEAF else []
    if not options.blank:
        none = node.gradient is None
        lines.append(f"gradient {'none has arrived; call backward()' if none else full(node.gradient)}")
    if node.arriving is not None and not options.blank:
        lines.append(f"its lines give {full(node.arriving)}: the sum of upstream × local derivative")
    return lines


def edge_title(graph: Graph, edge: Edge, options: Options) -> str:
    """An edge in full, a line for each: its ends, how many it stands for, its derivative, what it passes."""
    source, target = graph.nodes[edge.source], graph.nodes[edge.target]
    lines = [f"{source.name or full(source.data)} → {target.name}"]
    if edge.count > 1:
        lines.append(f"{edge.count:,} edges")
    if options.blank:
        return "\n".join(lines)
    if edge.formula:
        formula, number = str(edge.formula), full(edge.local).replace("-", "−")
        is_whole = edge.local is None or formula.endswith(f" = {number}")
        lines.append(formula if is_whole else f"{formula} = {number}")
    if edge.flow is not None:
        lines.append(f"Σ |upstream × local| = {short(edge.flow)}")
    if edge.contribution is not None:
        factors = f"{full(target.gradient)} × {full(edge.local)} = " if edge.formula else ""
        lines.append(f"{'' if factors else 'Σ '}upstream × local = {factors}{full(edge.contribution)}")
    return "\n".join(lines)


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
