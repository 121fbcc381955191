"""What every picture can do: show itself in a notebook, be taken in several formats, be saved."""

from collections.abc import Callable, Mapping
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from autograd.writing import replace
from viz import convert, svg, tikz
from viz.options import THEMES, check
from viz.scene import Scene

Format = Callable[..., str | bytes]  # of the picture, and of what is asked for

SMALL = 2_000_000  # pixels of a picture of which a notebook keeps a PNG
WHOLE = "display:block;max-width:none"  # JupyterLab would make what is wide too small to read
# An image that a script makes part of the page, where scripts run: a notebook that one has not run oneself
# shows of SVG in a page the letters alone.
INLINE = """<div style="overflow-x:auto"><img style="{style}" alt="{alt}" src="data:image/svg+xml,{data}">
<script>{{
const image = document.currentScript.previousElementSibling;
const text = decodeURIComponent(image.src.slice(image.src.indexOf(",") + 1));
const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
svg.style = image.getAttribute("style");
image.replaceWith(svg);
}}</script></div>"""
SAFE = "<>/=:;,. !'()*-_~$@?[]{}|^+"  # in an address of data that stands in double quotes


class Saved:
    """What can be saved.

    formats  by the ending of a file, what stands in it
    """

    formats: ClassVar[Mapping[str, Format]] = {}

    def save(self, path: str | PathLike[str], **size: float) -> Path:
        """Write it, in the format that the file's ending names; returns the path.

        size   of a .png: one of width, scale and dpi, as `png` takes them

        The folder is made if there is none. A file that is there stays whole until the new one is, and keeps
        its mode; of a link the file that it names is written. ValueError for another ending; RuntimeError,
        in one line, where a format needs a package or a program that is missing.
        """
        path = Path(path)
        ending = path.suffix.lower()
        check("file ending", ending, self.formats)
        if size and ending != ".png":
            raise TypeError(f"save: {' and '.join(size)} belongs to .png; a {ending} file has no dots")
        written = self.formats[ending](self, **size)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = written if isinstance(written, bytes) else written.encode()
        if path.exists() and not path.is_file():  # a pipe; a folder, which says so
            path.write_bytes(data)
        else:
            replace(path, data, "save")
        return path


class Picture(Saved):
    """A scene, painted. In a notebook it shows itself; `save` writes it to a file.

    theme    "light", "dark", or "auto": as the reader's system is set
    formats  .tex is a whole LaTeX document
    """

    formats: ClassVar[Mapping[str, Format]] = {
        ".svg": lambda picture: picture.svg(),
        ".png": lambda picture, **size: picture.png(**size),
        ".pdf": lambda picture: picture.pdf(),
        ".tex": lambda picture: tikz.document(picture.theme, picture.scene),
    }

    def __init__(self, scene: Scene | Callable[[], Scene], theme: str = "auto") -> None:
        check("theme", theme, THEMES)
        self.theme, self._made = theme, scene

    @cached_property
    def scene(self) -> Scene:
        """What is painted; it is laid out when it is first asked for."""
        return self._made() if callable(self._made) else self._made

    def svg(self) -> str:
        """The picture as the text of an SVG file. What is the same gives the same bytes."""
        return svg.paint(self.scene, self.theme)

    def tikz(self) -> str:
        r"""The picture as a tikzpicture, for a document with \usepackage{tikz,amsmath}."""
        return tikz.paint(self.scene, self.theme)

    def png(self, *, width: int | None = None, scale: float | None = None, dpi: float | None = None) -> bytes:
        """The picture as PNG, light unless the theme is dark; RuntimeError without the package resvg_py.

        width, scale, dpi   one of them: dots across, dots for a pixel of the SVG (2), dots for an inch of 96

        A picture has 40 million dots at most. What asks for more is a ValueError; where nothing is asked for
        it has fewer than 2 for a pixel, and a warning says so.
        """
        return convert.png(svg.paint(self.scene, self._plain), width, scale, dpi)

    def pdf(self) -> bytes:
        """The picture as PDF, with the text as text; RuntimeError without the package vl-convert-python.

        It is light unless the theme is dark, and as large as the SVG.
        """
        return convert.pdf(svg.paint(self.scene, self._plain))

    @property
    def _plain(self) -> str:
        """The theme of a format that has one only."""
        return "dark" if self.theme == "dark" else "light"

    def _repr_html_(self) -> str:
        """The SVG within the page, so that titles show below the pointer; what is wide scrolls.

        As an image where no script runs, as in a notebook that is not trusted yet.
        """
        inline = svg.paint(self.scene, "page" if self.theme == "auto" else self.theme)
        return INLINE.format(style=WHOLE, alt=escape(self.scene.summary), data=quote(inline, safe=SAFE))

    def _repr_pdf_(self) -> bytes | None:
        """What nbconvert puts into LaTeX; None without the package."""
        return self.pdf() if convert.has("vl_convert") else None

    def _repr_png_(self) -> bytes | None:
        """What nbconvert takes where there is no PDF; None where it would take seconds."""
        small = self.scene.width * self.scene.height < SMALL
        return self.png() if small and convert.has("resvg_py") and not convert.has("vl_convert") else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.scene.summary!r})"
