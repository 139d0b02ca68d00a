"""Each model alone: `python -m benchmarks.models`."""
