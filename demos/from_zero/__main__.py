"""`python -m demos.from_zero`: every part in turn."""

import sys

from demos import runner

sys.exit(runner.main(["from_zero", *sys.argv[1:]]))
