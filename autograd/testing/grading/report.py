"""What a grading found: a row for each operation and each habit, and a score.

status    pass     every number is right
          fail     a number is wrong, or something is raised
          missing  the engine does not offer it
          note     right, or one of several conventions; the row says which
          timeout  no answer in time
"""

from dataclasses import dataclass, field
from typing import NamedTuple

PASS, FAIL, MISSING, NOTE, TIMEOUT = STATUSES = ("pass", "fail", "missing", "note", "timeout")


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


@dataclass
class EngineReport:
    """The report of `check_engine`; print it."""

    engine: str
    seed: int
    rows: list[Row] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong: what is not offered, and notes, do not count."""
        return not any(row.status in (FAIL, TIMEOUT) for row in self.rows)

    @property
    def score(self) -> float:
        """The share of the points reached, from 0 to 1; what is missing and not required is not counted."""
        counted = [row for row in self.rows if row.status != MISSING]
        reached = sum(row.points for row in counted if row.status in (PASS, NOTE))
        return reached / (sum(row.points for row in counted) or 1)
