"""Settings of `fit` that belong together."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nn.checks import check_whole, plain

if TYPE_CHECKING:
    from nn.history import History


@dataclass(frozen=True)
class Checkpoint:
    """Where a training is kept, as `nn.fit(…, checkpoint=nn.Checkpoint("run.safetensors", every=5))`.

    path     of a file that `nn.load` reads: the parameters of the last step, and all that `resume` needs.
             It is written at once, after `every` epochs, at the end and on Ctrl-C. Parameters that the
             optimizer holds and the model does not are in it by their labels
    resume   go on from the file, to the same numbers, bit for bit, as an uninterrupted run; "auto": where it
             exists. What cannot be compared is taken as it is now: the examples, the settings of the
             optimizer (a new learning rate, say), penalty and clip_norm. A loss or metric of your own is
             known by its name, a lambda by its code

    TypeError and ValueError for other arguments.
    """

    path: str | os.PathLike[str]
    every: int = 1
    resume: bool | Literal["auto"] = False

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike):
            raise TypeError(f"Checkpoint: path must be that of a file, not {self.path!r:.60}")
        check_whole("Checkpoint", "every", self.every)
        if self.resume not in (False, True, "auto"):
            raise ValueError(f'Checkpoint: resume must be True, False or "auto", not {self.resume!r:.60}')

    @property
    def resumes(self) -> bool:
        """Whether there is something to go on from, or should be."""
        return os.path.exists(self.path) if self.resume == "auto" else bool(self.resume)


@dataclass(frozen=True)
class Stop:
    """When a training ends before its last epoch, and with what: `nn.fit(…, stop=nn.Stop(patience=5))`.

    patience    end after so many epochs in a row without a new least val_loss (loss, without validation);
                None: train all epochs
    min_delta   an epoch counts as better where it lies lower than the best by more than this
    keep_best   leave the model with the parameters after its best epoch, the one of the least val_loss
                (loss), also where an error ends the training; otherwise they are those of the last step

    ValueError for other numbers.
    """

    patience: int | None = None
    min_delta: float = 0
    keep_best: bool = False

    def __post_init__(self) -> None:
        if self.patience is not None:
            check_whole("Stop", "patience", self.patience)
        if not 0 <= plain(self.min_delta) < float("inf"):
            raise ValueError(f"Stop: min_delta must be at least 0 and finite, not {self.min_delta!r}")

    def is_due(self, history: "History") -> bool:
        """Whether patience has come to its end."""
        *_, waited = 0, *waits(history.measured, self.min_delta)
        return self.patience is not None and waited >= self.patience


def waits(losses: Iterable[Any], min_delta: Any = 0) -> Iterator[int]:
    """By epoch, how many there are since one that was lower by more than `min_delta` than those before it."""
    best, since = float("inf"), 0
    for loss in losses:
        better = loss < best - min_delta
        best, since = (loss, 0) if better else (best, since + 1)
        yield since
