"""What several benchmarks share; nothing here is a command.

result.py says what a result's file holds, writes it and reads it. conditions.py describes the
machine, and what disturbed it during a measurement. times.py collects what frames took, by kind of
frame. work.py counts work with counters.py. scoring.py compares what was read with what was shown.
held.py draws a frame with a hand in it, memory.py reads a process's peak memory, and command.py
turns errors into exit codes. Comes in: results of the loop. Goes out: figures.
"""
