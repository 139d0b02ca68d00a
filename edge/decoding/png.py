"""PNG: its chunks, checked before libpng sees them.

Source: the PNG specification (ISO/IEC 15948), clauses 5 and 11. A chunk whose name begins with a
small letter is not needed for the picture.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.decoding.headers import PNG, PNG_TRANSPARENT

_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))


def checked(data: bytes) -> tuple[bytes, bool]:
    """Returns the PNG, mended, and whether it has transparent parts.

    Mended: chunks that the picture does not need and that are damaged are left out, since libpng
    would write warnings to stderr; an end that is missing or incomplete is put in its place.
    Raises ValueError, with a reason that follows the file's name, where the picture is damaged.
    """
    transparent = False
    at, view, kept = len(PNG), memoryview(data), [memoryview(PNG)]
    names = set()
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        whole = zlib.crc32(view[at + 4 : end - 4]) == int.from_bytes(view[end - 4 : end], "big")
        needed = not name[0] & 0x20
        if needed and not whole:
            raise ValueError("is a PNG that is damaged")
        if whole:
            kept.append(view[at:end])
            names.add(name)
        if name == b"IHDR" and length == 13:
            transparent = data[at + 17] in PNG_TRANSPARENT
        transparent = transparent or (whole and name == b"tRNS")
        at = end
        if name == b"IEND":
            return b"".join(kept), transparent
    if b"IDAT" in names and _END.startswith(data[at:]):
        return b"".join([*kept, memoryview(_END)]), transparent
    raise ValueError("is a PNG that is cut short")


def with_alpha(picture: npt.NDArray[Any], data: bytes) -> npt.NDArray[Any]:
    """Adds what tRNS makes transparent to an (H, W) grey picture: (H, W, 4), of the same dtype.

    OpenCV leaves tRNS of a grey PNG out. Any other picture comes back as it is.
    data: the PNG, as checked() returns it. Source: the PNG specification, 11.3.2.1.
    """
    at = len(PNG)
    while picture.ndim == 2 and at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"tRNS" and length == 2:
            depth = data[24]  # of the file; OpenCV makes 8 bits of fewer
            (level,) = struct.unpack_from(">H", data, at + 8)
            level = level * 255 // (2**depth - 1) if depth < 8 else level
            opaque = np.where(picture == level, 0, np.iinfo(picture.dtype).max)
            return np.dstack([picture, picture, picture, opaque.astype(picture.dtype)])
        at += 12 + length
    return picture
