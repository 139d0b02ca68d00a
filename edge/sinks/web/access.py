"""The token that a page for other machines needs: where it is kept, and the link that carries it.

The token is made once and kept in a file that only its user can read, so that a link which was
saved on a phone works after a restart, too. A new token is made when the file is deleted.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import sys
import tempfile
from pathlib import Path
from typing import TextIO

import segno

from edge.errors import SinkError
from edge.files import data_folder

log = logging.getLogger(__name__)

TOKEN_BYTES = 32  # as many random bytes as Python's `secrets` takes to be enough
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # how secrets.token_urlsafe(TOKEN_BYTES) writes them
ANYWHERE = ("0.0.0.0", "::")  # to listen here means on every address
# An address in a network that is kept for documents (RFC 5737 and RFC 3849). The system says which
# of its own addresses it would use for it. Nothing is sent.
OUTSIDE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def token_path() -> Path:
    """Returns the token's file."""
    return data_folder() / "page-token"


def load_token(path: Path) -> str:
    """Returns the token in the file, which is made if there is none.

    Raises SinkError if the file cannot be read or made, holds no token, or if other users of this
    machine can read it.
    """
    try:
        if not path.exists():
            _make(path)
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(1000).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SinkError(f"the page's token, {path}, cannot be read or made: {reason}") from error
    if mode & 0o077:
        raise SinkError(f"other users can read the page's token: delete {path}; a new one is made")
    if not TOKEN.fullmatch(token):
        raise SinkError(f"{path} holds no token of the page: delete it; a new one is made")
    return token


def _make(path: Path) -> None:
    """Writes a new token; one that another run has written meanwhile is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # of mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{secrets.token_urlsafe(TOKEN_BYTES)}\n")
        os.link(part, path)
    except FileExistsError:
        return
    finally:
        os.unlink(part)


def link(host: str, port: int, token: str, *, secure: bool = False) -> str:
    """Returns the address that a browser on another machine opens.

    host: where the page listens. For every address of the machine, the link names the one by which
    this machine reaches others, or its name where it reaches none. secure: with https.
    """
    if host in ANYWHERE:
        host = _own_address(socket.AF_INET6 if ":" in host else socket.AF_INET)
    scheme = "https" if secure else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/?token={token}"


def _own_address(family: socket.AddressFamily) -> str:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((OUTSIDE[family], 9))
            return str(probe.getsockname()[0])
        except OSError:
            return f"{socket.gethostname().removesuffix('.local')}.local"


def announce(address: str, path: Path, out: TextIO | None = None) -> None:
    """Shows the link and its QR code to a person at the terminal, stderr unless `out` is given.

    A log that others may read gets neither; it says where the token is.
    """
    out = out or sys.stderr
    if not out or not out.isatty():
        log.info("the page's link needs the token in %s", path)
        return
    print(f"the page, for those who have this link: {address}", file=out)
    segno.make(address, micro=False).terminal(out=out, compact=True)
