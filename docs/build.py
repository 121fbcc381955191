"""The steps of `demos.build` on their page: a hook of MkDocs, which shows what each step changes and prints.

A line `::: step 4` stands for the step's text, for its engine with what is new and what is gone, and for what
its run prints. All of it is read from the files, so that page and files cannot disagree.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from difflib import SequenceMatcher
from html import escape
from io import StringIO
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from demos import build

STEP = re.compile(r"^::: step (\d+)$", re.M)
CONTEXT = 2  # lines around what is new


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with every line `::: step 4` replaced; MkDocs calls this for each page."""
    return STEP.sub(lambda line: show(int(line[1])), markdown)


def show(step: int) -> str:
    """A step as Markdown, with its code as HTML."""
    text, engine, shown = build.parts(step)
    title, _, prose = text.removeprefix("Step ").partition("\n")
    parts = [f"## {title.rstrip('.')}\n{prose}"]
    if step > 1:
        parts += [code("step", changes(build.lines(step - 1), build.lines(step)))]
        parts += [folded(f"The engine of step {step}", code("", colored(engine)))]
    else:
        parts += [code("", colored(engine))]
    parts += [f"`python -m demos.build.step{step}` runs this:", code("", colored(shown))]
    parts += [f"```text\n{output(step)}```"]
    return "\n\n".join(parts)


def changes(before: list[str], after: list[str]) -> Iterator[str]:
    """The lines of `after` as HTML, with those of `before` that are gone; what stays is cut."""
    old, now = colored("\n".join(before)), colored("\n".join(after))
    groups = SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT)
    for number, group in enumerate(groups):
        if number:
            yield '<span class="cut">⋮</span>\n'
        for tag, i, i_end, j, j_end in group:
            if tag == "equal":
                yield from now[j:j_end]
            else:
                yield from (f"<del>{line}</del>" for line in old[i:i_end])
                yield from (f"<ins>{line}</ins>" for line in now[j:j_end])


def colored(python: str) -> list[str]:
    """The lines of Python code as HTML."""
    return highlight(python, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).splitlines(True)


def code(kind: str, lines: Iterable[str]) -> str:
    """Lines of HTML as a block of code."""
    kinds = f"highlight {kind}".strip()
    return f'<div class="{kinds}"><pre><code><span class="lines">{"".join(lines)}</span></code></pre></div>'


def folded(summary: str, content: str) -> str:
    """What opens with a click."""
    return f"<details><summary>{escape(summary)}</summary>\n{content}\n</details>"


def output(step: int) -> str:
    """What the run of a step prints."""
    out = StringIO()
    with redirect_stdout(out):
        build.play(step)
    return out.getvalue()
