"""`python -m demos.saito`."""

import sys

from demos import runner

sys.exit(runner.main(["saito", *sys.argv[1:]]))
