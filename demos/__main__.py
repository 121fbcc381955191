"""`python -m demos`: list the demos, or run one by name, or all."""

import sys

from demos.runner import main

sys.exit(main())
