"""A picture of a graph, to show in a notebook, to save, or to take as text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from autograd import Value
from viz import book, cards, dot, mermaid, page, tree
from viz.legend import explained
from viz.options import Options
from viz.picture import Format, Picture
from viz.records import Graph, read
from viz.scene import Scene, within
from viz.view import select

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]


SUMS = "group", "fold", "focus", "open", "max_nodes"  # options that say how a graph is summed up


class Diagram(Picture):
    """What `viz.draw` gives. In a notebook it shows itself; `save` writes it to a file.

    The endings of files: .svg .html .png .pdf .tex (a whole LaTeX document), and, of cards, .dot .mmd
    (Mermaid) .txt (the tree of text).
    """

    formats: ClassVar[Mapping[str, Format]] = {
        **Picture.formats,
        ".html": lambda diagram: diagram.html(),
        ".dot": lambda diagram: diagram.dot().source,
        ".mmd": lambda diagram: diagram.mermaid(),
        ".txt": lambda diagram: diagram.text(),
    }

    def __init__(self, graph: Graph, options: Options, roots: Sequence[Value] = ()) -> None:
        super().__init__(self._drawn, options.theme)
        self.graph, self.options, self.roots = graph, options, roots
        if options.width is not None:  # what does not fit says so at once
            _ = self.scene

    def _drawn(self) -> Scene:
        style = book if self.options.style == "textbook" else cards
        scene = style.scene(self.graph, self.options)
        return explained(scene, within(self.options.width)) if self.options.legend else scene

    def changed(self, **options: Any) -> "Diagram":
        """The same of the graph with other options: `blank=""` is the solution of a worksheet."""
        return Diagram(self.graph, replace(self.options, **options), self.roots)

    def html(self) -> str:
        """The page that leads through the graph step by step, forward and back, as one HTML file.

        It loads nothing. The leaves of a graph of floats can be changed there: the page computes it again.
        A graph summed up for its size alone is shown value by value, up to 500; groups that were asked for
        step as groups. A worksheet, and a picture in the style "textbook", stand there without steps.
        """
        graph, usual = self.graph, Options()
        asked = any(getattr(self.options, name) != getattr(usual, name) for name in SUMS)
        if graph.note and graph.total <= page.LIMIT and not asked:
            options = replace(self.options, group=0, max_nodes=None)
            assert graph.view
            graph = read(self.roots, select(self.roots, options, graph.view.called), options.digits)
        return page.render(graph, self.options, self.roots, lambda: self.scene)

    def iframe(self, height: int = 480) -> page.Frame:
        """The step-through page for a notebook, so many pixels high."""
        return page.Frame(self.html(), height)

    def dot(self) -> "graphviz.Digraph":
        """The graph for Graphviz: `.source` is its text; `.render(…)` and `.pipe(…)` run `dot`.

        ValueError in the style "textbook".
        """
        self._check_cards("DOT")
        return dot.render(self.graph, self.options)

    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart; ValueError where that is too large, and in style "textbook"."""
        self._check_cards("Mermaid")
        return mermaid.render(self.graph, self.options)

    def text(self) -> str:
        """The graph as a tree of text, from its roots down to its leaves."""
        return tree.render(self.graph, self.options)

    def _check_cards(self, language: str) -> None:
        if self.options.style != "record":
            raise ValueError(
                f"{language} draws cards, not style {self.options.style!r}; use style='record', or .svg()"
            )

    def __repr__(self) -> str:
        options = self.options
        return f"Diagram({len(self.graph.nodes)} values, style={options.style!r}, theme={options.theme!r})"
