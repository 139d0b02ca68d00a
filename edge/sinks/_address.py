"""The address that a sink listens on, as it stands behind the sink's name."""

from __future__ import annotations

import re

from edge.errors import UsageError

HERE = "127.0.0.1"  # where a sink listens unless it is told otherwise: this machine alone


def host_and_port(name: str, rest: str, port: int) -> tuple[str, int]:
    """Returns the host and port of PORT, HOST:PORT, HOST: or nothing.

    name: of the sink, for messages. port: where none is given. A host in brackets, as of IPv6,
    loses them. Raises UsageError for a port that is none.
    """
    host, _, given = rest.rpartition(":")
    if not re.fullmatch(r"\d{0,5}", given) or int(given or port) > 65535:
        raise UsageError(f"{name}:{rest} is no port; say {name}:{port} or {name}:HOST:{port}")
    return host.strip("[]") or HERE, int(given or port)
