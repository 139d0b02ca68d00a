"""A lamp on pin 17 of a Raspberry Pi goes on when someone spells ON, and off at OFF.

It needs `pip install gpiozero`, which Raspberry Pi OS brings with it. Ctrl-C ends it.
"""

import sys

from gpiozero import LED

from edge import Fingerspeller
from edge.types import Event

lamp = LED(17)


def obey(event: Event) -> None:
    """Switches the lamp as the word says."""
    if event.label == "ON":
        lamp.on()
    elif event.label == "OFF":
        lamp.off()


with Fingerspeller(*sys.argv[1:2], when_word=obey) as reader:
    reader.wait()
