"""Other processes, in which the order of sets and dicts of strings is another one."""

import os
import subprocess
import sys


def outputs(script):
    """The different things that a script prints under two hash seeds, with no program on the PATH."""
    found = set()
    for seed in "12":
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PATH": "", "PYTHONUTF8": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        run = [sys.executable, "-c", script]
        found.add(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    return found
