"""Pictures made of dots, and PDF: by the package resvg_py, or by Graphviz's program `dot`."""

import re
import shutil
import subprocess

NODES = 1000  # dot takes minutes for a few thousand
SECONDS = 60
SHARP, PIXELS = 2.0, 40e6  # pixels of the file per pixel of the SVG; at most so many in all

GET_RESVG = "pip install 'scalar-autograd[png]'"
GET_DOT = "install Graphviz (apt install graphviz, brew install graphviz, winget install graphviz)"


def png(svg: str) -> bytes:
    """An SVG picture as PNG. RuntimeError where resvg_py is missing."""
    if not has_resvg():
        raise RuntimeError(f"PNG needs the package resvg_py: {GET_RESVG}; or save as .svg")
    import resvg_py

    width, height = (float(size) for size in re.findall(r'(?:width|height)="([\d.]+)"', svg)[:2])
    zoom = min(SHARP, (PIXELS / (width * height)) ** 0.5)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=max(1, round(width * zoom))))


def has_resvg() -> bool:
    """Whether the package resvg_py can be imported."""
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        return False
    return True


def run_dot(source: str, form: str, nodes: int) -> bytes:
    """What `dot` makes of a DOT text of so many nodes. RuntimeError, in one line, where it makes nothing."""
    if nodes > NODES:
        raise RuntimeError(
            f"dot takes minutes for {nodes:,} nodes; draw at most {NODES:,} with max_nodes=…, or save as .svg"
        )
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(f"{form.upper()} needs the program dot: {GET_DOT}, or save as .svg")
    try:
        done = subprocess.run(
            [program, f"-T{form}"], input=source.encode(), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"dot took more than {SECONDS} s; draw less with max_nodes=…, or save as .svg"
        ) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").split("\n")
        raise RuntimeError(f"dot failed ({done.returncode}): {lines[0][:200]}; save as .svg instead")
    return done.stdout
