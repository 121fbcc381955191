"""`python -m demos.with_style`."""

import sys

from demos import runner

sys.exit(runner.main(["with_style", *sys.argv[1:]]))
