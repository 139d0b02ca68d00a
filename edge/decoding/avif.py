"""How an AVIF picture is to be turned, which OpenCV does not do.

Source: ISO/IEC 14496-12 for boxes and their `meta`, ISO/IEC 23008-12 for the items' properties,
among them `irot` and `imir`. Where a camera also wrote EXIF, its orientation says the same, and
readers are to ignore it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

# The orientation of EXIF, by quarter turns against the clock and by what is exchanged afterwards:
# nothing, top and bottom (0), left and right (1).
_ORIENTATION = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip


def orientation(data: bytes) -> int:
    """Returns the orientation of the main picture as EXIF numbers it, 1 to 8; 1 if none is stated.

    data: a whole file, whose decoder has found nothing wrong with it.
    """
    turns, exchanged = 0, None
    try:
        for name, body in _properties(data):
            if name == b"irot":
                turns = body[0] & 3
            elif name == b"imir":
                exchanged = body[0] & 1
    except (struct.error, IndexError, KeyError):
        return 1
    return _ORIENTATION[turns, exchanged]


def _properties(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the names and contents of the main picture's properties, in the order to apply them.

    Raises struct.error, IndexError or KeyError where a box is missing or cut short.
    """
    meta = dict(_boxes(dict(_boxes(data))[b"meta"][4:]))
    wide = meta[b"pitm"][0] > 0  # its version: numbers of items have 32 bits, not 16
    (main,) = struct.unpack_from(">I" if wide else ">H", meta[b"pitm"], 4)
    found = dict(_boxes(meta[b"iprp"]))
    properties, ipma = list(_boxes(found[b"ipco"])), found[b"ipma"]
    item, index = ">I" if ipma[0] > 0 else ">H", ">H" if ipma[3] & 1 else ">B"
    (items,), at = struct.unpack_from(">I", ipma, 4), 8
    for _ in range(items):
        (number,) = struct.unpack_from(item, ipma, at)
        at += struct.calcsize(item)
        count, at = ipma[at], at + 1
        for _ in range(count):
            (place,) = struct.unpack_from(index, ipma, at)
            at += struct.calcsize(index)
            place &= 0x7FFF if index == ">H" else 0x7F  # the highest bit: it has to be understood
            if number == main and place:
                yield properties[place - 1]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the names and contents of the boxes that lie one after the other in `data`."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        end = at + size if size else len(data)
        if end < at + head:
            return
        yield name, data[at + head : end]
        at = end
