"""Keras models -> full-integer TFLite models with their manifests. May import edge."""
