"""How long each model takes alone: `python -m benchmarks.models`.

Comes in: .tflite files. Goes out: times of loading and of an invoke, the multiplications in the
file, and an estimate for a Raspberry Pi. alone.py measures one model in a process of its own,
graph.py counts the file's operations, and estimates.py has the published rates.
"""
