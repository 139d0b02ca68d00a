"""`python -m edge` is `fingerspell`."""

import sys

from edge.commands.cli import main

sys.exit(main())
