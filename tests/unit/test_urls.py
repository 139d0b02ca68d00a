"""URLs of cameras: whose options are whose, and that nobody's password is shown."""

from __future__ import annotations

import pytest

from edge.errors import FingerspellError, UsageError
from edge.sources import open_source, place, public, split_url_options
from edge.urls import encoded
from tests.support.mjpeg_server import Camera, serve

CAMERAS_OWN = [
    "http://host/plain?action=stream",
    "rtsp://host/cam/realmonitor?channel=1&subtype=0",
    "http://host/?timeout=30",
    "http://host/page#top",
]


@pytest.mark.parametrize("url", CAMERAS_OWN)
def test_a_url_without_options_of_ours_is_the_cameras(url: str) -> None:
    """What follows its "?" is the camera's, also where a name is one of ours."""
    assert split_url_options(url) == (url, {})


@pytest.mark.parametrize("url", CAMERAS_OWN)
def test_our_options_follow_the_last_hash(url: str) -> None:
    """They are taken off, and the rest stays as it is."""
    assert split_url_options(f"{url}#timeout=2&rotate=90") == (
        url,
        {"timeout": "2", "rotate": "90"},
    )


def test_a_camera_gets_its_whole_query() -> None:
    """A query that looks like options of ours reaches the camera, without a "#" behind it."""
    with serve(Camera()) as camera:
        source = open_source(f"video:{camera.url}/plain?action=stream&timeout=30")
        next(iter(source.frames()))
        source.close()
        assert set(camera.paths) == {"/plain?action=stream&timeout=30"}


def test_an_option_of_ours_that_is_unknown_is_told() -> None:
    """Behind the "#" nothing is the camera's."""
    with pytest.raises(UsageError, match="no option 'action' here"):
        open_source("video:http://127.0.0.1:9/#action=stream")


SHOWN = {
    "http://admin:pa/ss@host/": "http://host/",
    "rtsp://me:s@c/ret@host:554/live?x=1": "rtsp://host:554/live?x=1",
    "rtsp://me:12/ss@host/live": "rtsp://host/live",
    "http://me:pa ss@host/x": "http://host/x",
    "http://me:p?x#y=z@[::1]:80/x#timeout=3": "http://[::1]:80/x#timeout=3",
    "rtsp://host/user=admin&password=x&channel=1": ("rtsp://host/user=...&password=...&channel=1"),
    "rtsp://host/user=admin_password=tlJ_p6_channel=1.sdp": (
        "rtsp://host/user=..._password=..._channel=1.sdp"
    ),
    "http://host/c?cmd=Snap&usr=me&PWD=pa/s&width=64": (
        "http://host/c?cmd=Snap&usr=...&PWD=...&width=64"
    ),
    "http://host/v?loginuse=me&loginpas=x": "http://host/v?loginuse=...&loginpas=...",
    "http://host/v?access_token=abc.def": "http://host/v?access_token=...",
    "http://host/icon@2x.jpg": "http://host/icon@2x.jpg",
    "http://host:80/v?mail=me@there.org&fps=5": "http://host:80/v?mail=me@there.org&fps=5",
}


@pytest.mark.parametrize("url", SHOWN)
@pytest.mark.parametrize("scheme", ["", "video:"])
def test_who_may_use_a_camera_is_not_shown(url: str, scheme: str) -> None:
    """Neither the account before the host, nor what lets someone in by path or query."""
    assert public(scheme + url) == scheme + SHOWN[url]
    if " " not in url:
        assert (
            public(f"no video from {url}; see the log")
            == f"no video from {SHOWN[url]}; see the log"
        )


@pytest.mark.parametrize("url", SHOWN)
def test_a_message_names_scheme_host_and_path(url: str) -> None:
    """That is enough to know which camera is meant."""
    assert SHOWN[url].startswith(place(url))
    assert not {"?", "#"} & set(place(url))


@pytest.mark.parametrize(
    "rest",
    [
        "me:cret/ss@127.0.0.1:9/x",
        "127.0.0.1:9/user=me&password=cret",
        "127.0.0.1:9/x?user=me&pwd=cret#timeout=0",
        "127.0.0.1:9/x?user=me&pwd=cret#timeout=1&timeout=1",
        "me:cret#timeout=0@127.0.0.1:9/x#fps=1",
    ],
)
@pytest.mark.parametrize("start", ["video:http", "http", "vidoe:http", "video:gopher"])
def test_no_error_shows_a_password(start: str, rest: str) -> None:
    """Whatever is wrong with a URI."""
    with pytest.raises(FingerspellError) as error:
        open_source(f"{start}://{rest}")
    assert "cret" not in str(error.value)


def test_a_password_need_not_be_encoded() -> None:
    """FFmpeg wants "/" as %2F; whoever pastes a password does not know that."""
    assert encoded("http://me:a/b@c%20d@host/x") == "http://me:a%2Fb%40c%20d@host/x"
    assert encoded("http://me:a%2Fb@host/x?y@z") == "http://me:a%2Fb@host/x?y@z"
