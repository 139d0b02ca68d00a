"""How messages name a source, and what they advise when it fails."""

from __future__ import annotations

import re

from edge.sources import is_url, may_be_recorded, place


def is_file(uri: str) -> bool:
    """Whether this is a video, or are pictures, on this machine."""
    return may_be_recorded(uri) and not is_url(uri)


def shown(uri: str) -> str:
    """How messages name a source: without options, and without who may use it."""
    if is_url(uri):
        return place(uri.partition(":")[2])
    if is_file(uri):
        return re.sub(r"\?(rotate|flip|crop|fps|repeat)=.*", "", uri.partition(":")[2])
    return re.sub(r"\?.*", "", uri)


def advice(uri: str) -> str:
    """What to do when nothing comes from it."""
    if is_url(uri):
        return "check the network and the camera"
    if is_file(uri):
        return "check the disk or network share, and whether the file has an end"
    return "check its cable"
