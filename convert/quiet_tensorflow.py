"""TensorFlow and Keras without their chatter: `from convert.quiet_tensorflow import keras, tf`.

Their C++ code writes to stderr whatever the log level says, before it has read the level. Keras
models are saved and loaded here too, in the same silence. Where TensorFlow is not installed, a
command of convert or train that imports this module ends with one line and the exit status of
UsageError; any other importer gets the UsageError itself.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

from edge.errors import UsageError
from edge.files import write

__all__ = ["keras", "load_model", "save_model", "silenced", "tf"]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def silenced() -> Iterator[None]:
    """Lets them write to neither stdout nor stderr; exceptions come through."""
    sys.stderr.flush()
    saved = os.dup(2)
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 2)
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(devnull)


def _not_installed(module: str) -> NoReturn:
    """Ends the command that runs, if it is one of ours, with one line; else raises UsageError.

    A command imports TensorFlow before its `main` can catch anything.
    """
    library = "TensorFlow" if module == "tensorflow" else module
    error = UsageError(f"{library} is not installed; make train-setup")
    spec = sys.modules["__main__"].__spec__
    command = spec.name.removesuffix(".__main__") if spec else ""
    if command.startswith(("convert.", "train.")):
        print(f"{command}: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code)
    raise error


try:
    with silenced():
        import tensorflow as tf
        from tensorflow import keras

        tf.get_logger().setLevel("ERROR")  # it warns of each network that is compiled anew
        keras.Model  # noqa: B018 - loaded when it is first used, which is to be now, in silence
except ModuleNotFoundError as _error:
    _not_installed(_error.name or "tensorflow")


def save_model(model: Any, path: Path) -> None:
    """Writes a Keras model, whole or not at all; `path` ends in .keras.

    Raises UsageError where there is no place.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / path.name
            with silenced():
                model.save(copy)
            content = copy.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; make room") from error
    write(path, content)


def load_model(path: Path, *, compiled: bool = False) -> Any:
    """Returns the Keras model in a file; raises UsageError, which says why, where it cannot.

    compiled: with its loss and its optimiser's state, so that training can go on.
    """
    if not path.is_file():
        raise UsageError(f"there is no {path}; train the model, or give its path")
    try:
        with silenced():
            return keras.models.load_model(path, compile=compiled)
    except Exception as error:  # Keras raises whatever its layers raise
        raise UsageError(_why_not(path, error)) from error


def _why_not(path: Path, error: Exception) -> str:
    """Returns one line: why Keras could not load a file, and what to do."""
    text = str(error)
    if "`Lambda`" in text or "lambda" in text.lower():
        return (
            f"{path} has a Lambda layer, which is Python code and is not run; "
            "use a layer of Keras in its place, such as Rescaling, and save the model again"
        )
    if path.suffix in (".h5", ".hdf5"):
        return (
            f"{path} is not read by Keras {keras.__version__} ({_first_line(text)}); if Keras 2 "
            "saved it, build the network anew, call load_weights(FILE), and save it as .keras"
        )
    return f"{path} is no Keras model ({_first_line(text)}); train it again"


def _first_line(text: str) -> str:
    """Returns the first line that says something, cut to 160 characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = next((line for line in lines if "Unrecognized" in line), (lines or ["no reason"])[0])
    return said if len(said) <= 160 else said[:157] + "..."
