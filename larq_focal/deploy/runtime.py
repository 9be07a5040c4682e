"""Runs a converted network on batches, whatever engine does the work. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

import numpy as np

from larq_focal.deploy.engines import ENGINES, EngineError, choose_engine
from larq_focal.network.flatbuffer import NUMPY_TYPES, FlatbufferError, FlatModel, Tensor, read_flatbuffer
from larq_focal.version import __version__

__all__ = ["EngineError", "FlatbufferError", "Runtime"]

Batch = np.ndarray | Mapping[str, np.ndarray]


class Runtime:
    """A converted network, ready to run.

    Args:
        model: path or content of a ``.tflite`` file.
        threads: how many the engine may use.
        engine: "litert" (stock LiteRT, for models without binary operators), "delegate" (LiteRT with larq_focal's
            delegate), "lce" (Larq Compute Engine's interpreter), or "auto" for the first that runs the model.

    Raises:
        OSError: the file cannot be read.
        FlatbufferError: it is not a TensorFlow Lite model, or a damaged one.
        EngineError: the engine cannot run it.
        ImportError: the engine's package is missing.
        ValueError: there is no such engine, or ``threads`` is not positive.
    """

    def __init__(self, model: str | Path | bytes, *, threads: int = 1, engine: str = "auto"):
        if engine not in ("auto", *ENGINES):
            raise ValueError(f"There is no engine '{engine}'; choose one of auto, {', '.join(ENGINES)}.")
        if threads < 1:
            raise ValueError(f"An engine needs at least one thread, not {threads}.")
        self.model: FlatModel = read_flatbuffer(model)
        _check_inputs(self.model)
        self.threads = threads
        self.engine = choose_engine(self.model) if engine == "auto" else engine
        self._engine = ENGINES[self.engine](self.model, threads)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.model.name

    @property
    def versions(self) -> dict[str, str]:
        """Versions of what runs the network, by package."""
        return {"larq_focal": __version__, self._engine.package: metadata.version(self._engine.package)}

    @property
    def operations(self) -> tuple[str, ...]:
        """The kind of every operator, in the order of execution."""
        return self.model.operations

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.model.inputs)

    @property
    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the inputs without the batch axis."""
        return tuple(tensor.shape[1:] for tensor in self.model.inputs)

    @property
    def input_dtypes(self) -> tuple[str, ...]:
        return tuple(tensor.dtype for tensor in self.model.inputs)

    @property
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the outputs without the batch axis."""
        return tuple(tensor.shape[1:] for tensor in self.model.outputs)

    @property
    def output_dtypes(self) -> tuple[str, ...]:
        return tuple(tensor.dtype for tensor in self.model.outputs)

    def __repr__(self) -> str:
        return f"Runtime('{self.name}', engine='{self.engine}', threads={self.threads})"

    def run(self, batch: Batch) -> np.ndarray | tuple[np.ndarray, ...]:
        """The outputs for a batch of any size.

        An input of the file's own type is fed as it is. Where the file wants quantized integers and gets floats,
        they are quantized with the input's scale and zero point, and quantized outputs come back as float32.

        Args:
            batch: ``[N, *input_shapes[0]]``, or one such array per name of ``input_names``.

        Returns:
            ``[N, *output_shapes[0]]``; a tuple of such arrays where the model has several outputs.

        Raises:
            ValueError: a name, a shape or a type does not fit the model's inputs.
            EngineError: the engine gave up.
        """
        arrays, tensors = self._arrays(batch), self.model.inputs
        feeds = [_fed(array, tensor) for array, tensor in zip(arrays, tensors, strict=True)]
        outputs = self._run_in_pieces(feeds)
        if any(_is_quantizing(array, tensor) for array, tensor in zip(arrays, tensors, strict=True)):
            outputs = [_dequantized(output, tensor) for output, tensor in zip(outputs, self.model.outputs, strict=True)]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def prepare(self, seed: int = 0) -> Callable[[], object]:
        """One inference of random input, ready to be called again and again: what there is to time.

        Args:
            seed: of the input: standard normal floats, or integers over the whole range.
        """
        random = np.random.default_rng(seed)
        feeds = [_random(tensor, random) for tensor in self.model.inputs]
        return lambda: self._engine.run(feeds)

    def _arrays(self, batch: Batch) -> list[np.ndarray]:
        """The inputs in the file's order, their shapes checked."""
        if not isinstance(batch, Mapping):
            if len(self.input_names) != 1:
                raise ValueError(f"'{self.name}' has the inputs {list(self.input_names)}: give an array for each name.")
            batch = {self.input_names[0]: batch}
        if set(batch) != set(self.input_names):
            raise ValueError(f"'{self.name}' has the inputs {list(self.input_names)}, but was given {sorted(batch)}.")
        arrays = [np.asarray(batch[name]) for name in self.input_names]
        for array, tensor in zip(arrays, self.model.inputs, strict=True):
            if array.ndim == 0 or array.shape[1:] != tensor.shape[1:]:
                expected = ", ".join(["batch", *map(str, tensor.shape[1:])])
                raise ValueError(
                    f"The input '{tensor.name}' of '{self.name}' has the shape [{expected}], but the array given has "
                    f"{list(array.shape)}."
                )
        if len({len(array) for array in arrays}) > 1:
            raise ValueError(f"The inputs of '{self.name}' were given batches of different sizes.")
        return arrays

    def _run_in_pieces(self, feeds: list[np.ndarray]) -> list[np.ndarray]:
        """Runs as many samples at a time as the file was converted for, mostly one; the last piece is filled up."""
        size, total = self.model.inputs[0].shape[0], len(feeds[0])
        pieces: list[list[np.ndarray]] = [[] for _ in self.model.outputs]
        for start in range(0, total, size):
            part = [feed[start : start + size] for feed in feeds]
            missing = size - len(part[0])
            if missing:
                part = [np.concatenate([array, np.repeat(array[-1:], missing, 0)]) for array in part]
            try:
                outputs = self._engine.run(part)
            except RuntimeError as error:
                raise EngineError(f"'{self.name}' failed on the engine '{self.engine}': {error}") from error
            for piece, output in zip(pieces, outputs, strict=True):
                piece.append(output[: size - missing])
        return [
            np.concatenate(piece) if piece else np.empty((0, *tensor.shape[1:]), tensor.dtype)
            for piece, tensor in zip(pieces, self.model.outputs, strict=True)
        ]


def _check_inputs(model: FlatModel) -> None:
    for tensor in model.inputs:
        if tensor.dtype not in NUMPY_TYPES or not tensor.shape or tensor.shape[0] < 1:
            raise EngineError(
                f"The input '{tensor.name}' of '{model.name}' is {tensor.dtype}{list(tensor.shape)}; only arrays of "
                "numbers with a batch axis can be fed."
            )


def _is_quantizing(array: np.ndarray, tensor: Tensor) -> bool:
    """Whether floats meet an input of integers with a scale."""
    return tensor.quantization is not None and array.dtype.kind == "f" and np.dtype(tensor.dtype).kind in "iu"


def _fed(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """``array`` in the type of ``tensor``, C-contiguous."""
    dtype = np.dtype(tensor.dtype)
    if array.dtype == dtype or (dtype.kind == "f" and array.dtype.kind in "fiub"):
        return np.ascontiguousarray(array, dtype)
    if not _is_quantizing(array, tensor):
        raise ValueError(f"The input '{tensor.name}' takes {tensor.dtype}, but the array given is {array.dtype}.")
    limits = np.iinfo(dtype)
    codes = np.rint(array / tensor.quantization.scale[0]) + tensor.quantization.zero_point[0]
    return np.ascontiguousarray(np.clip(codes, limits.min, limits.max), dtype)


def _dequantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    if tensor.quantization is None:
        return array
    return ((array.astype(np.float32) - tensor.quantization.zero_point[0]) * tensor.quantization.scale[0]).astype("f4")


def _random(tensor: Tensor, random: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(tensor.dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, tensor.shape, dtype, endpoint=True)
    return random.standard_normal(tensor.shape).astype(dtype)
