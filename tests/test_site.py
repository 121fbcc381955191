"""The pages of the site: their code runs, prints what they show, and makes the pictures that stand below it.

A block that imports a library which is not installed, and which the site does not need, is left out.

After a change, `python tests/test_site.py` writes what the code prints anew (but for fences that hold a "…"):
look at it before it is kept.
"""

import doctest
import os
import re
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from subprocess import run

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = ["index.md", "tutorial.md", "build.md", "teachers.md", "exercises.md"]
PAGES += ["explanation.md", "confusions.md"]
PAGES += sorted(f"how-to/{path.name}" for path in DOCS.glob("how-to/*.md"))
OPTIONAL = re.compile(r"^import (jax|torch)\b", re.M)
BLOCK = re.compile(r"```python\n(?P<code>.*?)```(?:\n\n```text\n(?P<shown>.*?)```)?", re.S)


def printed(page):
    """(block, what its code prints) from the top of a page to its end, in the current folder."""
    names = {"__name__": "page"}
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if not all(map(find_spec, OPTIONAL.findall(block["code"]))):
            continue
        line = text[: block.start("code")].count("\n")
        out = StringIO()
        with redirect_stdout(out):
            exec(compile("\n" * line + block["code"], DOCS / page, "exec"), names)
        yield block, out.getvalue()


def agree(shown, got):
    """Whether the two are the same, where "…" stands for anything."""
    lines = [text.replace("…", "...") for text in (shown, got)]
    return doctest.OutputChecker().check_output(*lines, doctest.ELLIPSIS)


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_prints_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    count = 0
    for block, got in printed(page):
        assert block["shown"] is None or agree(block["shown"], got), got
        assert block["shown"] or not got, f"printed, but not shown: {got}"
        count += 1
    assert count > 0
    for picture in re.findall(r"\]\((?:\.\./)?pictures/([^)]+)\)", (DOCS / page).read_text(encoding="utf-8")):
        if (tmp_path / picture).exists():
            assert (tmp_path / picture).read_bytes() == (DOCS / "pictures" / picture).read_bytes()


@pytest.mark.parametrize("page", sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")))
def test_a_page_stands_in_the_navigation_and_its_links_lead_somewhere(page):
    assert re.search(rf"^ +- (\w+: )?{page}$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    for target in re.findall(
        r"[^\]]\]\(([^)#\s]+)", BLOCK.sub("", (DOCS / page).read_text(encoding="utf-8"))
    ):
        assert target.startswith("https://") or (DOCS / page).parent.joinpath(target).exists(), target


# ── The reference, which a hook of MkDocs writes from the docstrings ────────────────────────────────


@pytest.fixture(scope="module")
def reference():
    sys.path.insert(0, str(DOCS))
    try:
        import reference
    finally:
        sys.path.remove(str(DOCS))
    return reference


def written(reference, page):
    return reference.on_page_markdown((DOCS / "reference" / page).read_text(encoding="utf-8"))


def test_every_public_name_is_in_the_reference(reference):
    import autograd
    import nn
    import viz
    from autograd import ops, testing
    from autograd.ops import Op

    for page, module in {"nn.md": nn, "viz.md": viz, "testing.md": testing, "autograd.md": autograd}.items():
        text = written(reference, page)
        for name, _ in reference.public(module):
            assert f"### `{module.__name__}.{name}`\n" in text, name
    table = written(reference, "operations.md")
    assert "| exp | exp(x) | ∂z/∂x = z | analytic |  |" in table
    for name in ops.__all__:
        if isinstance(getattr(ops, name), Op) and getattr(ops, name).partials:
            assert f"\n| {name} | " in table, name


def test_a_docstring_keeps_its_columns_and_its_examples(reference):
    """Prose flows; what has gaps, and what begins with >>>, is fenced."""
    assert reference.text("What.\n\nx    one\nyy   two\n\n>>> 1\n1") == (
        "What.\n\n```text\nx    one\nyy   two\n```\n\n```pycon\n>>> 1\n1\n```"
    )
    assert reference.text("f(*args) is\ncalled.") == "f(\\*args) is\ncalled."


def test_the_site_builds_without_a_warning_and_loads_nothing_from_a_network(tmp_path):
    pytest.importorskip("material", reason="needs MkDocs, as make docs installs it")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert (built.returncode, built.stdout) == (0, ""), built.stderr
    for path in [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]:
        loaded = re.findall(
            r"""(?:\bsrc=|<link [^>]*href=|url\()["']?(https?:[^"')]*)""", path.read_text(encoding="utf-8")
        )
        assert not loaded, path
    assert "∂z/∂x = z × (1 − z)" in (tmp_path / "reference/operations.html").read_text(encoding="utf-8")


def main():
    """Write what the code prints into the pages."""
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        for block, got in reversed(list(printed(page))):
            if block["shown"] is not None and "…" not in block["shown"]:
                start, end = block.span("shown")
                text = text[:start] + got + text[end:]
        (DOCS / page).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    sys.path.insert(0, str(ROOT))
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
