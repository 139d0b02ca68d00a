"""JPEG: what its markers say, and whether the end of its pixels is missing.

Source: ITU-T T.81, annex B, for the markers; how decoders go on after bytes that belong to no
marker, and past the end of a file, is libjpeg's.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

START = b"\xff\xd8"
END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff+[^\x00\xff]")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # what ends the pixels of a scan
_ALONE = frozenset(b"\x01\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8")  # markers without a length
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers that state the size
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)  # of these
_SCAN = 0xDA
# Bytes that a scan may not have, put in the place of a missing end: no two runs of them are alike,
# and none is 0xFF, which begins a marker.
_FILLING = np.random.default_rng(0).integers(0, 255, 4096, np.uint8).tobytes()
_CORNER_PX = 8  # the side of a JPEG's blocks
_FLAT = 3  # steps of 255 by which rounding of colours moves the pixels of one block apart


class Jpeg(NamedTuple):
    """What the markers of a JPEG say.

    data: the file, without bytes between its start and its first marker, up to its end marker,
    which is added where it is missing. coefficient_bytes: what libjpeg keeps of the whole picture
    at its full size while it decodes: nothing of a picture that has a single scan. scans_missing:
    not every coefficient has been sent in its full precision.
    """

    data: bytes
    width: int
    height: int
    coefficient_bytes: int
    scans_missing: bool


def parse(data: bytes) -> Jpeg:
    """Reads the markers of a JPEG; raises ValueError where it does not state its size."""
    frame = b""
    scans = list[bytes]()
    first, at = None, len(START)
    while found := (_AFTER_SCAN if scans else _MARKER).search(data, at):
        marker, at = data[found.end() - 1], found.end()
        first = found.start() if first is None else first
        if marker == END[1]:
            at = found.start()
            break
        if marker in _ALONE:
            continue
        body = data[at + 2 : at + int.from_bytes(data[at : at + 2], "big")]
        if marker in _FRAMES and not frame and body[5:] and len(body) >= 6 + 3 * body[5]:
            frame = bytes([marker]) + body
        elif marker == _SCAN and body and len(body) >= 4 + 2 * body[0]:
            scans.append(body)
        at += 2 + len(body)
    else:
        at = len(data)
    if first is None or not frame or not scans:
        raise ValueError("is a JPEG that is damaged or cut short")
    height, width = struct.unpack_from(">HH", frame, 2)
    components = {frame[7 + 3 * n]: frame[8 + 3 * n] for n in range(frame[6])}
    progressive = frame[0] in _PROGRESSIVE
    kept = 0
    if progressive or scans[0][0] < len(components):
        shares = [(size >> 4) * (size & 15) for size in components.values()]
        kept = 2 * width * height * sum(shares) // max(1, *shares, 1)
    missing = _scans_missing(scans, set(components), progressive)
    return Jpeg(START + data[first:at] + END, width, height, kept, missing)


def _scans_missing(scans: list[bytes], components: set[int], progressive: bool) -> bool:
    """Whether the scans' headers leave out coefficients (0 to 63) of a component, or their bits."""
    sent = set[tuple[int, int]]()
    for scan in scans:
        first, last, precision = scan[1 + 2 * scan[0] :][:3] if progressive else (0, 63, 0)
        if precision & 15 == 0:
            sent |= {(scan[1 + 2 * n], k) for n in range(scan[0]) for k in range(first, last + 1)}
    return not {(component, k) for component in components for k in range(64)} <= sent


def is_cut(
    jpeg: Jpeg, decoded: npt.NDArray[Any], decode: Callable[[bytes], npt.NDArray[Any]]
) -> bool:
    """Whether a part of a JPEG, which `decode` has decoded, is missing at its end.

    libjpeg fills what is missing of a scan with grey. So the file is decoded with other bytes in
    place of its end: they change the picture only where its pixels have not all been read before.
    Of a picture with one scan that is done only if a corner is flat, as the last block of a picture
    is that was cut before it: such a picture may lack a part of its last block, and no more.
    """
    if jpeg.scans_missing:
        return True
    if not jpeg.coefficient_bytes:
        n = _CORNER_PX
        ends = (slice(n), slice(-n, None))
        corners = [decoded[rows, columns].reshape(-1, 3) for rows in ends for columns in ends]
        if all(int(np.ptp(corner, axis=0).max()) > _FLAT for corner in corners):
            return False
    other = jpeg.data[: -len(END)] + _FILLING + END
    return not np.array_equal(decoded, decode(other))
