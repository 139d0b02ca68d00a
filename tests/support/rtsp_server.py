"""A network camera on this machine that sends H.264 by RTSP: GStreamer's server, in a process.

It needs Debian's python3-gi, gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-ugly (for x264),
which the system's own Python finds. Run as `python3 rtsp_server.py PORT FOLDER [WIDTHxHEIGHT]`,
where FOLDER holds 00000.jpg, 00001.jpg ..., sent round and round at 30 a second.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PYTHON = "/usr/bin/python3"
_NEEDS = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
for name in ("multifilesrc", "jpegdec", "x264enc", "rtph264pay"):
    assert Gst.ElementFactory.find(name), f"GStreamer lacks {name}"
"""


@functools.cache
def missing() -> str:
    """What keeps the server from running here; "" if nothing does."""
    if not Path(_PYTHON).exists():
        return f"there is no {_PYTHON}"
    done = subprocess.run([_PYTHON, "-c", _NEEDS], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("\n")[2]


def start(port: int, pictures: Sequence[bytes], folder: Path, size: str = "") -> Server:
    """Starts the server; its URL works when this returns."""
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(pictures):
        (folder / f"{number:05}.jpg").write_bytes(picture)
    command = [_PYTHON, __file__, str(port), str(folder), size]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return Server(process, f"rtsp://127.0.0.1:{port}/cam")


class Server:
    """A server that runs; the process is the test's to stop and to kill."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def kill(self) -> None:
        """As when its plug is pulled."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def _run(port: str, folder: str, size: str) -> None:
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    width, _, height = size.partition("x")
    scaled = f",width={width},height={height}" if size else ""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_shared(True)
    factory.set_launch(
        f"( multifilesrc location={folder}/%05d.jpg loop=true caps=image/jpeg,framerate=30/1 "
        f"! jpegdec ! videoconvert ! videoscale ! video/x-raw,format=I420{scaled} "
        "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=15 "
        "! rtph264pay name=pay0 pt=96 config-interval=1 )"
    )
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    _run(*sys.argv[1:])
