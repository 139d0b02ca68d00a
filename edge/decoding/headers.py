"""How large a picture will be once it is decoded, from its header, before anything is decoded."""

from __future__ import annotations

import re
import struct

PNG = b"\x89PNG\r\n\x1a\n"
BMP = b"BM"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NETPBM = re.compile(rb"P([1-6])(?:\s|#[^\r\n]*[\r\n])+(\d+)(?:\s|#[^\r\n]*[\r\n])+(\d+)\s")
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF = {b"avif", b"avis"}
# PNG's colour types: 0 is grey, 2 RGB, 3 a palette, and 4 and 6 are grey and RGB with transparency.
PNG_TRANSPARENT = (4, 6)


def decoded_bytes(data: bytes) -> int | None:
    """Returns the bytes of a PNG, BMP, GIF, WebP or Netpbm picture as OpenCV holds it, decoded.

    None: it is another format, or too short to say. JPEG has edge/decoding/jpeg.py.
    """
    pixels: tuple[int, int, int] | None = None  # width, height, bytes a pixel
    if data.startswith(PNG) and len(data) >= 26:
        width, height, depth, colours = struct.unpack_from(">IIBB", data, 16)
        channels = 4 if colours in PNG_TRANSPARENT or b"tRNS" in data[:4096] else 3
        pixels = width, height, channels * max(1, depth // 8)
    elif data.startswith(BMP) and len(data) >= 30:
        pixels = _bmp(data)
    elif data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        pixels = *struct.unpack_from("<HH", data, 6), 4
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP" and len(data) >= 30:
        pixels = _webp(data)
    elif found := _NETPBM.match(data[:4096]):
        width, height = (min(int(n[:12]), 1 << 40) for n in found.groups()[1:])
        pixels = width, height, 3 * (1 if found[1] in (b"1", b"4") else 2)
    return None if pixels is None else pixels[0] * pixels[1] * pixels[2]


def _bmp(data: bytes) -> tuple[int, int, int]:
    if int.from_bytes(data[14:18], "little") == 12:  # OS/2's older header
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    return abs(width), abs(height), 4 if bits == 32 else 3


def _webp(data: bytes) -> tuple[int, int, int] | None:
    """Source: RFC 9649, which has the three kinds of a first chunk."""
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (n & 0x3FFF for n in struct.unpack_from("<HH", data, 26))
    else:
        return None
    return width, height, 4


def exif_orientation(data: bytes) -> int:
    """Returns the EXIF orientation of a PNG or WebP, 1 to 8; 1 where it states none.

    Source: the PNG specification, 11.3.3.4, and RFC 9649 for the chunks; EXIF 2.32, 4.6.4, for tag
    0x0112 of the first directory.
    """
    if data.startswith(PNG):
        at, of_length, of_name, rest = len(PNG), ">I", 4, 4  # a checksum ends each chunk
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        at, of_length, of_name, rest = 12, "<I", 0, 0
    else:
        return 1
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(of_length, data, at + 4 - of_name)
        if data[at + of_name : at + of_name + 4] in (b"eXIf", b"EXIF"):
            return _orientation(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        at += 8 + size + (rest or size % 2)
    return 1


def _orientation(exif: bytes) -> int:
    order = "<" if exif.startswith(b"II") else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        for n in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, first + 2 + 12 * n)
            if tag == 0x0112:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def brand(data: bytes) -> str | None:
    """Returns "HEIC" or "AVIF", two formats that share a container; None for any other."""
    if data[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[at : at + 4] for at in range(8, end, 4)}
    if brands & _AVIF:
        return "AVIF"
    return "HEIC" if brands & _HEIF else None
