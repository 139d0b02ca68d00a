"""The settings that recognisers need; edge.config.Config has them."""

from __future__ import annotations

from typing import Protocol

from edge.recognise.pause import PauseConfig
from edge.recognise.rules.tunables import DebounceConfig, GestureConfig


class Settings(Protocol):
    """The part of edge.config.Config that decides what is recognised."""

    @property
    def alphabet(self) -> str:
        """What may be read: letters, digits or both; "" is the model's own choice."""
        ...

    @property
    def text(self) -> PauseConfig:
        """How long a pause makes a space."""
        ...

    @property
    def debounce(self) -> DebounceConfig:
        """When a letter counts, by the rules."""
        ...

    @property
    def gestures(self) -> GestureConfig:
        """What counts as a space or a deletion by an open hand."""
        ...
