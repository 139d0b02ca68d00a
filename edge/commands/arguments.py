"""What can be written on the command line: the commands, their flags, and their help.

Nothing is imported here that takes a while: `fingerspell --help` should not wait for OpenCV.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

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


class _Version(argparse.Action):
    """Prints the version; it is found only when it is wanted, since that takes a while."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(version("fingerspell"))
        except PackageNotFoundError:  # run from its folder, without pip install
            print("not installed")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Returns the parser; what it parses has `command`, the name of the command."""
    from edge import sinks, sources

    whole = argparse.ArgumentParser(
        prog="fingerspell",
        description="Reads American Sign Language fingerspelling from a camera.",
    )
    whole.add_argument("--version", action=_Version, nargs=0, help="say which version this is")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="read a camera, a video or the synthetic signer, live")
    run.set_defaults(command="run")
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
    read.set_defaults(command="read")
    read.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="pictures or folders; -: stdin"
    )
    read.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    read.add_argument("--hands", type=int, choices=(1, 2), help="the most hands in a picture")
    read.add_argument("--config", type=Path, metavar="FILE", help="settings, in TOML")
    _add_reading(read)

    record = commands.add_parser("record", help="record takes of a gesture of your own")
    record.set_defaults(command="record")
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

    _add_practice(
        commands.add_parser("practice", help="learn to spell, or to read what is spelled"),
        _uris(sources.shown_names()),
    )
    devices = commands.add_parser("devices", help="list the cameras and what they can do")
    devices.set_defaults(command="devices")
    doctor = commands.add_parser(
        "doctor",
        help="find out what is wrong, and how to repair it",
        epilog="Exit status: 1 if a fault keeps fingerspell from running, else 0, notes or not.",
    )
    doctor.set_defaults(command="doctor")
    doctor.add_argument(
        "--source", metavar="URI", help="look at this source instead, and say what is odd about it"
    )
    doctor.add_argument("--seconds", type=float, default=10.0, metavar="N", help="default: 10")
    models = commands.add_parser(
        "models", help="list the models, fetch the hand models, or adopt one from elsewhere"
    )
    models.set_defaults(command="models")
    models.add_argument("--fetch", action="store_true", help="download the hand models (36 MB)")
    _add_adopting(models)
    _add_config(commands.add_parser("config", help="show, write or check the settings file"))
    return whole


def _add_practice(practice: argparse.ArgumentParser, sources: str) -> None:
    """What is practised, and how it is read; sources: the URIs that there are."""
    practice.set_defaults(command="practice")
    practice.add_argument("stray", nargs="*", help=argparse.SUPPRESS)
    practice.add_argument("--words", type=Path, metavar="FILE", help="your own, one a line")
    practice.add_argument(
        "--receptive", action="store_true", help="the synthetic signer spells, and you type"
    )
    practice.add_argument("--source", metavar="URI", help=f"{sources}; default: a camera")
    practice.add_argument("--config", type=Path, metavar="FILE", help="settings, in TOML")
    _add_reading(practice)


def _add_config(config: argparse.ArgumentParser) -> None:
    """What the settings file is written or checked with."""
    config.set_defaults(command="config")
    what = config.add_mutually_exclusive_group()
    what.add_argument(
        "--write", type=Path, nargs="?", const=Path("fingerspell.toml"), metavar="FILE",
        help="write a file with every setting and its default; default: fingerspell.toml",
    )  # fmt: skip
    what.add_argument("--check", type=Path, metavar="FILE", help="say what is wrong in this file")
    config.add_argument("--overwrite", action="store_true", help="write over a file that exists")


def _uris(names: Sequence[str]) -> str:
    return "one of " + ", ".join(f"{name}:..." for name in names)


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
