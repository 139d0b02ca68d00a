"""`mqtt://[USER@]HOST[:PORT][/PREFIX][?OPTIONS]`: letters, words and the state, to an MQTT broker.

Topics, below PREFIX (by default "fingerspell"):

    PREFIX/letter        each letter, as plain text
    PREFIX/word          each finished word, as plain text
    PREFIX/state         {"text": ..., "hand": true, "letter": ..., "word": ...}; retained
    PREFIX/availability  "online" or "offline"; retained, and the broker's last will

Home Assistant finds the four sensors by itself (https://www.home-assistant.io/integrations/mqtt).

Options are joined by "&": tls=yes, ca=FILE (of the authority that signed the broker's certificate),
password_file=FILE, and discovery=no. The password is taken from that file, else from the
environment, FINGERSPELL_MQTT_PASSWORD, else from the URL. No message shows it.

The broker may be away: up to WAITING letters and words wait for it, and of the state the newest.
"""

from __future__ import annotations

import json
import logging
import os
import re
import ssl
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.errors import SinkError, UsageError
from edge.types import End, Event, Request, Result
from edge.urls import split_url

log = logging.getLogger(__name__)

EXTRA = "mqtt"
URL = True

PASSWORD = "FINGERSPELL_MQTT_PASSWORD"
OPTIONS = ("tls", "ca", "password_file", "discovery")
PORT, TLS_PORT = 1883, 8883  # registered with IANA: mqtt, secure-mqtt
WAITING = 1000  # letters and words: an hour of a busy kiosk
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 60  # between two attempts to connect; each pause is doubled
CONNECT_S = 3.0  # how long an attempt to connect may take, and so how long close() may wait
LAST_S = 2.0  # how long the broker is waited for at the end of a run
KEEPALIVE_S = 15  # a broker that is silent for one and a half of this is gone


@dataclass(frozen=True, slots=True)
class Broker:
    """What the URL says."""

    host: str
    port: int
    prefix: str
    user: str | None
    password: str | None
    tls: bool
    ca: str | None
    discovery: bool

    @property
    def shown(self) -> str:
        """The URL without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt://{host}:{self.port}/{self.prefix}"


def open(rest: str) -> Mqtt:
    """Begins to connect to a broker; raises UsageError for a URL that makes no sense."""
    return Mqtt(parsed(rest))


def parsed(rest: str) -> Broker:
    """Returns what stands behind mqtt://. Raises UsageError, which names neither user nor password.

    A file that cannot be read is a UsageError too.
    """
    _, account, place, path = split_url(f"mqtt://{rest}")
    shown = f"mqtt://{place}"
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::(\d{1,5}))?", place)
    if not found or int(found[2] or PORT) not in range(1, 65536):
        raise UsageError(f"{shown}: it must be mqtt://HOST or mqtt://HOST:PORT")
    prefix, _, query = path.removeprefix("/").partition("?")
    if re.search(r"[+#\0]", prefix) or prefix.startswith("$"):
        raise UsageError(f"{shown}: the topic must not hold +, # or a $ at its beginning")
    options = dict(part.partition("=")[::2] for part in query.split("&") if part)
    for name, value in options.items():
        if name not in OPTIONS:
            raise UsageError(f"{shown} has no option {name}; there are: {', '.join(OPTIONS)}")
        if name in ("tls", "discovery") and value not in ("yes", "no"):
            raise UsageError(f"{shown}: {name} must be yes or no")
    user, colon, password = account.partition(":")
    tls = options.get("tls") == "yes"
    secret = os.environ.get(PASSWORD) or (unquote(password) if colon else None)
    if "password_file" in options:
        secret = _first_line(shown, options["password_file"])
    return Broker(
        host=found[1].strip("[]"),
        port=int(found[2] or (TLS_PORT if tls else PORT)),
        prefix=prefix.strip("/") or "fingerspell",
        user=unquote(user) or None,
        password=secret,
        tls=tls,
        ca=options.get("ca"),
        discovery=options.get("discovery") != "no",
    )


def _first_line(shown: str, path: str) -> str:
    try:
        return (Path(path).expanduser().read_text().splitlines() or [""])[0]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{shown}: cannot read the file of the password: {reason}") from error


class Mqtt:
    """Publishes events. The library's thread connects, and connects again after each loss."""

    def __init__(self, broker: Broker) -> None:
        """Raises UsageError where the certificate's file cannot be used."""
        self._broker = broker
        self._lock = Lock()
        self._waiting: deque[tuple[str, str]] = deque()
        self._lost = 0
        self._refused: str | None = None
        self._told = False  # that the broker is away
        self._closed = False
        self._state: dict[str, Any] = {"text": "", "hand": False, "letter": None, "word": None}
        self._published: dict[str, Any] | None = None  # the state that was published last
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2)
        client.max_queued_messages_set(WAITING)
        client.reconnect_delay_set(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        client.connect_timeout = CONNECT_S
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            try:
                client.tls_set(broker.ca)
            except (OSError, ValueError, ssl.SSLError) as error:
                raise UsageError(
                    f"{broker.shown}: cannot use the certificate {broker.ca}: {error}"
                ) from error
        client.will_set(self._topic("availability"), "offline", qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE_S)
        client.loop_start()

    def write(self, result: Result) -> Request | None:
        """Publishes the events; never waits. Raises SinkError where the broker refuses us."""
        if self._refused:
            raise SinkError(f"{self._broker.shown} refuses the connection: {self._refused}")
        for event in result.events:
            self._take(event)
        self._update(text=result.text, hand=bool(result.hands))
        return None

    def close(self, end: End) -> None:
        """Publishes the end, and says goodbye. Raises SinkError where something was not sent."""
        if self._closed:
            return
        for event in end.events:
            self._take(event)
        self._update(text=end.text, hand=False)
        last = None
        until_s = time.monotonic() + LAST_S
        while self._connecting and self._waiting and time.monotonic() < until_s:
            time.sleep(0.01)  # a run that was shorter than it takes to connect
        self._closed = True
        if self._client.is_connected():
            last = self._client.publish(self._topic("availability"), "offline", 1, retain=True)
            while not last.is_published() and time.monotonic() < until_s:
                time.sleep(0.01)
        self._client.disconnect()
        self._client.loop_stop()
        # Without a circle of references the library's sockets are closed with the last of them.
        self._client.on_connect = self._client.on_connect_fail = self._client.on_disconnect = None
        with self._lock:
            lost = self._lost + len(self._waiting)
        if lost or (last is not None and not last.is_published()):
            raise SinkError(f"{lost or 'some'} messages did not reach {self._broker.shown}")

    @property
    def _connecting(self) -> bool:
        return not (self._client.is_connected() or self._told or self._refused)

    def _take(self, event: Event) -> None:
        if event.kind in ("letter", "word"):
            self._state[event.kind] = event.label
            self._send(event.kind, event.label)

    def _send(self, topic: str, text: str) -> None:
        """Publishes a letter or a word, or keeps it until there is a connection."""
        with self._lock:
            if self._client.is_connected() and not self._waiting:
                self._publish(topic, text)
                return
            self._waiting.append((topic, text))
            if len(self._waiting) > WAITING:
                self._waiting.popleft()
                self._lost += 1

    def _publish(self, topic: str, text: str, *, retain: bool = False) -> None:
        """Hands a message to the library; counts one that its own queue has no room for.

        What is retained is published anew at each connection. With quality of service 1 the library
        would repeat an old state after the new one, where the broker went before it answered.
        """
        qos = 0 if retain else 1
        info = self._client.publish(self._topic(topic), text, qos, retain)
        self._lost += info.rc == paho.MQTT_ERR_QUEUE_SIZE

    def _update(self, **values: object) -> None:
        """Publishes the state if it has changed; without a connection, on_connect does."""
        with self._lock:
            self._state.update(values)
            if self._state != self._published and self._client.is_connected():
                self._publish_state()

    def _publish_state(self) -> None:
        self._published = dict(self._state)
        self._publish("state", json.dumps(self._state), retain=True)

    def _topic(self, name: str) -> str:
        return f"{self._broker.prefix}/{name}"

    # The library's thread calls these.

    def _on_connect(
        self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            return
        log.info("connected to %s", self._broker.shown)
        with self._lock:
            self._told = False
            self._publish("availability", "online", retain=True)
            for topic, settings in self._discovery():
                client.publish(topic, json.dumps(settings), qos=1, retain=True)
            while self._waiting:
                self._publish(*self._waiting.popleft())
            self._publish_state()

    def _on_connect_fail(self, client: paho.Client, data: Any) -> None:
        self._tell("cannot reach %s; letters and words wait for it")

    def _on_disconnect(
        self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if not self._closed and not self._refused:
            self._tell("lost the connection to %s; letters and words wait for it")

    def _tell(self, text: str) -> None:
        if not self._told:
            self._told = True
            log.warning(text, self._broker.shown)

    def _discovery(self) -> list[tuple[str, dict[str, object]]]:
        """Returns the topics and messages by which Home Assistant finds the sensors."""
        if not self._broker.discovery:
            return []
        node = re.sub(r"\W", "_", self._broker.prefix)
        device = {"identifiers": [node], "name": self._broker.prefix, "model": "fingerspell"}
        messages: list[tuple[str, dict[str, object]]] = []
        for name in ("letter", "word", "text", "hand"):
            kind = "binary_sensor" if name == "hand" else "sensor"
            value = f"value_json.{name}"
            settings: dict[str, object] = {
                "name": name.capitalize(),
                "unique_id": f"{node}_{name}",
                "state_topic": self._topic("state"),
                # A state of Home Assistant has at most 255 characters.
                "value_template": f"{{{{ 'ON' if {value} else 'OFF' }}}}"
                if name == "hand"
                else f"{{{{ ({value} or '')[-255:] }}}}",
                "availability_topic": self._topic("availability"),
                "device": device,
            }
            messages.append((f"homeassistant/{kind}/{node}/{name}/config", settings))
        return messages
