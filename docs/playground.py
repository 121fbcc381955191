"""The playground: a hook of MkDocs that puts the engine, Pyodide and the pages' examples into the site.

    example   a block of Python on a page of the tutorial or of a how-to, after those above that it needs
    key       its name in links: tutorial/2

Where the registry of npm can't be reached the site is built all the same; the page then says what is missing.
"""

import ast
import json
import re
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from symtable import symtable
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import vendor
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

DOCS = Path(__file__).parent
ROOT = DOCS.parent
EXAMPLES = "tutorial.md", "how-to/*.md"  # the pages whose code runs in the playground
PACKAGES = "pyodide", "prism-code-editor"
BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.M | re.S)
HEADING = re.compile(r"^#+ (.*)", re.M)
ELSEWHERE = re.compile(
    r"^import (numpy|mpmath)|^from micrograd|\bdigits\b|checkpoint=", re.M
)  # is, or needs, what Pyodide lacks
MAKES = ast.Assign, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom
ENGINE = "autograd/**/*.py", "nn/**/*.py", "viz/**/*.py", "viz/*.css", "viz/*.html", "viz/*.js"
RUN = '\n<p class="run"><a href="{url}#example={key}" title="in the playground">Run</a></p>\n'
ABSENT = """# Playground

**This copy of the site has no playground.** It runs on {names} of npm, whose registry could not be reached
when the site was built; `make docs` tries again.
"""


class Example(NamedTuple):
    """What the playground's list shows of an example, and the program."""

    key: str
    page: str
    title: str
    code: str


# ── What MkDocs calls ───────────────────────────────────────────────────────────────────────────────


def on_files(files: Files, config: Any) -> None:
    """Add what is not in the folder of the documents: the site serves it from playground/."""
    if not packages():
        return
    listed = [example._asdict() for page in pages() for example in examples(page) if runs(example)]
    made = {"engine.zip": engine(), "examples.json": json.dumps(listed).encode()}
    for path, content in (packages() | made).items():
        files.append(File.generated(config, f"playground/{path}", content=content))


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A link to the playground below every example; the playground itself only where there is one."""
    path = page.file.src_uri
    if path == "playground.md" and not packages():
        return ABSENT.format(names=" and ".join(PACKAGES))
    if path not in pages() or not packages():
        return markdown
    url, found = get_relative_url("playground.html", page.url), iter(examples(path))

    def linked(block: re.Match[str]) -> str:
        example = next(found)
        return block[0] + (RUN.format(url=url, key=example.key) if runs(example) else "")

    return BLOCK.sub(linked, markdown)


@cache
def packages() -> dict[str, bytes]:
    """What is served of npm's packages, by path; nothing, and a line that says so, where one is missing."""
    try:
        return {f"{name}/{path}": data for name in PACKAGES for path, data in vendor.files(name).items()}
    except OSError as error:
        print(f"No playground: {vendor.REGISTRY} can't be reached ({error})", file=sys.stderr)
        return {}


# ── What it packs ───────────────────────────────────────────────────────────────────────────────────


def engine() -> bytes:
    """The packages of this checkout, and session.py, as a zip: the same bytes from the same files."""
    paths = {path.relative_to(ROOT): path for pattern in ENGINE for path in ROOT.glob(pattern)}
    paths[Path("session.py")] = DOCS / "playground/session.py"
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for path in sorted(paths):
            archive.writestr(ZipInfo(path.as_posix()), paths[path].read_bytes(), ZIP_DEFLATED)
    return packed.getvalue()


def pages() -> list[str]:
    """The pages with examples, in the order of the list."""
    return [path.relative_to(DOCS).as_posix() for pattern in EXAMPLES for path in sorted(DOCS.glob(pattern))]


def runs(example: Example) -> bool:
    """Whether Pyodide alone can run it."""
    return not ELSEWHERE.search(example.code)


@cache
def examples(page: str) -> list[Example]:
    """The examples of a page, each under the heading above it."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found: list[Example] = []
    above = ""
    for number, block in enumerate(BLOCK.finditer(text), start=1):
        name, *sections = HEADING.findall(BLOCK.sub("", text[: block.start()]))
        title = sections[-1] if sections else name
        key = f"{page.removesuffix('.md')}/{number}"
        found.append(Example(key, name, title, needed(above, block[1]) + block[1]))
        above += block[1]
    return found


def needed(above: str, block: str) -> str:
    """The statements above a block that make or change what it uses, or what they use themselves."""
    wanted: set[str] = set()
    for text in reversed(statements(block)):
        reads, makes, _ = uses(text)
        wanted = wanted - makes | reads
    kept: list[str] = []
    for text in reversed(statements(above)):
        reads, makes, changes = uses(text)
        if (makes | changes) & wanted:
            wanted = wanted - makes | reads
            kept.insert(0, text)
    return "\n".join([*kept, "", ""]) if kept else ""


def statements(source: str) -> list[str]:
    """The text of each."""
    lines = source.splitlines()
    return ["\n".join(lines[x.lineno - 1 : x.end_lineno]) for x in ast.parse(source).body]


def uses(statement: str) -> tuple[set[str], set[str], set[str]]:
    """The variables that a statement reads, those that it makes, and those that it may change.

    An assignment, a definition or an import makes a variable; `x.label = …`, `x.backward()`, and whatever
    stands in a loop may change one.
    """
    (node,) = ast.parse(statement).body
    top = symtable(statement, "", "exec")
    inner = [*top.get_children()]
    for table in inner:
        inner += table.get_children()
    reads = {x.get_name() for x in top.get_symbols() if x.is_referenced()}
    reads |= {x.get_name() for table in inner for x in table.get_symbols() if x.is_global()}
    writes = {x.get_name() for x in top.get_symbols() if x.is_assigned() or x.is_imported()}
    changes = set()
    for part in ast.walk(node):
        match part:
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                changes.add(name)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
                changes.add(name)
    return (reads, writes, changes) if isinstance(node, MAKES) else (reads, set(), writes | changes)
