"""What recording needs to know: the scope of new values, whether any are made, and which run is under way.

Both variables hold for one thread and one task of asyncio. A block that a generator opens stays open for the
caller too while the generator is suspended, as with every context variable: close it before each `yield`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

Names = tuple[str, str]  # the label and the scope of a value

UNNAMED: Names = ("", "")
# What a new value is called in the scope of now; None where nothing is recorded (no_grad).
mode: ContextVar[Names | None] = ContextVar("mode", default=UNNAMED)
running: ContextVar["Run | None"] = ContextVar("running", default=None)


class Run:
    """One run of a user's function, by a transform (grad, jvp, …) or by compile.

    name   of the transform, for errors
    outer  the run that was under way when this one began
    made   the leaves made while it runs: of no interest to the caller when it has ended
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.outer = running.get()
        self.made: set[Any] = set()

    @property
    def symbolic(self) -> bool:
        """Whether it computes with numbers that are not known yet."""
        return self.outer is not None and self.outer.symbolic

    def number(self, value: Any) -> Any:
        """What a comparison and a branch see of a Value."""
        return value.data if self.outer is None else self.outer.number(value)


@contextmanager
def during(run: Run) -> Iterator[None]:
    """Make the run the one under way, and record, also under no_grad."""
    recording, started = mode.set(mode.get() or UNNAMED), running.set(run)
    try:
        yield
    finally:
        running.reset(started)
        mode.reset(recording)
        if run.outer is not None:
            run.outer.made |= run.made


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the block: results are constants. Holds for this thread or task alone.

    A generator must not yield inside: its caller would record nothing either.
    """
    run = running.get()
    if run is not None and run.symbolic:
        raise TypeError("no_grad inside compile would freeze numbers of now; compute them before, outside")
    token = mode.set(None)
    try:
        yield
    finally:
        mode.reset(token)


class scope:  # noqa: N801 (used like a function; as a generator it takes four times as long)
    """Note on every Value made inside the block that it belongs to `name`, so that pictures can group.

    Scopes nest: `neuron3` inside `layer1` is `layer1.neuron3`. Holds for this thread or task alone.

    >>> from autograd import Value
    >>> with scope("layer1"), scope("neuron3"):
    ...     Value(1.0).scope
    'layer1.neuron3'
    """

    __slots__ = ("_tokens", "name")

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"scope needs a name, not {name!r}: with scope('layer1'): …")
        self.name = name
        self._tokens: list[Token[Names | None]] = []  # one for every block that is open

    def __enter__(self) -> None:
        outer = mode.get()
        inner = outer and ("", f"{outer[1]}.{self.name}" if outer[1] else self.name)
        self._tokens.append(mode.set(inner))

    def __exit__(self, *error: object) -> None:
        mode.reset(self._tokens.pop())
