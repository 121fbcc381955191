"""The engine of a student's file."""

import importlib.util
import sys
import traceback
import types
from pathlib import Path
from typing import Any

from autograd.testing.grading.engine import Engine, defined_in


class LoadError(Exception):
    """A file has no engine that could be graded; the message says why, and in which line."""

    kind = "LoadError"


def load(path: Path, name: str = "") -> Engine:
    """The engine of a file: the class or Engine of that name; without one its `ENGINE` or its class `Value`.

    A class brings the functions that its module and the file define. Modules beside the file are found, as
    when it is run. LoadError where the file cannot be imported or has no such class.
    """
    sys.path.insert(0, str(path.parent))
    try:
        module = _imported(path)
    except (Exception, SystemExit) as error:
        raise LoadError(_told(error, path)) from error
    given = _given(module, path, name)
    try:
        engine = given if isinstance(given, Engine) else Engine.of(given, defined_in(module))
        engine.make(1.0)
    except (Exception, SystemExit) as error:
        raise LoadError(f"{getattr(given, '__name__', name)}(1.0): {_told(error, path)}") from error
    return engine


def _imported(path: Path) -> types.ModuleType:
    taken = path.stem in sys.modules or not path.stem.isidentifier()
    spec = importlib.util.spec_from_file_location("graded_file" if taken else path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no file of Python")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _given(module: types.ModuleType, path: Path, name: str) -> Any:
    """What the file offers under the name."""
    for wanted in [name] if name else ["ENGINE", "Value"]:
        if hasattr(module, wanted):
            return getattr(module, wanted)
    classes = [key for key, kind in vars(module).items() if isinstance(kind, type) and key[0] != "_"]
    offer = f"it has {', '.join(classes)}: choose by --class {classes[0]}" if classes else "it has none"
    raise LoadError(f"{path.name} has no class {name or 'Value'}; {offer}")


def _told(error: BaseException, path: Path) -> str:
    """`NameError: name 'exp' is not defined (student.py, line 3)`."""
    words = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, SyntaxError):
        place = error.filename, error.lineno
        words = f"{type(error).__name__}: {error.msg}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        place = next(((f.filename, f.lineno) for f in reversed(frames) if f.filename == str(path)), (None, 0))
    return f"{words} ({Path(place[0]).name}, line {place[1]})" if place[0] else words
