"""Weeks, squeezed: `python -m benchmarks.soak`."""
