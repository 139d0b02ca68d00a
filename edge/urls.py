"""URLs of cameras and brokers: their parts, their options, and what of them may be shown."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

# The options of ours that may follow a "#": name=value, joined by "&".
OPTIONS = re.compile(r"[a-z][a-z0-9_]*=[^&]*(&[a-z][a-z0-9_]*=[^&]*)*")

_START = re.compile(r"(?:[a-z_]+:)?(?=[a-zA-Z][a-zA-Z0-9+.-]*://)")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S*")
_SPOKEN_END = re.compile(r"['\";:,.)]+$")  # what a sentence puts behind a URL
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:[0-9]*)?")
# Names whose values let someone in, in the URLs of common cameras: whole names, and parts of names.
_SECRET_NAMES = "u|p|un|pw|us|ps|id|sid|key|psk|pin|sig|auth"
_SECRET_PARTS = "user|usr|login|pas|pwd|psw|token|secret|auth|key|cred|sess|sign|hash"
_SECRET = re.compile(
    rf"((?:^|[/?#&;_,])(?:(?:{_SECRET_NAMES})|[\w.%-]*?(?:{_SECRET_PARTS})[\w.-]*?)=)"
    r"(.*?)(?=[&;#,]|_[a-z]+=|$)",
    re.IGNORECASE,
)


class Parts(NamedTuple):
    """A URL taken apart: scheme://account@host/path, where account@ may be absent."""

    scheme: str
    account: str
    host: str  # with its port
    path: str  # with its query and its fragment


def is_url(text: str) -> bool:
    """Whether a URI, or what follows its name, is a URL, which is reached over a network."""
    return _START.match(text) is not None


def split_url(url: str) -> Parts:
    """Takes a URL apart, also one whose user name or password was not percent-encoded.

    An account ends at the last "@", so that a password may hold "@", "/", "?" and "#". An "@" of
    the path ends no account: where nothing like name:password stands before it, or where it belongs
    to a value in the query. In http://cam:80/a@b it is not to be known which one is meant; it is
    taken for an account, since showing a password is worse than leaving out a host.
    """
    scheme, _, rest = url.partition("://")
    first = re.split(r"[/?#]", rest, maxsplit=1)[0]
    at = rest.rfind("@")
    if "@" not in first:
        host = _HOST.fullmatch(first)
        plain = host is not None and not host[2]
        in_a_value = host is not None and "=" in re.split(r"[?#]", rest[: max(at, 0)] + "?")[1]
        if plain or in_a_value:
            at = -1
    account, rest = (rest[:at], rest[at + 1 :]) if at >= 0 else ("", rest)
    host_end = re.search(r"[/?#]|$", rest)
    end = host_end.start() if host_end else len(rest)
    return Parts(scheme, account, rest[:end], rest[end:])


def encoded(url: str) -> str:
    """The URL in which an account's "/", "?" and "#" are percent-encoded, as FFmpeg needs.

    A URL that has an account in its proper place, before the first "/", stays as it is.
    """
    scheme, account, host, path = split_url(url)
    if not re.search(r"[/?#]", account.partition("@")[0]):
        return url
    name, colon, password = account.partition(":")
    account = quote(unquote(name), safe="") + colon + quote(unquote(password), safe="")
    return f"{scheme}://{account}@{host}{path}"


def split_fragment(url: str) -> tuple[str, str]:
    """Splits a URL into itself and the options behind its last "#", "" if there are none.

    A URL without "#" is the camera's as it stands, with its own ?name=value. So is one in which
    something else than name=value follows the "#".
    """
    parts = split_url(url)
    path, mark, fragment = parts.path.rpartition("#")
    if not mark or not OPTIONS.fullmatch(fragment):
        return url, ""
    return url[: len(url) - len(parts.path)] + path, fragment


def public(text: str) -> str:
    """A text in which no URL shows who may use it, fit to be shown, logged or written.

    text: a URI, a URL, or a sentence with URLs in it. User name and password are left out, and the
    values of options that let someone in (?user=admin&password=x) become "...".
    """
    if start := _START.match(
        text
    ):  # it begins with a URL, and is nothing else: also one with spaces in it
        return start[0] + _public_url(text[start.end() :])
    return _URL.sub(lambda found: _in_sentence(found[0]), text)


def place(url: str) -> str:
    """A URL's scheme, host and path, for messages: without account, query and fragment."""
    scheme, _, host, path = split_url(url)
    return public(f"{scheme}://{host}{re.split('[?#]', path)[0]}")


def _in_sentence(found: str) -> str:
    end = _SPOKEN_END.search(found)
    cut = end.start() if end else len(found)
    return _public_url(found[:cut]) + found[cut:]


def _public_url(url: str) -> str:
    scheme, _, host, path = split_url(url)
    return f"{scheme}://{host}" + _SECRET.sub(r"\1...", path)
