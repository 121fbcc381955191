"""History: what a training run measured, one row per epoch."""

import csv
import io
import json
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from nn.writing import replace

SHOWN = 10  # rows of a long history that its repr shows: the first half and the last half of them


@dataclass(repr=False)
class History:
    """The rows of a training run, as `nn.fit` returns them.

    rows         one dict per epoch: epoch (from 1), loss, the metrics, val_loss and val_… where there is
                 a validation set, and lr, the learning rate of the epoch's last step
    interrupted  whether Ctrl-C ended the run

    >>> history = History([{"epoch": 1, "loss": 0.75, "lr": 0.1}, {"epoch": 2, "loss": 0.5, "lr": 0.1}])
    >>> history
    epoch  loss   lr
        1  0.75  0.1
        2   0.5  0.1
    >>> history.history
    {'loss': [0.75, 0.5]}
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = field(default=False, compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def history(self) -> dict[str, list[Any]]:
        """The curves by name, which `viz.plot_history` draws: every column but epoch and lr."""
        names = [name for name in self.columns if name not in ("epoch", "lr")]
        return {name: [row[name] for row in self.rows] for name in names}

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
        measure = "val_loss" if "val_loss" in self.columns else "loss"
        return min(self.rows, key=lambda row: row[measure])

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
        lines = [
            self.columns,
            *([f"{x:.4g}" if isinstance(x, float) else str(x) for x in row.values()] for row in self.rows),
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(map(str.rjust, line, widths)) for line in lines]
        if len(self) > SHOWN:
            text[1 + SHOWN // 2 : -SHOWN // 2] = ["…".rjust(widths[0])]
        return "\n".join(text)
