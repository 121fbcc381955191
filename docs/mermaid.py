"""Diagrams of Mermaid: a hook of MkDocs that has ```mermaid blocks drawn, by a script of the site's own.

Material would ask another server for the script. Where npm's registry can't be reached the block stays text.
"""

import re
import sys
from functools import cache
from html import escape
from typing import Any

import vendor
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

BLOCK = re.compile(r"^```mermaid\n(.*?)^```\n", re.M | re.S)
SCRIPT = "mermaid/dist/mermaid.min.js"


def on_files(files: Files, config: Any) -> None:
    """Add the script to what is served."""
    for path, content in packed().items():
        files.append(File.generated(config, f"mermaid/{path}", content=content))


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """The page with its diagrams, and with the script if it has one."""
    if not BLOCK.search(markdown) or not packed():
        return markdown
    drawn = BLOCK.sub(lambda block: f'<pre class="mermaid"><code>{escape(block[1])}</code></pre>\n', markdown)
    return f'{drawn}\n<script src="{get_relative_url(SCRIPT, page.url)}"></script>\n'


@cache
def packed() -> dict[str, bytes]:
    """What is served, by path; nothing, and a line that says so, where it is missing."""
    try:
        return vendor.files("mermaid")
    except OSError as error:
        print(f"No diagrams of Mermaid: {vendor.REGISTRY} can't be reached ({error})", file=sys.stderr)
        return {}
