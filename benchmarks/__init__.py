"""Measurements, each a command: `python -m benchmarks.NAME`. docs/benchmarks.md explains them.

A command with more than one file is a folder. latency, models, accuracy, peers and soak measure;
compare and report read what they wrote. developers/ holds the tools that only the project's own
developers need, and measure/ what several commands share. Comes in: options, and files that other
commands wrote. Goes out: text for people, and with `--json FILE` one JSON object. Benchmarks may
import edge and train; neither imports them.
"""
