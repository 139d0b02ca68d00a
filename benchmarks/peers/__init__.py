"""Other ways to read the same frames, each run in an environment of its own, against ours.

This package's files are read by several Pythons: what runs in a peer's environment (worker.py,
contract.py, landmarks.py and adapters/) is written for Python 3.9 and imports at its top the
standard library and NumPy only.
"""
