"""`metrics:PORT` or `metrics:HOST:PORT`: how the run is, for Prometheus and for those who watch.

    /metrics   counts, a histogram of each stage's time, temperature, memory, watchdog
    /healthz   {"status": "ok" | "ill", "why": "", ...}: 200 if well, 503 if not

It listens on 127.0.0.1 unless a HOST is given, 0.0.0.0 for one. Both are answered by a thread of
their own, so that a loop that stands still is told as such.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import time
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from edge.errors import SinkError, UsageError
from edge.types import End, Request, Result, Vitals

PORT = 9464  # of OpenTelemetry's exporter for Prometheus; nothing else is usually there
STALE_S = 10.0  # a loop that has not been heard of for so long stands still
# From a model's invoke on a fast machine to a frame of a slow one, in seconds.
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.2, 0.5, 1.0)

PACED = False  # whether frames are shown to people


def open(rest: str) -> Metrics:
    """Listens on HOST:PORT; raises UsageError for what is none, SinkError where it cannot."""
    host, _, port = rest.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not re.fullmatch(r"\d{0,5}", port) or int(port or PORT) > 65535:
        raise UsageError(f"metrics:{rest} is no port; say metrics:{PORT} or metrics:HOST:{PORT}")
    return Metrics(host, int(port or PORT))


class Metrics:
    """Counts, and answers. write() and note() are called by the frame loop."""

    def __init__(self, host: str, port: int) -> None:
        """Raises SinkError where nothing can listen there."""
        self._registry = registry = CollectorRegistry()
        name = "fingerspell"
        self._frames = Counter(f"{name}_frames", "Frames looked at", registry=registry)
        self._hands = Counter(f"{name}_hand_frames", "Frames with a hand", registry=registry)
        self._dropped = Counter(
            f"{name}_frames_dropped", "Frames lost or left out", registry=registry
        )
        self._reopened = Counter(
            f"{name}_reopened", "How often a camera was opened again", registry=registry
        )
        self._events = Counter(f"{name}_events", "Events", ["kind"], registry=registry)
        self._stages = Histogram(
            f"{name}_stage_seconds", "Time of a frame in a stage", ["stage"],
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self._gauges = {
            what: Gauge(f"{name}_{what}", told, registry=registry)
            for what, told in {
                "fps": "Frames a second, over the last few seconds",
                "busy_seconds": "Time that a frame takes, median of the last few seconds",
                "waited_seconds": "Time since the last frame",
                "watchdog_age_seconds": "Time since the service manager was told that all is well",
                "memory_bytes": "Resident memory, children included",
                "temperature_celsius": "The hottest sensor",
                "throttled": "1 while the board's firmware slows the machine down",
                "shedding": "1 while work is left out",
                "ill": "1 while no picture comes",
            }.items()
        }
        self._vitals = Vitals()
        self._heard_s = time.monotonic()
        self._waited_s = 0.0
        try:
            self._server = _Server(self, host, port)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SinkError(
                f"cannot listen on {host}:{port}: {reason}; choose another, metrics:HOST:PORT"
            ) from error
        self.port: int = self._server.server_address[1]
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True
        )
        self._thread.start()

    def write(self, result: Result) -> Request | None:
        """Counts a frame."""
        self._heard_s = time.monotonic()
        self._waited_s = 0.0
        for stage, ms in result.timings_ms.items():
            self._stages.labels(stage).observe(ms / 1000)
        self._frames.inc()
        self._hands.inc(bool(result.hands))
        for event in result.events:
            self._events.labels(event.kind).inc()
        return None

    def note(self, vitals: Vitals) -> None:
        """Takes how the run is."""
        self._heard_s = time.monotonic()
        self._waited_s = vitals.waited_s
        self._dropped.inc(max(0, vitals.dropped - self._vitals.dropped))
        self._reopened.inc(max(0, vitals.reopened - self._vitals.reopened))
        self._vitals = vitals

    def close(self, end: End) -> None:
        """Listens no more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Returns status, content type and body of a page; called by the server's threads."""
        if path == "/metrics":
            self._set_gauges()
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/healthz":
            why = self._why()
            state = {"status": "ill" if why else "ok", "why": why, **asdict(self._vitals)}
            return 503 if why else 200, "application/json", _json(state)
        return 404, "application/json", _json({"there are": ["/metrics", "/healthz"]})

    def _why(self) -> str:
        """Says what keeps letters from being read; "" for nothing."""
        silent_s = time.monotonic() - self._heard_s
        if silent_s > STALE_S:
            return f"the loop has stood still for {silent_s:.0f} s"
        return self._vitals.trouble

    def _set_gauges(self) -> None:
        now_s = time.monotonic()
        vitals, silent_s = self._vitals, now_s - self._heard_s
        age_s = vitals.watchdog_age_s
        for what, value in {
            "fps": vitals.fps if silent_s < STALE_S else 0.0,
            "busy_seconds": vitals.busy_ms / 1000,
            "waited_seconds": self._waited_s + silent_s,
            "watchdog_age_seconds": None if age_s is None else age_s + silent_s,
            "memory_bytes": vitals.memory_mb * 1e6,
            "temperature_celsius": vitals.temperature_c,
            "throttled": bool(vitals.throttled),
            "shedding": bool(vitals.shed),
            "ill": bool(self._why()),
        }.items():
            self._gauges[what].set(float("nan") if value is None else value)


class _Server(ThreadingHTTPServer):
    """Answers each who asks in a thread of its own."""

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        self.metrics = metrics
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Without HTTPServer's search for a name, which waits for a DNS server that is away."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


class _Handler(BaseHTTPRequestHandler):
    """One page for one who asks."""

    server: _Server
    timeout = 5  # s: one who connects and asks nothing

    def do_GET(self) -> None:
        """Answers with what the sink says."""
        status, kind, body = self.server.metrics.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: a line for each question would fill the journal."""


def _json(values: dict[str, object]) -> bytes:
    return json.dumps(values).encode() + b"\n"
