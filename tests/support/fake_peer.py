"""A peer without a library: what benchmarks/peers is tested on. Its variant says how it behaves.

It "sees" a hand in a picture whose first pixel is not black, and reads the letter that the pixel's
red stands for (1 is A).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.contract import Reading

SUMMARY = "a peer for tests"
VARIANTS = (
    "well", "slow", "dies", "killed", "hangs", "raises", "chatters", "babbles", "unable", "blind",
)  # fmt: skip
REQUIREMENTS = ("fingerspell-no-such-package==0",)
PYTHONS = ((3, 11), (3, 13))
FILES: Mapping[str, str] = {}
SETTLES = False
FAILS_AT = 20  # of its frames


def open(variant: str, threads: int, files: Mapping[str, str]) -> Fake:
    """Opens it, unless it is the one that cannot be."""
    if variant == "unable":
        raise RuntimeError("the model\nis not what it was")
    return Fake(variant)


class Fake:
    """Well, until it is not."""

    files: Sequence[str] = ()

    def __init__(self, variant: str) -> None:
        self._variant = variant
        self._count = 0

    def begin(self) -> None:
        """Forgets the hand."""
        self._held = False

    def read(self, rgb: Any, t_ns: int) -> Reading:
        """Reads the first pixel."""
        self._count += 1
        if self._count > FAILS_AT:
            self._fail()
        if self._variant == "slow":
            end_ns = time.process_time_ns() + 2_000_000
            while time.process_time_ns() < end_ns:
                pass
        if self._variant == "chatters":
            print('{"frames": []}')
            sys.stdout.flush()
        held, self._held = self._held, bool(rgb[0, 0, 0]) and self._variant != "blind"
        kind = "tracked" if held else "searching"
        if self._variant == "babbles":
            kind = "dreaming"
        return Reading(kind, chr(64 + int(rgb[0, 0, 0])) if self._held else "")

    def _fail(self) -> None:
        if self._variant == "dies":
            print("no memory left on the device", file=sys.stderr)
            sys.stderr.flush()
            os._exit(7)
        if self._variant == "killed":
            os.kill(os.getpid(), 4)
        if self._variant == "hangs":
            time.sleep(600)
        if self._variant == "raises":
            raise ValueError("a frame\nit cannot read")
