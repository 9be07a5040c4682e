"""Runs a converted network on batches, whatever engine does the work. Needs no TensorFlow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from larq_focal.deploy.choice import first_engine, opened
from larq_focal.deploy.engines import AUTO, ENGINE_CHOICES, EngineError
from larq_focal.deploy.pieces import batch_size, run_in_pieces, sample_shape
from larq_focal.deploy.pixels import SCALES
from larq_focal.deploy.values import dequantized, fed, is_quantizing, random_input
from larq_focal.network.tflite.flatbuffer import NUMPY_TYPES, FlatbufferError, FlatModel, read_flatbuffer
from larq_focal.network.tflite.metadata import FileMetadata, file_metadata
from larq_focal.network.tflite.soundness import check_sound
from larq_focal.version import __version__

__all__ = ["EngineError", "FlatbufferError", "Runtime"]

Batch = np.ndarray | Mapping[str, np.ndarray]


class Runtime:
    """A converted network, ready to run.

    Any number of threads may use one: their calls take turns, each on one piece of its batch. To compute in parallel,
    give the engine ``threads``, or every thread a runtime of its own.

    Args:
        model: path or content of a ``.tflite`` file.
        threads: how many the engine may use.
        engine: "litert" (stock LiteRT, for models without binary operators), "delegate" (LiteRT with larq_focal's
            delegate), "compiled" (LiteRT's CompiledModel with the delegate, for any model), "lce" (Larq Compute
            Engine's interpreter), or "auto" for the first that takes the model: LiteRT's interpreter, with the delegate
            where there are binary operators, then Larq Compute Engine.
        trial: let a process of its own run the model first, so that a file on which the engine crashes is an error.
            Engines are not made for files from strangers; what is known to crash them is refused without it too.

    Raises:
        OSError: the file cannot be read.
        FlatbufferError: it is not a TensorFlow Lite model, or a damaged one.
        EngineError: the engine cannot run it; with "auto", none can.
        ImportError: the engine's package is missing.
        ValueError: there is no such engine, or ``threads`` is not positive.
    """

    def __init__(self, model: str | Path | bytes, *, threads: int = 1, engine: str = "auto", trial: bool = False):
        if engine not in ENGINE_CHOICES:
            raise ValueError(f"There is no engine '{engine}'; choose one of {', '.join(ENGINE_CHOICES)}.")
        if threads < 1:
            raise ValueError(f"An engine needs at least one thread, not {threads}.")
        self.model: FlatModel = read_flatbuffer(model)
        self.metadata: FileMetadata = _metadata(self.model)
        """Names of the classes and preprocessing of pixels, as far as the file says them."""
        _check_inputs(self.model)
        check_sound(self.model)
        self.threads = threads
        self.passed_over: dict[str, str] = {}
        """Why engines that "auto" would rather have taken could not run the model, by their names."""
        if engine == AUTO:
            self.engine, self._engine, self.passed_over = first_engine(self.model, threads, trial)
        else:
            self.engine, self._engine = engine, opened(engine, self.model, threads, trial)
        self._turn = threading.Lock()

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.model.name

    @property
    def versions(self) -> dict[str, str]:
        """Versions of what runs the network, by package."""
        return {"larq_focal": __version__, self._engine.package: metadata.version(self._engine.package)}

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of the choice of the engine: which could not run the model, and why."""
        return tuple(
            f"The engine '{self.engine}' ran in place of '{name}', which could not: {reason}"
            for name, reason in self.passed_over.items()
        )

    @property
    def operations(self) -> tuple[str, ...]:
        """The kind of every operator, in the order of execution."""
        return self.model.operations

    @property
    def batch_size(self) -> int | None:
        """Samples that the file takes at a time; None where its inputs share no first axis, and so have no batch."""
        return batch_size(self.model)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names in the file's signature, in its order; those of the tensors where it has none."""
        return self.model.input_names

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names in the file's signature, in its order; those of the tensors where it has none."""
        return self.model.output_names

    @property
    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the inputs without the batch axis, if there is one."""
        return tuple(sample_shape(tensor, self.batch_size) for tensor in self.model.inputs)

    @property
    def input_dtypes(self) -> tuple[str, ...]:
        return tuple(tensor.dtype for tensor in self.model.inputs)

    @property
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the outputs without the batch axis; whole where an output has none."""
        return tuple(sample_shape(tensor, self.batch_size) for tensor in self.model.outputs)

    @property
    def output_dtypes(self) -> tuple[str, ...]:
        return tuple(tensor.dtype for tensor in self.model.outputs)

    def __repr__(self) -> str:
        return f"Runtime('{self.name}', engine='{self.engine}', threads={self.threads})"

    def run(self, batch: Batch) -> np.ndarray | tuple[np.ndarray, ...]:
        """The outputs for a batch of any size.

        An input of the file's own type is fed as it is. Where the file wants quantized integers and gets floats,
        they are quantized with the input's scale and zero point, and quantized outputs come back as float32.

        An output whose first axis is not the batch comes back as the engine gives it. So does every output of a file
        without a batch axis, whose inputs are given in just its shapes.

        Args:
            batch: ``[N, *input_shapes[0]]``, or one such array per name of ``input_names``.

        Returns:
            ``[N, *output_shapes[0]]``; a tuple of such arrays in the order of ``output_names`` where there are several.

        Raises:
            ValueError: a name, a shape, a type or a value does not fit the model's inputs; or an output without a
                batch axis would have to be joined from several calls.
            EngineError: the engine gave up.
        """
        outputs = self.outputs(batch)
        return outputs[0] if len(outputs) == 1 else outputs

    def outputs(self, batch: Batch) -> tuple[np.ndarray, ...]:
        """What :meth:`run` gives, as a tuple where there is one output too."""
        arrays, tensors = self._arrays(batch), self.model.inputs
        feeds = [fed(*each) for each in zip(arrays, tensors, self.input_names, strict=True)]
        outputs = run_in_pieces(self.model, self._invoke, feeds)
        if any(is_quantizing(array, tensor) for array, tensor in zip(arrays, tensors, strict=True)):
            outputs = [dequantized(output, tensor) for output, tensor in zip(outputs, self.model.outputs, strict=True)]
        return tuple(outputs)

    def prepare(self, seed: int = 0) -> Callable[[], object]:
        """One inference of random input, ready to be called again and again: what there is to time.

        Args:
            seed: of the input: standard normal floats, or integers over the whole range.
        """
        random = np.random.default_rng(seed)
        feeds = [random_input(tensor, random) for tensor in self.model.inputs]
        return lambda: self._invoke(feeds)

    def _invoke(self, feeds: Sequence[np.ndarray]) -> list[np.ndarray]:
        try:
            with self._turn:
                return self._engine.run(feeds)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"'{self.name}' failed on the engine '{self.engine}': {error}") from error

    def _arrays(self, batch: Batch) -> list[np.ndarray]:
        """The inputs in their order, their shapes checked."""
        if not isinstance(batch, Mapping):
            if len(self.input_names) != 1:
                raise ValueError(f"'{self.name}' has the inputs {list(self.input_names)}: give an array for each name.")
            batch = {self.input_names[0]: batch}
        if set(batch) != set(self.input_names):
            raise ValueError(
                f"'{self.name}' has the inputs {list(self.input_names)}, but was given {sorted(map(str, batch))}."
            )
        arrays = [np.asarray(batch[name]) for name in self.input_names]
        for array, name, shape in zip(arrays, self.input_names, self.input_shapes, strict=True):
            given = array.shape if self.batch_size is None else array.shape[1:]
            if given != shape or (self.batch_size is not None and array.ndim == 0):
                expected = ", ".join([*(["batch"] if self.batch_size is not None else []), *map(str, shape)])
                raise ValueError(
                    f"The input '{name}' of '{self.name}' has the shape [{expected}], but the array given has "
                    f"{list(array.shape)}."
                )
        if self.batch_size is not None and len({len(array) for array in arrays}) > 1:
            raise ValueError(f"The inputs of '{self.name}' were given batches of different sizes.")
        return arrays


def _metadata(model: FlatModel) -> FileMetadata:
    metadata = file_metadata(model)
    if metadata.preprocessing is not None and metadata.preprocessing not in SCALES:
        raise FlatbufferError(
            f"'{model.name}' says that pixels need the preprocessing '{metadata.preprocessing}', which is not one of "
            f"{', '.join(SCALES)}."
        )
    return metadata


def _check_inputs(model: FlatModel) -> None:
    if not model.inputs:
        raise EngineError(f"'{model.name}' has no inputs, so that nothing can be fed to it.")
    for tensor, name in zip(model.inputs, model.input_names, strict=True):
        if tensor.dtype not in NUMPY_TYPES or 0 in tensor.shape:
            raise EngineError(
                f"The input '{name}' of '{model.name}' is {tensor.dtype}{list(tensor.shape)}; only arrays of numbers "
                "can be fed."
            )
