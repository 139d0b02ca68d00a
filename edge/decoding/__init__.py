"""Decoding: picture files into arrays, and OpenCV kept from writing to the terminal.

In comes the path of a picture. Out goes (H, W, 3) uint8, red first and upright, or a SourceError
that says in one line why the file cannot be read. Whoever calls OpenCV's decoders elsewhere, as the
sources do for videos and cameras, does it within `quiet`.
"""

from __future__ import annotations

from edge.decoding.opencv_log import quiet
from edge.decoding.picture import Picture, find_pictures, read_picture, read_rgb

__all__ = ["Picture", "find_pictures", "quiet", "read_picture", "read_rgb"]
