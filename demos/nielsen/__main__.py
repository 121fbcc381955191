"""`python -m demos.nielsen`: every part in turn."""

import sys

from demos import runner

sys.exit(runner.main(["nielsen", *sys.argv[1:]]))
