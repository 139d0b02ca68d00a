"""Still pictures: good, odd and bad ones, and folders of them."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.decoding import avif, picture
from edge.decoding.picture import find_pictures, natural, read_picture, read_rgb
from edge.errors import FingerspellError, SourceError, UsageError
from edge.sources import open_source

RED_BGR = (10, 20, 250)
RED = [250, 20, 10]

# A CMYK JPEG of 16x8 px with Adobe's marker, as image editors write it: (250, 25, 25).
CMYK = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBX"
    "QUZMTlJTUjI+WmFaUGBKUVJP/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAAGB//EABQQ"
    "AQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8A05AIBpYA/9k="
)


def encode(suffix: str, image: np.ndarray) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def red(height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width, 3), RED_BGR, np.uint8)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Puts an EXIF segment that states `orientation` into a JPEG."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def png(width: int, height: int, rows: bytes) -> bytes:
    """A PNG of 8-bit grey, from its filtered rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


GOOD = {
    "red.jpg": (encode(".jpg", red()), RED),
    "red.png": (encode(".png", red()), RED),
    "red.webp": (encode(".webp", red()), RED),
    "red.bmp": (encode(".bmp", red()), RED),
    "red.tiff": (encode(".tiff", red()), RED),
    "misnamed.txt": (encode(".jpg", red()), RED),
    "one.png": (encode(".png", red(1, 1)), RED),
    "one.jpg": (encode(".jpg", red(1, 1)), RED),
    "grey.png": (encode(".png", np.full((40, 60), 90, np.uint8)), [90] * 3),
    "grey.jpg": (encode(".jpg", np.full((40, 60), 90, np.uint8)), [90] * 3),
    "grey16.png": (encode(".png", np.full((40, 60), 0x5A00, np.uint16)), [90] * 3),
    "deep.png": (encode(".png", red().astype(np.uint16) << 8), RED),
    "deep.tiff": (encode(".tiff", red().astype(np.uint16) << 8), RED),
    "opaque.png": (encode(".png", np.dstack([red(), np.full((40, 60), 255, np.uint8)])), RED),
    "clear.png": (encode(".png", np.dstack([red(), np.zeros((40, 60), np.uint8)])), [128] * 3),
    "clear.webp": (encode(".webp", np.dstack([red(), np.zeros((40, 60), np.uint8)])), [128] * 3),
    "half.png": (
        encode(".png", np.dstack([red(), np.full((40, 60), 128, np.uint8)])),
        [189, 74, 69],
    ),
    "deep-clear.png": (encode(".png", np.zeros((40, 60, 4), np.uint16)), [128] * 3),
    "cmyk.jpg": (CMYK, [250, 25, 25]),
}


@pytest.mark.parametrize("name", GOOD)
def test_all_kinds_become_rgb(tmp_path: Path, name: str) -> None:
    """Whatever its depth, colours and format, a picture is (H, W, 3) uint8, red first."""
    content, colour = GOOD[name]
    path = tmp_path / name
    path.write_bytes(content)
    rgb = read_rgb(path)
    assert rgb.dtype == np.uint8
    assert rgb.ndim == 3
    assert rgb.flags.c_contiguous
    assert np.median(rgb, axis=(0, 1)) == pytest.approx(colour, abs=6)


def textured(height: int = 240, width: int = 320) -> np.ndarray:
    """A picture without flat parts: blurred noise, the same each time."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def after_header(content: bytes, more: bytes) -> bytes:
    """A PNG with these bytes behind its header chunk."""
    return content[:33] + more + content[33:]


PADDED = encode(".bmp", np.dstack([red(), np.zeros((40, 60), np.uint8)]))
HALF_PADDED = encode(".bmp", np.dstack([red(), np.repeat([[0, 255]], 30, 1).repeat(40, 0)]))
QUANTISATION = encode(".jpg", red()).index(b"\xff\xdb")
BAD_TEXT = struct.pack(">I", 8) + b"tEXtKey\0text" + b"\0\0\0\0"
READABLE = {
    "padded.bmp": PADDED,
    "half-padded.bmp": HALF_PADDED,
    "before-the-first-marker.jpg": b"\xff\xd8\0\0abc" + encode(".jpg", red())[2:],
    "before-a-marker.jpg": encode(".jpg", red())[:QUANTISATION] + b"\x12\x34"
    + encode(".jpg", red())[QUANTISATION:],
    "no-end.jpg": encode(".jpg", red())[:-2],
    "half-an-end.jpg": encode(".jpg", red())[:-1],
    "more-behind.jpg": encode(".jpg", red()) + b"trailer" * 40,
    "bad-text.png": after_header(encode(".png", red()), BAD_TEXT),
    "no-end.png": encode(".png", red())[:-12],
    "half-an-end.png": encode(".png", red())[:-7],
}  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_what_can_be_read_is_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """Faults that do not touch the picture do not matter, and nothing is said of them."""
    path = tmp_path / name
    path.write_bytes(READABLE[name])
    assert np.median(read_rgb(path), axis=(0, 1)) == pytest.approx(RED, abs=6)
    assert capfd.readouterr() == ("", "")


def test_formats_that_opencv_may_lack_are_named(tmp_path: Path) -> None:
    """GIF and AVIF are read, or a line says which version cannot, and what to do."""
    for suffix, name in ((".gif", "GIF"), (".avif", "AVIF")):
        path = tmp_path / f"red{suffix}"
        whole = bytes.fromhex(
            "47494638396101000100800000fa140a0000002c00000000010001000002024401003b"
        )
        if suffix == ".avif":
            whole = b"\0\0\0\x18ftypavif\0\0\0\0avifmif1"
        path.write_bytes(whole)
        try:
            assert read_rgb(path).shape == (1, 1, 3)
        except SourceError as error:
            assert f"is {name} that is damaged, or that OpenCV {cv2.__version__}" in str(error)  # noqa: PT017


@pytest.mark.parametrize("options", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_that_was_cut_is_told_although_it_has_an_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: list[int], orientation: int
) -> None:
    """libjpeg would fill the rest with grey, in which a half hand may be read as another letter."""
    whole = cv2.imencode(".jpg", textured(), options)[1].tobytes()
    scan = whole.index(b"\xff\xda")
    path = tmp_path / "cut.jpg"
    for share in (0.02, 0.2, 0.9):
        at = scan + 20 + round((len(whole) - scan) * share)
        path.write_bytes(with_orientation(whole[:at] + b"\xff\xd9", orientation))
        with pytest.raises(SourceError, match="cut short"):
            read_rgb(path)
    path.write_bytes(with_orientation(whole, orientation))
    assert read_rgb(path).std() > 10
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [(64, 64), (65, 80), (240, 320)])
@pytest.mark.parametrize("seed", range(3))
def test_any_cut_of_a_jpeg_is_told_and_whole_ones_are_read(
    tmp_path: Path, size: tuple[int, int], seed: int
) -> None:
    """A picture that lacks more than its last block; one that is flat at its end is whole, too."""
    image = textured(*size)
    whole = encode(".jpg", image)
    path = tmp_path / "cut.jpg"
    scan = whole.index(b"\xff\xda") + 14
    last = scan + (len(whole) - scan) * 7 // 8
    for at in np.random.default_rng(seed).integers(scan, last, 5).tolist():
        path.write_bytes(whole[:at] + b"\xff\xd9")
        with pytest.raises(SourceError, match="cut short"):
            read_rgb(path)
    image[size[0] // 2 :] = 90
    path.write_bytes(encode(".jpg", image))
    assert read_rgb(path).shape == (*size, 3)


def damaged_png() -> bytes:
    data = bytearray(encode(".png", red()))
    data[60] ^= 0x55
    return bytes(data)


BAD = {
    "empty.jpg": (b"", "is empty"),
    "empty.png": (b"", "is empty"),
    "text.jpg": (b"no picture\n" * 9, "no picture that OpenCV can decode"),
    "cut.jpg": (encode(".jpg", red())[:-200], "cut short"),
    "cut-early.jpg": (encode(".jpg", red())[:30], "cut short"),
    "cut.png": (encode(".png", red())[:-20], "cut short"),
    "cut-early.png": (encode(".png", red())[:12], "cut short"),
    "cut-in-its-header.png": (encode(".png", red())[:20], "cut short"),
    "cut.webp": (encode(".webp", red())[:-20], "cut short"),
    "cut.bmp": (encode(".bmp", red())[:-20], "cut short"),
    "damaged.png": (damaged_png(), "damaged"),
    "bomb.png": (png(100_000, 100_000, b""), "would take 30,000 MB of memory"),
}


def jpeg_header(width: int, height: int, frame: int) -> bytes:
    """A JPEG of grey that states its size, and has no pixels; `frame` is the marker's number."""
    head = b"\xff\xd8\xff\xdb" + struct.pack(">HB", 67, 0) + b"\1" * 64
    head += b"\xff" + bytes([frame]) + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return head + b"\xff\xda\0\x08\1\1\0\0\0\0" + b"\xff\xd9"


def tiff(width: int, height: int) -> bytes:
    """A TIFF of 8-bit grey in one strip, which has no pixels."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 0}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)


WIDE = 60_000
BOMBS = {
    "progressive.jpg": jpeg_header(WIDE, WIDE, 0xC2),
    "grey.png": png(WIDE, WIDE, b""),
    "canvas.gif": b"GIF89a" + struct.pack("<HHBBB", WIDE, WIDE, 0x80, 0, 0) + bytes(6)
    + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2L\1\0;",
    "header.bmp": b"BM" + struct.pack("<IIIIiiHHI", 54, 0, 54, 40, WIDE, WIDE, 1, 32, 0)
    + bytes(20),
    "upside-down.bmp": b"BM" + struct.pack("<IIIIiiHHI", 54, 0, 54, 40, WIDE, -WIDE, 1, 24, 0)
    + bytes(20),
    "canvas.webp": b"RIFF" + struct.pack("<I4s4sI", 22, b"WEBP", b"VP8X", 10) + bytes(4)
    + (WIDE - 1).to_bytes(3, "little") * 2,
    "lossless.webp": b"RIFF" + struct.pack("<I4s4sIBI", 14, b"WEBP", b"VP8L", 5, 0x2F, 0xFFFFFFF)
    + bytes(9),
    "binary.ppm": f"P6 # much\n{WIDE} {WIDE}\n65535\n".encode(),
    "strip.tiff": tiff(WIDE, WIDE // 2),
    "header.hdr": f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {WIDE // 4} +X {WIDE}\n".encode(),
}  # fmt: skip

# Reads one picture in a process that may take 1 GB more than it has once OpenCV is loaded.
READ_IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from edge.decoding import read_rgb
from edge.errors import SourceError

pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 10**9,) * 2)
for name in sys.argv[1:]:
    try:
        print(read_rgb(Path(name)).shape)
    except SourceError as error:
        print(error)
"""


def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """One bound in bytes holds for every format, and is checked before anything is decoded."""
    for name, content in BOMBS.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", READ_IN_LITTLE_MEMORY, *(tmp_path / name for name in BOMBS)],
        capture_output=True, text=True, check=False, timeout=50,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stderr == ""
    for name, line in zip(BOMBS, done.stdout.splitlines(), strict=True):
        assert line.startswith(f"{tmp_path / name} would take "), line
        assert line.endswith("make the picture smaller")


def test_large_pictures_are_still_read(tmp_path: Path) -> None:
    """The bound is in bytes as decoded: a large JPEG is scaled down meanwhile, and is read."""
    path = tmp_path / "wide.jpg"
    path.write_bytes(encode(".jpg", np.full((10_000, 14_000), 90, np.uint8)))
    assert read_rgb(path).shape == (2500, 3500, 3)


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_say_what_is_wrong(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """One line names the file and what is wrong; no library writes to stderr."""
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=reason) as caught:
        read_rgb(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_what_is_no_file_says_so(tmp_path: Path) -> None:
    """A missing file, a folder, a device and a huge file have their own messages; none is read."""
    with pytest.raises(SourceError, match="there is no"):
        read_rgb(tmp_path / "missing.jpg")
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(SourceError, match="is no file"):
            read_rgb(path)
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(picture.MAX_BYTES + 1)
    with pytest.raises(SourceError, match="too large"):
        read_rgb(huge)


# Where the corner that is marked in the upright picture lies in the file: row, column (0 or -1).
CORNERS = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (-1, 0), 7: (-1, -1)}
CORNERS[8] = (0, -1)


def webp_with_orientation(image: np.ndarray, orientation: int) -> bytes:
    """A lossless WebP whose EXIF chunk states `orientation`."""
    plain: bytes = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    at = plain.index(b"VP8L")
    pixels = plain[at : at + 8 + int.from_bytes(plain[at + 4 : at + 8], "little")]
    pixels += bytes(len(pixels) % 2)
    exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    height, width = image.shape[:2]
    head = struct.pack("<4sI", b"VP8X", 10) + b"\x08\0\0\0"
    head += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + head + pixels + struct.pack("<4sI", b"EXIF", len(exif)) + exif
    whole: bytes = b"RIFF" + struct.pack("<I", len(body)) + body
    return whole


def png_with_orientation(image: np.ndarray, orientation: int) -> bytes:
    """A PNG whose eXIf chunk, behind the header, states `orientation`."""
    body = b"eXIfMM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return after_header(encode(".png", image), chunk)


def avif_with_orientation(image: np.ndarray, orientation: int) -> bytes:
    """An AVIF whose `irot` and `imir` state `orientation`: Pillow writes them in place of EXIF."""
    pillow = pytest.importorskip("PIL.Image")
    if not cv2.haveImageWriter("x.avif"):
        pytest.skip("this OpenCV reads no AVIF")
    exif, file = pillow.Exif(), BytesIO()
    exif[0x0112] = orientation
    pillow.fromarray(image).save(file, "AVIF", exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["jpg", "webp", "png", "transparent.png", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright(tmp_path: Path, orientation: int, kind: str) -> None:
    """EXIF orientation is applied: all eight come out with the marked corner at the top left."""
    upright_wide = orientation < 5
    stored = np.zeros((40, 64, 3) if upright_wide else (64, 40, 3), np.uint8)
    row, column = (slice(0, 16) if at == 0 else slice(-16, None) for at in CORNERS[orientation])
    stored[row, column] = 255
    path = tmp_path / f"phone.{kind}"
    if kind == "jpg":
        path.write_bytes(with_orientation(encode(".jpg", stored), orientation))
    elif kind == "webp":
        path.write_bytes(webp_with_orientation(stored, orientation))
    elif kind == "avif":
        path.write_bytes(avif_with_orientation(stored, orientation))
    else:
        if kind == "transparent.png":
            stored = np.dstack([stored, np.full(stored.shape[:2], 255, np.uint8)])
        path.write_bytes(png_with_orientation(stored, orientation))
    rgb = read_rgb(path)
    assert rgb.shape == (40, 64, 3)
    assert rgb[:14, :14].min() > 200
    assert rgb[18:].max() < 50
    assert rgb[:, 18:].max() < 50


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_is_decoded_apart_comes_whole(
    unbuffered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether Python keeps back what a process writes (PYTHONUNBUFFERED) does not matter."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    path = tmp_path / "red.tiff"
    path.write_bytes(encode(".tiff", red()))
    assert np.median(read_rgb(path), axis=(0, 1)) == pytest.approx(RED, abs=6)


def test_half_transparent_tiff_is_laid_on_grey_once(tmp_path: Path) -> None:
    """The colours of a TIFF are multiplied by alpha once, not twice."""
    path = tmp_path / "half.tiff"
    # 16 x 16 uncompressed RGBA whose fourth sample is alpha that is not multiplied in (kind 2).
    tags = [(256, 16), (257, 16), (258, 134), (259, 1), (262, 2), (273, 142), (277, 4), (278, 16)]
    tags += [(279, 1024), (338, 2)]
    body = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, value in tags:
        body += struct.pack("<HHII", tag, 3, 4 if tag == 258 else 1, value)
    body += bytes(4) + struct.pack("<4H", 8, 8, 8, 8) + bytes([200, 100, 50, 128]) * 256
    path.write_bytes(body)
    wanted = [(colour * 128 + 128 * 127) / 255 for colour in (200, 100, 50)]
    assert np.abs(read_rgb(path)[8, 8] - wanted).max() <= 2


@pytest.mark.parametrize("depth", [8, 16])
def test_the_transparent_level_of_a_grey_png_is_laid_on_grey(tmp_path: Path, depth: int) -> None:
    """One grey level can be transparent in a PNG; it becomes mid grey, and the others stay."""
    image = np.full((16, 16), 200, np.uint8 if depth == 8 else np.uint16)
    image[:, :8] = 10
    if depth == 16:
        image[:, 8:] = 200 << 8
    name = b"tRNS" + struct.pack(">H", 10)
    chunk = struct.pack(">I", 2) + name + struct.pack(">I", zlib.crc32(name))
    path = tmp_path / "level.png"
    path.write_bytes(after_header(encode(".png", image), chunk))
    rgb = read_rgb(path)
    assert (rgb[:, :8] == 128).all()
    assert (rgb[:, 8:] == 200).all()


@pytest.mark.parametrize(
    ("suffix", "size", "returned", "scale"),
    [
        (".jpg", (4096, 40), (4096, 40), 1),
        (".jpg", (5000, 40), (2500, 20), 2),
        (".jpg", (12000, 90), (3000, 23), 4),
        (".jpg", (80, 20000), (10, 2500), 8),
        (".jpg", (40000, 8), (4096, 1), 40000 / 4096),
        (".png", (12000, 90), (4096, 31), 12000 / 4096),
    ],
)
def test_wide_pictures_come_back_smaller(
    tmp_path: Path, suffix: str, size: tuple[int, int], returned: tuple[int, int], scale: float
) -> None:
    """Beyond 4096 px a picture is scaled down, and says by how much."""
    path = tmp_path / f"wide{suffix}"
    path.write_bytes(encode(suffix, red(size[1], size[0])))
    read = read_picture(path)
    assert read.rgb.shape[1::-1] == returned
    assert read.scale == pytest.approx(scale)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
@example(b"\xc0", b"\xff\xd8\xff")  # a marker of a frame, or of a scan, and nothing after it
@example(b"\xda", b"\xff\xd8\xff")
def test_no_bytes_break_the_reader(content: bytes, head: bytes) -> None:
    """Any bytes are a picture or a FingerspellError, never another exception."""
    with NamedTemporaryFile() as file:
        file.write(head + content)
        file.flush()
        with contextlib.suppress(FingerspellError):
            read_rgb(Path(file.name))


def test_folders_are_in_natural_order(tmp_path: Path) -> None:
    """9 comes before 10, and capitals do not come first; other files are left out."""
    for name in (
        "10.png",
        "9.png",
        "b.JPG",
        "A.png",
        "a2.png",
        "c.jfif",
        "notes.txt",
        ".hidden.png",
    ):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in find_pictures(tmp_path)] == [
        "9.png",
        "10.png",
        "A.png",
        "a2.png",
        "b.JPG",
        "c.jfif",
    ]


@given(st.lists(st.text("ab9 0٣²é.-", min_size=1, max_size=9), max_size=5))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    """Names in any script, with any digits, have an order, the same however they came."""
    paths = [Path("folder") / name for name in names]
    assert sorted(paths, key=natural) == sorted(reversed(paths), key=natural)


def test_a_folder_without_pictures_is_a_mistake(tmp_path: Path) -> None:
    """An empty folder, or one without pictures, is an error before anything starts."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match="there is no picture in"):
        open_source(f"images:{tmp_path}")


def test_unreadable_pictures_are_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The others are still read, counted without a gap; the log names what was skipped."""
    for name in ("1.png", "3.png"):
        (tmp_path / name).write_bytes(encode(".png", red()))
    (tmp_path / "2.png").touch()
    with caplog.at_level(logging.WARNING):
        frames = list(open_source(f"images:{tmp_path}?fps=2").frames())
    assert [(frame.index, frame.t_ns) for frame in frames] == [(0, 0), (1, 500_000_000)]
    assert f"{tmp_path / '2.png'} is empty" in caplog.text


def test_a_folder_of_unreadable_pictures_is_an_error(tmp_path: Path) -> None:
    """A run that saw nothing at all does not end as if all were well."""
    for name in ("1.png", "2.png"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=r"no picture in .* can be read"):
        list(open_source(f"images:{tmp_path}").frames())


def test_a_single_picture_is_a_source(tmp_path: Path) -> None:
    """images:FILE shows one picture, as many times as requested; a bad one is an error."""
    path = tmp_path / "what?fps=3.png"
    path.write_bytes(encode(".png", red()))
    with contextlib.closing(open_source(f"images:{path}?repeat=3&fps=10")) as source:
        assert [frame.t_ns for frame in source.frames()] == [0, 100_000_000, 200_000_000]
    with contextlib.closing(open_source(f"images:{path}")) as source:
        assert len(list(source.frames())) == 1
    path.write_bytes(b"")
    with pytest.raises(SourceError, match="is empty"):
        list(open_source(f"images:{path}").frames())


@given(
    content=st.binary(max_size=200),
    at=st.integers(0, 400),
    name=st.sampled_from([b"meta", b"ipma", b"irot"]),
)
def test_an_avif_that_makes_no_sense_is_upright(content: bytes, at: int, name: bytes) -> None:
    """Whatever its boxes say, an orientation from 1 to 8 comes out, and no other error."""
    whole = b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + struct.pack(">I", at) + name + content
    assert avif.orientation(whole) in range(1, 9)
