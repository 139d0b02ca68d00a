"""What each stage of a frame takes: `python -m benchmarks.latency`."""
