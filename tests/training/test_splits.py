"""How pictures are held back: each class alike, and no person on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import UsageError

pytest.importorskip("sklearn", reason="training is done on a workstation")
from train.pictures.splits import at_random, by_group, only_one


def test_a_split_at_random_takes_of_each_class() -> None:
    """A fifth of each, none of it on both sides; too few pictures are refused."""
    label = np.array(["A"] * 10 + ["B"] * 20)
    kept, held = at_random(label, 0.2, 1)
    assert sorted([*kept, *held]) == list(range(30))
    assert (label[held] == "A").sum() == 2
    rare = np.array(["A"] * 1000 + ["B"] * 4)
    for seed in range(10):
        assert "B" in rare[at_random(rare, 0.1, seed)[1]]
    with pytest.raises(UsageError, match="'B' has one picture"):
        at_random(np.array(["A", "A", "A", "B"]), 0.2, 1)
    with pytest.raises(UsageError, match="too few"):
        at_random(np.array(["A", "A", "B", "B", "F", "F"])[:5], 0.9, 1)


def test_groups_are_never_on_both_sides() -> None:
    """Each is held back once; a class that one alone has is on neither side, and named."""
    label = np.array(list("ABABABF"))
    group = np.array(list("xxyyzzz"))
    seen = []
    for kept, held in by_group(label, group, 3):
        assert not set(group[kept]) & set(group[held])
        seen += held.tolist()
    assert sorted(seen) == [0, 1, 2, 3, 4, 5]
    assert only_one(label, group) == {"F": "z"}
