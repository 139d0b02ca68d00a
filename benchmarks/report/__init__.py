"""Results as pictures and a page: `python -m benchmarks.report`."""
