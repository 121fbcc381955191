"""The graph for Graphviz, as a `graphviz.Digraph`: its text needs no program, its pictures need `dot`.

A node is a table, an HTML-like label, because the labels of kind `record` give a meaning to { } | < >. Every
operand has a cell of its own at which its edge ends, in the operands' order.
"""

from html import escape
from typing import TYPE_CHECKING

from viz import words
from viz.options import Options
from viz.records import CONSTANT, LEAF, OPERATION, Graph, Node
from viz.scene import DARK, LIGHT, LOOKS
from viz.text import clip, runs

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

LONG = 60  # characters of a symbol or a formula
TAGS = {0: "{}", 1: "<SUP>{}</SUP>", -1: "<SUB>{}</SUB>"}
SANS, MONO = "Helvetica,Arial,sans-serif", "Menlo,DejaVu Sans Mono,monospace"
TABLE = '<TABLE BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}"{more}>{rows}</TABLE>'


def render(graph: Graph, options: Options) -> "graphviz.Digraph":
    """The Digraph: `.source` is its text, `.render(…)` and `.pipe(…)` run `dot`. Same graph, same source.

    RuntimeError where the Python package graphviz is missing.
    """
    try:
        import graphviz
    except ImportError:
        raise RuntimeError("a DOT graph needs the package graphviz: pip install graphviz") from None
    colours = DARK if options.theme == "dark" else LIGHT
    down = options.direction == "down"
    digraph = graphviz.Digraph(
        "graph",
        graph_attr={"rankdir": "TB" if down else "LR", "bgcolor": colours["ground"], "nodesep": "0.2"},
        node_attr={"shape": "plain", "fontname": SANS, "fontsize": "11", "fontcolor": colours["name"]},
        edge_attr={
            "fontname": MONO, "fontsize": "10", "fontcolor": colours["gradient"],
            "color": colours["line"], "arrowsize": "0.6",
        },
    )  # fmt: skip
    if graph.note:
        digraph.attr(label=f"<{_font(graph.note)}>", labelloc="b", fontname=SANS, fontsize="11")
    for node in graph.nodes:
        table = _table(node, len(graph.incoming[node.key]), options, colours)
        digraph.node(f"n{node.key}", table, tooltip=_tooltip(words.title(node, options)))
    for edge in graph.edges:
        port = f"n{edge.target}:i{edge.position}:{'n' if down else 'w'}"
        field = words.local(edge, options, LONG)
        local = _font(str(field), f'COLOR="{colours["alarm"]}"' if field.alarm else "")
        label = f"<&#160;{local}&#160;>" if local else None
        tooltip = _tooltip(words.edge_title(graph, edge, options))
        digraph.edge(f"n{edge.source}:{'s' if down else 'e'}", port, label, tooltip=tooltip)
    return digraph


def _table(node: Node, operands: int, options: Options, colours: dict[str, str]) -> str:
    """The card of a node: cells for its operands, its symbol, its name over its numbers."""
    down = options.direction == "down"
    name = _font(words.name(node, options), "", "B" if node.label else "")
    data, gradient = (
        _font(str(field), f'COLOR="{colours[LOOKS[field.ink(kind)].fill]}" FACE="{MONO}"')
        for kind, field in (("data", words.data(node, options)), ("gradient", words.gradient(node, options)))
    )
    remark = _font(words.remark(node, options), f'COLOR="{colours["pale"]}"')
    name = "&#160; ".join(filter(None, (name, remark)))
    low = ' VALIGN="BOTTOM"' if data or gradient else ""
    rows = f'<TR><TD ALIGN="LEFT"{low} COLSPAN="2">{name}</TD></TR>' if name else ""
    if node.kind == CONSTANT:
        data = " = ".join(filter(None, (name, data)))
        rows, gradient = "", ""
    top = ' VALIGN="TOP"' if rows else ""
    if data or gradient:
        rows += f'<TR><TD ALIGN="LEFT"{top}>{data}</TD><TD ALIGN="RIGHT"{top}>{gradient}</TD></TR>'
    inner = TABLE.format(border=0, padding=3, more="", rows=rows or "<TR><TD></TD></TR>")
    symbol = _font(clip(node.symbol, LONG), f'COLOR="{colours["name"]}" POINT-SIZE="14"', "B")
    badge = f'<TD BGCOLOR="{colours["badge"]}" WIDTH="26">{symbol}</TD>' if symbol else ""
    ports = _ports(operands, down)
    cells = f"{badge}<TD>{inner}</TD>"
    body = f"{ports}<TR>{cells}</TR>" if down else f"<TR>{ports}{cells}</TR>"
    fill = colours["leaf"] if node.kind == LEAF else colours["card"]
    style = "DASHED" if node.kind == CONSTANT else "SOLID" if node.kind == OPERATION else "ROUNDED"
    more = f' COLOR="{colours["border"]}" BGCOLOR="{fill}" STYLE="{style}"'
    return f"<{TABLE.format(border=1, padding=0, more=more, rows=body)}>"


def _ports(operands: int, down: bool) -> str:
    """A narrow cell for every operand, in a column at the left or in a row at the top."""
    if not operands:
        return ""
    size = 'WIDTH="14" HEIGHT="4"' if down else 'WIDTH="4" HEIGHT="14"'
    cells = [f'<TD PORT="i{i}" {size}></TD>' for i in range(operands)]
    rows = f"<TR>{''.join(cells)}</TR>" if down else "".join(f"<TR>{cell}</TR>" for cell in cells)
    span = ' COLSPAN="2"' if down else ""
    cell = f"<TD{span}>{TABLE.format(border=0, padding=0, more='', rows=rows)}</TD>"
    return f"<TR>{cell}</TR>" if down else cell


def _font(text: str, font: str = "", tag: str = "") -> str:
    """The text for an HTML-like label; no tag may be empty there, and spaces at an end would be lost."""
    if not text:
        return ""
    written = "".join(TAGS[run.level].format(_plain(run.text)) for run in runs(text))
    if text.strip() != text or "  " in text:
        written = written.replace(" ", "&#160;")
    tagged = f"<{tag}>{written}</{tag}>" if tag else written
    return f"<FONT {font}>{tagged}</FONT>" if font else tagged


def _plain(text: str) -> str:
    r"""The text without meaning to Graphviz, which puts the node's name for \N also in HTML-like labels."""
    return escape(text).replace("\\", r"\\")


def _tooltip(text: object) -> str:
    """The text for an attribute, where Graphviz (2.43) reads backslashes twice; never an HTML-like label."""
    return _plain(clip(text, 500)).replace("\\", r"\\")
