"""The example programs of docs/examples, as their users run them, with the synthetic signer."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
pytestmark = pytest.mark.usefixtures("hand_models")


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """gpiozero, with pins that it pretends to have."""
    pytest.importorskip("gpiozero", reason="needs gpiozero: pip install 'fingerspell[test]'")
    from gpiozero import Device
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.reset()


def run(monkeypatch: pytest.MonkeyPatch, name: str, source: str) -> dict[str, object]:
    """Runs an example to its end; returns its variables."""
    monkeypatch.setattr(sys, "argv", [name, source])
    return runpy.run_path(str(EXAMPLES / name))


@pytest.mark.usefixtures("pins")
@pytest.mark.parametrize(("text", "lit"), [("ON HI", 1), ("ON OFF", 0)])
def test_a_lamp_obeys_words(monkeypatch: pytest.MonkeyPatch, text: str, lit: int) -> None:
    """ON switches it on, OFF off, and other words do nothing."""
    assert run(monkeypatch, "lamp.py", f"signer:{text}")["lamp"].value == lit  # type: ignore[attr-defined]


@pytest.mark.usefixtures("pins")
@pytest.mark.parametrize(("text", "lit"), [("HI", 1)])
def test_a_lamp_is_toggled_by_each_word(
    monkeypatch: pytest.MonkeyPatch, text: str, lit: int
) -> None:
    """A method that takes no argument is called without the event."""
    assert run(monkeypatch, "toggle.py", f"signer:{text}")["lamp"].value == lit  # type: ignore[attr-defined]


def test_a_web_page_has_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read while the page is served."""
    pytest.importorskip("flask", reason="needs Flask: pip install 'fingerspell[test]'")
    monkeypatch.setenv("FINGERSPELL_SOURCE", "signer:HI")
    variables = runpy.run_path(str(EXAMPLES / "web.py"))
    reader, client = variables["reader"], variables["app"].test_client()
    assert client.get("/").json == {"text": "", "hand": False, "reading": True}
    assert reader.wait(60)
    assert client.get("/").json["text"] == "HI"
    reader.close()


def test_a_notebook_runs_from_top_to_bottom(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its cells share their variables; the events are printed, and the last frame is kept."""
    monkeypatch.chdir(tmp_path)
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text())["cells"]
    shared: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), shared)
    assert "word   HI     HI" in capsys.readouterr().out
    assert (tmp_path / "frame.png").stat().st_size > 1000
