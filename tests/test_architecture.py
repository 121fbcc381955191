"""The house stays as docs/architecture.md draws it: imports run one way, the core needs nothing."""

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {  # module of autograd: the modules of autograd it may import
    "functions": set(),
    "special": {"functions"},
    "op": {"functions"},
    "ops": {"functions", "special", "op"},
    "recording": set(),
    "writing": set(),
    "protocol": {"op", "ops", "recording"},
    "commit": {"op", "protocol"},
    "fast": {"functions", "op", "ops", "recording"},
    "value": {"commit", "fast", "functions", "op", "ops", "protocol", "recording"},
    "copying": {"op", "recording", "value"},
    "arrays": {"op", "ops", "protocol", "recording", "value"},
    "naming": set(),
    "terms": {"naming", "op", "ops", "value"},
    "formula": {"naming", "op", "ops", "recording", "terms", "value"},
    "trees": {"arrays"},
    "series": {"op", "protocol"},
    "derivatives": {"fast", "functions", "op", "ops", "protocol", "recording", "value", "series", "trees"},
    "steps": {"op", "value", "formula"},
    "foreign": {"op", "ops", "protocol", "value"},
    "parse": {"op", "ops", "value"},
    "__main__": set(),  # runs viz.command
}
PROGRAM = {  # module of autograd.program: what it may import of autograd
    "symbol": {"op", "ops", "protocol"},
    "purity": {"op", "ops", "value", "symbol"},
    "trace": {"op", "ops", "recording", "trees", "value", "purity", "symbol"},
    "flatten": {"ops", "trace"},
    "patterns": set(),
    "rewrite": {"op", "ops"},
    "arrays": {"op", "ops", "patterns", "rewrite", "symbol"},
    "bundle": {"op", "ops", "trace"},
    "ragged": {"op", "ops", "arrays", "patterns"},
    "reroll": {"op", "ops", "arrays", "bundle", "patterns", "ragged", "rewrite", "trace"},
    "differentiate": {"op", "ops", "protocol", "arrays", "patterns", "symbol"},
    "kernels": {"op", "ops", "protocol", "symbol"},
    "contract": {"arrays", "views"},
    "views": {"arrays", "patterns"},
    "emit": {"op", "ops", "protocol", "arrays", "contract", "kernels", "patterns", "symbol", "views"},
    "compiled": {"op", "ops", "arrays", "contract", "emit", "flatten", "reroll", "trace"},
    "forms": {"op", "trees", "value", "arrays", "symbol", "trace"},
    "saving": {"op", "value", "writing", "arrays", "compiled", "emit", "kernels", "views"},
    "function": {
        *("derivatives", "recording", "trees"),
        *("arrays", "compiled", "differentiate", "forms", "reroll", "saving", "trace"),
    },
    "jax": {"functions", "op", "ops", "arrays", "compiled", "contract", "kernels", "patterns", "symbol"},
    "program": {
        "commit",
        *("op", "trees", "value"),
        *("arrays", "compiled", "differentiate", "emit", "function", "jax", "reroll", "saving", "trace"),
    },
}
# What viz, nn and the demos may import of autograd.
PUBLIC = {
    "autograd",
    *(
        f"autograd.{room}"
        for room in ("foreign", "formula", "naming", "op", "ops", "parse", "terms", "writing")
    ),
    "autograd.testing.grading.command",  # `python -m autograd grade`
}


def imports(path):
    """Every module that a file imports, with `from autograd import ops` as autograd.ops."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}".replace(".", "/")
                is_module = (ROOT / f"{inner}.py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_imports_in_autograd_run_one_way(module):
    inside = {name.split(".")[1] for name in imports(ROOT / f"autograd/{module}.py") if "autograd." in name}
    assert inside <= MAY_IMPORT[module]


def test_no_module_of_autograd_or_of_compile_imports_itself_by_a_detour():
    for arrows in MAY_IMPORT, PROGRAM:
        TopologicalSorter(arrows).prepare()  # raises CycleError


def test_every_module_of_autograd_has_its_place():
    assert {path.stem for path in ROOT.glob("autograd/*.py")} - {"__init__"} == set(MAY_IMPORT)


@pytest.mark.parametrize("module", PROGRAM)
def test_the_passes_of_compile_run_one_way(module):
    names = {name for name in imports(ROOT / f"autograd/program/{module}.py") if "autograd." in name}
    assert {name.removeprefix("autograd.").removeprefix("program.") for name in names} <= PROGRAM[module]


def test_every_pass_of_compile_has_its_place():
    assert {path.stem for path in ROOT.glob("autograd/program/*.py")} - {"__init__"} == set(PROGRAM)


CORE = sorted(MAY_IMPORT.keys() - {"arrays", "trees"})


@pytest.mark.parametrize("module", CORE)
def test_the_core_imports_the_standard_library_alone(module):
    tops = {name.split(".")[0] for name in imports(ROOT / f"autograd/{module}.py")}
    allowed = sys.stdlib_module_names | {"autograd"}
    assert tops <= allowed | ({"numpy"} if module == "functions" else set())  # numpy: inside a function


def test_the_oracles_know_no_rule_of_the_engine_and_the_engine_no_test():
    for room in ("digits", "oracles"):
        names = {name for name in imports(ROOT / f"autograd/testing/{room}.py") if "autograd" in name}
        assert names <= {"autograd.functions", "autograd.op", "autograd.testing.digits"}
    for path in ROOT.glob("autograd/*.py"):
        assert not any("testing" in name for name in imports(path)), path


@pytest.mark.parametrize("package", ["viz", "nn"])
def test_viz_and_nn_use_public_names_and_never_each_other(package):
    for path in ROOT.glob(f"{package}/**/*.py"):
        for name in imports(path):
            assert name.split(".")[0] != {"viz": "nn", "nn": "viz"}[package], path
            assert not name.startswith("autograd") or name in PUBLIC, (path, name)


def test_the_core_runs_where_nothing_is_installed():
    code = (
        "import sys; from autograd import *; x = Value(2.0, 'x'); y = sigmoid(x) * x; y.backward();"
        "formula(y); backward_steps(y);"
        "assert not {'numpy', 'graphviz', 'mpmath', 'hypothesis'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-S", "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
