"""The command line: `fingerspell run`, `read`, `record`, `devices`, `doctor` and `models`."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import (
    FingerspellError,
    OutOfMemoryError,
    SinkError,
    UsageError,
    lacks_memory,
    printable,
)
from edge.running import logs
from edge.running.stop import Ended, true_interrupts

if TYPE_CHECKING:
    from edge.config import Config

EXAMPLES = """\
examples:
  fingerspell run --source "usb:0?size=1280x720&fps=30&format=MJPG" --sink screen:full
  fingerspell run --source video:clip.mp4 --sink jsonl:letters.jsonl
  fingerspell run --source "video:rtsp://192.168.1.7/stream#timeout=3"
  fingerspell run --source "images:FOLDER?fps=10&repeat=15" --alphabet digits
  fingerspell run --source "signer:HELLO?seed=3&speed=1.5&hand=left&loop=yes&live=yes"
  fingerspell run --sink screen:no-mirror,no-skeleton,no-hints,1280x720 --sink jsonl:-

exit status: 0, or 2 wrong use or setting, 3 camera or stream missing or lost, 4 model missing or
broken, 5 a sink that cannot be written, 130 after Ctrl-C
"""
RECORDING = """\
A name of one character is a letter, a longer one a word: "hello". Takes of "none", what your hand
does when it means nothing, make a model surer. Then, with 15 takes or more of each gesture:
  python -m train.recipes.dynamic --data gestures --out out
  fingerspell run --model out/dynamic

examples:
  fingerspell record --motion hello
  fingerspell record --motion none --seconds 5
  fingerspell record --motion Z --source "signer:Z Z Z Z Z?seed=3" --takes 5 --countdown 0
"""
INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one return an ending
    """Runs one command; returns its exit code (edge/errors.py, or 130 after Ctrl-C).

    What takes a while to import is imported in here, where Ctrl-C is caught.
    """
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # stdin, stdout or stderr was closed: the next file opened would take its place
    os.close(fd)
    logs.set_up()
    try:
        try:
            with true_interrupts(), _memory_error_as_one_line():
                arguments = _parser().parse_args(argv)
                code: int = arguments.command(arguments)
        finally:
            if sys.stdout:  # None for a program that was started without one
                sys.stdout.flush()
        return code
    except FingerspellError as error:
        print(f"fingerspell: {error}", file=sys.stderr)
        return error.exit_code
    except Ended:
        return 0
    except KeyboardInterrupt:
        print("fingerspell: stopped", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # commands turn errors of their own files into FingerspellError
        if error.filename is not None:
            name = printable(os.fsdecode(error.filename))
            print(f"fingerspell: {name}: {error.strerror}", file=sys.stderr)
            return SinkError.exit_code
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `fingerspell devices | head -1` has had its fill
            return 0
        print(f"fingerspell: cannot write to stdout: {error.strerror}", file=sys.stderr)
        return SinkError.exit_code


@contextmanager
def _memory_error_as_one_line() -> Iterator[None]:
    """Raises OutOfMemoryError in place of what Python, OpenCV or the linker raise."""
    try:
        yield
    except FingerspellError:
        raise
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise OutOfMemoryError("there is not enough memory; end other programs") from error


class _Version(argparse.Action):
    """Prints the version; it is found only when it is wanted, since that takes a while."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(version("fingerspell"))
        except PackageNotFoundError:  # run from its folder, without pip install
            print("not installed")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    from edge import sinks, sources

    parser = argparse.ArgumentParser(
        prog="fingerspell",
        description="Reads American Sign Language fingerspelling from a camera.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="read a camera, a video or the synthetic signer, live")
    run.set_defaults(command=_run)
    run.formatter_class = argparse.RawDescriptionHelpFormatter
    run.epilog = EXAMPLES
    run.add_argument("stray", nargs="*", help=argparse.SUPPRESS)
    run.add_argument(
        "--source", metavar="URI", help=f"{_uris(sources.shown_names())}; default: a camera"
    )
    run.add_argument("--sink", metavar="URI", action="append", help=_uris(sinks.names()))
    run.add_argument("--hands", type=int, choices=(1, 2), help="how many hands to follow")
    run.add_argument("--max-seconds", type=float, metavar="N", help="end after so long")
    run.add_argument("--log", choices=("text", "json"), help="format of log lines; default: text")
    run.add_argument("--config", type=Path, metavar="FILE", help="settings, in TOML")
    _add_reading(run)

    read = commands.add_parser("read", help="read still photographs, a line each")
    read.set_defaults(command=_read)
    read.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="pictures or folders; -: stdin"
    )
    read.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    read.add_argument("--hands", type=int, choices=(1, 2), help="the most hands in a picture")
    read.add_argument("--config", type=Path, metavar="FILE", help="settings, in TOML")
    _add_reading(read)

    record = commands.add_parser("record", help="record takes of a gesture of your own")
    record.set_defaults(command=_record)
    record.formatter_class = argparse.RawDescriptionHelpFormatter
    record.epilog = RECORDING
    record.add_argument("stray", nargs="*", help=argparse.SUPPRESS)
    record.add_argument("--motion", required=True, metavar="NAME", help="what it is to be read as")
    record.add_argument(
        "--source", metavar="URI", help=f"{_uris(sources.shown_names())}; or a camera"
    )
    record.add_argument("--out", type=Path, default=Path("gestures"), metavar="FOLDER")
    record.add_argument("--takes", type=int, default=15, metavar="N", help="more; default: 15")
    record.add_argument("--seconds", type=float, default=2.5, metavar="S", help="default: 2.5")
    record.add_argument("--countdown", type=int, default=3, metavar="S", help="default: 3; 0: none")
    record.add_argument("--sink", metavar="URI", action="append", help="screen: a window")
    _add_detector(record)

    devices = commands.add_parser("devices", help="list the cameras and what they can do")
    devices.set_defaults(command=_devices)
    doctor = commands.add_parser(
        "doctor",
        help="find out what is wrong, and how to repair it",
        epilog="Exit status: 1 if a fault keeps fingerspell from running, else 0, notes or not.",
    )
    doctor.set_defaults(command=_doctor)
    doctor.add_argument(
        "--source", metavar="URI", help="look at this source instead, and say what is odd about it"
    )
    doctor.add_argument("--seconds", type=float, default=10.0, metavar="N", help="default: 10")
    models = commands.add_parser(
        "models", help="list the models, fetch the hand models, or adopt one from elsewhere"
    )
    models.set_defaults(command=_models)
    models.add_argument("--fetch", action="store_true", help="download the hand models (36 MB)")
    _add_adopting(models)
    return parser


def _uris(names: Sequence[str]) -> str:
    return "one of " + ", ".join(f"{name}:..." for name in names)


def _refuse_stray(words: Sequence[str]) -> None:
    """Raises UsageError for a word that is no option: most likely it should name the source."""
    from edge.sources import public, suggestion

    if words:
        meant = suggestion(words[0])
        hint = f"--source {shlex.quote(public(meant))}" if meant else "--source URI (see --help)"
        raise UsageError(f"{public(words[0])!r} is no option; to read it, say {hint}")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """The flags that say how hands are found and read."""
    from typing import get_args

    from edge.config import Alphabet

    _add_detector(parser)
    parser.add_argument("--model", metavar="NAME", help="a model (fingerspell models), or its path")
    alphabets = [alphabet for alphabet in get_args(Alphabet) if alphabet]
    help_ = "what may be read; default: letters, where the model reads them"
    parser.add_argument("--alphabet", choices=alphabets, help=help_)
    parser.add_argument("--threads", type=int, metavar="N", help="of the models; 0: automatic")


def _add_adopting(parser: argparse.ArgumentParser) -> None:
    """The flags that take in a model from elsewhere."""
    adopting = parser.add_argument_group("a model from Teachable Machine, Edge Impulse or Lobe")
    adopting.add_argument("--adopt", type=Path, metavar="MODEL.tflite", help="write its manifest")
    adopting.add_argument("--labels", type=Path, metavar="FILE", help="one label a line")
    adopting.add_argument("--scale", metavar="LOW..HIGH", help="of a float model, as --scale=-1..1")
    adopting.add_argument("--colours", choices=("rgb", "bgr", "grey"), help="default: rgb, or grey")
    adopting.add_argument(
        "--margin",
        type=float,
        metavar="N",
        help="side of the square around the hand, in hands; default: 2",
    )
    adopting.add_argument("--picture", type=Path, metavar="FILE", help="try it on this one")


def _add_detector(parser: argparse.ArgumentParser) -> None:
    from edge import detectors

    names = ", ".join(detectors.shown_names())
    parser.add_argument("--detector", metavar="NAME", help=f"one of {names}, or NAME:OPTION")


def _config(arguments: argparse.Namespace) -> Config:
    from dataclasses import fields

    from edge.config import Config, load

    known = {f.name for f in fields(Config)}
    flags = {key: value for key, value in vars(arguments).items() if key in known}
    if flags.get("sink"):
        flags["sink"] = tuple(flags["sink"])
    return load(getattr(arguments, "config", None), flags)


# Each command imports what it needs: `fingerspell --help` should not wait for OpenCV.


def _run(arguments: argparse.Namespace) -> int:
    from edge.commands.run import run
    from edge.running.stop import stop_on_signals

    _refuse_stray(arguments.stray)
    config = _config(arguments)
    logs.set_up(config.log)
    with stop_on_signals() as stop:
        run(config, stop)
    if stop.reason == "SIGINT":
        raise KeyboardInterrupt
    return 0


def _read(arguments: argparse.Namespace) -> int:
    from edge.commands.read import read

    return read(arguments.paths, _config(arguments), arguments.json)


def _record(arguments: argparse.Namespace) -> int:
    from edge.commands.record import record
    from edge.recording.recorder import Order
    from edge.running.stop import stop_on_signals

    _refuse_stray(arguments.stray)
    order = Order(
        arguments.motion,
        arguments.out,
        arguments.takes,
        arguments.seconds,
        arguments.countdown,
    )
    with stop_on_signals() as stop:
        record(_config(arguments), order, stop)
    if stop.reason == "SIGINT":
        raise KeyboardInterrupt
    return 0


def _devices(_: argparse.Namespace) -> int:
    from edge.commands.devices import devices

    return devices()


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.source is not None:
        from edge.commands.doctor_source import examine_source

        return examine_source(arguments.source, arguments.seconds)
    from edge.commands.doctor import examine

    return examine()


def _models(arguments: argparse.Namespace) -> int:
    from edge.commands.models import adopted, fetch, models

    if arguments.adopt is not None:
        return adopted(arguments)
    return fetch() if arguments.fetch else models()
