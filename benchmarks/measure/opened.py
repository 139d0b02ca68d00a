"""Which models a run has opened: the files themselves, whatever the settings call them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from edge.models.interpreter import Model


class Models:
    """The models that were opened and are still in use."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Model, tuple[str, str]] = WeakKeyDictionary()

    def add(self, model: Model, path: Path) -> None:
        """Takes a model up."""
        self._known[model] = path.stem, hashlib.sha256(path.read_bytes()).hexdigest()

    def name(self, model: Model) -> str:
        """Returns a model's name: its file's, without the ending."""
        return self._known[model][0]

    def sums(self) -> dict[str, str]:
        """Returns name -> SHA-256 of the file."""
        return dict(sorted(self._known.values()))


@contextlib.contextmanager
def opened_models() -> Iterator[Models]:
    """Notes every model that is opened meanwhile. One that is let go of again is forgotten."""
    models = Models()
    open_one = Model.__init__

    @wraps(open_one)
    def noted(self: Model, path: Path, **options: Any) -> None:
        open_one(self, path, **options)
        models.add(self, path)

    with patch.object(Model, "__init__", noted):
        yield models
