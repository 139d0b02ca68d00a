"""TensorFlow and Keras without their chatter: `from convert.quiet_tensorflow import keras, tf`.

Their C++ code writes to stderr whatever the log level says, before it has read the level.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

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


with silenced():
    import tensorflow as tf
    from tensorflow import keras

    tf.get_logger().setLevel("ERROR")  # it warns of each network that is compiled anew
    keras.Model  # noqa: B018 - loaded when it is first used, which is to be now, in silence

__all__ = ["keras", "silenced", "tf"]
