"""Models of kind letters, over landmarks: they are run by the rules."""

from edge.recognise.rules.recogniser import open_handshapes as open

__all__ = ["open"]
