"""`fingerspell doctor --source URI`: looks at a source for some seconds, and says what is odd.

The pictures are watched as they come, and hands are followed in them as a run does it. What is
measured is kept in a Survey, of which the findings are made afterwards.
"""

from __future__ import annotations

import collections
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from edge.assembly import open_tracker
from edge.capture import CameraConfig, open_guarded
from edge.capture.symptoms import checksum, is_black, some_pixels
from edge.commands.doctor import Finding, show
from edge.config import Config
from edge.errors import SourceError, UsageError
from edge.hands import Tracker
from edge.hands.turned import common_turn, mend, turn_of, where_fingers_point
from edge.sources import public
from edge.stages import Source
from edge.types import Frame, Hand, Rgb

SLOW_HZ = (
    15.0  # people spell up to eight letters a second: below this there are fewer than 2 of each
)
PROMISE_KEPT = 0.8  # share of the promised rate; cameras vary by a few per cent
SMALL_PX = 240  # of the picture's shorter side: a hand of a fifth of it has then 48 px
DARK, BRIGHT = 45, 215  # of 255, mean of a picture
SLOWER = 10
STALE = 0.2  # share of pictures that repeat the one before while something moves
REST = 6  # repeats in a row are a scene at rest, which a stream may send as the same picture
FAR = 0.12  # of the picture's height: in clips that are read, hands have 0.12 to 0.27
LARGE = 0.8  # of it: the hand is cut off as soon as it moves
CUT_OFF = 0.02  # of the picture's side, that the box of a hand may lie outside it
MOSTLY = 0.7  # share of a hand's pictures, or of all of them
HARDLY = 0.1  # share of the hands
COMB = 25  # levels by which a row of a combed picture differs from both of its neighbours
COMBED, COMBED_MORE = 0.002, 4.0  # share of such pixels; and how much rarer they are in columns
CHECKED_COMBS_S = 0.2  # how often a picture is checked for combs


@dataclass
class Survey:
    """What was seen of one source.

    seconds: of the source's own time, from the first picture to the last. frames: pictures seen;
    indexed: those that came, with those that were lost on the way. repeated: those that are the
    same as the one before; stale: of these, the ones in short runs, between others. trouble,
    reopened: of a source that is opened again when it fails. lost: why it gave no more pictures, ""
    where nothing was wrong.
    """

    live: bool
    promised_hz: float | None
    frames: int = 0
    indexed: int = 0
    seconds: float = 0.0
    sizes: collections.Counter[tuple[int, int]] = field(default_factory=collections.Counter)
    means: list[float] = field(default_factory=list)
    black: int = 0
    repeated: int = 0
    stale: int = 0
    combs_checked: int = 0
    combed: int = 0
    hands: list[Hand] = field(default_factory=list)
    cut_off: int = 0
    trouble: str = ""
    reopened: int = 0
    lost: str = ""


def examine_source(uri: str, seconds: float) -> int:
    """Prints what was found; returns 1 if a fault keeps the source from being read, else 0.

    Raises UsageError for a URI or a time that makes no sense, SourceError for a source that does
    not open, ModelError without the hand models.
    """
    if not 0 < seconds < math.inf:
        raise UsageError(f"--seconds {seconds:g} must be a number above 0")
    source = open_guarded(uri, CameraConfig(patience_s=max(seconds, CameraConfig().stall_s)))
    try:
        tracker = open_tracker(Config(), source)
        print(f"looking at {public(uri)} for {seconds:g} s; hold a hand up", flush=True)
        seen = survey(source, tracker, seconds)
    finally:
        source.close()
    return show(list(findings(seen)), "nothing keeps this source from being read")


def survey(source: Source, tracker: Tracker, seconds: float) -> Survey:
    """Reads a source for so many seconds of its own time.

    A live one is read for no longer than that by this computer's clock too. A recording may take
    SLOWER times as long, where this computer follows hands more slowly than pictures were taken.
    """
    seen = Survey(source.live, source.fps)
    until_s = time.monotonic() + seconds * (1 if source.live else SLOWER)
    before, alike, start_ns, combs_s = 0, 0, None, -math.inf
    for frame in _frames(source, seen):
        start_ns = frame.t_ns if start_ns is None else start_ns
        seen.seconds = (frame.t_ns - start_ns) / 1e9
        pixels = some_pixels(frame.rgb)
        mark = checksum(pixels)
        if seen.frames and mark == before:
            seen.repeated += 1
            alike += 1
        else:
            seen.stale += alike if alike < REST else 0
            alike = 0
        before = mark
        seen.frames += 1
        seen.indexed = frame.index + 1
        seen.sizes[frame.rgb.shape[1], frame.rgb.shape[0]] += 1
        seen.means.append(float(pixels.mean()))
        seen.black += is_black(pixels)
        if seen.seconds - combs_s >= CHECKED_COMBS_S:
            combs_s = seen.seconds
            seen.combs_checked += 1
            seen.combed += is_combed(frame.rgb)
        for hand in tracker.update(frame).hands[:1]:
            seen.hands.append(hand)
            seen.cut_off += _is_cut_off(hand, frame)
        if seen.seconds >= seconds or time.monotonic() >= until_s:
            break
    seen.trouble = getattr(source, "trouble", "")
    seen.reopened = getattr(source, "reopened", 0)
    return seen


def _frames(source: Source, seen: Survey) -> Iterator[Frame]:
    """Yields frames until the source ends or is lost, which is a finding like others."""
    try:
        yield from source.frames()
    except SourceError as error:
        seen.lost = str(error)


def is_combed(rgb: Rgb) -> bool:
    """Whether rows alternate between two moments, as where a moving thing is shown interlaced.

    In a comb a row differs from both neighbours in the same direction, while these are alike.
    Noise and patterns do that in columns as well as in rows.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.int16)
    rows, columns = _combed(grey), _combed(grey.T)
    return rows > COMBED and rows > COMBED_MORE * columns


def _combed(grey: npt.NDArray[np.int16]) -> float:
    """Returns the share of pixels that differ from the rows above and below, which are alike."""
    middle, above, below = grey[1:-1], grey[:-2], grey[2:]
    first, second = middle - above, middle - below
    combs = (np.abs(first) > COMB) & (np.abs(second) > COMB) & (np.abs(above - below) < COMB // 2)
    return float(np.mean(combs & ((first > 0) == (second > 0))))


def _is_cut_off(hand: Hand, frame: Frame) -> bool:
    height, width = frame.rgb.shape[:2]
    box = hand.box_px
    x, y = CUT_OFF * width, CUT_OFF * height
    return bool(box.x0 < -x or box.y0 < -y or box.x1 > width + x or box.y1 > height + y)


def findings(seen: Survey) -> Iterator[Finding]:
    """Says what was seen, and what is odd about it with its mend."""
    if seen.lost:
        yield Finding("fault", "pictures", seen.lost)
    elif not seen.frames:
        text = f"none came{': ' + seen.trouble if seen.trouble else ''}"
        yield Finding("fault", "pictures", text, "check the source in another program")
    if not seen.frames:
        return
    yield _size(seen)
    yield _rate(seen)
    yield _change(seen)
    yield _light(seen)
    if seen.combed > seen.combs_checked / 10:
        text = f"interlaced: {seen.combed} of {seen.combs_checked} show two moments in turn"
        repair = "switch the source to progressive pictures (p, not i), or deinterlace the file"
        yield Finding("note", "rows", text, repair)
    if seen.black < MOSTLY * seen.frames:
        yield from _hands(seen)
    if seen.reopened:
        text = f"the source failed and was opened again {seen.reopened} times"
        yield Finding("note", "breaks", text, "check its cable, its power supply and its network")


def _size(seen: Survey) -> Finding:
    (width, height), _ = seen.sizes.most_common(1)[0]
    text = f"{width}x{height}"
    if len(seen.sizes) > 1:
        text += f", and {len(seen.sizes) - 1} other sizes in between"
        return Finding("note", "size", text, "set a fixed size in the camera's own settings")
    if min(width, height) < SMALL_PX:
        repair = "ask for a larger one, such as size=640x480: a hand needs 50 pixels and more"
        return Finding("note", "size", f"{text} is small", repair)
    return Finding("ok", "size", text)


def _rate(seen: Survey) -> Finding:
    if seen.indexed < 2 or seen.seconds <= 0:
        text = "a single picture"
        return Finding("note", "rate", text, "use images: or fingerspell read for photographs")
    rate_hz = (seen.indexed - 1) / seen.seconds
    text = f"{rate_hz:.1f} pictures a second"
    promised = seen.promised_hz
    dark = float(np.median(seen.means)) < DARK
    repair = (
        "give it more light: in the dark a camera exposes each picture for longer"
        if dark
        else "ask for a smaller size, or format=MJPG of a USB camera; plug it in without a hub"
    )
    if promised and rate_hz < PROMISE_KEPT * promised:
        return Finding("note", "rate", f"{text}, and {promised:.4g} were promised", repair)
    if rate_hz < SLOW_HZ:
        text += f": below {SLOW_HZ:g} quick letters are missed"
        return Finding("note", "rate", text, repair)
    return Finding("ok", "rate", text)


def _change(seen: Survey) -> Finding:
    if seen.frames > 2 and seen.repeated > 0.95 * (seen.frames - 1):
        text = "frozen: all are the same picture"
        repair = "open the camera's cover, start the encoder again, or copy the file anew"
        return Finding("fault", "pictures", text, repair)
    share = seen.stale / seen.frames
    if share > STALE:
        text = f"stale: {share:.0%} repeat the one before"
        repair = "ask for the rate that it really has, such as fps=15, or give it more light"
        return Finding("note", "pictures", text, repair)
    return Finding("ok", "pictures", f"{seen.frames} seen, and they change")


def _light(seen: Survey) -> Finding:
    mean = float(np.median(seen.means))
    if seen.black > MOSTLY * seen.frames:
        repair = "take the cover off the lens, or switch on a light"
        return Finding("fault", "light", "the pictures are black", repair)
    if mean < DARK:
        repair = "put a light before the signer, or switch the camera's exposure to automatic"
        return Finding("note", "light", f"dark: {mean:.0f} of 255 on average", repair)
    if mean > BRIGHT:
        repair = "turn the camera away from the window or lamp, or lower its exposure"
        return Finding("note", "light", f"too bright: {mean:.0f} of 255 on average", repair)
    return Finding("ok", "light", f"{mean:.0f} of 255 on average")


def _hands(seen: Survey) -> Iterator[Finding]:
    if not seen.hands:
        repair = (
            "hold a hand up before the camera, a fifth of the picture high, fingers upwards; "
            "if one was there, light it, come nearer, and try the option rotate=90, 180 or 270"
        )
        yield Finding("note", "hand", f"none was seen in {seen.frames} pictures", repair)
        return
    height = seen.sizes.most_common(1)[0][0][1]
    boxes = np.array([hand.box_px for hand in seen.hands])
    part = float(np.median(np.maximum(*(boxes[:, 2:] - boxes[:, :2]).T))) / height
    text = f"seen in {len(seen.hands)} of {seen.frames} pictures, {part:.0%} of their height"
    if part < FAR:
        yield Finding("note", "hand", f"far away: {text}", "come nearer, or cut out a part: crop=")
    elif part > LARGE:
        yield Finding("note", "hand", f"too near: {text}", "step back, so that it can move")
    elif seen.cut_off > MOSTLY * len(seen.hands):
        repair = "hold it in the middle, or point the camera at it"
        yield Finding("note", "hand", f"cut off by the picture's edge: {text}", repair)
    else:
        yield Finding("ok", "hand", text)
    turns = [turn_of(hand) for hand in seen.hands]
    turn = common_turn(turns, MOSTLY)
    if turn is not None:
        text = f"the fingers point {where_fingers_point(turn)}"
        yield Finding("note", "rotation", text, mend(turn))
    elif turns.count(None) < HARDLY * len(turns):  # G, H, P and Q point elsewhere than the others
        yield Finding(
            "note", "rotation", "hardly a hand has its fingers up, and they point to several sides",
            "show an open hand, fingers up, and look again: this tells rotate=90, 180 or 270",
        )  # fmt: skip
