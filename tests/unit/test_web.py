"""The page: what it serves, to whom, and that its pictures cost nothing while nobody looks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from edge.errors import SinkError, UsageError
from edge.sinks import open_sink
from edge.sinks.web.photograph import MOST_BYTES
from edge.sinks.web.web import Web, encoded
from edge.types import End, Vitals
from tests.support.sample_results import hand, prediction, result
from tests.support.signed import photograph


@pytest.fixture
def web() -> Iterator[Web]:
    opened = open_sink("web:0")
    assert isinstance(opened, Web)
    yield opened
    opened.close(End("", 0, 0))


@pytest.fixture
def client(web: Web) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{web.port}", trust_env=False) as opened:
        yield opened


def test_the_state_is_that_of_the_last_result(web: Web, client: httpx.Client) -> None:
    """Before the first frame as well."""
    assert client.get("/api/state").json()["label"] is None
    web.note(Vitals(fps=30.0, busy_ms=12.5, temperature_c=51.0))
    web.write(result(3, hands=(hand(9, 9, 20),), reading=prediction("A", 0.75), text="HA"))
    state = client.get("/api/state").json()
    assert (state["text"], state["label"], state["fps"]) == ("HA", "A", 30.0)
    assert state["top"] == [["A", 0.75], ["B", 0.25]]


def test_events_are_kept_for_those_who_come_later(web: Web, client: httpx.Client) -> None:
    """In order, a hundred at most."""
    for index in range(120):
        web.write(result(index, events=(("letter", "A"),), text="A"))
    numbers = [event["number"] for event in client.get("/api/events").json()]
    assert numbers == list(range(21, 121))


def test_buttons_edit_the_text_once(web: Web, client: httpx.Client) -> None:
    """Each with a frame of its own, in their order, also while no frame comes."""
    assert web.write(result(0)) is None
    for edit in ("space", "delete", "clear"):
        assert client.post(f"/api/edit/{edit}").status_code == 202
    assert [web.write(result(1)), web.write(result(2)), web.note(Vitals())] == [
        "space", "delete", "clear",
    ]  # fmt: skip
    assert web.write(result(3)) is None
    assert client.post("/api/edit/quit").status_code == 422


@pytest.mark.slow
@pytest.mark.usefixtures("hand_models")
def test_a_photograph_is_read(web: Web, client: httpx.Client) -> None:
    """As `fingerspell read` does, without a path; what is no picture is told with status 422."""
    png = cv2.imencode(".png", cv2.cvtColor(photograph("B", 3), cv2.COLOR_RGB2BGR))[1].tobytes()
    answer = client.post("/api/read", content=png, timeout=60)
    assert answer.status_code == 200
    (found,) = answer.json()["hands"]
    assert found["label"] == "B"
    assert "path" not in answer.json()
    answer = client.post("/api/read", content=b"<html>no picture</html>", timeout=60)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_a_photograph_that_is_too_large_is_refused(web: Web, client: httpx.Client) -> None:
    """Before it is decoded, and before all of it has come."""
    answer = client.post("/api/read", content=bytes(MOST_BYTES + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
def test_other_sites_are_kept_out(web: Web, client: httpx.Client, headers: dict[str, str]) -> None:
    """A page of another site, or a name that was pointed at this machine, reads nothing."""
    for address in ("/", "/api/state", "/picture.mjpg", "/openapi.json"):
        assert client.get(address, headers=headers).status_code == 403
    assert client.post("/api/edit/clear", headers=headers).status_code == 403
    assert web.write(result(0)) is None
    with (
        pytest.raises(InvalidStatus),
        connect(
            f"ws://127.0.0.1:{web.port}/api/live",
            origin=Origin("http://evil.example"),
            proxy=None,
        ),
    ):
        pass


def test_the_page_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    """Its own three files are all, and the browser is told to allow no others."""
    for address in ("/", "/page.css", "/page.js"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "http://" not in answer.text
        assert "https://" not in answer.text
    assert "/api/state" in client.get("/openapi.json").json()["paths"]


def test_a_websocket_gets_state_and_events(web: Web) -> None:
    """Each event once."""
    with connect(f"ws://127.0.0.1:{web.port}/api/live", proxy=None) as live:
        assert json.loads(live.recv(5))["events"] == []
        web.write(result(1, events=(("letter", "A"), ("word", "A")), text="A"))
        assert [e["event"] for e in json.loads(live.recv(5))["events"]] == ["letter", "word"]


def test_pictures_are_encoded_while_somebody_views_them(web: Web, client: httpx.Client) -> None:
    """A viewer gets a whole JPEG; before that there is none."""
    rgb = np.full((480, 640, 3), 90, np.uint8)
    web.write(result(1, rgb=rgb, hands=(hand(200, 100, 300),)))
    assert web.jpeg is None
    with client.stream("GET", "/picture.mjpg") as stream:
        part = next(stream.iter_bytes())
    _, _, jpeg = part.partition(b"\r\n\r\n")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (480, 640, 3)


def test_a_viewer_that_takes_nothing_holds_nobody_up(web: Web, client: httpx.Client) -> None:
    """The loop and other viewers go on, and the end of the run does not wait for it."""
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    with socket.create_connection(("127.0.0.1", web.port)) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.sendall(b"GET /picture.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with client.stream("GET", "/picture.mjpg") as stream:
            parts = stream.iter_bytes()
            for index in range(10):
                web.write(result(index, rgb=noise, text=str(index)))
                next(parts)
        assert client.get("/api/state").json()["text"] == "9"
        web.close(End("", 10, 0))


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium: apt install chromium")
def test_a_browser_shows_what_is_read(web: Web, tmp_path: Path) -> None:
    """Letter, probable letters, text and rate, which the page's own JavaScript puts there."""
    web.note(Vitals(fps=30.0, busy_ms=12.5))
    web.write(result(3, hands=(hand(9, 9, 20),), reading=prediction("A", 0.75), text="HEA"))
    assert BROWSER is not None
    page = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--timeout=3000", "--dump-dom",
         f"--user-data-dir={tmp_path}", f"http://127.0.0.1:{web.port}/"],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    for shown in (">A</p>", ">75 %</span>", ">HEA</p>", "30 frames a second"):
        assert shown in page


def test_a_large_picture_is_made_smaller() -> None:
    """Its longer side has 640 pixels."""
    rgb = np.zeros((1920, 1080, 3), np.uint8)
    jpeg = np.frombuffer(encoded(result(rgb=rgb)), np.uint8)
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (640, 360, 3)


def test_a_viewer_does_not_hold_up_the_end(web: Web, client: httpx.Client) -> None:
    """Pictures and WebSocket end with the run."""
    web.write(result(1))
    with (
        client.stream("GET", "/picture.mjpg"),
        connect(f"ws://127.0.0.1:{web.port}/api/live", proxy=None),
    ):
        web.close(End("", 1, 0))
    with pytest.raises(httpx.ConnectError):
        client.get("/")


def test_a_port_in_use_is_told() -> None:
    """In one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SinkError, match=f"cannot listen on 127.0.0.1:{port}"):
            open_sink(f"web:{port}")


@pytest.mark.parametrize("rest", ["elsewhere.example:8080", "x", "70000"])
def test_an_address_that_makes_no_sense_is_refused(rest: str) -> None:
    """Before anything listens."""
    with pytest.raises(UsageError):
        open_sink(f"web:{rest}")


def test_the_page_is_in_the_wheel() -> None:
    """Each of its files is package data."""
    import edge.sinks.web

    folder = Path(str(edge.sinks.web.__file__)).parent / "page"
    assert {p.name for p in folder.iterdir()} == {"index.html", "page.css", "page.js"}
    assert "edge.sinks.web = page/*" in Path("setup.cfg").read_text()
