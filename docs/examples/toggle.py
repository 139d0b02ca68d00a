"""Each word that is spelled switches a lamp on pin 17 of a Raspberry Pi on or off."""

import sys

from gpiozero import LED

from edge import Fingerspeller

lamp = LED(17)
reader = Fingerspeller(*sys.argv[1:2])
reader.when_word = lamp.toggle
reader.wait()
