"""What makes a frame dearer: `python -m benchmarks.developers.scaling`."""
