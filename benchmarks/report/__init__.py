"""Results as pictures and one page: `python -m benchmarks.report`.

Comes in: files that latency, models, scaling and peers wrote. Goes out: PNG charts, and an HTML
page that contains all of them.
"""
