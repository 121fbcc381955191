"""`python -m demos.build`: every step in turn."""

import sys

from demos import runner

sys.exit(runner.main(["build", *sys.argv[1:]]))
