"""Cameras: which ones there are, what they offer, and why one cannot be used.

Nothing comes in but what Linux and picamera2 say. Out goes a list of Camera values, each with its
name, its modes and its problem; `fingerspell devices` and `doctor` show it, and the sources `usb`
and `picamera` find their cameras by it. v4l2.py speaks to the kernel; listing.py makes the list.
No pictures are taken here.
"""

from __future__ import annotations

from edge.cameras.listing import Camera, describe, list_cameras, picamera2_class, usb_camera
from edge.cameras.v4l2 import Mode

__all__ = ["Camera", "Mode", "describe", "list_cameras", "picamera2_class", "usb_camera"]
