"""A camera module that needs no camera: the part of picamera2's Picamera2 that we use.

It keeps the real one's rules, as read in its source (picamera2 0.3.x): a configuration is checked
and filled in by configure(), sizes are tuples of even numbers, the format's name is in the order
opposite to memory, requests come from a small pool and must be released, and a job's result may
time out.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from threading import Event, Lock, Thread
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

RED = (250, 20, 10)


def _mode(width: int, height: int, fps: float, *crop: int) -> dict[str, Any]:
    return {"size": (width, height), "bit_depth": 10, "fps": fps, "crop_limits": crop}


# As picamera2 lists them for the v2 and the v3 module.
IMX219 = [
    _mode(640, 480, 206.65, 1000, 752, 1280, 960),
    _mode(1640, 1232, 41.85, 0, 0, 3280, 2464),
    _mode(1920, 1080, 47.57, 680, 692, 1920, 1080),
    _mode(3280, 2464, 21.19, 0, 0, 3280, 2464),
]
IMX708 = [
    _mode(1536, 864, 120.13, 768, 432, 3072, 1728),
    _mode(2304, 1296, 56.03, 0, 0, 4608, 2592),
    _mode(4608, 2592, 14.35, 0, 0, 4608, 2592),
]


def install(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> type[Picamera2]:
    """Puts a fresh fake where `import picamera2` finds it; `changes` replace its attributes."""
    module = ModuleType("picamera2")
    fake = type("Picamera2", (Picamera2,), {"opened": [], **changes})
    module.Picamera2 = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "picamera2", module)
    return fake


class Request:
    """A completed request: a picture that belongs to the camera until it is released."""

    def __init__(self, camera: Picamera2, sequence: int, stamp_ns: int) -> None:
        self._camera = camera
        self._sequence = sequence
        self._stamp_ns = stamp_ns
        self._held = True

    def get_metadata(self) -> dict[str, Any]:
        assert self._held, "used after release"
        return {"SensorTimestamp": self._stamp_ns, "ExposureTime": 10000}

    def make_array(self, name: str) -> np.ndarray[Any, Any]:
        assert self._held, "used after release"
        stream = self._camera.config[name]
        width, height = stream["size"]
        red_first = {"BGR888": True, "RGB888": False}[stream["format"]]
        array = np.empty((height, width, 3), np.uint8)
        array[:] = RED if red_first else RED[::-1]
        array[:16, :16] = self._sequence % 256
        return array

    def release(self) -> None:
        assert self._held, "released twice"
        self._held = False
        with self._camera.lock:
            self._camera.free += 1


class Job:
    """What capture_request(wait=False) returns."""

    def __init__(self) -> None:
        self.future: Future[Request] = Future()

    def get_result(self, timeout: float | None = None) -> Request:
        return self.future.result(timeout=timeout)


class Picamera2:
    """The fake camera; a thread makes pictures from start() to close()."""

    cameras: ClassVar[list[dict[str, Any]]] = [
        {"Model": "imx708", "Location": 2, "Rotation": 180, "Id": "/base/soc/i2c@1/imx708@1a"}
    ]
    opened: ClassVar[list[Picamera2]] = []
    modes: ClassVar[list[dict[str, Any]]] = IMX708
    busy = False
    stalls_after: int | None = None
    interval_s = 0.005

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return cls.cameras

    def __init__(self, camera_num: int = 0) -> None:
        if self.busy:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.cameras[camera_num]
        self.lock = Lock()
        self.config: dict[str, Any] = {}
        self._known = False
        self.closed = 0
        self._jobs: list[Job] = []
        self._stop = Event()
        self._thread: Thread | None = None
        self.opened.append(self)

    @property
    def camera_controls(self) -> dict[str, Any]:
        return {"FrameDurationLimits": (11415, 11767556, 33333), "NoiseReductionMode": (0, 4, 0)}

    @property
    def sensor_modes(self) -> list[dict[str, Any]]:
        assert not self.config or self._known, "the real one cannot list modes once it has started"
        self._known = True
        return self.modes

    def create_video_configuration(
        self,
        main: dict[str, Any] | None = None,
        buffer_count: int = 6,
        controls: dict[str, Any] | None = None,
        sensor: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        filled = {"format": "XBGR8888", "size": (1280, 720)} | (main or {})
        limits = {"FrameDurationLimits": (33333, 33333)} | (controls or {})
        return {"main": filled, "buffer_count": buffer_count, "controls": limits, "sensor": sensor}

    def configure(self, config: dict[str, Any]) -> None:
        size = config["main"]["size"]
        if type(size) is not tuple or len(size) != 2:
            raise RuntimeError("size in main stream should be (width, height)")
        if size[0] % 2 or size[1] % 2:
            raise RuntimeError("width and height should be even")
        if size[0] > 4608:
            raise RuntimeError(f"Invalid camera configuration: {config}\nand more")
        self.config = config
        self.free = config["buffer_count"]

    def camera_configuration(self) -> dict[str, Any]:
        return self.config

    def start(self) -> None:
        assert self.config, "Camera has not been configured"
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def capture_request(self, wait: bool | None = None) -> Any:
        job = Job()
        with self.lock:
            self._jobs.append(job)
        return job if wait is False else job.get_result()

    def cancel_all_and_flush(self) -> None:
        with self.lock:
            self._jobs.clear()

    def close(self) -> None:
        self.closed += 1
        self._stop.set()
        with self.lock:
            assert not self._jobs, "the real one would wait for ever"
        if self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        sequence = 0
        while not self._stop.wait(self.interval_s):
            if self.stalls_after is not None and sequence >= self.stalls_after:
                continue
            with self.lock:
                if not self.free:
                    continue
                job = self._jobs.pop(0) if self._jobs else None
                if job:
                    self.free -= 1
            if job:
                job.future.set_result(Request(self, sequence, time.monotonic_ns()))
            sequence += 1
