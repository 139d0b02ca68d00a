"""The letter model: hands on labelled photographs -> a network that names letters and digits.

In come the labelled landmarks of train.data. Out go letters.keras and closed.keras, each with
inputs to calibrate with and what its manifest says, for convert.quantize; and a reader of both
(reader.py), by which train.evaluate judges them.
"""
