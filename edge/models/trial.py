"""Runs a model once in a process of its own: TensorFlow Lite ends the process on some broken files.

python -m edge.models.trial MODEL.tflite
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from edge.errors import FingerspellError
from edge.models.interpreter import Model


def ends_the_process(path: Path) -> bool:
    """Whether opening this model, or running it on zeros, ends the process that does so.

    Every other failure raises an error, which whoever opens the model gets as well.
    """
    command = [sys.executable, "-P", "-m", "edge.models.trial", str(path.absolute())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    return done.returncode < 0  # a signal ended it


def main(path: Path) -> None:
    """Opens and runs the model."""
    with contextlib.suppress(FingerspellError):
        model = Model(path)
        model.run(*(np.zeros(tensor.shape, np.float32) for tensor in model.inputs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
