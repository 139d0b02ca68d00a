"""Measurements: each module here is run by itself, as `python -m benchmarks.NAME`."""
