"""What a child and its parent share: messages by a socket, pictures by shared memory.

Messages are JSON objects, one a datagram, each with a `kind`:

    parent to child   open (uri, shown, start, flat)     the first; `start` is where a recording
                               goes on; `flat` pictures are as they are to be, and none is half
                      free (slots)             pictures that nobody looks at any more
    child to parent   hello (live, fps, again, recorded)   opened; `again` is its URI from now on
                      frame (slot, height, width, index, t_ns, mark, black, truth,
                               cost_ms)
                      broken (index)           half a picture came, and was left out
                      log (name, level, text)
                      error (error, text)      what the source raised: the last word
                      end                      the source has no more: the last word
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import select
import socket
from typing import Any

import numpy as np

from edge.types import Box, Hand, Rgb, Truth

# Pages of memory are only had once they are written to, so that slots may be as large as the
# largest picture: a stream can change its size at any time. The lowest free slot is taken first.
SLOTS = 6
SLOT_BYTES = 3840 * 2160 * 3
_MOST_BYTES = 65536  # of a message; a frame's is 200, or 1,500 with its truth

Message = dict[str, Any]


def send(to: socket.socket, kind: str, **fields: Any) -> None:
    """Sends one message; raises OSError when the other end is gone."""
    to.send(json.dumps({"kind": kind, **fields}).encode())


def receive(where: socket.socket) -> Message | None:
    """The next message; None when the other end is gone.

    Raises BlockingIOError where none has come and the socket does not wait.
    """
    try:
        data = where.recv(_MOST_BYTES)
    except ConnectionError:
        return None
    message: Message | None = json.loads(data) if data else None
    return message


def is_ready(where: socket.socket, timeout_s: float | None) -> bool:
    """Whether a message, or the end, is there within timeout_s; None waits for ever."""
    poll = select.poll()  # select.select knows no descriptor above 1023
    poll.register(where, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else 1000 * timeout_s))


class Memory:
    """Slots for pictures. It lives as long as a picture in it does, whoever is dead by then."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, SLOTS * SLOT_BYTES)

    def picture(self, slot: int, height: int, width: int) -> tuple[Rgb, Rgb]:
        """The picture in a slot, (height, width, 3), and the array that all views of it hold on to.

        Raises ValueError for a picture that is larger than a slot.
        """
        size = height * width * 3
        if size > SLOT_BYTES:
            raise ValueError(f"{width}x{height} is larger than {SLOT_BYTES} bytes")
        held = np.frombuffer(self._map, np.uint8, size, slot * SLOT_BYTES)
        return held.reshape(height, width, 3), held


def new_memory() -> int:
    """A descriptor of fresh memory, for Memory; it is the caller's to close."""
    fd = _raised(os.memfd_create("fingerspell-frames", os.MFD_CLOEXEC))
    os.ftruncate(fd, SLOTS * SLOT_BYTES)
    return fd


def new_sockets() -> tuple[socket.socket, socket.socket]:
    """Both ends of a channel."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return (
        socket.socket(fileno=_raised(ours.detach())),
        socket.socket(fileno=_raised(theirs.detach())),
    )


def _raised(fd: int) -> int:
    """The same descriptor, above those of stdin, stdout and stderr.

    Where one of these was closed when this process started, its number is the next to be given;
    the child has a stdin, stdout and stderr of its own.
    """
    if fd > 2:
        return fd
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(fd)


def pack_truth(truth: Truth | None) -> Message | None:
    """A truth as it goes into a message."""
    if truth is None:
        return None
    if truth.hand is None:
        return {"label": truth.label}
    hand = truth.hand
    landmarks = [[float(v) for v in joint] for joint in hand.landmarks]
    return {
        "label": truth.label,
        "landmarks": landmarks,
        "box_px": hand.box_px,
        "handedness": hand.handedness,
    }


def unpack_truth(packed: Message | None) -> Truth | None:
    """The truth in a message."""
    if packed is None:
        return None
    if "landmarks" not in packed:
        return Truth(packed["label"], None)
    landmarks = np.array(packed["landmarks"], np.float32)
    hand = Hand(landmarks, Box(*packed["box_px"]), packed["handedness"], 1.0)
    return Truth(packed["label"], hand)
