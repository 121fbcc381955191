"""Files that are written whole: whatever happens, the old file is there or the new one.

Writers of one file do not meet, be they threads or processes: each writes a partial file of its own beside
it, and the last one that is complete takes its place.
"""

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

STALE = 3600  # seconds after its last change from which a partial file is taken for one of a killed writer


def replace(path: str | os.PathLike[str], content: bytes, what: str) -> None:
    """Put the bytes in the place of the file, at one moment, and on the disk before and after it.

    A file that is there keeps its mode, and what a symbolic link leads to is replaced, not the link. OSError
    for one that is read-only or no file, and where writing fails; what has been written of it is removed.
    """
    shown, path = path, Path(os.path.realpath(path))
    folder, prefix, suffix = path.parent, f".{path.name}.", ".partial"
    _check(shown, path, what)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    _tidy(folder, prefix, suffix)
    partial = folder / f"{prefix}{uuid4().hex}{suffix}"
    try:
        # Others may not read it before it has the mode of the file whose place it takes.
        with open(partial, "xb", opener=lambda name, flags: os.open(name, flags, mode or 0o666)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            partial.chmod(mode)
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        text = f"{what}: {shown} could not be written: {error.strerror or error}"
        raise OSError(*([error.errno] if error.errno else []), text) from error
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check(shown: str | os.PathLike[str], path: Path, what: str) -> None:
    """OSError where no file can be, or must not be, replaced."""
    if path.is_dir() or not path.parent.is_dir():
        folder = path.parent if os.path.islink(shown) else Path(shown).parent
        reason = "is a folder" if path.is_dir() else f"lies in {folder}, which is no folder"
        raise OSError(f"{what}: {shown} {reason}; give the path of a file in a folder that exists")
    if path.exists() and not path.is_file():
        raise OSError(f"{what}: {shown} is a device or a pipe; give the path of a file")
    if path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK)):  # root may write all
        raise PermissionError(f"{what}: {shown} is read-only; make it writable, or give another path")


def _tidy(folder: Path, prefix: str, suffix: str) -> None:
    """Remove the partial files of writers that were killed; what cannot be removed may stay."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix) and name.endswith(suffix):
                with suppress(OSError):  # another writer may have removed it
                    if time.time() - (folder / name).stat().st_mtime > STALE:
                        (folder / name).unlink()
