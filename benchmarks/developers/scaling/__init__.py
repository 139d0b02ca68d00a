"""What makes a frame cost more: `python -m benchmarks.developers.scaling`."""
