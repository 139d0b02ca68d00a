"""Other ways to read the same frames, against ours: `python -m benchmarks.peers`.

Comes in: recordings, and the peers in adapters/. Goes out: what each peer takes, in time and
memory, and what it reads. Each peer runs in a process and an environment of its own. What runs
there (worker.py, contract.py, landmarks.py and adapters/) is written for Python 3.9, and imports
only the standard library and NumPy at its top.
"""
