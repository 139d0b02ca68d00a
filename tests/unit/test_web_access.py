"""A page that other machines reach: nobody gets in without the token of its one user."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from edge.errors import SinkError
from edge.sinks import open_sink
from edge.sinks.web import access
from edge.sinks.web.web import Web
from edge.types import End
from tests.support.sample_results import result


@pytest.fixture(autouse=True)
def token_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without a token."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return access.token_path()


@pytest.fixture
def web() -> Iterator[Web]:
    opened = open_sink("web:0.0.0.0:0")
    assert isinstance(opened, Web)
    yield opened
    opened.close(End("", 0, 0))


@pytest.fixture
def client(web: Web) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{web.port}", trust_env=False) as opened:
        yield opened


def test_nothing_is_shown_without_the_token(web: Web, client: httpx.Client) -> None:
    """No picture, no text, no edit, no WebSocket."""
    for address in (
        "/",
        "/api/state",
        "/picture.mjpg",
        "/openapi.json",
        "/?token=wrong",
        "/?token=",
    ):
        answer = client.get(address)
        assert answer.status_code == 401
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    for wrong in ("Bearer", "Bearer wrong", "Basic eDp4"):
        assert client.get("/api/state", headers={"Authorization": wrong}).status_code == 401
    for wrong in ("fingerspell=", "fingerspell=wrong", "fingerspell", 'a"b;=;', "fingerspell=\xff"):
        headers = {"Cookie": wrong.encode("latin-1")}
        assert client.get("/api/state", headers=headers).status_code == 401
    assert client.post("/api/edit/clear").status_code == 401
    assert web.write(result(0)) is None
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{web.port}/api/live", proxy=None):
        pass


def test_the_link_lets_a_browser_in(web: Web, client: httpx.Client, token_path: Path) -> None:
    """The browser keeps the token; the address that it shows then does not hold it."""
    token = access.load_token(token_path)
    answer = client.get(access.link("127.0.0.1", web.port, token))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert client.get("/").status_code == 200
    assert client.get("/api/state").status_code == 200
    with connect(
        f"ws://127.0.0.1:{web.port}/api/live",
        additional_headers={"Cookie": f"fingerspell={token}"},
        proxy=None,
    ) as live:
        assert json.loads(live.recv(5))["events"] == []


def test_a_program_sends_the_token_as_a_header(client: httpx.Client, token_path: Path) -> None:
    """`Authorization: Bearer TOKEN`."""
    bearer = {"Authorization": f"Bearer {access.load_token(token_path)}"}
    assert client.get("/api/state", headers=bearer).status_code == 200


def test_the_token_does_not_help_another_site(
    web: Web, client: httpx.Client, token_path: Path
) -> None:
    """A browser that has the cookie sends it; Host and Origin are checked as well."""
    token = access.load_token(token_path)
    cookie = {"Cookie": f"fingerspell={token}"}
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert client.get("/api/state", headers=cookie | headers).status_code == 403
        assert client.post("/api/edit/clear", headers=cookie | headers).status_code == 403
    with (
        pytest.raises(InvalidStatus),
        connect(
            f"ws://127.0.0.1:{web.port}/api/live",
            origin=Origin("http://evil.example"),
            additional_headers=cookie,
            proxy=None,
        ),
    ):
        pass


def test_the_token_is_made_once(token_path: Path) -> None:
    """Only its user can read it, and nothing else is left beside it."""
    token = access.load_token(token_path)
    assert access.TOKEN.fullmatch(token)
    assert access.load_token(token_path) == token
    assert stat.S_IMODE(token_path.stat().st_mode) == 0o600
    assert list(token_path.parent.iterdir()) == [token_path]


def test_a_token_that_protects_nothing_is_refused(token_path: Path) -> None:
    """One that others can read, one that is cut short, and a folder that cannot be written."""
    access.load_token(token_path)
    token_path.chmod(0o644)
    with pytest.raises(SinkError, match="other users"):
        open_sink("web:0.0.0.0:0")
    token_path.chmod(0o600)
    token_path.write_text("\n")
    with pytest.raises(SinkError, match="no token"):
        open_sink("web:0.0.0.0:0")
    token_path.unlink()
    token_path.mkdir()
    with pytest.raises(SinkError, match="cannot be read"):
        open_sink("web:0.0.0.0:0")


class Terminal(io.StringIO):
    """A text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_link_and_its_code(token_path: Path) -> None:
    """A log shows neither, since others may read it."""
    address = access.link("192.168.1.5", 8080, "secret")
    assert address == "http://192.168.1.5:8080/?token=secret"
    assert access.link("fe80::5", 80, "secret") == "http://[fe80::5]:80/?token=secret"
    assert "0.0.0.0" not in access.link("0.0.0.0", 80, "secret")
    terminal, written = Terminal(), io.StringIO()
    access.announce(address, token_path, terminal)
    access.announce(address, token_path, written)
    first, *code = terminal.getvalue().splitlines()
    assert address in first
    assert len(code) > 10
    assert not written.getvalue()
