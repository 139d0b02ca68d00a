"""Tools for those who change the code; whoever only runs fingerspell does not need them.

work counts what a frame makes the machine do, and instructions counts processor instructions, with
Valgrind. scaling measures what makes a frame cost more. parity compares our hands with MediaPipe's
on the same frames. smoothing measures the filter over landmarks. Each is a command:
`python -m benchmarks.developers.NAME`. Comes in: the synthetic signer or clips. Goes out: text, and
JSON where it is wanted.
"""
