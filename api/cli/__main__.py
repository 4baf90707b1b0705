"""`python -m api.cli`: the same as `longhand`."""

import sys

from api.cli import main

sys.exit(main())
