"""Still pictures: any file that OpenCV can decode, upright, as 8-bit RGB.

- Files: JPEG, PNG, WebP, BMP, TIFF, PPM, JPEG 2000 and others. GIF (its first picture) and AVIF
  are read where OpenCV was built with them; 4.11 from the package index is not. HEIC is not read.
- 16-bit pictures become 8-bit; grey and CMYK pictures become RGB.
- EXIF orientation is applied to JPEG, PNG and WebP, also to transparent ones, and what AVIF says of
  turns and mirrors. Of TIFF it is applied where OpenCV does so.
- Transparent parts are shown on mid grey, against which light and dark skin both stand out.
- A picture whose longer side exceeds MAX_SIDE_PX comes back smaller. A JPEG is then scaled down by
  2, 4 or 8 while it is decoded, so that one of 12,000 px needs little memory.
- A picture that would take more than MAX_DECODED_BYTES is refused. The header shows, before it is
  decoded. Formats whose header is not read here are decoded in a process with limited memory.
- A file that lacks a part of its picture is refused, since OpenCV would fill it with grey.
"""

from __future__ import annotations

import re
import select
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from edge.decoding import avif, child, headers, jpeg, png
from edge.decoding.opencv_log import decoders_silenced, quiet
from edge.errors import SourceError, UsageError, lacks_memory
from edge.types import Rgb

MAX_SIDE_PX = 4096  # of what is returned: a phone's picture of 12 megapixels is 4,032 px wide
# Of a picture once it is decoded, whatever its format: 200 megapixels of 8-bit RGB, the most that
# phones take. OpenCV holds it twice while it hands it over, and a Pi of 2 GB can still do that.
MAX_DECODED_BYTES = 600_000_000
DECODER_COPIES = 2  # of the decoded picture, measured for each format as the peak of its memory
MAX_BYTES = 200_000_000  # of a file, which is read into memory as a whole

# HEIC cannot be read. It is listed all the same, so that it is named and not passed over.
_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".bmp", ".dib", ".tif", ".tiff",
    ".gif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif",
)  # fmt: skip
_WAKE_MS, _PART_BYTES = 500, 1 << 16  # of waiting for an open file; of what is read at once
_GREY = 128  # the middle of 0..255
# The first bytes of TIFF, JPEG 2000 without its container, Radiance HDR, Sun raster, PFM, PAM, EXR.
_OTHERS = (
    *headers.TIFF, b"\xff\x4f\xff\x51", b"#?", b"\x59\xa6\x6a\x95", b"PF", b"Pf", b"P7",
    b"\x76\x2f\x31\x01",
)  # fmt: skip
_UNDECODED = "is damaged, cut short or no picture that OpenCV can decode"
CONVERT = (
    "convert it: heif-convert photo.heic photo.jpg (apt install libheif-examples), or let the "
    "phone share it as JPEG"
)
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
    pictures, _ = inside(folder)
    if not pictures:
        raise UsageError(f"there is no picture in {folder}; it takes files such as A.jpg or A.png")
    return pictures


def inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Returns the picture files in a folder, and its sub-folders, both in natural order.

    Hidden ones are left out. Raises UsageError if the folder cannot be read.
    """
    try:
        found = sorted((p for p in folder.iterdir() if p.name[0] != "."), key=natural)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    folders = [p for p in found if p.is_dir()]
    return [p for p in found if p.suffix.lower() in _SUFFIXES and p not in folders], folders


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
    return _decoded(data, str(path))


def read_stream(file: BufferedReader, name: str) -> Picture:
    """Reads a picture from an open file, to its end; `name` is for messages. Raises SourceError."""
    data = bytearray()
    poll = select.poll()
    poll.register(file, select.POLLIN)
    try:
        while len(data) <= MAX_BYTES:
            # A signal that comes just before a read does not end it: only Python's own code checks.
            if poll.poll(_WAKE_MS):
                part = file.read1(_PART_BYTES)
                if not part:
                    return _decoded(bytes(data), name)
                data += part
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror}") from None
    raise SourceError(f"{name} is too large for a picture ({MAX_BYTES // 10**6} MB)")


def _decoded(data: bytes, name: str) -> Picture:
    try:
        return decode(data)
    except ValueError as error:
        raise SourceError(f"{name} {error}") from None


def decode(data: bytes) -> Picture:
    """Decodes a picture file; raises ValueError with a reason that follows the file's name."""
    if not data:
        raise ValueError("is empty")
    if data.startswith(jpeg.START):
        return _shrunk(*_jpeg(data))
    if headers.brand(data) == "HEIC":
        raise ValueError(f"is HEIC, which is not read; {CONVERT}")
    if data.startswith(headers.PNG):
        data, transparent = png.checked(data)
    else:
        # Some versions of OpenCV take the fourth channel of BMP, which is mostly padding, as alpha.
        transparent = not data.startswith(headers.BMP)
    size = headers.decoded_bytes(data)
    _check_bytes(size or 0)
    imdecode = _apart if size is None else _imdecode
    # Only some versions of OpenCV turn WebP upright, and none turns a transparent PNG.
    ours = _is_webp(data) or data.startswith(headers.PNG)
    flags = cv2.IMREAD_COLOR | (cv2.IMREAD_IGNORE_ORIENTATION if ours else 0)
    picture = imdecode(data, cv2.IMREAD_UNCHANGED if transparent else flags)
    if transparent and data.startswith(headers.PNG):
        picture = png.with_alpha(picture, data)
    if transparent and not _has_alpha(picture, data):
        del picture
        picture = imdecode(data, flags)
    if picture.shape[2:] == (4,) and data.startswith(headers.TIFF) and picture.dtype == np.uint8:
        picture = _opaque(picture, multiplied=True)
    stated = avif.orientation if headers.brand(data) == "AVIF" else headers.exif_orientation
    picture = _upright(picture, stated(data))
    return _shrunk(picture, max(picture.shape[:2]))


def _jpeg(data: bytes) -> tuple[npt.NDArray[Any], int]:
    """Decodes a JPEG, scaled down where it is large; returns it and the longer side of the file."""
    header = jpeg.parse(data)
    longer_px = max(header.width, header.height)
    fitting = (item for item in _REDUCED if longer_px <= item[0] * MAX_SIDE_PX)
    factor, flags = next(fitting, _REDUCED[-1])
    _check_bytes(header.coefficient_bytes + 3 * header.width * header.height // factor**2)
    with decoders_silenced():
        picture = _imdecode(header.data, flags)
        if jpeg.is_cut(header, picture, lambda other: _imdecode(other, flags)):
            raise ValueError("is a JPEG that is cut short: a part of its picture is missing")
    return picture, longer_px


def _check_bytes(decoded: int) -> None:
    if decoded > MAX_DECODED_BYTES:
        raise ValueError(
            f"would take {decoded / 1e6:,.0f} MB of memory, and {MAX_DECODED_BYTES // 10**6} MB "
            "are the most; make the picture smaller"
        )


def _shrunk(picture: npt.NDArray[Any], longer_px: int) -> Picture:
    """Makes RGB of BGR or BGRA, and a picture that is too wide smaller.

    longer_px: the longer side of the picture in the file.
    """
    if max(picture.shape[:2]) > MAX_SIDE_PX:
        shrink = MAX_SIDE_PX / max(picture.shape[:2])
        size = [max(1, round(side * shrink)) for side in picture.shape[1::-1]]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    bgr = _opaque(picture) if picture.shape[2] == 4 else picture
    rgb = cast(Rgb, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    return Picture(rgb, longer_px / max(rgb.shape[:2]))


def _is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _upright(picture: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turns a picture as EXIF says: from 5 on its rows and columns are exchanged first."""
    if orientation >= 5:
        picture = picture.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _has_alpha(picture: npt.NDArray[Any], data: bytes) -> bool:
    """Whether the fourth channel says what is transparent.

    In TIFF it may be padding, and is then zero everywhere.
    """
    if picture.ndim < 3 or picture.shape[2] != 4:
        return False
    may_be_padding = data.startswith(headers.TIFF)
    return not may_be_padding or bool(picture[:, :, 3].any())


def _imdecode(data: bytes, flags: int) -> npt.NDArray[Any]:
    with quiet:
        try:
            bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error as error:
            if lacks_memory(error):
                raise
            bgr = None
    if bgr is None:
        raise ValueError(_undecoded(data))
    return bgr


def _undecoded(data: bytes) -> str:
    """Returns why there is no picture; some formats are missing from some builds of OpenCV."""
    kind = "GIF" if data.startswith(b"GIF8") else headers.brand(data)
    if kind is None:
        return _UNDECODED
    return (
        f"is {kind} that is damaged, or that OpenCV {cv2.__version__} on this computer cannot "
        "decode; convert it to JPEG or PNG"
    )


def _apart(data: bytes, flags: int) -> npt.NDArray[Any]:
    """Decodes a format whose size is not known before, in a process with limited memory."""
    if not _is_picture(data):
        raise ValueError(_UNDECODED)
    try:
        bgr = child.decode(data, flags, DECODER_COPIES * MAX_DECODED_BYTES)
    except child.TooLargeError:
        raise ValueError(
            f"would take more than the {MAX_DECODED_BYTES // 10**6} MB of memory that are the "
            "most; make the picture smaller"
        ) from None
    if bgr is None:
        raise ValueError(_undecoded(data))
    return bgr


def _is_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a format that OpenCV may know: no child for the rest."""
    return data.startswith(_OTHERS) or data[4:8] in (b"ftyp", b"jP  ")


def _opaque(bgra: npt.NDArray[Any], multiplied: bool = False) -> npt.NDArray[np.uint8]:
    """Lays an (H, W, 4) picture of 8 or 16 bits on mid grey: (H, W, 3) uint8.

    multiplied: its colours are multiplied by alpha already, as libtiff does in TIFF of 8 bits.
    """
    if bgra.dtype == np.uint16:
        bgra = (bgra >> 8).astype(np.uint8)
    alpha = bgra[:, :, 3:].astype(np.uint16)
    if multiplied:
        grey = (_GREY * (255 - alpha) + 127) // 255
        return np.minimum(bgra[:, :, :3] + grey, 255).astype(np.uint8)
    return ((bgra[:, :, :3] * alpha + _GREY * (255 - alpha) + 127) // 255).astype(np.uint8)
