"""Still pictures: any file that OpenCV can decode, upright, as 8-bit RGB.

- Files: JPEG, PNG, WebP, BMP, TIFF, GIF (the first picture), PPM, and others that OpenCV was built
  with. Most builds read neither AVIF nor HEIC.
- 16-bit pictures become 8-bit; grey and CMYK pictures become RGB.
- EXIF orientation is applied, except to transparent pictures: OpenCV keeps either the orientation
  or the transparency.
- Transparent parts are shown on mid grey, against which light and dark skin both stand out.
- A picture whose longer side exceeds MAX_SIDE_PX comes back smaller. A JPEG is then scaled down by
  2, 4 or 8 while it is decoded, so that one of 12,000 px needs little memory. Other formats are
  decoded at full size first, and a PNG of more than MAX_PIXELS is refused.
- A file that is cut short is refused: OpenCV would return a picture with a part missing.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from edge.decoding.opencv_log import quiet
from edge.errors import SourceError, UsageError
from edge.types import Rgb

MAX_SIDE_PX = 4096  # of what is returned: a phone's picture of 12 megapixels is 4,032 px wide
MAX_PIXELS = 200_000_000  # of a PNG: at three bytes a pixel 600 MB, which a Pi can still hold
MAX_BYTES = 200_000_000  # of a file, which is read into memory as a whole

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
_GREY = 128  # the middle of 0..255
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_REDUCED = (
    (1, cv2.IMREAD_COLOR),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (8, cv2.IMREAD_REDUCED_COLOR_8),
)


class Picture(NamedTuple):
    """A picture, and by how much it was scaled down.

    rgb: (H, W, 3) uint8, red first.
    scale: the side of one of its pixels, in pixels of the file's upright picture; 1.0 for most.
    """

    rgb: Rgb
    scale: float


def find_pictures(folder: Path) -> list[Path]:
    """Returns the picture files in `folder` in natural order (9.png before 10.png).

    Picture files are known by their suffix. Hidden files and sub-folders are left out. Raises
    UsageError if there is no picture, or the folder cannot be read.
    """
    try:
        inside = [p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES]
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    pictures = [p for p in inside if p.name[0] != "." and not p.is_dir()]
    if not pictures:
        raise UsageError(f"there is no picture in {folder}; it takes files such as A.jpg or A.png")
    return sorted(pictures, key=natural)


def natural(path: Path) -> tuple[list[tuple[bool, int, str]], str]:
    """A sort key: digits in a row count as one number, and upper and lower case as the same."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.stem.casefold())
    return [(p[0] > "9", int(p) if "0" <= p[0] <= "9" else 0, p) for p in parts], path.name


def read_rgb(path: Path) -> Rgb:
    """Reads a picture as (H, W, 3) uint8, red first; raises SourceError."""
    return read_picture(path).rgb


def read_picture(path: Path) -> Picture:
    """Reads a picture and its scale; raises SourceError if it cannot be read."""
    try:
        if not path.is_file():
            raise SourceError(f"{path} is no file" if path.exists() else f"there is no {path}")
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{path} is too large for a picture ({MAX_BYTES // 10**6} MB)")
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return _decode(data)
    except ValueError as error:
        raise SourceError(f"{path} {error}") from None


def _decode(data: bytes) -> Picture:
    """Decodes a picture file; raises ValueError with a reason that follows the file's name."""
    if not data:
        raise ValueError("is empty")
    flags, longer_px, transparent = cv2.IMREAD_COLOR, 0, True
    if data.startswith(_JPEG):
        longer_px, transparent = max(_jpeg_size(data)), False
        fitting = (flag for factor, flag in _REDUCED if longer_px <= factor * MAX_SIDE_PX)
        flags = next(fitting, cv2.IMREAD_REDUCED_COLOR_8)
    elif data.startswith(_PNG):
        transparent = _check_png(data)
    picture = _imdecode(data, cv2.IMREAD_UNCHANGED if transparent else flags)
    if transparent and not _has_alpha(picture):
        del picture
        picture = _imdecode(data, flags)
    longer_px = longer_px or max(picture.shape[:2])
    if max(picture.shape[:2]) > MAX_SIDE_PX:
        shrink = MAX_SIDE_PX / max(picture.shape[:2])
        size = [max(1, round(side * shrink)) for side in picture.shape[1::-1]]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    bgr = _opaque(picture) if _has_alpha(picture) else picture
    rgb = cast(Rgb, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    return Picture(rgb, longer_px / max(rgb.shape[:2]))


def _has_alpha(picture: npt.NDArray[Any]) -> bool:
    return picture.ndim == 3 and picture.shape[2] == 4


def _imdecode(data: bytes, flags: int) -> npt.NDArray[Any]:
    with quiet:
        try:
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error:
            bgr = None
    if bgr is None:
        raise ValueError("is damaged, cut short or no picture that OpenCV can decode")
    return bgr


def _opaque(bgra: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Lays an (H, W, 4) picture of 8 or 16 bits on mid grey: (H, W, 3) uint8."""
    if bgra.dtype == np.uint16:
        bgra = (bgra >> 8).astype(np.uint8)
    alpha = bgra[:, :, 3:].astype(np.uint16)
    return ((bgra[:, :, :3] * alpha + _GREY * (255 - alpha) + 127) // 255).astype(np.uint8)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """The (width, height) that a JPEG's frame header states."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2  # padding, or a marker that stands alone
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise ValueError("is a JPEG that is damaged or cut short")


def _check_png(data: bytes) -> bool:
    """Whether a PNG has transparent parts.

    Its chunks are checked here, since libpng would write warnings to stderr.
    """
    transparent = False
    at, view = len(_PNG), memoryview(data)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if name == b"IHDR" and length == 13:
            width, height, _, colour_type = struct.unpack_from(">IIBB", data, at + 8)
            transparent = colour_type in (4, 6)
            if width * height > MAX_PIXELS:
                raise ValueError(f"has {width}x{height} pixels; make it smaller")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise ValueError("is a PNG that is damaged")
        if name == b"IEND":
            return transparent
        transparent = transparent or name == b"tRNS"
        at = end + 4
    raise ValueError("is a PNG that is cut short")
