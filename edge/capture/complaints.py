"""What libraries write to stderr in a child process, kept so that it can be logged.

FFmpeg reports there what it cannot decode, while OpenCV returns a picture all the same. stderr
itself stays clean: the parent logs what is worth knowing.
"""

from __future__ import annotations

import os
import re
import sys

from edge.sources import public

_MOST_BYTES = 65536  # of complaints that are kept; then the file starts anew


class Complaints:
    """Everything that is written to stderr from now on, but for what Python itself writes there."""

    def __init__(self) -> None:
        """Redirects stderr, that is, the descriptor 2, into memory."""
        sys.stderr = os.fdopen(os.dup(2), "w")  # Python itself still writes to it
        self._fd = os.memfd_create("fingerspell-stderr", os.MFD_CLOEXEC)
        # Each write goes to the end of the file, wherever that is by then.
        writer = os.open(f"/proc/self/fd/{self._fd}", os.O_WRONLY | os.O_APPEND)
        os.dup2(writer, 2)
        os.close(writer)
        self._seen = 0

    def new(self) -> list[str]:
        """The lines since the last call, without addresses in memory and without passwords."""
        size = os.fstat(self._fd).st_size
        if size <= self._seen:
            return []
        text = os.pread(self._fd, size - self._seen, self._seen).decode("utf-8", "replace")
        self._seen = size
        if size > _MOST_BYTES:
            os.ftruncate(self._fd, 0)
            self._seen = 0
        lines = (re.sub(r"^\[(\S+) @ 0x[0-9a-f]+\] ", r"\1: ", line) for line in text.splitlines())
        return [public(line.strip()) for line in lines if line.strip()]
