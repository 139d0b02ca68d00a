"""Training: labelled data in, Keras models with their figures out; convert makes them int8.

The rooms, each importing only those before it: report, data, letters, evaluate, motion, sequences,
pictures, recipes. May import edge and convert; edge never imports it.
"""
