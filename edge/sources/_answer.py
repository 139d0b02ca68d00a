"""What a camera's HTTP address answers, in words, when it gives no video."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from urllib.parse import unquote

from edge.urls import encoded, split_url

_ENOUGH_BYTES = 4096
_REFUSED = (401, 403)


def what_is_there(url: str, timeout_s: float) -> str | None:
    """What is the matter with the address, and what to do; None if there is nothing to be told.

    It is asked once more, so this is for an address that FFmpeg could not read. timeout_s: of each
    wait for the camera.
    """
    scheme, account, host, path = split_url(url)
    if scheme not in ("http", "https"):
        return None
    request = urllib.request.Request(f"{scheme}://{host}{path.partition('#')[0]}")
    if account:
        request.add_header("Authorization", f"Basic {base64.b64encode(_plain(url)).decode()}")
    # FFmpeg does not verify certificates either: those of cameras are signed by nobody.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=timeout_s, context=context) as answer:
            kind = str(answer.headers.get_content_type())
            return _described(kind, answer.read1(_ENOUGH_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code not in _REFUSED:
            return f"answers {error.code} ({error.reason}); check the address"
        if account:
            return f"refuses this user name or password ({error.code})"
        return f"wants a user name and a password: {scheme}://USER:PASSWORD@HOST/... ({error.code})"
    except (OSError, ValueError, http.client.HTTPException):
        return None


def is_single_picture(url: str, timeout_s: float) -> bool:
    """Whether the address answers with one picture, and not with a stream of them."""
    return (what_is_there(url, timeout_s) or "").startswith(_SINGLE)


_SINGLE = "is a single picture"


def _described(kind: str, begin: bytes) -> str | None:
    if begin[:4] == b"RIFF" and begin[8:12] == b"WEBP" and b"ANIM" in begin[:64]:
        return "is an animated WebP, which OpenCV does not read as a video; convert it to MP4"
    if kind.startswith("image/"):
        return f"{_SINGLE} ({kind}), not a stream; use the camera's address for video"
    if kind == "text/html" or begin.lstrip()[:1] == b"<":
        return "is a web page, not a video; use the camera's address for video"
    if kind == "multipart/x-mixed-replace" and not begin.lstrip().startswith(b"--"):
        return (
            "is Motion JPEG without its first boundary, which FFmpeg does not read; "
            "use the camera's RTSP address"
        )
    return None


def _plain(url: str) -> bytes:
    """The account as it is meant, name:password."""
    return unquote(split_url(encoded(url)).account).encode()
