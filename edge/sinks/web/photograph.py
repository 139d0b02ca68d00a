"""Reads a photograph that was sent to the page, in a process of its own.

A picture from a browser may be made to do harm. `fingerspell read` bounds what decoding it takes,
and in a process of its own at low priority it holds up neither the loop nor the page. It reads with
the default settings, whatever those of the run are.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys

from fastapi import Request
from fastapi.responses import JSONResponse

MOST_BYTES = 20 * 2**20  # the largest photographs of telephones have 10 to 15 MB
LONGEST_S = 60.0  # a slow Pi takes seconds; decoding is given up after a minute, too

SLOWEST_S = 20.0  # in which it has to be sent


class Reader:
    """Reads one photograph at a time, since each takes a core."""

    def __init__(self) -> None:
        self._busy = asyncio.Lock()

    async def answer(self, request: Request) -> JSONResponse:
        """Answers with the line of JSON that `fingerspell read` prints for the request's body.

        Status 408 for a body that comes too slowly, 413 for one of more than MOST_BYTES, 422 for
        one that is no picture, and 429 while another photograph is being read.
        """
        if self._busy.locked():
            return _refused(429, "another photograph is being read; try again")
        async with self._busy:
            try:
                body = await asyncio.wait_for(_body(request), SLOWEST_S)
            except TimeoutError:
                return _refused(408, "the photograph came too slowly")
            if body is None:
                return _refused(413, f"a photograph has at most {MOST_BYTES >> 20} MB")
            line = await _read(body)
        if line is None:
            return _refused(422, "it could not be read")
        said = {name: value for name, value in json.loads(line).items() if name != "path"}
        return JSONResponse(said, 422 if "error" in said else 200)


async def _body(request: Request) -> bytes | None:
    """Returns the body of a request; None where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


async def _read(picture: bytes) -> bytes | None:
    """Returns the line about a picture; None where there was none in time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "read", "--json", "-",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)  # the run comes first
    try:
        out, _ = await asyncio.wait_for(process.communicate(picture), LONGEST_S)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return out or None


def _refused(status: int, why: str) -> JSONResponse:
    return JSONResponse({"error": why}, status)
