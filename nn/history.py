"""History: what a training run measured, one row per epoch."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, overload

from autograd.writing import replace

COLUMNS = "epoch", "lr", "seconds"  # of a row, beside what is measured


SHOWN = 10  # rows of a long history that its repr shows: the first half and the last half of them


@dataclass(repr=False, eq=False)
class History:
    """The rows of a training run, as `nn.fit` returns them.

    rows         one dict per epoch: epoch (from 1), loss, the metrics, val_loss and val_… where there is
                 a validation set, lr, the learning rate of the epoch's last step, and seconds, the time
                 that the epoch took (since the resume, if it was interrupted)
    interrupted  whether Ctrl-C ended the run

    It is a sequence of its rows: `history[-1]["loss"]`, `for row in history`. Two are equal if they measured
    the same, in whatever time; so the seconds are in the files, and not in the table that print shows.

    >>> history = History([{"epoch": 1, "loss": 0.75, "lr": 0.1}, {"epoch": 2, "loss": 0.5, "lr": 0.1}])
    >>> history
    epoch  loss   lr
        1  0.75  0.1
        2   0.5  0.1
    >>> history.history
    {'loss': [0.75, 0.5]}
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> "History": ...

    def __getitem__(self, index: int | slice) -> "dict[str, Any] | History":
        """A row, or the History of several."""
        return History(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __eq__(self, other: object) -> bool:
        return self._measured() == other._measured() if isinstance(other, History) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _measured(self) -> list[dict[str, Any]]:
        """The rows without the time, which differs from run to run."""
        return [{name: x for name, x in row.items() if name != "seconds"} for row in self.rows]

    @property
    def history(self) -> dict[str, list[Any]]:
        """The curves by name, which `viz.plot_history` draws: every column that is a measure."""
        names = [name for name in self.columns if name not in COLUMNS]
        return {name: [row[name] for row in self.rows] for name in names}

    @property
    def measured(self) -> list[Any]:
        """What tells the best epoch: val_loss, or loss without validation."""
        return [row["val_loss" if "val_loss" in row else "loss"] for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names in a row; none before the first epoch."""
        return list(self.rows[0]) if self.rows else []

    @property
    def best(self) -> dict[str, Any]:
        """The row of the least val_loss (of the least loss without validation); the first of equals.

        ValueError before the first epoch.
        """
        if not self.rows:
            raise ValueError("History.best: there is no epoch yet")
        losses = self.measured
        return self.rows[losses.index(min(losses))]

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write a line of column names and a line per epoch; floats with all their digits."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns)
        writer.writeheader()
        writer.writerows(self.rows)
        replace(path, text.getvalue().encode(), "History.to_csv")

    def to_json(self, path: str | PathLike[str]) -> None:
        """Write the list of rows; floats with all their digits, and nan and inf as NaN and Infinity."""
        replace(path, f"{json.dumps(self.rows, indent=1)}\n".encode(), "History.to_json")

    @classmethod
    def from_json(cls, path: str | PathLike[str]) -> "History":
        """The history that `to_json` wrote. ValueError for a file that holds none."""
        with open(path, encoding="utf-8") as file:
            try:
                rows = json.load(file)
            except (ValueError, RecursionError) as error:  # which "[[[[…" is
                raise ValueError(f"History.from_json: {path} is no JSON: {error}") from None
        columns = rows[0] if isinstance(rows, list) and rows else {}
        if not isinstance(rows, list) or any(
            not isinstance(row, dict) or row.keys() != columns.keys() for row in rows
        ):
            raise ValueError(f"History.from_json: {path} is no list of rows with the same columns")
        return cls(rows)

    def __repr__(self) -> str:
        """A table, its numbers to four digits; of a long history the first and the last rows."""
        if not self.rows:
            return "History of no epochs"
        rows = self._measured()
        lines = [
            [*rows[0]],
            *([f"{x:.4g}" if isinstance(x, float) else str(x) for x in row.values()] for row in rows),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(map(str.rjust, line, widths)) for line in lines]
        if len(self) > SHOWN:
            text[1 + SHOWN // 2 : -SHOWN // 2] = ["…".rjust(widths[0])]
        return "\n".join(text)
