"""Numbers on the command lines of training: the least that each may be."""

from __future__ import annotations

import argparse

from edge.errors import UsageError

LEAST = {
    "batch": 1,
    "epochs": 1,
    "limit": 0,
    "minutes": 0,
    "parts": 1,
    "photographs": 1,
    "processes": 1,
    "search": 0,
    "search_epochs": 1,
    "seed": 0,
    "steps": 1,
    "tune": 0,
}


def check_numbers(args: argparse.Namespace) -> None:
    """Raises UsageError for a number that is too small; a command need not have all of them."""
    for name, least in LEAST.items():
        if getattr(args, name, least) < least:
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} is {getattr(args, name)}; it must be {least} or more")
