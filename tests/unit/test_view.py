"""Pictures that are turned, flipped and cropped, of every source."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.errors import UsageError
from edge.sources import open_source
from edge.types import Frame, Rgb
from tests.support import fake_cameras, fake_v4l2
from tests.support.mjpeg_server import Camera, serve

SIGNER = "signer:L?seed=1&size=320x240&fps=10"


def picture() -> Rgb:
    """48 by 32, every pixel another one."""
    y, x = np.mgrid[:32, :48]
    return np.stack([4 * x, 4 * y, 0 * x + 7], 2).astype(np.uint8)


def first(uri: str) -> Frame:
    """The first frame of a source."""
    with closing(open_source(uri)) as source:
        return next(iter(source.frames()))


VIEWS: dict[str, Callable[[Rgb], Any]] = {
    "rotate=90": lambda rgb: cv2.rotate(rgb, cv2.ROTATE_90_CLOCKWISE),
    "rotate=180": lambda rgb: cv2.rotate(rgb, cv2.ROTATE_180),
    "rotate=270": lambda rgb: cv2.rotate(rgb, cv2.ROTATE_90_COUNTERCLOCKWISE),
    "rotate=0": lambda rgb: rgb,
    "flip=horizontal": lambda rgb: rgb[:, ::-1],
    "flip=vertical": lambda rgb: rgb[::-1],
    "crop=20x10+5+8": lambda rgb: rgb[8:18, 5:25],
    "crop=20x10+40+30": lambda rgb: rgb[30:, 40:],
    "flip=horizontal&crop=9x20%2B1%2B2&rotate=90": lambda rgb: cv2.rotate(
        rgb, cv2.ROTATE_90_CLOCKWISE
    )[2:22, ::-1][:, 1:10],
}


@pytest.mark.parametrize("options", VIEWS)
def test_a_picture_is_turned_then_flipped_then_cropped(tmp_path: Path, options: str) -> None:
    """Clockwise, as people say it; the order of the options does not matter."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture()[:, :, ::-1])
    rgb = first(f"images:{path}?repeat=2&{options}").rgb
    np.testing.assert_array_equal(rgb, VIEWS[options](picture()))
    assert rgb.flags.c_contiguous


@pytest.mark.parametrize("kind", ["usb", "picamera", "video", "url", "images", "signer", "faulty"])
def test_every_source_can_be_turned(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that has options of its own, or is a path or a URL."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((120, 160, 3), np.uint8))
    clip = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 30, (160, 120))
    writer.write(np.zeros((120, 160, 3), np.uint8))
    writer.release()
    if kind in ("usb", "picamera"):
        machine = fake_cameras.install(monkeypatch, tmp_path, {})
        machine.plug(0, fake_v4l2.Device(noise=True))
    with serve(Camera()) as camera:
        uri = {
            "usb": "usb:0?size=320x240&rotate=90",
            "picamera": "picamera:0?rotate=90&size=320x240",
            "video": f"video:{clip}?rotate=90",
            "url": f"video:{camera.url}/?rotate=no#rotate=90&timeout=2",
            "images": f"images:{tmp_path}/a.png?rotate=90",
            "signer": "signer:A?size=320x240&rotate=90",
            "faulty": "faulty:A?size=320x240&rotate=90",
        }[kind]
        rgb = first(uri).rgb
    assert rgb.shape[0] * 3 == rgb.shape[1] * 4


@pytest.mark.parametrize("options", [*VIEWS, "crop=200x200+60+20"])
def test_the_truth_is_turned_with_the_picture(options: str) -> None:
    """Each joint lies on the same pixel, and a flipped hand is the other one."""
    if "crop" in options and "200" not in options:
        return
    plain = open_source(SIGNER).frames()
    turned = open_source(f"{SIGNER}&{options}").frames()
    for a, b in islice(zip(plain, turned, strict=True), 8, 12):
        assert a.truth
        assert b.truth
        if not a.truth.hand or not b.truth.hand:
            continue
        assert (a.truth.hand.handedness != b.truth.hand.handedness) == ("flip" in options)
        for (x, y, z), (u, v, w) in zip(
            a.truth.hand.landmarks.round().astype(int),
            b.truth.hand.landmarks.round().astype(int),
            strict=True,
        ):
            assert z == w
            assert a.rgb[y, x].tolist() == b.rgb[v, u].tolist()


def test_a_hand_that_is_cropped_away_is_not_there() -> None:
    """The truth is about what is to be seen."""
    frames = list(open_source(f"{SIGNER}&crop=8x8+0+0").frames())
    assert all(frame.truth and frame.truth.hand is None for frame in frames)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("rotate=45", "it is one of 0, 90, 180, 270"),
        ("flip=up", "it is one of no, horizontal, vertical"),
        ("crop=10x10", r"640x480\+LEFT\+TOP"),
    ],
)
def test_a_wrong_view_says_what_is_right(option: str, told: str) -> None:
    """It is a mistake in the settings."""
    with pytest.raises(UsageError, match=told):
        open_source(f"signer:A?{option}")


def test_a_crop_outside_of_the_picture_is_a_mistake() -> None:
    """How large the picture is, is said."""
    with pytest.raises(UsageError, match="outside of the picture, 320x240"):
        first(f"{SIGNER}&crop=10x10+320+0")


def test_a_path_that_looks_like_a_view_is_a_path(tmp_path: Path) -> None:
    """As with other options of images."""
    path = tmp_path / "a.png?rotate=90"
    path.write_bytes(cv2.imencode(".png", picture()[:, :, ::-1])[1].tobytes())
    np.testing.assert_array_equal(first(f"images:{path}").rgb, picture())


def test_a_camera_that_is_opened_again_keeps_its_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its URI has the camera's name by then, and the view still."""
    fake_cameras.install(monkeypatch, tmp_path).plug(0, fake_v4l2.Device(noise=True))
    source = open_source("usb:0?size=320x240&rotate=90&crop=100x100+1+2")
    again = getattr(source, "again", "")
    source.close()
    assert "name=" in again
    assert first(again).rgb.shape == (100, 100, 3)
