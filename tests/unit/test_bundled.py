"""Every bundled model that can be chosen reads the signer live, and photographs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from edge import models
from edge.commands.cli import main
from edge.models.manifest import load
from tests.support.signed import photograph

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hand_models")]
CHOSEN = [path.stem for path in models.manifests() if load(path).kind != "closed_hands"]


@pytest.mark.parametrize("name", CHOSEN)
def test_it_reads_live(name: str, tmp_path: Path) -> None:
    """The loop runs to the end of the film, and all letters are labels of the model."""
    manifest = load(models.find(name))
    sign = next((label for label in ("B", "5", "Z") if label in manifest.labels), "B")
    sink = tmp_path / "events.jsonl"
    source = f"signer:{sign}?seed=3&fps=15"
    assert main(["run", "--source", source, "--model", name, "--sink", f"jsonl:{sink}"]) == 0
    events = [json.loads(line) for line in sink.read_text().splitlines()]
    assert events[-1]["event"] == "end"
    read = {event["label"] for event in events if event["event"] == "letter"}
    assert read <= set(manifest.labels)


@pytest.mark.parametrize("name", CHOSEN)
def test_it_reads_photographs(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON line with labels of the model; a model of motion says that it reads none."""
    manifest = load(models.find(name))
    path = tmp_path / "hand.png"
    cv2.imwrite(str(path), cv2.cvtColor(photograph("B", 3), cv2.COLOR_RGB2BGR))
    status = main(["read", str(path), "--model", name])
    output = capsys.readouterr()
    if manifest.kind == "motion":
        assert status == 2
        assert "photograph" in output.err
        return
    assert status == 0
    (hand,) = json.loads(output.out)["hands"]
    assert hand["label"] in manifest.labels
    assert sum(score for _, score in hand["top"]) <= 1.001
