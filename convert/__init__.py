"""Conversion: a trained Keras model in, a full-integer TFLite model with its manifest out.

quantize.py converts, check.py compares what both say and how long they take, quiet_tensorflow.py
is where TensorFlow is imported. May import edge; edge never imports it.
"""
