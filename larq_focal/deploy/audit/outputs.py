"""What a Keras model and its file compute, on samples that were given or drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from larq_focal.deploy.conversion.freeze import batch_size
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.values import as_finite
from larq_focal.keras import keras, tf
from larq_focal.network.tflite.flatbuffer import FlatModel

RANDOM_SAMPLES = 16

Data = Mapping[str, np.ndarray]


def as_data(model: keras.Model, data, seed: int) -> Data:
    """Arrays by input name: those given, else seeded random ones that fit the model's inputs.

    Args:
        model: the model that they are for.
        data: an array, a list of arrays in the order of the inputs, a dictionary by input name, or None.
        seed: of the random inputs: standard normal for floats, 0 to 255 for integers.

    Raises:
        ValueError: the data does not fit the inputs, is empty, or holds values that are not finite.
    """
    size = batch_size(model)
    if data is None:
        rng = np.random.default_rng(seed)
        count = size * math.ceil(RANDOM_SAMPLES / size)
        return {
            name: _random(rng, (count, *tensor.shape[1:]), tensor.dtype)
            for name, tensor in zip(model.input_names, model.inputs, strict=True)
        }
    if not isinstance(data, Mapping):
        arrays = data if isinstance(data, list | tuple) else [data]
        if len(arrays) != len(model.input_names):
            raise ValueError(f"'{model.name}' has the inputs {model.input_names}, but {len(arrays)} arrays were given.")
        data = dict(zip(model.input_names, arrays, strict=True))
    if set(data) != set(model.input_names):
        raise ValueError(f"'{model.name}' has the inputs {model.input_names}, but was given {sorted(data)}.")
    arrays = {}
    for name, tensor in zip(model.input_names, model.inputs, strict=True):
        arrays[name] = _as_input(np.asarray(data[name]), model, name, tensor)
    counts = {len(array) for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        raise ValueError(f"The data for '{model.name}' needs as many samples for each input, at least one.")
    if any(count % size for count in counts):
        raise ValueError(f"'{model.name}' takes {size} samples at a time: give a multiple of that, not {counts.pop()}.")
    return arrays


def _as_input(array: np.ndarray, model: keras.Model, name: str, tensor) -> np.ndarray:
    if array.ndim == 0 or not tensor.shape[1:].is_compatible_with(array.shape[1:]):
        raise ValueError(
            f"The data for the input '{name}' of '{model.name}' has the shape {array.shape}; "
            f"needed is (samples, {', '.join(map(str, tensor.shape[1:]))})."
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"The data for the input '{name}' of '{model.name}' is {array.dtype}, not real numbers.")
    return as_finite(array, tensor.dtype.as_numpy_dtype, name)


def one_call(data: Data, index: int, size: int) -> Data:
    """The samples of one call of a model that takes ``size`` at a time."""
    return {name: array[index * size : (index + 1) * size] for name, array in data.items()}


def calls(data: Data, size: int) -> Iterator[Data]:
    """All calls that it takes to run ``data``; the last may be of fewer samples."""
    count = max(len(array) for array in data.values())
    return (one_call(data, index, size) for index in range(math.ceil(count / size)))


def keras_outputs(model: keras.Model, data: Data) -> list[np.ndarray]:
    """What the model computes ``[N, ...]``, in the calls that the file makes: a quantizer may look at the whole batch.

    An output without a batch axis counts for every sample of its call.
    """
    names, size = model.input_names, batch_size(model)
    signature = [tf.TensorSpec([size, *tensor.shape[1:]], tensor.dtype) for tensor in model.inputs]

    @tf.function(input_signature=signature, autograph=False)
    def call(*inputs):
        return tf.nest.flatten(model(inputs[0] if len(inputs) == 1 else list(inputs), training=False))

    called = [[np.asarray(output) for output in call(*(part[name] for name in names))] for part in calls(data, size)]
    return _by_sample(called, size)


def file_outputs(model: FlatModel, data: Data, output_names: Sequence[str]) -> list[np.ndarray]:
    """What the file computes in the interpreter that it was converted for: Larq Compute Engine's, or stock LiteRT.

    Args:
        model: the file.
        data: arrays by the names of the Keras model's inputs, in its order.
        output_names: those of the Keras model, in the order wanted.

    Inputs and outputs are told apart by the names in the file's signature if these are the model's, else by order.
    An output without a batch axis counts for every sample of its call.

    Raises:
        EngineError: the file does not load.
        ValueError: its inputs do not fit the data.
    """
    runtime = Runtime(model.content, engine="lce" if model.binary_operations else "litert")
    names = _matched(runtime.input_names, list(data))
    fed = {own: data[name] for name, own in zip(names, runtime.input_names, strict=True)}
    size = runtime.batch_size or 1
    outputs = _by_sample([runtime.outputs(part) for part in calls(fed, size)], size)
    by_name = dict(zip(_matched(runtime.output_names, list(output_names)), outputs, strict=False))
    return [by_name[name] for name in output_names if name in by_name]


def _by_sample(called: Sequence[Sequence[np.ndarray]], size: int) -> list[np.ndarray]:
    """The outputs of several calls as arrays ``[N, ...]``."""
    joined = []
    for outputs in zip(*called, strict=True):
        has_batch_axis = all(output.shape[:1] == (size,) for output in outputs[:-1]) and outputs[-1].ndim > 0
        if has_batch_axis and len(outputs[-1]) <= size:
            joined.append(np.concatenate(outputs))
        else:
            joined.append(np.repeat(np.stack(outputs), size, axis=0))
    return joined


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: tf.DType) -> np.ndarray:
    if dtype.is_floating:
        return rng.normal(size=shape).astype(dtype.as_numpy_dtype)
    high = 2 if dtype.is_bool else min(dtype.max, 255) + 1
    return rng.integers(0, high, shape).astype(dtype.as_numpy_dtype)


def _matched(called: Sequence[str], names: list[str]) -> list[str]:
    """``called`` if these are the names, in whatever order, else the names in their own order."""
    return list(called) if set(called) == set(names) else names
