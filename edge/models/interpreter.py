"""Runs .tflite models: load a file, quantise inputs, invoke, dequantise outputs.

This is the only module that imports LiteRT. It uses LiteRT's `Interpreter` and never its
`CompiledModel`, which ends with an illegal instruction on a Cortex-A72 (Raspberry Pi 4). If
ai-edge-litert is not installed, the older tflite-runtime is used.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import ModelError, OutOfMemoryError, lacks_memory
from edge.models import flatbuffer

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Affine quantisation of one tensor: real = scale * (stored - zero_point).

    Source: Jacob et al. 2018, equation 1; the numbers come from the model file.
    """

    scale: float
    zero_point: int
    dtype: np.dtype[Any]


BYTES = Quantisation(1.0, -128, np.dtype(np.int8))  # of pixels that the model takes as 0..255

# Where so much is left, besides what a model's own size asks for, its failure is no lack of memory.
# The largest, hand_landmark_full, opens in 30 MB and not in 20 (RLIMIT_AS). This is twice as much.
_ENOUGH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output of a model; `quantisation` is None for a float tensor."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quantisation: Quantisation | None


def quantise(real: Array, q: Quantisation) -> Array:
    """Returns real values as stored integers, rounded to nearest even and clipped to the dtype."""
    if real.dtype == np.uint8 and q == BYTES:
        # The same result in a hundredth of the time: 0.004 ms instead of 0.36 ms for 224 px.
        return (real ^ np.uint8(0x80)).view(np.int8)
    info = np.iinfo(q.dtype)
    stored = np.rint(np.asarray(real, np.float32) / np.float32(q.scale) + np.float32(q.zero_point))
    clipped: Array = np.clip(stored, info.min, info.max).astype(q.dtype)
    return clipped


def dequantise(stored: Array, q: Quantisation) -> npt.NDArray[np.float32]:
    """Returns stored integers as real float32 values; int32 in between, so that nothing wraps."""
    real = (stored.astype(np.int32) - np.int32(q.zero_point)).astype(np.float32)
    return real * np.float32(q.scale)


class Model:
    """One .tflite file, ready to run.

    sha256: the checksum that the file must have; None to skip the check (5 MB take about 5 ms).
    also: the index of a tensor inside the model that becomes one more output, the last.
    Raises ModelError if the file is missing, cut short, or not a model, or has another checksum.
    calls, invoke_ns, copied_bytes: what was done since, as edge.stages.CountingModel says.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        sha256: str | None = None,
        also: int | None = None,
    ) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            if lacks_memory(error):
                raise
            reason = error.strerror or error
            raise ModelError(f"cannot read the model {path}: {reason}; reinstall it") from error
        if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
            raise ModelError(f"the model {path} is not the one expected (its SHA-256 differs)")
        try:
            flatbuffer.check(content)
            content = content if also is None else flatbuffer.with_output(content, also)
            interpreter_class = _interpreter_class()  # why it cannot be loaded is not silenced
            with _native_stderr_silenced():
                self._interpreter = interpreter_class(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
                details = self._interpreter.get_input_details()
                self.inputs = tuple(_tensor(d) for d in details)
                details = self._interpreter.get_output_details()
                self.outputs = tuple(_tensor(d) for d in details)
        except (ValueError, RuntimeError, struct.error) as error:
            if _memory_is_short(len(content)):
                raise OutOfMemoryError(
                    f"there is not enough memory for the model {path}"
                ) from error
            raise ModelError(f"{path} is not a whole .tflite model; fetch it again") from error
        self.path = path
        self.calls = self.invoke_ns = self.copied_bytes = 0

    def run(self, *inputs: Array) -> tuple[npt.NDArray[np.float32], ...]:
        """Invokes the model on real-valued inputs, each of its tensor's shape.

        Returns a copy of each output as real float32 values: while a view of an output exists,
        the next invoke fails. Adds to `calls`, `invoke_ns` and `copied_bytes`. Raises ModelError
        where the runtime cannot run the model, as where a tensor that it needs is no input.
        """
        for tensor, real in zip(self.inputs, inputs, strict=True):
            q = tensor.quantisation
            stored = quantise(real, q) if q else real.astype(tensor.dtype, copy=False)
            self._interpreter.set_tensor(tensor.index, stored)
        start = time.perf_counter_ns()
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"{self.path} cannot be run: {reason}; train it again") from error
        self.invoke_ns += time.perf_counter_ns() - start
        outputs = tuple([self._real(tensor) for tensor in self.outputs])
        self.calls += 1
        self.copied_bytes += sum([array.nbytes for array in inputs + outputs])
        return outputs

    def _real(self, tensor: Tensor) -> npt.NDArray[np.float32]:
        stored = self._interpreter.get_tensor(tensor.index)  # get_tensor copies
        return stored if tensor.quantisation is None else dequantise(stored, tensor.quantisation)


def _memory_is_short(model_bytes: int) -> bool:
    """Whether a model of this size cannot be opened: the runtime does not say why it fails."""
    try:
        mmap.mmap(-1, _ENOUGH_BYTES + 4 * model_bytes).close()
    except (OSError, MemoryError):
        return True
    return False


def runtime() -> str:
    """Returns the interpreter's name and version; raises ModelError if there is none."""
    from importlib.metadata import PackageNotFoundError, version

    name: str = _interpreter_class().__module__.split(".")[0].replace("_", "-")
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


def _interpreter_class() -> Any:
    try:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError:
            from tflite_runtime.interpreter import Interpreter
    except ModuleNotFoundError as error:
        raise ModelError(
            "no TensorFlow Lite runtime is installed; pip install ai-edge-litert"
        ) from error
    except (ImportError, OSError) as error:  # one of its libraries cannot be loaded
        if lacks_memory(error):
            raise
        reason = " ".join(str(error).split())
        raise ModelError(f"the TensorFlow Lite runtime cannot be loaded: {reason}") from error
    return Interpreter


def _tensor(details: dict[str, Any]) -> Tensor:
    dtype = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    return Tensor(
        index=details["index"],
        name=details["name"],
        shape=tuple(int(n) for n in details["shape"]),
        dtype=dtype,
        quantisation=Quantisation(float(scale), int(zero_point), dtype) if scale else None,
    )


@contextmanager
def _native_stderr_silenced() -> Iterator[None]:
    """Keeps the runtime's C++ log lines from the user's terminal while a model is built."""
    if not sys.stderr:  # stderr was closed before the start, and descriptor 2 is another file
        yield
        return
    try:
        saved = os.dup(2)
    except OSError:  # descriptor 2 is closed
        yield
        return
    sys.stderr.flush()
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(devnull)
