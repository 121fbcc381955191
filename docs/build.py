"""The steps of `demos.build` on their page: a hook of MkDocs, which shows what each step changes and prints.

A line `::: step 4` stands for the step's text, for its engine with what is new and what is gone, and for what
its run prints, what `check_engine` says of it, and of the wrong turns from there. All of it is read from the
files and computed, so that page and files cannot disagree.
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

from demos.build import grading, text

STEP = re.compile(r"^::: step (\d+)$", re.M)
CONTEXT = 2  # lines around what is new


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with every line `::: step 4` replaced; MkDocs calls this for each page."""
    return STEP.sub(lambda line: show(int(line[1])), markdown)


def show(step: int) -> str:
    """A step as Markdown, with its code as HTML."""
    prose, engine, shown = text.parts(step)
    title, _, prose = prose.removeprefix("Step ").partition("\n")
    parts = [f"## {title.rstrip('.')}\n{prose}"]
    if step > 1:
        parts += [code("step", changes(text.lines(step - 1), text.lines(step)))]
        parts += [folded(f"The engine of step {step}", code("", colored(engine)))]
    else:
        parts += [code("", colored(engine))]
    parts += [f"`python -m demos.build.step{step}` runs this:", code("", colored(shown))]
    parts += [f"```text\n{output(step)}```"]
    if found := grading.complaint(step):
        parts += [f"`check_engine` is not content yet. {report(found)}"]
    turns = [turn(taken) for taken in grading.TURNS if taken.step == step]
    return "\n\n".join([*parts, "**Wrong turns**", *turns] if turns else parts)


def turn(taken: grading.Turn) -> str:
    """A wrong turn, to be opened: its lines, and the report on it."""
    wrong = text.split(grading.source(taken.step, taken.lines))[1].splitlines()
    lines = code("step wrong", changes(text.lines(taken.step), wrong))
    found = grading.complaint(taken.step, taken.lines)
    said = report(found) if found else ""
    return folded(taken.thought, f"{lines}\n\n{said}", inner="markdown")


def report(found: grading.Complaint) -> str:
    """What `check_engine` says first."""
    said = re.sub(r"[_*`]", r"\\\g<0>", escape(found.text))  # as it is, not as Markdown
    program = f"\n\n```python\n{found.program}\n```" if found.program else ""
    return f"The report says:\n\n> {said}{program}"


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


def folded(summary: str, content: str, inner: str = "html") -> str:
    """What opens with a click."""
    kind = ' markdown="1"' if inner == "markdown" else ""
    return f"<details{kind}><summary>{escape(summary)}</summary>\n\n{content}\n\n</details>"


def output(step: int) -> str:
    """What the run of a step prints."""
    out = StringIO()
    with redirect_stdout(out):
        text.play(step)
    return out.getvalue()
