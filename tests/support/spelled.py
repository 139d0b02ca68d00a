"""What a run reads of a source, in one line."""

from __future__ import annotations

from edge.assembly import open_stages
from edge.config import Config
from edge.sources import open_source


def spell(uri: str, config: Config) -> str:
    """Reads every frame of a source with the stages of these settings; returns the text."""
    source = open_source(uri)
    t_ns = 0
    try:
        stages = open_stages(config, source)
        for result in stages.results(source.frames()):
            t_ns = result.frame.t_ns
        stages.end(t_ns)
    finally:
        source.close()
    return stages.text
