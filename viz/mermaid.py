"""The graph as a Mermaid flowchart, which GitHub, GitLab and many editors draw from a ```mermaid block.

Every letter that could mean something to Mermaid, Markdown or HTML is written as `#60;`, its number.
"""

import re

from viz import words
from viz.options import Options
from viz.records import CONSTANT, GROUP, LEAF, Graph, Node
from viz.scene import LIGHT
from viz.text import clip

EDGES, LETTERS = 500, 50_000  # Mermaid's own limits (maxEdges, maxTextSize): above, it draws an error
LONG = 60  # characters of an expression or a formula
CLASSES = {LEAF: "leaf", CONSTANT: "constant"}
STYLES = {
    "leaf": f"fill:{LIGHT['leaf']},stroke:{LIGHT['border']},color:{LIGHT['name']}",
    "constant": f"fill:{LIGHT['card']},stroke:{LIGHT['border']},color:{LIGHT['pale']},stroke-dasharray:3 3",
    "card": f"fill:{LIGHT['card']},stroke:{LIGHT['border']},color:{LIGHT['name']}",
    "alarm": f"stroke:{LIGHT['alarm']},color:{LIGHT['alarm']}",
}


def render(graph: Graph, options: Options) -> str:
    """The text of the flowchart. ValueError for more edges or letters than Mermaid draws."""
    lines = [f"flowchart {'TB' if options.direction == 'down' else 'LR'}"]
    lines += [f'  n{node.key}["{_label(node, options)}"]' for node in graph.nodes]
    locals_ = [words.local(edge, options, LONG) for edge in graph.edges]
    for edge, local in zip(graph.edges, locals_, strict=True):
        label = f' "{escape(str(local))}" --' if local else ""
        lines.append(f"  n{edge.source} --{label}> n{edge.target}")
    if graph.note:
        lines.append(f'  note["{escape(graph.note)}"]')
    for name, style in STYLES.items():
        members = [f"n{node.key}" for node in graph.nodes if name in _classes(node, options)]
        if members:
            lines += [f"  classDef {name} {style}", f"  class {','.join(members)} {name}"]
    if alarms := [str(i) for i, local in enumerate(locals_) if local.alarm]:
        lines.append(f"  linkStyle {','.join(alarms)} {STYLES['alarm']}")
    text = "\n".join(lines) + "\n"
    if len(graph.edges) > EDGES or len(text) > LETTERS:
        raise ValueError(
            f"Mermaid draws at most {EDGES} edges and {LETTERS:,} letters, and this graph takes "
            f"{len(graph.edges):,} and {len(text):,}; draw less with max_nodes=… or group=…"
        )
    return text


def _classes(node: Node, options: Options) -> tuple[str, str]:
    """How a node looks: as its kind does, and an alarm on that."""
    fine = not (words.data(node, options).ink("") or words.gradient(node, options).ink(""))
    return CLASSES.get(node.kind, "card"), "" if fine else "alarm"


def _label(node: Node, options: Options) -> str:
    """Name and expression, then the numbers in words: a flowchart has one colour of text."""
    name, *numbers = (str(part(node, options)) for part in (words.name, words.data, words.gradient))
    data, gradient = numbers
    how = clip(node.expression, LONG) if options.labels and node.expression else node.symbol
    between = ": " if node.kind == GROUP else " = "
    first = between.join(filter(None, (f"<b>{escape(name)}</b>" if name else "", escape(how))))
    data = ", ".join(filter(None, (data, words.remark(node, options))))
    lines = [f"value {escape(data)}" if data and node.kind != CONSTANT else escape(data)]
    lines += [f"gradient {escape(gradient)}"] if gradient else []
    return "<br/>".join(filter(None, (first, *lines))) or " "


def escape(text: str) -> str:
    """The text with every sign as its number, but those between two letters that stay safe: x_1, 0.5."""
    text = re.sub(r"(?<![^\W_])[._]|[._](?![^\W_])|[^\w\s.]", _number, text)
    return re.sub(r"^\s|\s$|(?<=\s)\s", "#160;", text)


def _number(match: re.Match[str]) -> str:
    return f"#{ord(match[0])};" if match[0].isascii() else match[0]
