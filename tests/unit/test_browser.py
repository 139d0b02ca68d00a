"""The browser as the camera: who may send pictures, what is done with them, and when they stop."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from edge.errors import SinkError, UsageError
from edge.signer import Signer
from edge.sinks import open_sink
from edge.sinks.web.app import MOST_PICTURE_BYTES, REFUSED
from edge.sinks.web.web import Web
from edge.sources import browser, open_source
from edge.stages import Guarded
from edge.types import End
from edge.uploads import UPLOADS
from tests.support.mjpeg_server import free_port, jpeg
from tests.support.patience import patience_s

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RED = jpeg(np.full((48, 64, 3), (10, 20, 250), np.uint8))


@pytest.fixture
def web() -> Iterator[Web]:
    opened = open_sink("web:0")
    assert isinstance(opened, Web)
    yield opened
    opened.close(End("", 0, 0))


def camera(web: Web, origin: str | None = None) -> ClientConnection:
    """A browser that sends pictures."""
    sent_by = None if origin is None else Origin(origin)
    return connect(f"ws://127.0.0.1:{web.port}/api/camera", origin=sent_by, proxy=None)


def refused(socket: ClientConnection) -> str:
    """Why the server has closed this connection."""
    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=patience_s(5))
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == REFUSED
    return caught.value.rcvd.reason


def test_pictures_that_are_sent_become_frames(web: Web) -> None:
    """The newest one, upright, red first; each is answered, so that the next is a new one."""
    with closing(open_source("browser:")) as source, camera(web) as socket:
        assert isinstance(source, Guarded)
        assert "press Use this camera" in source.trouble
        frames = source.frames()
        for index in range(3):
            socket.send(RED)
            assert socket.recv(timeout=patience_s(5)) == "next"
            frame = next(frames)
            assert (frame.index, frame.rgb.shape) == (index, (48, 64, 3))
            assert np.median(frame.rgb, axis=(0, 1)) == pytest.approx([250, 20, 10], abs=6)
        assert (source.trouble, source.reopened) == ("", 0)


def test_one_browser_at_a_time_sends(web: Web) -> None:
    """The second is told; once the first has gone, another may."""
    with closing(open_source("browser:")), camera(web) as first:
        first.send(RED)
        assert first.recv(timeout=patience_s(5)) == "next"
        assert web.state()["camera"] == "used"
        with camera(web) as second:
            assert refused(second) == "another browser's camera is in use"
        first.close()
        deadline_s = time.monotonic() + patience_s(5)
        while web.state()["camera"] != "wanted" and time.monotonic() < deadline_s:
            time.sleep(0.01)
        with camera(web) as third:
            third.send(RED)
            assert third.recv(timeout=patience_s(5)) == "next"


def test_a_run_with_a_camera_of_its_own_takes_no_other(web: Web) -> None:
    """The page does not offer it either."""
    assert web.state()["camera"] is None
    with camera(web) as socket:
        assert refused(socket) == "it has a camera"


def test_pages_of_other_sites_send_nothing(web: Web) -> None:
    """As for every address: their Origin is another."""
    with closing(open_source("browser:")), pytest.raises(InvalidStatus):
        camera(web, "http://evil.example").close()


def test_what_is_no_picture_is_left_out_and_counted(web: Web) -> None:
    """Text, a web page, a picture that is too large, and one that was cut short."""
    wide = jpeg(np.zeros((1200, 4000, 3), np.uint8))
    with closing(open_source("browser:")) as source, camera(web) as socket:
        frames = source.frames()
        taken: list[int] = []
        reader = Thread(target=lambda: taken.append(next(frames).index), daemon=True)
        reader.start()
        for content in (b"", b"<html>no picture</html>", wide, RED[:30]):
            socket.send(content)
            assert socket.recv(timeout=patience_s(5)) == "next"
            deadline_s = time.monotonic() + patience_s(5)
            while UPLOADS._picture is not None and time.monotonic() < deadline_s:
                time.sleep(0.005)
        socket.send(RED)
        reader.join(patience_s(5))
        assert taken == [4]


def test_a_message_that_is_too_large_ends_the_connection(web: Web) -> None:
    """Its bytes are not kept."""
    with closing(open_source("browser:")), camera(web) as socket:
        socket.send(bytes(MOST_PICTURE_BYTES + 1))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=patience_s(5))
    deadline_s = time.monotonic() + patience_s(5)
    while UPLOADS.sending and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not UPLOADS.sending


def test_a_browser_that_falls_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that sleeps: the run says so, and goes on when pictures come again."""
    monkeypatch.setattr(browser, "SILENT_S", 0.3)
    with closing(open_source("browser:")) as source:
        assert isinstance(source, Guarded)
        UPLOADS.begin("phone")
        indices: list[int] = []
        reader = Thread(target=lambda: indices.extend(f.index for f in source.frames()))
        reader.start()
        for wanted in (1, 2):
            deadline_s = time.monotonic() + patience_s(10)
            while len(indices) < wanted and time.monotonic() < deadline_s:
                UPLOADS.put("phone", RED)
                time.sleep(0.05)
            while source.trouble != browser.ADVICE and time.monotonic() < deadline_s:
                time.sleep(0.05)
            assert source.trouble == browser.ADVICE
        assert source.reopened == 1
        source.close()
        reader.join(patience_s(5))
        assert not reader.is_alive()
        UPLOADS.end("phone")


@given(st.binary(max_size=300))
def test_bytes_that_are_no_jpeg_are_none(content: bytes) -> None:
    """Whatever a sender sends, decoding it raises nothing."""
    assert browser.decoded(content) is None
    assert browser.decoded(b"\xff\xd8" + content) is None


@pytest.mark.parametrize("query", ["cert=a", "key=b", "cert=&key=", "cert=a&key=b&x=1", "tls"])
def test_a_certificate_needs_both_files(query: str) -> None:
    with pytest.raises(UsageError, match="cert=FILE&key=FILE, both"):
        open_sink(f"web:0?{query}")


def test_what_is_no_certificate_is_told(tmp_path: Path) -> None:
    """In one line, before anything listens."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no certificate")
    with pytest.raises(SinkError, match="are no certificate and key"):
        open_sink(f"web:0?cert={tmp_path}/cert.pem&key={tmp_path}/key.pem")


def test_with_a_certificate_the_page_is_encrypted(tmp_path: Path) -> None:
    """Made as docs/web.md says; the Origin has to be that of https."""
    import httpx

    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=fingerspell", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    sink = open_sink(f"web:0?cert={certificate}&key={key}")
    assert isinstance(sink, Web)
    try:
        own = f"https://127.0.0.1:{sink.port}"
        with httpx.Client(base_url=own, verify=False, trust_env=False) as client:
            assert client.get("/api/state").status_code == 200
            assert client.get("/api/state", headers={"Origin": own}).status_code == 200
            plain = {"Origin": own.replace("https", "http")}
            assert client.get("/api/state", headers=plain).status_code == 403
    finally:
        sink.close(End("", 0, 0))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt install chromium")
def test_a_browsers_camera_is_read(hand_models: Path, tmp_path: Path) -> None:
    """The signer is the camera of a real browser; its word comes out of the run."""
    signer = Signer("HI", seed=1)
    with (tmp_path / "camera.mjpeg").open("wb") as film:
        for number in range(int(signer.end_s * 30)):
            bgr = cv2.cvtColor(signer.draw(number / 30)[0], cv2.COLOR_RGB2BGR)
            film.write(jpeg(np.asarray(bgr, np.uint8)))
    port = free_port()
    run = subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--source", "browser:", "--sink", f"web:{port}",
         "--sink", "jsonl:-", "--max-seconds", "120"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stderr
    assert run.stdout
    assert CHROMIUM is not None
    try:
        while "press Use this camera" not in run.stderr.readline():
            assert run.poll() is None
        with subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}",
             "--remote-debugging-port=0", "--use-fake-ui-for-media-stream",
             "--use-fake-device-for-media-stream",
             f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}",
             f"http://127.0.0.1:{port}/#camera"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as chromium:  # fmt: skip
            try:
                read = next((line for line in run.stdout if '"HI"' in line), "")
            finally:
                chromium.kill()
        assert '"HI"' in read
    finally:
        run.kill()
        run.communicate()
