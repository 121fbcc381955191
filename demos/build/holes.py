"""Homework: a step whose new lines are missing. `python -m demos.build.holes 4 > student.py`.

Each run of new lines is one hole, `...  # 3 lines`. What names a function, and what opens a block that stays,
is left to read.
"""

import argparse
import ast
from collections.abc import Iterator
from itertools import groupby

from demos.build.text import STEPS, lines, new, parts


def homework(step: int) -> str:
    """The file of a step with holes for what it adds."""
    text, _, shown = parts(step)
    engine = "\n".join(with_holes(lines(step - 1) if step > 1 else [], lines(step)))
    body = "\n".join(f"    {line}" if line else "" for line in shown.splitlines())
    return f'"""{text}\n"""\n\n{engine}\n\n\nif __name__ == "__main__":\n{body}\n'


def with_holes(before: list[str], after: list[str]) -> Iterator[str]:
    """The lines of `after`, with one for each run of those to be written."""
    missing = new(before, after)
    stays = {j for j in missing if is_told(after[j]) or (after[j].endswith(":") and j + 1 not in missing)}
    for is_hole, run in groupby(range(len(after)), lambda j: j in missing - stays):
        places = list(run)
        if is_hole:
            line = after[places[0]]
            indent = line[: len(line) - len(line.lstrip())]
            yield f"{indent}...  # {len(places)} line{'s' * (len(places) > 1)}"
        else:
            yield from (after[j] for j in places)


def is_told(line: str) -> bool:
    """Whether a new line is given: a name, or what is meant by it."""
    return line.lstrip().startswith(("def ", "class ", '"""', "import ", "from ", "#"))


def main() -> None:
    """Print the homework of a step."""
    parser = argparse.ArgumentParser(prog="python -m demos.build.holes", description="A step, to be written.")
    parser.add_argument("step", type=int, choices=STEPS, metavar="STEP", help="1 to 10")
    source = homework(parser.parse_args().step)
    ast.parse(source)  # a file that Python can read, whatever is missing
    print(source, end="")


if __name__ == "__main__":
    main()
