"""`python -m autograd "formula" x=2`: runs `viz.command`, which stands above this package as it draws too."""

from runpy import run_module

if __name__ == "__main__":
    run_module("viz.command", run_name="__main__")
