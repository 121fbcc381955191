"""A picture of a graph, to show in a notebook, to save, or to take as text."""

from collections.abc import Callable, Collection
from os import PathLike
from pathlib import Path

from viz import svg
from viz.records import Graph

STYLES: dict[str, Callable[[Graph, str], str]] = {"record": svg.render}


class Diagram:
    """What `viz.draw` gives. In a notebook it shows itself; `save` writes it to a file.

    ValueError for a style or a theme that does not exist.
    """

    def __init__(self, graph: Graph, style: str = "record", theme: str = "auto") -> None:
        _check("style", style, STYLES)
        _check("theme", theme, svg.THEMES)
        self.graph = graph
        self.style = style
        self.theme = theme

    def svg(self) -> str:
        """The picture as the text of an SVG file."""
        return STYLES[self.style](self.graph, self.theme)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture, in the format that the file's ending names (.svg); returns the path.

        The folder is made if there is none. ValueError for another ending.
        """
        path = Path(path)
        _check("file ending", path.suffix.lower(), FORMATS)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FORMATS[path.suffix.lower()](self), encoding="utf-8", newline="\n")
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"Diagram({len(self.graph.nodes)} values, style={self.style!r}, theme={self.theme!r})"


FORMATS: dict[str, Callable[[Diagram], str]] = {".svg": Diagram.svg}


def _check(what: str, name: str, names: Collection[str]) -> None:
    """ValueError unless the name is one of those that exist."""
    if name not in names:
        raise ValueError(f"{what} {name!r} does not exist; there is {', '.join(map(repr, names))}")
