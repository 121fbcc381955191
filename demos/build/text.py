"""The files of the steps, taken apart: text, engine, and the code that shows it."""

import inspect
import runpy
from difflib import SequenceMatcher
from pathlib import Path

STEPS = range(1, 11)


def file(step: int) -> Path:
    """Where a step is written."""
    return Path(__file__).with_name(f"step{step}.py")


def play(step: int) -> None:
    """Run a step as a program."""
    runpy.run_path(str(file(step)), run_name="__main__")


def parts(step: int) -> tuple[str, str, str]:
    """The text of a step, its engine and the code that shows it."""
    return split(file(step).read_text(encoding="utf-8"))


def split(source: str) -> tuple[str, str, str]:
    """The same of the text of a file."""
    text, _, code = source.removeprefix('"""').partition('\n"""\n\n')
    engine, _, shown = code.partition('\n\n\nif __name__ == "__main__":\n')
    return text, engine, inspect.cleandoc(shown)


def lines(step: int) -> list[str]:
    """The lines of a step's engine."""
    return parts(step)[1].splitlines()


def new(before: list[str], after: list[str]) -> set[int]:
    """The places of the lines of `after` that are not those of `before`; blank ones do not count."""
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    places = {j for tag, _, _, start, stop in changes if tag != "equal" for j in range(start, stop)}
    return {j for j in places if after[j]}
