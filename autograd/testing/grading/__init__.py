"""To grade any scalar engine: `check_engine`, its adapters, its report, and the command `autograd grade`."""
