"""What a grading found: a row for each operation and each habit, and a score.

status    pass     every number is right
          fail     a number is wrong, or something is raised
          missing  the engine does not offer it
          note     right, or one of several conventions; the row says which
          timeout  no answer in time
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from textwrap import indent, wrap
from typing import Any, NamedTuple

from autograd.testing.faults import GradientError

PASS, FAIL, MISSING, NOTE, TIMEOUT = STATUSES = ("pass", "fail", "missing", "note", "timeout")
SHOWN = {PASS: "ok", FAIL: "WRONG", MISSING: "missing", NOTE: "note", TIMEOUT: "TIME OUT"}
WIDTH = 100  # characters of a line of the table
NUMBER = 16  # characters of what was given, and of what is right


class Diagnosis(NamedTuple):
    """What is behind wrong numbers: `certain` where one misconception gives every number of all probes.

    id           the misconception's, "" where it has no name
    text         in words: what is done and what is needed, or the symptom and its usual causes
    candidates   other misconceptions that give the same numbers
    """

    id: str
    text: str
    certain: bool = False
    candidates: tuple[str, ...] = ()


@dataclass
class Row:
    """One operation or habit.

    name       `x * y`, `2 - x`, `tanh(x)`, `a value used twice`
    key        the same for programs: `mul`, `sub:left`, `tanh`
    group      "operation" or "habit"
    program    the smallest program that shows it, to paste; "" where nothing is to be shown
    inputs     the numbers of its leaves
    yours      what the engine gave, as text     right  what is right
    points     how much it counts                seconds  how long its probes took
    """

    name: str
    group: str
    status: str
    program: str = ""
    inputs: tuple[float, ...] = ()
    yours: str = ""
    right: str = ""
    diagnosis: Diagnosis | None = None
    points: float = 1
    seconds: float = 0
    key: str = ""

    @property
    def failed(self) -> bool:
        """Whether something is wrong."""
        return self.status in (FAIL, TIMEOUT)

    @property
    def reached(self) -> float:
        """The points that it brings."""
        return self.points if self.status in (PASS, NOTE) else 0

    @property
    def possible(self) -> float:
        """The points that it could bring: none where it is not offered and need not be."""
        return 0 if self.status == MISSING else self.points

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        found = self.diagnosis
        return {
            "id": self.key or self.name,
            "name": self.name,
            "group": self.group,
            "status": self.status,
            "program": self.program,
            "inputs": list(self.inputs),
            "expected": self.right,
            "got": self.yours,
            "diagnosis": found
            and {
                "id": found.id,
                "certainty": "certain" if found.certain else "likely",
                "candidates": list(found.candidates),
                "text": found.text,
            },
            "points": self.points,
            "seconds": round(self.seconds, 3),
        }


@dataclass
class EngineReport:
    """The report of `check_engine`: print it, or take its rows."""

    engine: str
    seed: int
    rows: list[Row] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong: what is not offered, and notes, do not count."""
        return not any(row.failed for row in self.rows)

    @property
    def reached(self) -> float:
        """The points that were reached."""
        return sum(row.reached for row in self.rows)

    @property
    def possible(self) -> float:
        """The points that there were to reach; what is missing and not required has none."""
        return sum(row.possible for row in self.rows)

    @property
    def score(self) -> float:
        """The share of the points that was reached, from 0 to 1."""
        return self.reached / (self.possible or 1)

    def raise_(self) -> None:
        """GradientError for the first row that fails, in one line; nothing where all is right."""
        for row in self.rows:
            if row.failed:
                raise GradientError(f"{row.name} of {self.engine}: {_told(row) or SHOWN[row.status]}")

    # ── As text ─────────────────────────────────────────────────────────────────────────────────────

    def __str__(self) -> str:
        """The table, the programs of what fails, notes, and the score; it has no times, so equal is equal."""
        absent = [row for row in self.rows if row.status == MISSING and _is_absent(row)]
        table = [row for row in self.rows if row.status != NOTE and row not in absent]
        names = ", ".join(row.name for row in absent)
        parts = [
            "\n".join([*_table(table), *_wrapped("not offered", names)]),
            *(f"{names}\n{indent(program, '    ')}" for program, names in self._shown().items()),
            "\n".join(line for row in self.rows if row.status == NOTE for line in _note(row)),
            self.summary(),
        ]
        return "\n\n".join(filter(None, parts))

    def summary(self) -> str:
        """`Value: 17 of 20 points; 15 ok, 2 WRONG, 3 missing`."""
        counts = Counter(row.status for row in self.rows)
        told = ", ".join(f"{counts[status]} {SHOWN[status]}" for status in STATUSES if counts[status])
        return f"{self.engine}: {self.reached:g} of {self.possible:g} points; {told or 'nothing was graded'}"

    def markdown(self) -> str:
        """The report in Markdown: a table, and a block of code for each program of what fails."""
        lines = ["| | | yours | right | |", "|---|---|---|---|---|"]
        for row in self.rows:
            told = row.diagnosis.text if row.diagnosis else ""
            cells = [row.name, SHOWN[row.status], row.yours, row.right, told]
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
        blocks = [f"{_cell(names)}\n\n```python\n{program}\n```" for program, names in self._shown().items()]
        return "\n\n".join([f"**{self.summary()}**", "\n".join(lines), *blocks]) + "\n"

    _repr_markdown_ = markdown  # in notebooks

    def _shown(self) -> dict[str, str]:
        """The programs of what fails, and the names of the rows that they show."""
        shown: dict[str, str] = {}
        for row in self.rows:
            if row.failed and row.program:
                shown[row.program] = ", ".join(filter(None, [shown.get(row.program), row.name]))
        return shown

    # ── As data ─────────────────────────────────────────────────────────────────────────────────────

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "engine": self.engine,
            "seed": self.seed,
            "passed": self.passed,
            "points": self.reached,
            "of": self.possible,
            "rows": [row.to_dict() for row in self.rows],
        }

    def json(self) -> str:
        """The report as JSON."""
        return _json(self.to_dict())

    def gradescope(self) -> str:
        """The `results.json` of a Gradescope autograder: a test for each row, and the table."""
        tests = [
            {
                "name": row.name,
                "score": row.reached,
                "max_score": row.possible,
                "status": "failed" if row.failed else "passed",
                "output": "\n\n".join(filter(None, [_told(row), row.program])),
                "output_format": "text",
            }
            for row in self.rows
            if row.status != MISSING
        ]
        return _json({"output": str(self), "output_format": "text", "tests": tests})


def _table(rows: list[Row]) -> Iterator[str]:
    """The lines of the table: what was tried, whether it is right, yours and right, and why."""
    cells = [[row.name, SHOWN[row.status], _cut(row.yours), _cut(row.right)] for row in rows]
    reasons = [_why(row) for row in rows]
    if any(yours or right for _, _, yours, right in cells):
        cells, reasons = [["", "", "yours", "right"], *cells], ["", *reasons]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = max(WIDTH - sum(widths) - 2 * len(widths) - 2, 30)
    told: set[str] = set()
    for texts, why in zip(cells, reasons, strict=True):
        lines = ["the same"] if len(why) > room and why in told else wrap(why, room) or [""]
        told.add(why)
        for row, line in zip_longest([texts], lines):
            yield "  ".join(["", *map(str.ljust, row or [""] * 4, widths), line]).rstrip()


def _is_absent(row: Row) -> bool:
    """Whether an operation is simply not there, so that its name says all."""
    return row.diagnosis is not None and row.diagnosis.id == "not-offered"


def _note(row: Row) -> list[str]:
    return _wrapped("note", ": ".join([row.name, *([row.diagnosis.text] if row.diagnosis else [])]))


def _wrapped(title: str, text: str) -> list[str]:
    return wrap(f"{title}: {text}", WIDTH - 2, initial_indent="  ", subsequent_indent="    ") if text else []


def _cut(text: str) -> str:
    return text if len(text) <= NUMBER else text[: NUMBER - 1] + "…"


def _why(row: Row) -> str:
    """What is to be said of a row; an exception that the column of numbers cuts is told in full."""
    text = row.diagnosis.text if row.diagnosis else ""
    cut = [number for number in (row.yours, row.right) if len(number) > NUMBER and number not in text]
    return "; ".join([*cut, *([text] if text else [])])


def _told(row: Row) -> str:
    """`yours 1, right 2: …`, in one line."""
    numbers = {"yours": row.yours, "right": row.right}
    told = ", ".join(f"{name} {text}" for name, text in numbers.items() if text)
    return ": ".join(filter(None, [told, row.diagnosis.text if row.diagnosis else ""]))


def _cell(text: str) -> str:
    """A text in a cell of a table of Markdown, where all but `code` is itself."""
    parts = text.replace("\n", " ").replace("|", "\\|").split("`")
    if len(parts) % 2 == 0:
        parts = ["'".join(parts)]
    parts[::2] = [re.sub(r"[*_\[\]<>&~]", r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
