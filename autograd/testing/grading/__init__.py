"""To grade any scalar engine: `autograd.testing.check_engine` and `python -m autograd grade`."""
