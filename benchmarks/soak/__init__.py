"""A long run with faults: `python -m benchmarks.soak`.

Comes in: the synthetic signer behind a camera that fails now and then, faster than real time. Goes
out: whether memory, files, threads and times stayed within bounds, and whether each letter shown
was read. drift.py samples the process, ledger.py accounts for letters, and bystanders.py plays
the service manager and Prometheus.
"""
