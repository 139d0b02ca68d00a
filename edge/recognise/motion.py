"""Models of kind motion, over the hand's trajectory: they are run by the rules."""

from edge.recognise.rules.recogniser import open_motion as open

__all__ = ["open"]
