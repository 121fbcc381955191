"""Files that are written whole: by several at once, over files of any kind, and where the disk fails."""

import os
import stat
import sys
import threading
from subprocess import Popen

import pytest

import nn
from autograd.writing import STALE, replace
from nn.data import idx

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of other systems")


def names(folder):
    return sorted(each.name for each in folder.iterdir())


# ── Several at once ─────────────────────────────────────────────────────────────────────────────────

CONTENTS = [bytes([i]) * 100_000 for i in range(4)]


def write_often(path, content):
    for _ in range(30):
        replace(path, content, "test")


def test_threads_that_write_one_file_leave_one_of_theirs(tmp_path):
    path, errors = tmp_path / "m", []

    def write(content):
        try:
            write_often(path, content)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=[content]) for content in CONTENTS]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert not path.exists() or path.read_bytes() in CONTENTS
    assert not errors and names(tmp_path) == ["m"] and path.read_bytes() in CONTENTS


def test_processes_that_write_one_file_leave_one_of_theirs(tmp_path):
    script = "import sys, test_writing as t; t.write_often(sys.argv[1], t.CONTENTS[int(sys.argv[2])])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
    run = [sys.executable, "-c", script, str(tmp_path / "m")]
    processes = [Popen([*run, str(i)], env=environment) for i in range(len(CONTENTS))]
    assert [process.wait() for process in processes] == [0] * len(CONTENTS)
    assert names(tmp_path) == ["m"] and (tmp_path / "m").read_bytes() in CONTENTS


def test_partial_files_are_removed_when_they_are_old_and_its_own(tmp_path):
    for name in [".m.0.partial", ".m.1.partial", ".m.x.partial.py", ".n.0.partial", "m.partial"]:
        (tmp_path / name).touch()
        if name != ".m.1.partial":
            os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".m.2.partial").mkdir()  # which cannot be removed
    os.utime(tmp_path / ".m.2.partial", (0, 0))
    replace(tmp_path / "m", b"", "test")
    kept = [".m.1.partial", ".m.2.partial", ".m.x.partial.py", ".n.0.partial", "m", "m.partial"]
    assert names(tmp_path) == kept and STALE >= 3600


# ── What is there ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_file_has_the_permissions_of_new_files(tmp_path):
    (tmp_path / "new").touch()
    replace(tmp_path / "m", b"", "test")
    assert (tmp_path / "m").stat().st_mode == (tmp_path / "new").stat().st_mode


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755, 0o200])
def test_a_file_keeps_its_mode_and_is_never_readable_by_others(mode, tmp_path, monkeypatch):
    path, seen = tmp_path / "m", []
    path.touch()
    path.chmod(mode)
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: seen.append(os.fstat(file).st_mode) or fsync(file))
    replace(path, b"new", "test")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert seen and not stat.S_IMODE(seen[0]) & ~mode


@posix
@pytest.mark.parametrize("target", ["there", "new"])
def test_a_symbolic_link_stays_and_what_it_leads_to_is_written(target, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "there").write_bytes(b"old")
    (tmp_path / "m").symlink_to(os.path.join("runs", target))
    (tmp_path / "n").symlink_to("m")
    replace(tmp_path / "n", b"new", "test")
    assert (tmp_path / "n").is_symlink() and (tmp_path / "m").is_symlink()
    assert (tmp_path / "runs" / target).read_bytes() == b"new"
    assert names(tmp_path) == ["m", "n", "runs"]


def read_only(folder):
    (folder / "m").write_bytes(b"old")
    (folder / "m").chmod(0o444)


REFUSED = {
    "read-only": (read_only, "test: {} is read-only; make it writable, or give another path"),
    "a folder": (lambda folder: (folder / "m").mkdir(), "test: {} is a folder; give the path of a file"),
    "a link to nowhere": (
        lambda folder: (folder / "m").symlink_to("no/m"),
        "test: {} lies in {}/no, which is no folder",
    ),
    "a pipe": (
        lambda folder: os.mkfifo(folder / "m"),
        "test: {} is a device or a pipe; give the path of a file",
    ),
}


def identity(path):
    """What a write would change, of the file or the link itself; a look at it changes the time of access."""
    found = path.lstat()
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@posix
@pytest.mark.parametrize("case", REFUSED)
def test_what_must_not_be_replaced_is_refused_by_name_and_stays(case, tmp_path):
    make, message = REFUSED[case]
    make(tmp_path)
    path = tmp_path / "m"
    before = identity(path)
    with pytest.raises(OSError, match="test: ") as caught:
        replace(path, b"new", "test")
    assert message.format(path, tmp_path) in str(caught.value) and "\n" not in str(caught.value)
    assert identity(path) == before and names(tmp_path) == ["m"]


# ── Failures ────────────────────────────────────────────────────────────────────────────────────────

CALLS = ["open", "os.fsync", "os.replace", "os.open", "os.close"]
AFTER = ["os.fsync", "os.replace", "os.close"]


@pytest.mark.parametrize(("call", "after"), [*((c, False) for c in CALLS), *((c, True) for c in AFTER)])
def test_a_call_that_fails_leaves_the_old_file_or_the_new_one(call, after, tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")
    original = getattr(os, call.removeprefix("os."))

    def failing(*args, **keywords):
        if after:
            original(*args)
        raise OSError(28, "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(call if "." in call else "builtins.open", failing)
        with pytest.raises(OSError, match="the disk is full") as caught:
            replace(path, b"new", "test")
    assert caught.value.errno == 28 and path.read_bytes() in (b"old", b"new")
    assert names(tmp_path) == ["m"]


def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    calls, fsync, rename = [], os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda file: calls.append(stat.S_ISDIR(os.fstat(file).st_mode)) or fsync(file)
    )
    monkeypatch.setattr(os, "replace", lambda *paths: calls.append("replace") or rename(*paths))
    replace(tmp_path / "m", b"", "test")
    assert calls == [False, "replace", *[True] * (os.name == "posix")]


WRITERS = {
    "nn.save": lambda path: nn.save(nn.MLP(1, [1]), path),
    "History.to_csv": lambda path: nn.History([{"epoch": 1, "loss": 0.5}]).to_csv(path),
    "History.to_json": lambda path: nn.History([{"epoch": 1, "loss": 0.5}]).to_json(path),
    "idx.write": lambda path: idx.write(path, [[1.0]]),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_leaves_the_old_file_where_the_disk_is_full(writer, tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")

    def full(file):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(
            OSError, match=rf"^\[Errno 28\] {writer}: {path} could not be written: No space left on device$"
        ):
            WRITERS[writer](path)
    assert path.read_bytes() == b"old" and names(tmp_path) == ["m"]
    WRITERS[writer](path)
    assert path.read_bytes() != b"old"
