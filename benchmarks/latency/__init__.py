"""How long each stage of a frame takes: `python -m benchmarks.latency`.

Comes in: any source. Goes out: times by kind of frame and stage, with the machine and the
conditions they were measured in. measuring.py runs the loop, startup.py measures starts in fresh
processes, and table.py prints.
"""
