"""What is left out where tests are to be quick: examples of Hypothesis, and the longest cases.

HYPOTHESIS_PROFILE=full, which `make test-full` sets, tries all of them.
"""

from __future__ import annotations

import os
from functools import partial

import pytest
from hypothesis import settings

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"

# A test, or a case of one, that only the full profile runs: shorter ones check the same behaviour.
full_only = pytest.mark.skipif(not FULL, reason="a long one: make test-full runs it")
full_case = partial(pytest.param, marks=full_only)


def examples(full: int) -> settings:
    """So many with the profile `full`, and a third of them, at least four, with `quick`."""
    return settings(deadline=None, max_examples=full if FULL else max(4, full // 3))
