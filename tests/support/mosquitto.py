"""A real MQTT broker, mosquitto, that a test can kill and start again; and what it was sent."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

# Where Debian's package puts it; users' PATH often lacks sbin.
PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def until(condition: Callable[[], object], what: str) -> None:
    """Waits until it holds; fails after half a minute."""
    end_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end_s, what
        time.sleep(0.01)


class Broker:
    """Listens on a free port of 127.0.0.1."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true") -> None:
        if PROGRAM is None:
            pytest.skip("needs mosquitto: apt install mosquitto")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        self._file.write_text(f"listener {self.port} 127.0.0.1\nuser root\n{settings}\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        self._process = subprocess.Popen(
            [str(PROGRAM), "-c", str(self._file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._listens, "mosquitto does not listen")

    def kill(self) -> None:
        """Ends it without a goodbye to anybody."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """A client that hears every topic; it comes back by itself when the broker does."""

    def __init__(self, broker: Broker, **account: str) -> None:
        self.heard: list[tuple[str, str]] = []
        self._ready = False
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2)
        if account:
            client.username_pw_set(**account)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda c, *_: c.subscribe("#", qos=1)
        client.on_subscribe = lambda *_: setattr(self, "_ready", True)
        client.on_message = lambda _c, _d, m: self.heard.append((m.topic, m.payload.decode()))
        client.connect_async("127.0.0.1", broker.port)
        client.loop_start()
        self.wait()

    def wait(self) -> None:
        """Waits until it listens, once more after forget()."""
        until(lambda: self._ready, "nobody is subscribed")

    def forget(self) -> None:
        """Forgets that it listens, and what it has heard."""
        self._ready = False
        self.heard.clear()

    def of(self, topic: str) -> list[str]:
        """What was said about a topic."""
        return [text for heard, text in list(self.heard) if heard == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
