"""A student's engine in a process of its own, so that whatever the code does ends in readings.

That process evaluates programs, one at a time. What is right, how near it must be, and which programs will
come, stays in this one. An endless loop, an exit, a crash or a flood costs the process, which is replaced,
and the readings of that program fail.

It is no security boundary. The code runs as the user who grades: it may read and write that user's files,
use the network, and start processes that outlive it. Grade the code of strangers in a container.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from autograd.testing.grading.engine import Words
from autograd.testing.grading.loading import LoadError
from autograd.testing.grading.program import READINGS, Act, Failure, Program, Reading, is_operation

PATIENCE = 4  # how many times the limit of one program all programs together may take
TRIES = 2  # how often programs of the same operations may end the process
PROCESSES = 64  # how many the code may start at one time, where the system has a `ps`
LONGEST = 1 << 20  # bytes of an answer
GARBLED = "what came back is no answer"
INHERITED = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")  # the rest may be secret


class Isolated:
    """The engine of a file in another process, to grade: close it, or use it in a `with`.

    path, name   the file, and the class or Engine in it (`ENGINE`, or else `Value`)
    arities      the operations that are asked for, and how many arguments they take
    timeout      seconds for a program; all together may take four times as long
    memory       megabytes

    LoadError where the file has no engine.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        name: str = "",
        *,
        arities: Mapping[str, int],
        timeout: float = 2,
        memory: int = 1024,
    ) -> None:
        self.path, self.timeout, self.memory = Path(path).resolve(), timeout, memory
        self._order = str(self.path), name, dict(arities), memory, int(PATIENCE * timeout) + 10
        self._arities = arities
        self._limit, self._left = timeout, PATIENCE * timeout
        self._fatal: dict[frozenset[Act], list[Failure]] = {}
        self._folder = TemporaryDirectory(prefix="autograd-grade-", ignore_cleanup_errors=True)
        self._process: _Process | None = None
        try:
            self._start()
        except _EndedError as ended:
            self.close()
            raise LoadError(f"{self.path.name} does not load: {ended}") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Isolated":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and what it started in its session."""
        self._end()
        self._folder.cleanup()

    def run(self, program: Program) -> list[Reading]:
        """The readings of a program; where it did not come to an end, they are one Failure."""
        count = sum(act[0] in READINGS for act in program)
        used = frozenset(act[:3:2] for act in program if is_operation(act))
        failure = self._known(used)
        if failure is None:
            try:
                return self._answer(program, count)
            except (_EndedError, LoadError) as ended:
                failure = Failure(ended.kind, str(ended), 0)
                self._fatal.setdefault(used, []).append(failure)
        return [failure._replace(act=len(program) - 1)] * count

    def _known(self, used: frozenset[Act]) -> Failure | None:
        """How programs of some of these operations have ended, so often that one like them is not run."""
        for fatal, failures in self._fatal.items():
            if fatal <= used and len(failures) == TRIES:
                names = ", ".join(sorted(name for _, name in fatal)) or "backward"
                return failures[-1]._replace(text=f"not run, as with {names} before: {failures[-1].text}")
        return None

    def _answer(self, program: Program, count: int) -> list[Reading]:
        if self._process is None:
            self._start()
        found = self._ask(program, self._limit)
        try:
            readings = [_reading(each, len(program)) for each in found]
        except (TypeError, ValueError):
            readings = []
        if len(readings) != count:
            raise self._garbled()
        return readings

    def _start(self) -> None:
        """A new process, which says what its engine is called and how its programs are written."""
        found = self._ask(self._order, self._left)
        try:
            if "error" in found:
                self._end()
                raise LoadError(_plain(found["error"]))
            self.title = _template(found["title"], 0)
            self.words = _words(found["words"], self._arities)
        except (KeyError, TypeError, ValueError):
            raise self._garbled() from None

    def _ask(self, question: Any, seconds: float) -> Any:
        """The answer of the process; _EndedError, and no process any more, where none comes in time."""
        if self._left <= 0:
            raise _EndedError("Timeout", f"no time left: {PATIENCE * self.timeout:g} s are for all programs")
        began = time.monotonic()
        try:
            self._process = self._process or _Process(self._folder.name, self.memory)
            return self._process.ask(question, min(self._left, seconds))
        except _EndedError as ended:
            self._end()
            if ended.kind == "Timeout":
                self._limit = self.timeout / 4  # there is a loop somewhere, and time for the other programs
            raise
        finally:
            self._left -= time.monotonic() - began

    def _garbled(self) -> "_EndedError":
        self._end()
        return _EndedError("Garbled", GARBLED)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


class _EndedError(Exception):
    """A process came to its end before its answer, by itself or because it had to be ended."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class _Process:
    """A process that answers questions, both lines of JSON with the question's number."""

    def __init__(self, folder: str, megabytes: int) -> None:
        self.megabytes, self.asked = megabytes, 0
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE"), folder)
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-P", "-s", "-m", "autograd.testing.grading.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        self.talk: threading.Thread | None = None

    def ask(self, question: Any, seconds: float) -> Any:
        """What it answers; _EndedError where it ends, is too slow, takes too much or says something else."""
        self.asked += 1
        line, answers = json.dumps([self.asked, question]).encode() + b"\n", list[bytes]()
        self.talk = threading.Thread(target=self._exchange, args=(line, answers), daemon=True)
        self.talk.start()  # a thread, as no other wait for a pipe has a limit on every system
        end = time.monotonic() + seconds
        while self.talk.is_alive():
            left = end - time.monotonic()
            if left <= 0:
                raise _EndedError("Timeout", f"no answer within {seconds:.3g} s")
            self.talk.join(min(left, 0.2))
            if self.talk.is_alive():
                self._watch()
        if not answers:
            self.kill()
            raise _EndedError("Exit", f"the process ended{_how(self.process.returncode)}")
        try:
            number, answer = json.loads(answers[0])
        except (ValueError, TypeError, RecursionError):
            number, answer = None, None
        if number != self.asked:
            raise _EndedError("Garbled", GARBLED)
        return answer

    def _exchange(self, line: bytes, answers: list[bytes]) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError, ValueError):  # it has ended
            self.process.stdin.write(line)
            self.process.stdin.flush()
            if answer := self.process.stdout.readline(LONGEST):
                answers.append(answer)

    def _watch(self) -> None:
        """_EndedError where it holds more memory, or has started more processes, than it may."""
        rows = _processes()
        sizes = [kilobytes for group, kilobytes in rows if group == self.process.pid]
        if len(sizes) > PROCESSES:
            raise _EndedError("Exit", f"more than {PROCESSES} processes were started")
        if sum(sizes) > self.megabytes << 10:
            raise _EndedError("Memory", f"more than {self.megabytes} MB were taken")

    def kill(self) -> None:
        """End it, and all processes of its session that have not left it."""
        if self.process.returncode is not None:
            return
        if hasattr(os, "killpg"):
            with suppress(OSError):  # before it is waited for, as its number may then be another's
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        if self.talk:
            self.talk.join(1)  # it goes on where a process that has left the session holds the pipe
        if not (self.talk and self.talk.is_alive()):
            for pipe in filter(None, (self.process.stdin, self.process.stdout)):
                with suppress(OSError):
                    pipe.close()


def _processes() -> list[tuple[int, int]]:
    """The group of each process, and the kilobytes that it holds; none where there is no `ps`."""
    try:
        command = ["ps", "-A", "-o", "pgid=", "-o", "rss="]
        run = subprocess.run(command, capture_output=True, timeout=2, check=True)
        return [(int(group), int(size)) for group, size in map(bytes.split, run.stdout.splitlines())]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def _how(status: int) -> str:
    """How a process ended: ` with status 3`, ` by SIGSEGV`; nothing for SIGKILL, which `kill` sends."""
    if status >= 0:
        return f" with status {status}"
    try:
        return f" by {signal.Signals(-status).name}" * (status != -signal.SIGKILL)
    except ValueError:
        return f" by signal {-status}"


# ── What comes back is believed only where it has the form of an answer ─────────────────────────────


def _reading(found: Any, acts: int) -> Reading:
    if found is None:
        return None
    if isinstance(found, str):
        return float(found)
    kind, text, act = found
    if not isinstance(act, int) or act not in range(acts):
        raise ValueError
    return Failure(_plain(kind), _plain(text), act)


def _words(found: Any, arities: Mapping[str, int]) -> Words:
    calls = found[4]
    templates = {name: _template(calls[name], arity) for name, arity in arities.items() if name in calls}
    make, value, gradient, backward = (_template(each, 1) for each in found[:4])
    return Words(make, value, gradient, backward, templates)


def _template(found: Any, holes: int) -> str:
    """A text in which {} stands so often, and no other brace."""
    text = _plain(found)
    if text.count("{}") != holes or re.search("[{}]", text.replace("{}", "")):
        raise ValueError
    return text


def _plain(found: Any) -> str:
    """A text of one line, of bounded length and without characters that move the cursor."""
    if not isinstance(found, str):
        raise TypeError
    return "".join(char if char.isprintable() else " " for char in found[:200])
