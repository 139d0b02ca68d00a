"""Logits to labels: which alphabet is read, and what its scores are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.errors import ModelError, UsageError
from edge.handshapes.alphabet import Alphabet
from edge.models.manifest import BUNDLED, Manifest, load

BOTH = replace(
    load(BUNDLED / "letters.json"),
    labels=("A", "J", "O", "0", "1", "none"),
    alphabets={"digits": ("0", "1"), "letters": ("A", "J", "O"), "both": ("A", "J", "O", "0", "1")},
    shared=(("O", "0"),),
)
DIGITS = replace(BOTH, labels=("1", "0"), alphabets={"digits": ("0", "1")}, shared=())
LOGITS = hnp.arrays(np.float32, 6, elements=st.floats(-50, 50, width=32))


def test_letters_are_usual() -> None:
    """Without a name, a model reads letters if it can, else its first alphabet."""
    assert Alphabet(BOTH).labels == ("A", "J", "O")
    assert Alphabet(DIGITS).labels == ("0", "1")
    gestures = replace(DIGITS, alphabets={"greetings": ("1",), "digits": ("0", "1")})
    assert Alphabet(gestures).labels == ("1",)


@pytest.mark.parametrize(
    ("manifest", "known"), [(BOTH, "digits, letters, both"), (DIGITS, "digits")]
)
def test_an_alphabet_that_is_not_read_is_one_line(manifest: Manifest, known: str) -> None:
    """It says which model, and what it reads."""
    with pytest.raises(UsageError, match=f"letters reads no alphabet 'runes'; it reads: {known}$"):
        Alphabet(manifest, "runes")


def test_a_model_without_alphabets_reads_nothing() -> None:
    """That is the model's fault, and no wrong use."""
    with pytest.raises(ModelError, match="reads no alphabet"):
        Alphabet(replace(BOTH, alphabets={}))


@given(LOGITS, st.sampled_from(["letters", "digits", "both"]))
def test_scores_are_a_softmax_over_the_alphabet_and_no_sign(
    logits: npt.NDArray[np.float32], name: str
) -> None:
    """Other labels of the model have no share; of two of one shape the first has both shares."""
    prediction = Alphabet(BOTH, name).prediction(logits)
    index = [BOTH.labels.index(label) for label in (*BOTH.alphabets[name], "none")]
    share = np.exp(logits[index].astype(float) - logits[index].max())
    expected = dict(zip(BOTH.alphabets[name], (share / share.sum()).tolist(), strict=False))
    if name == "both":
        expected["O"] += expected.pop("0")
    assert prediction.scores == pytest.approx(expected, abs=1e-5)
    assert (
        prediction.score == max(prediction.scores.values()) == prediction.scores[prediction.label]
    )


@given(LOGITS)
def test_without_an_output_for_no_sign_scores_sum_to_one(logits: npt.NDArray[np.float32]) -> None:
    """Such a model is sure of something whatever it sees; labels need not be in its order."""
    prediction = Alphabet(DIGITS).prediction(logits[:2])
    assert sum(prediction.scores.values()) == pytest.approx(1)
    assert tuple(prediction.scores) == ("0", "1")
    assert prediction.scores["1"] == pytest.approx(
        1 / (1 + np.exp(float(logits[1]) - float(logits[0])))
    )


@given(LOGITS)
def test_drawn_letters_are_held_back(logits: npt.NDArray[np.float32]) -> None:
    """J loses the given logit, or its whole score; the other labels share it out."""
    usual = Alphabet(BOTH).prediction(logits).scores
    less = Alphabet(BOTH, drawn_logit=-1.0).prediction(logits).scores
    never = Alphabet(BOTH, drawn_logit=None).prediction(logits).scores
    assert less["J"] <= usual["J"]
    assert "J" not in never
    for label in "AO":
        assert usual[label] <= less[label] + 1e-6 <= never[label] + 2e-6
