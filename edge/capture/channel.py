"""What a child and its parent share: messages through a socket, pictures in shared memory.

Messages are JSON objects, one in each datagram. Each has a `kind`, and these further fields:

from the parent to the child
    open    uri, shown, start, flat_is_whole: the first message. `start` is the index at which a
            recording goes on. With `flat_is_whole`, no picture is left out as broken.
    free    slots: nobody holds the pictures in these slots any more.
from the child to the parent
    opening the source is being opened, by a process that has started by now.
    hello   live, fps, again, recorded: the source is open. `again` is the URI to open it again.
    frame   slot, height, width, index, t_ns, checksum, black, truth, cost_ms: a picture.
    broken  index: a picture of which a part was missing; it was left out.
    skipped index: a recording goes on, and is still before `start`.
    log     name, level, text: something to be logged.
    error   error, text: what the source raised; the last message.
    end     the source has no more frames; the last message.
"""

from __future__ import annotations

import fcntl
import json
import logging
import mmap
import os
import select
import socket
from typing import Any

import numpy as np

from edge.types import Box, Hand, Rgb, Truth

# A stream can change its size at any time, so that each slot has room for the largest picture. The
# kernel provides a page of memory only once it is written to, and the lowest free slot is taken
# first: slots that are never used cost nothing.
SLOTS = 6
SLOT_BYTES = 7680 * 4320 * 3
_MAX_MESSAGE_BYTES = 65536  # a frame's message has 200 bytes, and 1,500 with its truth

Message = dict[str, Any]


def send(to: socket.socket, kind: str, **fields: Any) -> None:
    """Sends one message; raises OSError when the other end is gone."""
    to.send(json.dumps({"kind": kind, **fields}).encode())


def receive(where: socket.socket) -> Message | None:
    """The next message; None when the other end is gone.

    Raises BlockingIOError when no message has come and the socket does not block.
    """
    try:
        data = where.recv(_MAX_MESSAGE_BYTES)
    except ConnectionError:
        return None
    message: Message | None = json.loads(data) if data else None
    return message


def log_for_child(message: Message) -> None:
    """Logs what the child has logged; other messages are left."""
    if message["kind"] == "log":
        logging.getLogger(message["name"]).log(message["level"], "%s", message["text"])


def is_ready(where: socket.socket, timeout_s: float | None) -> bool:
    """Whether a message, or the other end's close, comes within timeout_s; None waits for ever."""
    poll = select.poll()  # select.select() takes no descriptor above 1023
    poll.register(where, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else 1000 * timeout_s))


class Memory:
    """Slots for pictures. It lives as long as any view of a picture in it."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, SLOTS * SLOT_BYTES)

    def picture(self, slot: int, height: int, width: int) -> tuple[Rgb, Rgb]:
        """The picture in a slot, (height, width, 3), and the array that every view of it refers to.

        Raises ValueError for a picture that is larger than a slot.
        """
        size = height * width * 3
        if size > SLOT_BYTES:
            raise ValueError(f"{width}x{height} is larger than {SLOT_BYTES} bytes")
        held = np.frombuffer(self._map, np.uint8, size, slot * SLOT_BYTES)
        return held.reshape(height, width, 3), held


def new_memory() -> int:
    """A descriptor of new memory, for Memory; the caller closes it."""
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
    """The same file under a descriptor above those of stdin, stdout and stderr.

    If one of these was closed when this process started, the kernel gives its number to the next
    file. The child could not inherit that file: it has a stdin, stdout and stderr of its own.
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
