"""Models of kind sequence, over the hand frame by frame: one network decides over time."""

from edge.recognise.sequences.recogniser import open_sequence as open

__all__ = ["open"]
