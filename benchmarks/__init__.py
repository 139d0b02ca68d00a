"""Measurements, each run as `python -m benchmarks.NAME`; docs/benchmarks.md says what they answer.

What several share: result.py, conditions.py, opened.py, held.py, work.py and counters.py.
"""
