"""The sink: keeps the newest result, and has threads of its own serve and encode it.

The frame loop hands over references only. One thread encodes pictures while anybody views them,
and one thread serves. Neither can hold up the loop.
"""

from __future__ import annotations

import socket
import ssl
from collections import deque
from threading import Event as Flag
from threading import Thread
from typing import Any

import cv2
import uvicorn

from edge.errors import SinkError
from edge.sinks._picture import draw_hand, scaled
from edge.sinks.web.app import MOST_PICTURE_BYTES, make_app
from edge.types import End, Event, Request, Result, Vitals
from edge.uploads import UPLOADS

PICTURE_RATE_HZ = 10.0  # fast enough to see which hand shape is read
WIDEST_PX = 640  # a phone's width; a larger picture only costs more
QUALITY = 75  # of JPEG, 0..100
KEPT_EVENTS = 100  # for a page that is opened later
MOST_ASKED = 20  # edits that wait for frames; older ones are left out
TOP = 3  # labels that are shown beside each other
MOST_CONNECTIONS = 200  # at once; one too many is answered with status 503
GREEN = (80, 220, 120)  # of the skeleton, as red, green and blue


class Web:
    """Serves the page. The frame loop calls write(), note() and close()."""

    def __init__(
        self,
        host: str,
        port: int,
        token: str | None = None,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        """Raises SinkError where it cannot listen on `host` and `port` (0: any free port).

        token: what each request has to carry, if any (edge.sinks.web.guard). certificate: the files
        of a certificate and its key, for https; SinkError if they are none.
        """
        if certificate:
            _check(*certificate)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen()  # from now on nobody is refused, also before the thread serves
        except OSError as error:
            self._socket.close()
            raise SinkError(
                f"cannot listen on {host}:{port}: {error.strerror or error};"
                " choose another, web:PORT"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self.viewers = 0  # of pictures; the serving thread alone changes it
        self.jpeg: bytes | None = None  # the newest picture; None while nobody views any
        self.closed = Flag()
        self._result: Result | None = None
        self._vitals = Vitals()
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._numbered = 0
        self._asked: deque[Request] = deque(maxlen=MOST_ASKED)
        config = uvicorn.Config(
            make_app(self, token), log_config=None, log_level="error", access_log=False,
            lifespan="off", ws="websockets-sansio", ws_max_size=MOST_PICTURE_BYTES,
            limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=1,
            ssl_certfile=certificate[0] if certificate else None,
            ssl_keyfile=certificate[1] if certificate else None,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._threads = (
            Thread(target=self._server.run, args=([self._socket],), name="web", daemon=True),
            Thread(target=self._encode, name="web pictures", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def write(self, result: Result) -> Request | None:
        """Keeps the result; returns what the page's buttons ask for, one a frame."""
        self._result = result
        for event in result.events:
            self._keep(event)
        return self._next_asked()

    def note(self, vitals: Vitals) -> Request | None:
        """Keeps the state of the run; returns what write() does."""
        self._vitals = vitals
        return self._next_asked()

    def close(self, end: End) -> None:
        """Disconnects every browser and stops listening."""
        self.closed.set()
        self._server.should_exit = True
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def ask(self, request: Request) -> None:
        """Has the text edited with the next frame. The serving thread calls it."""
        self._asked.append(request)

    def events(self) -> list[dict[str, Any]]:
        """Returns the last events, the oldest first."""
        return list(self._events.copy())

    def state(self) -> dict[str, Any]:
        """Returns what the page shows. The serving thread calls it."""
        result, vitals = self._result, self._vitals
        prediction = result.prediction if result else None
        scores = prediction.scores if prediction else {}
        top = sorted(scores.items(), key=lambda item: -item[1])[:TOP]
        return {
            "text": result.text if result else "",
            "hand": bool(result and result.hands),
            "label": prediction.label if prediction else None,
            "score": round(prediction.score, 4) if prediction else None,
            "top": [[label, round(score, 4)] for label, score in top],
            "frame": result.frame.index if result else None,
            "fps": round(vitals.fps, 1),
            "busy_ms": round(vitals.busy_ms, 1),
            "temperature_c": vitals.temperature_c,
            "trouble": vitals.trouble or None,
            "camera": None if not UPLOADS.wanted else "used" if UPLOADS.sending else "wanted",
            "event": self._numbered,
        }

    def _next_asked(self) -> Request | None:
        return self._asked.popleft() if self._asked else None

    def _keep(self, event: Event) -> None:
        self._numbered += 1
        self._events.append(
            {
                "number": self._numbered,
                "event": event.kind,
                "label": event.label,
                "score": event.score,
                "text": event.text,
            }
        )

    def _encode(self) -> None:
        """Encodes the newest frame, at most PICTURE_RATE_HZ, while anybody views pictures."""
        last: Result | None = None
        while not self.closed.wait(1 / PICTURE_RATE_HZ):
            result = self._result
            if not self.viewers:
                self.jpeg = last = None
            elif result is not None and result is not last:
                last, self.jpeg = result, encoded(result)


def _check(certificate: str, key: str) -> None:
    """Raises SinkError if the files are no certificate with its key."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise SinkError(f"{certificate} and {key} are no certificate and key: {reason}") from error


def encoded(result: Result) -> bytes:
    """Returns the frame with its hands' skeletons as JPEG, at most WIDEST_PX wide or high."""
    height, width = result.frame.rgb.shape[:2]
    factor = min(1.0, WIDEST_PX / max(width, height))
    size_px = max(1, round(width * factor)), max(1, round(height * factor))
    picture = scaled(result.frame.rgb, size_px, mirror=False)
    for hand in result.hands:
        draw_hand(picture, hand, (width, height), False, GREEN)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
