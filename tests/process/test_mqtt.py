"""The mqtt sink and a real broker, which refuses, is killed, and comes back."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("paho.mqtt", reason="needs paho-mqtt: pip install 'fingerspell[mqtt]'")

from edge.errors import SinkError, UsageError
from edge.sinks import Sinks, open_sink
from edge.sinks.mqtt import PASSWORD, WAITING, parsed
from edge.types import End, Event, Result
from tests.support.mosquitto import Broker, Listener, until
from tests.support.sample_results import hand, result

Starts = Callable[..., Broker]


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Starts]:
    """Starts a broker, which is gone after the test."""
    brokers: list[Broker] = []

    def start(settings: str = "allow_anonymous true") -> Broker:
        brokers.append(Broker(tmp_path, settings))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture
def heard(starts: Starts) -> Iterator[tuple[Broker, Listener]]:
    """A broker for everybody, and a client that hears everything."""
    broker = starts()
    listener = Listener(broker)
    yield broker, listener
    listener.close()


def spelled(index: int, *events: tuple[str, str], text: str = "") -> Result:
    return result(index, hands=(hand(0, 0, 100),), events=events, text=text)


def test_letters_words_and_the_state_are_published(heard: tuple[Broker, Listener]) -> None:
    """The state when it changes only; the end settles a word, and says that nobody is there."""
    broker, listener = heard
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}/hall")
    until(lambda: listener.of("hall/availability") == ["online"], "it is not online")
    sink.write(spelled(0, ("hand", "found")))
    for index in range(1, 20):
        sink.write(spelled(index, *([("letter", "H")] if index == 1 else []), text="H"))
    sink.close(End("H", 20, 0, (Event("word", "H", None, 0, "H"),)))
    until(lambda: listener.of("hall/availability") == ["online", "offline"], "it is not offline")
    assert listener.of("hall/letter") == ["H"]
    assert listener.of("hall/word") == ["H"]
    states = [json.loads(text) for text in listener.of("hall/state")]
    assert states[-1] == {"text": "H", "hand": False, "letter": "H", "word": "H"}
    assert len(states) == 4
    late = Listener(broker)
    until(lambda: late.of("hall/availability"), "it is not retained")
    assert late.of("hall/availability") == ["offline"]
    assert late.of("hall/letter") == []
    late.close()


def test_home_assistant_is_told_of_the_sensors(heard: tuple[Broker, Listener]) -> None:
    """Each has its own name, and the topics that are published."""
    broker, listener = heard
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}")
    until(lambda: listener.of("fingerspell/state"), "there is no state")
    sink.close(End("", 0, 0))
    found = {t: json.loads(text) for t, text in listener.heard if t.startswith("homeassistant/")}
    assert len(found) == len({settings["unique_id"] for settings in found.values()}) == 4
    for settings in found.values():
        assert settings["state_topic"] == "fingerspell/state"
        assert settings["availability_topic"] == "fingerspell/availability"
    listener.forget()
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}/quiet?discovery=no")
    until(lambda: listener.of("quiet/state"), "there is no state")
    sink.close(End("", 0, 0))
    assert not [topic for topic, _ in listener.heard if topic.startswith("homeassistant/")]


def test_a_broker_that_is_killed_is_waited_for(
    heard: tuple[Broker, Listener], caplog: pytest.LogCaptureFixture
) -> None:
    """What was spelled meanwhile arrives in its order when the broker is back."""
    broker, listener = heard
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}")
    until(lambda: listener.of("fingerspell/availability") == ["online"], "it is not online")
    sink.write(spelled(0, ("letter", "A"), text="A"))
    until(lambda: listener.of("fingerspell/letter") == ["A"], "the letter did not come")
    listener.forget()
    # The sink comes back after the listener, which would miss what is sent before.
    client, listening = sink._client, threading.Event()  # type: ignore[attr-defined]
    reconnect = client.reconnect
    client.reconnect = lambda: listening.wait(60) and reconnect()
    with caplog.at_level(logging.WARNING):
        broker.kill()
        until(lambda: "lost the connection" in caplog.text, "the loss was not noticed")
    for index, letter in enumerate("BCD"):
        sink.write(spelled(index, ("letter", letter), text=f"A{letter}"))
    broker.start()
    listener.wait()
    listening.set()
    del client.reconnect
    until(lambda: len(listener.of("fingerspell/letter")) >= 3, "the letters did not come")
    assert listener.of("fingerspell/letter") == ["B", "C", "D"]
    until(lambda: '"AD"' in str(listener.of("fingerspell/state")), "the state did not come")
    assert json.loads(listener.of("fingerspell/state")[-1])["text"] == "AD"
    sink.close(End("AD", 3, 0))


def test_a_run_that_is_killed_is_announced_by_its_will(heard: tuple[Broker, Listener]) -> None:
    """The broker says "offline" for a client that is gone without a goodbye."""
    broker, listener = heard
    sink = open_sink(f"mqtt://127.0.0.1:{broker.port}")
    until(lambda: listener.of("fingerspell/availability") == ["online"], "it is not online")
    connection = sink._client.socket()  # type: ignore[attr-defined]
    connection.shutdown(2)
    until(lambda: "offline" in listener.of("fingerspell/availability"), "there was no will")
    until(lambda: listener.of("fingerspell/availability")[-1] == "online", "it did not come back")
    sink.close(End("", 0, 0))


def test_without_a_broker_nothing_waits_and_the_oldest_are_left_out() -> None:
    """Writing takes no time; at the end it is said what did not arrive."""
    sink = open_sink("mqtt://127.0.0.1:1")
    began_s = time.process_time()
    for index in range(WAITING + 5):
        sink.write(spelled(index, ("letter", "A"), text="A"))
    assert time.process_time() - began_s < 5
    with pytest.raises(SinkError, match=rf"{WAITING + 5} messages did not reach mqtt://127"):
        sink.close(End("A", 1, 0))


def test_a_wrong_password_is_told_without_it(
    starts: Starts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And the right one is taken from the URL, a file or the environment."""
    if not shutil.which("mosquitto_passwd"):
        pytest.skip("needs mosquitto_passwd: apt install mosquitto")
    accounts = tmp_path / "accounts"
    subprocess.run(["mosquitto_passwd", "-b", "-c", accounts, "ann", "s3cr3t"], check=True)
    accounts.chmod(0o644)
    broker = starts(f"allow_anonymous false\npassword_file {accounts}")
    place = f"127.0.0.1:{broker.port}"
    several = Sinks([f"mqtt://ann:wr0ng@{place}"])

    def spell_on() -> None:
        until(lambda: several.write(spelled(0)), "a wrong password was not noticed")

    with pytest.raises(SinkError, match="refuses the connection") as refused:
        spell_on()
    said = str(refused.value) + caplog.text + several.trouble
    assert "wr0ng" not in said
    assert "ann:" not in said
    with pytest.raises(SinkError) as raised:
        several.close(End("", 0, 0))
    assert "wr0ng" not in str(raised.value)
    (tmp_path / "password").write_text("s3cr3t\n")
    listener = Listener(broker, username="ann", password="s3cr3t")
    for uri in (
        f"mqtt://ann:s3cr3t@{place}/a",
        f"mqtt://ann@{place}/b?password_file={tmp_path / 'password'}",
        f"mqtt://ann@{place}/c",
    ):
        if uri.endswith("c"):
            monkeypatch.setenv(PASSWORD, "s3cr3t")
        sink = open_sink(uri)
        topic = f"{uri.rpartition(place)[2][1]}/availability"
        until(lambda topic=topic: listener.of(topic), f"{topic} is not there")  # type: ignore[misc]
        sink.close(End("", 0, 0))
    listener.close()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("mqtt:ann:s3cr3t@host", "mqtt is followed by a URL: mqtt://HOST"),
        ("mqtt://", "it must be mqtt://HOST"),
        ("mqtt://ann:s3cr3t@host:99999", "mqtt://host:99999: it must be"),
        ("mqtt://ann:s3cr3t@host/a/#/b", "must not hold"),
        ("mqtt://ann:s3cr3t@host?tsl=yes", "has no option tsl; there are: tls"),
        ("mqtt://ann:s3cr3t@host?tls=on", "tls must be yes or no"),
        ("mqtt://ann@host?password_file=/missing", "cannot read the file of the password"),
        ("mqtt://ann:s3cr3t@host?tls=yes&ca=/missing", "cannot use the certificate /missing"),
    ],
)
def test_a_wrong_url_is_told_without_the_password(uri: str, said: str) -> None:
    """It says what to write."""
    with pytest.raises(UsageError) as raised:
        open_sink(uri)
    assert said in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


def test_a_url_says_all_there_is_to_know() -> None:
    """With TLS the port is another one."""
    broker = parsed("ann:p%40ss@[::1]/a/b?tls=yes")
    assert (broker.host, broker.port, broker.prefix) == ("::1", 8883, "a/b")
    assert (broker.user, broker.password, broker.shown) == ("ann", "p@ss", "mqtt://[::1]:8883/a/b")


# paho leaves it to Python to close the socket of a broker that is not trusted.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_is_reached_by_tls(starts: Starts, tmp_path: Path) -> None:
    """Its certificate is checked: one that nobody vouches for is not trusted."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl: apt install openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*made, "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL
    )
    broker = starts(f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}")
    trusted = open_sink(f"mqtt://127.0.0.1:{broker.port}?tls=yes&ca={certificate}")
    until(trusted._client.is_connected, "there is no connection")  # type: ignore[attr-defined]
    trusted.close(End("", 0, 0))
    doubtful = open_sink(f"mqtt://127.0.0.1:{broker.port}?tls=yes")
    until(lambda: doubtful._told, "it was not refused")  # type: ignore[attr-defined]
    doubtful.close(End("", 0, 0))
