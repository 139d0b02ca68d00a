"""One peer a file, found by its name; see benchmarks/peers/contract.py for what is in it."""
