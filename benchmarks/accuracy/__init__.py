"""What is read against what is shown: `python -m benchmarks.accuracy`."""
