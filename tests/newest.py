"""The core's tests on Python 3.14, which Pyodide runs in a browser: `python tests/newest.py`.

For machines that have no Python 3.14 of their own. What is run needs pytest, Hypothesis and mpmath alone: the
doctests of the packages, and tests that need neither NumPy, nor threads, nor processes. Arguments are
pytest's. Where it can't run, one line says why.
"""

import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from conftest import BROWSERS, SWITCHES

ROOT = Path(__file__).parent.parent
WHEELS = ROOT / "build/wheels-3.14"
PACKAGES = "pytest>=8", "hypothesis", "mpmath>=1.3", "graphviz>=0.20"
TREE = "autograd/**/*", "nn/**/*", "viz/**/*", "demos/**/*.py", "tests/*.py", "pyproject.toml"
TESTS = """value laws steps formula parse naming commit state_machine
    table text latex svg page legend init command_line""".split()
# WebAssembly has a small stack, one thread, no processes and no resvg; check_grads_agrees takes long.
BEYOND = "not (deep or million or lasts or thread or process or module or png or check_grads_agrees)"
RUN = """
import os, sys
os.chdir("/tree")
os.environ["CI"] = "true"
sys.path[:0] = ["/tree", "/tree/tests"]
import pytest
int(pytest.main(arguments.to_py()))
"""
PAGE = """async ([wheels, script, given]) => {
    const { loadPyodide } = await import("/pyodide/pyodide.mjs");
    const python = await loadPyodide(), decoder = new TextDecoder();
    const write = (bytes) => (console.log(decoder.decode(bytes, { stream: true })), bytes.length);
    python.setStdout({ write });
    await python.loadPackage(wheels, { messageCallback: () => {} });
    python.unpackArchive(await (await fetch("/tree.zip")).arrayBuffer(), "zip", { extractDir: "/tree" });
    python.globals.set("arguments", given);
    return python.runPython(script);
}"""


class AbsentError(Exception):
    """What is missing, so that nothing can be run."""


def main() -> int:
    """Pytest's status; 0 where it can't run, after a line that says why."""
    with TemporaryDirectory() as folder:
        try:
            return run(browser(), Path(folder))
        except AbsentError as why:
            print(f"no tests on Python 3.14: {why}")
            return 0


def browser() -> str:
    """The program of a browser that playwright can drive."""
    if find_spec("playwright") is None:
        raise AbsentError("playwright is not installed (extra: test)")
    if program := next(filter(None, map(shutil.which, BROWSERS)), None):
        return program
    raise AbsentError(f"no browser is installed: looked for {', '.join(BROWSERS)}")


def run(program: str, folder: Path) -> int:
    """Have the browser run pytest on what is served from the folder."""
    from playwright.sync_api import sync_playwright

    try:
        wheels = supply(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        raise AbsentError(f"npm's registry or PyPI can't be reached ({error})") from error
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=program, args=[*SWITCHES])
            sheet = chromium.new_page()
            sheet.on("console", lambda said: said.type == "log" and print(said.text, end="", flush=True))
            sheet.goto(f"http://127.0.0.1:{server.server_port}/")
            status: int = sheet.evaluate(PAGE, [wheels, RUN, arguments()])
            chromium.close()
        server.shutdown()
    return status


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and does not say so."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def arguments() -> list[str]:
    """Those of pytest: as in pyproject.toml, but for its plugins that aren't there."""
    options = [
        "-q",
        "-rfE",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "-o",
        "filterwarnings=error",
    ]
    doctests = ["--doctest-modules", "--doctest-ignore-import-errors", "autograd", "nn", "viz"]
    return [*options, *sys.argv[1:], "-k", BEYOND, *doctests, *(f"tests/test_{name}.py" for name in TESTS)]


def supply(folder: Path) -> list[str]:
    """Put Pyodide, the wheels and this checkout into the folder; the addresses of the wheels there."""
    sys.path.insert(0, str(ROOT / "docs"))
    import vendor

    (folder / "pyodide").mkdir()
    for path, data in vendor.files("pyodide").items():
        (folder / "pyodide" / path).write_bytes(data)
    if not WHEELS.exists():
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        binary = ["--only-binary=:all:", "--python-version=3.14", "--platform=pyemscripten_2026_0_wasm32"]
        subprocess.run([*fetch, *binary, "--dest", str(folder / "wheels"), *PACKAGES], check=True)
        shutil.copytree(folder / "wheels", WHEELS)
    shutil.copytree(WHEELS, folder / "wheels", dirs_exist_ok=True)
    with ZipFile(folder / "tree.zip", "w") as packed:
        for path in sorted({path for pattern in TREE for path in ROOT.glob(pattern)}):
            if path.is_file() and "__pycache__" not in path.parts:
                packed.write(path, path.relative_to(ROOT))
    return [f"/wheels/{path.name}" for path in sorted(WHEELS.glob("*.whl"))]


if __name__ == "__main__":
    sys.exit(main())
