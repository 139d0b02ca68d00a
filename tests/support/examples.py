"""How many examples Hypothesis tries where one example is long."""

from __future__ import annotations

import os

from hypothesis import settings

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"


def examples(full: int) -> settings:
    """So many with the profile `full`, and a third of them, at least four, with `quick`."""
    return settings(deadline=None, max_examples=full if FULL else max(4, full // 3))
