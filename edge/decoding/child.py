"""Decodes one picture in a process of its own, whose memory is limited.

For formats whose headers edge/decoding/headers.py does not read: TIFF, AVIF, JPEG 2000 and others.
What their decoders would need is not known before. So they run where running out of memory, or
dying, harms nothing else.

    python -m edge.decoding.child FLAGS BYTES < picture > array

FLAGS are OpenCV's, and BYTES is what decoding may take beyond what the process has when it begins.
stdout gets an array in NumPy's .npy format, or nothing where the picture cannot be decoded.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

TIMEOUT_S = 60  # for a picture at the bound, on a Pi; a whole picture takes a second or two
_TOO_LARGE = 3  # exit status: there was not enough memory within the limit


class TooLargeError(Exception):
    """Decoding a picture takes more memory or time than it may."""


def decode(data: bytes, flags: int, limit_bytes: int) -> npt.NDArray[Any] | None:
    """Returns the decoded picture, None where it cannot be decoded.

    Raises TooLargeError where decoding takes more than `limit_bytes` or longer than TIMEOUT_S.
    """
    command = [sys.executable, "-m", "edge.decoding.child", str(flags), str(limit_bytes)]
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=TIMEOUT_S, check=False,
            env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise TooLargeError from None
    if done.returncode == _TOO_LARGE:
        raise TooLargeError
    if done.returncode > 0:  # not the picture's fault, and not the decoder's, which a signal ends
        raise RuntimeError(f"the decoder's process failed: {done.stderr.decode(errors='replace')}")
    if done.returncode or not done.stdout:
        return None
    array: npt.NDArray[Any] = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    return array


def main(flags: int, limit_bytes: int) -> int:
    """Decodes standard input to standard output; returns the exit status."""
    data = np.frombuffer(sys.stdin.buffer.read(), np.uint8)
    _limit(limit_bytes)
    try:
        cv2.setNumThreads(1)
        picture = cv2.imdecode(data, flags)
        if picture is None:
            return 0
        if picture.nbytes > limit_bytes:
            return _TOO_LARGE
        _write(picture)
    except MemoryError:
        return _TOO_LARGE
    except cv2.error as error:
        lacks_memory = error.code == cv2.Error.StsNoMem or "pixels" in str(error)
        return _TOO_LARGE if lacks_memory else 0
    return 0


def _write(picture: npt.NDArray[Any]) -> None:
    """Writes an array to standard output; np.save asks for a position, which a pipe lacks."""
    header = np.lib.format.header_data_from_array_1_0(picture)
    np.lib.format.write_array_header_1_0(sys.stdout.buffer, header)
    sys.stdout.buffer.write(np.ascontiguousarray(picture).data)
    sys.stdout.buffer.flush()


def _limit(more_bytes: int) -> None:
    """Lets this process have so much more memory than it has now."""
    try:
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + more_bytes,) * 2)
    except (ImportError, OSError, ValueError):  # no Linux: what OpenCV itself allows is the limit
        pass


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
