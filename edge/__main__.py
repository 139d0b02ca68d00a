"""`python -m edge` is `fingerspell`."""

import sys

from edge.cli import main

sys.exit(main())
