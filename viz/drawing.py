"""What every picture can do: show itself in a notebook, be taken as text or as dots, be saved."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

from autograd.writing import replace
from viz import raster
from viz.options import check

Format = Callable[[Any], str | bytes]


class Drawing:
    """A picture. In a notebook it shows itself; `save` writes it to a file.

    theme    "light", "dark", or "auto": as the reader's system is set
    formats  by the ending of a file, what stands in it
    """

    theme: str = "auto"
    formats: ClassVar[Mapping[str, Format]] = {".svg": lambda it: it.svg(), ".png": lambda it: it.png()}

    def render(self, theme: str) -> str:
        """The picture as SVG in a theme."""
        raise NotImplementedError

    def svg(self) -> str:
        """The picture as the text of an SVG file. What is the same gives the same bytes."""
        return self.render(self.theme)

    def png(self) -> bytes:
        """The picture as PNG, light unless the theme is dark; RuntimeError without the package resvg_py."""
        return raster.png(self.render("dark" if self.theme == "dark" else "light"))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture, in the format that the file's ending names; returns the path.

        The folder is made if there is none. A file that is there stays whole until the new one is, and keeps
        its mode; of a link the file that it names is written. ValueError for another ending; RuntimeError,
        in one line, where a format needs a package or a program that is missing.
        """
        path = Path(path)
        check("file ending", path.suffix.lower(), self.formats)
        written = self.formats[path.suffix.lower()](self)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = written if isinstance(written, bytes) else written.encode()
        if path.exists() and not path.is_file():  # a pipe; a folder, which says so
            path.write_bytes(data)
        else:
            replace(path, data, "save")
        return path

    def _repr_svg_(self) -> str:
        return self.svg()
