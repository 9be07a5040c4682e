"""Whether a converted network computes what the Keras model computes, on data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.network.flatbuffer import FlatModel

FLOAT_TOLERANCE = 1e-3
"""A sample agrees if no output differs by more than this part of the largest output."""

INT8_TOLERANCE = 0.1
INT8_STEPS = 2
"""For int8 the tolerance is this part of the largest output or this many steps of the output, whichever is more."""

RANDOM_SAMPLES = 16

Data = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Agreement:
    """Outputs of the file against those of Keras.

    Args:
        samples: how many were compared.
        same_class: samples in which the largest output is the same one (of every output of the network).
        max_abs_difference: over all samples and outputs.
        max_abs_output: of Keras, likewise.
        differing: indices of the samples that differ by more than the tolerance.
        tolerance: largest difference that counts as agreement.
    """

    samples: int
    same_class: int
    max_abs_difference: float
    max_abs_output: float
    differing: tuple[int, ...]
    tolerance: float

    def to_dict(self) -> dict:
        return {
            "samples": self.samples,
            "same_class": self.same_class,
            "max_abs_difference": self.max_abs_difference,
            "max_abs_output": self.max_abs_output,
        }


def as_data(model: keras.Model, data, seed: int) -> Data:
    """Arrays by input name: those given, else seeded random ones that fit the model's inputs.

    Args:
        model: the model that they are for.
        data: an array, a list of arrays in the order of the inputs, a dictionary by input name, or None.
        seed: of the random inputs: standard normal for floats, 0 to 255 for integers.

    Raises:
        ValueError: the data does not fit the inputs, or is empty.
    """
    if data is None:
        rng = np.random.default_rng(seed)
        return {
            name: _random(rng, (RANDOM_SAMPLES, *tensor.shape[1:]), tensor.dtype)
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
        arrays[name] = np.asarray(data[name], tensor.dtype.as_numpy_dtype)
        if arrays[name].ndim == 0 or not tensor.shape[1:].is_compatible_with(arrays[name].shape[1:]):
            raise ValueError(
                f"The data for the input '{name}' of '{model.name}' has the shape {arrays[name].shape}; "
                f"needed is (samples, {', '.join(map(str, tensor.shape[1:]))})."
            )
    counts = {len(array) for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        raise ValueError(f"The data for '{model.name}' needs as many samples for each input, at least one.")
    return arrays


def one_sample(data: Data, index: int = 0) -> Data:
    return {name: array[index : index + 1] for name, array in data.items()}


def keras_outputs(model: keras.Model, data: Data) -> list[np.ndarray]:
    """What the model computes, one sample at a time, as the file does: a quantizer may look at the whole batch."""
    names = model.input_names
    signature = [tf.TensorSpec([1, *tensor.shape[1:]], tensor.dtype) for tensor in model.inputs]

    @tf.function(input_signature=signature, autograph=False)
    def call(*inputs):
        return tf.nest.flatten(model(inputs[0] if len(inputs) == 1 else list(inputs), training=False))

    samples = [call(*(one_sample(data, index)[name] for name in names)) for index in range(len(data[names[0]]))]
    return [np.concatenate([np.asarray(output) for output in outputs]) for outputs in zip(*samples, strict=True)]


def file_outputs(model: FlatModel, data: Data, output_names: Sequence[str]) -> list[np.ndarray]:
    """What the file computes in the interpreter that it was converted for: Larq Compute Engine's, or stock LiteRT.

    Args:
        model: the file.
        data: arrays by the names of the Keras model's inputs, in its order.
        output_names: those of the Keras model, in the order wanted.

    Inputs and outputs are told apart by the names in the file's signature if these are the model's, else by order.

    Raises:
        EngineError: the file does not load.
        ValueError: its inputs do not fit the data.
    """
    engine = "lce" if model.binary_operations else "litert"
    inputs = _matched(model.input_names, list(data))
    fed = {tensor.name: data[name] for name, tensor in zip(inputs, model.inputs, strict=True)}
    outputs = Runtime(model.content, engine=engine).run(fed)
    by_name = dict(zip(_matched(model.output_names, list(output_names)), _as_list(outputs), strict=False))
    return [by_name[name] for name in output_names if name in by_name]


def tolerance_for(model: FlatModel, largest: float) -> float:
    """The largest difference that counts as agreement, for outputs up to ``largest``."""
    steps = output_steps(model)
    if not steps:
        return FLOAT_TOLERANCE * largest
    return max(INT8_TOLERANCE * largest, INT8_STEPS * max(steps))


def output_steps(model: FlatModel) -> list[float]:
    """The scales of the outputs that are rounded to integers; none for a float network."""
    rounded = {op.outputs[0].index: op.inputs[0] for op in model.operators if op.kind == "DEQUANTIZE"}
    scales = (rounded.get(tensor.index, tensor).quantization for tensor in model.outputs)
    return [float(quantization.scale.max()) for quantization in scales if quantization is not None]


def compare(expected: Sequence[np.ndarray], actual: Sequence[np.ndarray], model: FlatModel) -> Agreement:
    """Agreement of the outputs ``[N, ...]`` of a network with those of the file ``model``, in the same order.

    Raises:
        ValueError: the outputs differ in number or shape.
    """
    shapes = [array.shape for array in expected], [array.shape for array in actual]
    if shapes[0] != shapes[1]:
        raise ValueError(f"The outputs of the file have the shapes {shapes[1]}, those of the model {shapes[0]}.")
    rows = [(a.reshape(len(a), -1), b.reshape(len(b), -1)) for a, b in zip(expected, actual, strict=True)]
    difference = np.max([_row_difference(a, b) for a, b in rows], axis=0)
    largest = max(float(np.abs(a).max(initial=0)) for a, _ in rows)
    same = np.all([a.argmax(1) == b.argmax(1) for a, b in rows], axis=0)
    tolerance = tolerance_for(model, max(largest, 1e-6))
    return Agreement(
        samples=len(difference),
        same_class=int(same.sum()),
        max_abs_difference=float(difference.max()),
        max_abs_output=largest,
        differing=tuple(int(index) for index in np.flatnonzero(~(difference <= tolerance))),
        tolerance=tolerance,
    )


def _row_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Largest difference in each row; the largest float where just one of two values is not a number."""
    both_nan = np.isnan(a) & np.isnan(b)
    difference = np.where(both_nan | (a == b), 0, np.abs(a.astype(np.float64) - b))
    largest = float(np.finfo(np.float32).max)
    return np.nan_to_num(difference, nan=largest, posinf=largest).max(axis=1, initial=0)


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: tf.DType) -> np.ndarray:
    if dtype.is_floating:
        return rng.normal(size=shape).astype(dtype.as_numpy_dtype)
    high = 2 if dtype.is_bool else min(dtype.max, 255) + 1
    return rng.integers(0, high, shape).astype(dtype.as_numpy_dtype)


def _matched(called: Sequence[str], names: list[str]) -> list[str]:
    """``called`` if these are the names, in whatever order, else the names in their own order."""
    return list(called) if set(called) == set(names) else names


def _as_list(outputs: np.ndarray | tuple[np.ndarray, ...]) -> list[np.ndarray]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]
