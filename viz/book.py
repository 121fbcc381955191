"""The textbook style: operations are circles, and the numbers stand on the edges between them.

             100
    apple ─────────╲                       above the line, in blue, the value that flows to the right;
            ◂──     ╲ ╭───╮      200
            2.2      ─│ × │─────────────   below it, in orange, with an arrow to the left, the gradient
              2     ╱ ╰───╯      ◂──       that flows back: upstream × local derivative
    count ─────────╱             1.1
            ◂──
            110                            variables at the left; results leave to the right

An edge carries its own contribution; a variable used more than once shows the sum below its name.
So does one whose gradient is another than what its edge says, as after several passes. Many lines into one
circle or block carry no text: the numbers then stand where they come from, those of a variable in a row.

Down the page, values stand at the left of the lines and gradients at the right, behind arrows that lead up.

Here a graph becomes shapes and wires, which `wires` draws.

Source: the computational graphs of Saitō, Deep Learning from Scratch, chapter 5, where this style is used.
"""

from typing import Any

from viz import words
from viz.options import Options
from viz.products import LONG, Formulas
from viz.records import CONSTANT, GROUP, LEAF, OPERATION, UNKNOWN, Edge, Graph, Node
from viz.scene import Scene, within
from viz.text import clip, relation, short
from viz.view import LETTERS
from viz.wires import BLOCK, CIRCLE, END, FIXED, VARIABLE, Shape, Wire, compose
from viz.words import NOTHING, Field

CROWD, MANY = 4, 8  # lines into a block, into a circle that have a text each; of more none has
COLUMN = 12  # as many variables stand in a column at the left; with more, each stands next to its use


def scene(graph: Graph, options: Options) -> Scene:
    """The graph in the textbook style."""
    sheet = Sheet(graph, options)
    column = sum(shape.kind == VARIABLE for shape in sheet.shapes) <= COLUMN
    width, down = within(options.width), options.direction == "down"
    summary = words.summary(graph, options)
    made = compose(sheet.shapes, sheet.wires, summary, column, width, down)
    return made.noted(graph.note, room=width)


class Sheet:
    """A graph as shapes and wires."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph, self.options = graph, options
        self.formulas = Formulas(graph) if options.local in ("formula", "both") else None
        self.symbolic = self.formulas is not None and not options.values  # symbols in place of numbers
        self.users: list[list[Edge]] = [[] for _ in graph.nodes]
        for edge in graph.edges:
            self.users[edge.source].append(edge)
        self.shapes = [self._shape(node) for node in graph.nodes]
        self.wires = [self._wire(edge) for edge in graph.edges]
        for key in dict.fromkeys(graph.roots):
            self._end(graph.nodes[key])

    def _number(self, number: Any) -> str:
        return short(number, digits=self.options.digits)

    # Shapes

    def _shape(self, node: Node) -> Shape:
        title, name = self._title(node), clip(node.name, LETTERS)
        users = self.users[node.key]
        quiet = bool(users) and all(map(self._is_quiet, users))
        value = self._forward(node, node.kind != OPERATION) if quiet else NOTHING
        now = "" if self.symbolic else words.remark(node, self.options)
        if node.kind == LEAF:
            name = name if self.options.labels else ""
            return Shape(VARIABLE, name, title, now, self._total(node), value, quiet)
        if node.kind == CONSTANT:
            return Shape(FIXED, " = ".join(filter(None, (name, self._number(node.data)))), title)
        if node.size != 1:  # what is grouped or folded
            note = ", ".join(filter(None, (clip(node.symbol, LETTERS) if node.symbol != name else "", now)))
            return Shape(BLOCK, name, title, note, self._total(node), value)
        alone = node.key in self.graph.roots and not self.users[node.key]  # its name stands at the end
        note = name if self._is_named(node) and not self.symbolic and not alone else ""
        note = ", ".join(filter(None, (note, now)))
        return Shape(CIRCLE, clip(node.symbol, LETTERS), title, note, self._total(node), value)

    def _is_quiet(self, edge: Edge) -> bool:
        """Whether the line carries no text, as many lead where it leads."""
        target = self.graph.nodes[edge.target]
        return len(self.graph.incoming[target.key]) > (MANY if target.size == 1 else CROWD)

    def _is_silent(self, edge: Edge) -> bool:
        """Whether nothing on the line says what it passes back; nobody knows where something is left out."""
        left_out = not (self.graph.nodes[edge.source].size and self.graph.nodes[edge.target].size)
        return left_out or self._is_quiet(edge)

    def _is_named(self, node: Node) -> bool:
        """Whether the name of a result is shown: it has a label, or formulas speak of it."""
        spoken = self.formulas is not None and node.key in self.formulas.spoken
        return self.options.labels and bool(node.label or spoken)

    def _total(self, node: Node) -> Field:
        """The gradient of a node where its lines do not say it; the sum as its terms where there is room.

        They do not if it has several users or none with a text, after several passes, and of a root too.
        """
        edges = self.users[node.key]
        parts = [edge.contribution for edge in edges]
        whole = words.NO_GRADIENT if node.gradient is None else self._number(node.gradient)
        summed = None not in parts and self._number(sum(parts)) == whole
        single, silent = len(edges) == 1, any(map(self._is_silent, edges))
        formula = self.formulas is not None and self.options.local == "formula"
        told = summed or formula or None in (*parts, node.gradient)
        field = words.gradient(node, self.options)
        if not edges or not field or (single and told and not silent and not field.wrong):
            return NOTHING
        if field.wrong:
            line = whole
        elif self.formulas and formula:
            line = self.formulas.incoming[node.key] or words.NONE
            if node.kind != LEAF or len(line) > LONG:
                line = self.formulas.derivative(node.key)
        elif node.size != 1 or (single and silent):
            line = whole
        elif summed and node.kind == LEAF and len(parts) < 4:
            terms = " + ".join(map(self._number, parts)).replace("+ −", "− ")
            equals = relation(lambda *terms: sum(terms), parts, node.gradient, self.options.digits)
            line = f"{terms} {equals} {whole}"
        else:
            line = f"Σ {whole}"
        return Field(line, wrong=field.wrong).blanked(self.options.blank)

    # Wires

    def _wire(self, edge: Edge) -> Wire:
        source = self.graph.nodes[edge.source]
        above = NOTHING if self._is_quiet(edge) else self._forward(source, source.kind != OPERATION)
        title = words.edge_title(self.graph, edge, self.options)
        return Wire(edge.source, edge.target, edge.position, above, self._backward(edge), title)

    def _end(self, root: Node) -> None:
        """The edge of a root to the right, with its value and the incoming gradient."""
        label, title = self._is_named(root), self._title(root)
        self.shapes.append(Shape(END, clip(root.name, LETTERS) if label else "", title))
        below, single = NOTHING, root.kind != CONSTANT and root.data is not None
        if single and self.options.gradients and not self.users[root.key]:
            formula = self.formulas.incoming[root.key] if self.formulas else ""
            below = words.passed(root.gradient, self.options, formula)
        first, *rest = title.split("\n")
        title = "\n".join((f"{root.name or first} →", *rest))
        self.wires.append(Wire(root.key, len(self.shapes) - 1, 0, self._forward(root, label), below, title))

    def _forward(self, node: Node, named: bool) -> Field:
        """The value on an edge: a number or a symbol, and neither where it stands beside already."""
        if self.symbolic:
            symbol = "" if named or not self.formulas else self.formulas.symbols[node.key]
            return Field(symbol).blanked(self.options.blank == "all")
        return words.data(node, self.options) if node.kind != CONSTANT else NOTHING

    def _backward(self, edge: Edge) -> Field:
        """The gradient on an edge, or on several as one: its own contribution; none to a constant."""
        to_constant = self.graph.nodes[edge.source].kind == CONSTANT
        if not self.options.gradients or to_constant or self._is_silent(edge):
            return NOTHING
        if edge.formula and edge.local is None:
            none = UNKNOWN if edge.rule is UNKNOWN else words.NONE
            return Field(none).blanked(self.options.blank)
        formula = self._formula(edge, self.formulas) if self.formulas else ""
        return words.passed(edge.contribution, self.options, formula, edge.alarm)

    def _formula(self, edge: Edge, formulas: Formulas) -> str:
        """What an edge passes back, as a formula; several as one: all of a gradient, or a part of it."""
        if edge.formula:
            return formulas.gradients[edge.target, edge.position]
        source, target = self.graph.nodes[edge.source], self.graph.nodes[edge.target]
        if source.size != 1 and (source.kind != GROUP or source.data is None):
            return ""  # of several values
        whole = len(self.users[source.key]) == 1 and source.key not in self.graph.roots
        return formulas.derivative(source.key) + ("" if whole else f" via {clip(target.name, LETTERS)}")

    # Words

    def _title(self, node: Node) -> str:
        """What a node says in full; what is to be filled in on a worksheet it does not say."""
        lines = words.title(node, self.options).split("\n")
        derived = node.kind != CONSTANT and node.data is not None and not self.options.blank
        if self.formulas and derived and len(self.users[node.key]) > 1:
            formula = clip(self.formulas.incoming[node.key], words.LONG)
            lines.append(f"{self.formulas.derivative(node.key)} = {formula}")
        return "\n".join(lines)
