"""Commands: what `fingerspell COMMAND` does, one file for each, and the command line itself.

Comes in: the arguments of the command line (cli.py reads them, and settings from a file). Goes out:
an exit code of edge/errors.py. No command imports another one; what several of them need is in
edge/assembly.py (settings -> stages) and edge/session.py (one run).
"""
