"""Colours by their use: light text on dark cards, with a contrast of 4.5 or more.

Source of the contrast: WCAG 2.1, 1.4.3.
"""

from __future__ import annotations

from edge.sinks._picture import Colour

GROUND: Colour = (11, 14, 19)
CARD: Colour = (22, 27, 35)
TRACK: Colour = (42, 50, 62)
QUIET: Colour = (139, 150, 166)
INK: Colour = (242, 245, 248)
ACCENT: Colour = (74, 222, 190)
