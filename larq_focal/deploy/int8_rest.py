"""Converting with what is not binary in int8: calibration on samples, the file, and what the rounding costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.deploy.audit.int8_loss import Int8Loss
from larq_focal.deploy.calibration import METHODS, calibrate
from larq_focal.deploy.converters import DEFAULT_CALIBRATION, INPUT_TYPES, RESTS, InputType
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.values import as_finite
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes import lower, lower_to_builtins
from larq_focal.network.passes.integer_rest import integer_rest, round_rest
from larq_focal.network.tflite import write_lowered

NEEDED = (
    "rest='int8' needs `representative` samples, like those that the network will see: the ranges of its values are "
    "taken from them. A hundred or so do."
)


@dataclass(frozen=True, eq=False)
class Int8Options:
    """How the rest of a network becomes int8.

    Args:
        representative: samples like those that the network will see, of which a hundred or so do: an array
            ``[N, *shape]``, or for several inputs a list of these or a dictionary by input name.
        labels: classes, ``[N]``, of the samples on which the loss is measured.
        input_type: what the file takes for inputs that go into int8: floats, or integers of the calibrated grid.
        method: of calibration, one of ``larq_focal.deploy.calibration.METHODS``.
    """

    representative: Any
    labels: Any = None
    input_type: InputType = "float32"
    method: str = DEFAULT_CALIBRATION


@dataclass(frozen=True)
class Int8File:
    """A file, the graph with the roundings that it computes, and what they cost on which samples."""

    content: bytes
    rounded: QuantGraph
    loss: Int8Loss
    measured: Mapping[str, np.ndarray]


def write_int8_rest(
    graph: QuantGraph,
    options: Int8Options,
    *,
    data: Mapping[str, np.ndarray] | None = None,
    output_names: Sequence[str] | None = None,
    seed: int = 0,
    packed: bool = True,
    **file_options: Any,
) -> Int8File:
    """Writes a graph with binary layers packed and the rest in int8.

    Args:
        graph: the network.
        options: with the samples that it is calibrated on.
        data: samples to measure the loss on, ``[N, *shape]`` by input name; None takes those of ``options``.
        output_names: what the file calls the outputs; None takes the graph's names.
        seed: of the choice of numbers that the ranges are taken from.
        packed: whether layers of few bits become operators of larq_focal's delegate; see
            :func:`larq_focal.network.tflite.write_tflite`.
        file_options: others of :func:`larq_focal.network.tflite.write_tflite`.

    Raises:
        GraphError: the graph cannot be written.
        ValueError: samples or labels do not fit the network, or there are none.
    """
    representative = checked_samples(graph, options.representative)
    measured = representative if data is None else checked_samples(graph, data, "data")
    labels = _checked_labels(options.labels, len(next(iter(measured.values()))))
    lowered = lower(graph) if packed else lower_to_builtins(graph)
    rest = integer_rest(lowered, packs=packed)
    grids = calibrate(lowered, rest, representative, method=options.method, seed=seed)
    rounded = round_rest(lowered, rest, grids, input_type=options.input_type)
    content = write_lowered(rounded, packed=packed, output_names=output_names or graph.outputs, **file_options)
    of_floats = write_lowered(lowered, packed=packed)
    return Int8File(content, rounded, _loss(of_floats, content, measured, labels), measured)


def _loss(of_floats: bytes, content: bytes, samples: Mapping[str, np.ndarray], labels: np.ndarray | None) -> Int8Loss:
    expected, actual = (Runtime(file).outputs(samples) for file in (of_floats, content))
    count = len(next(iter(samples.values())))
    pairs = [(a.reshape(count, -1), b.reshape(count, -1)) for a, b in zip(expected, actual, strict=True)]
    error, size = (
        np.sqrt(sum(float(np.square(part).sum()) for part in parts))
        for parts in zip(*((b - a, a) for a, b in pairs), strict=True)
    )
    accuracies = [
        None if labels is None else float(np.mean(outputs[0].reshape(count, -1).argmax(1) == labels))
        for outputs in (expected, actual)
    ]
    return Int8Loss(
        samples=count,
        same_class=int(np.all([a.argmax(1) == b.argmax(1) for a, b in pairs], axis=0).sum()),
        relative_difference=float(error / size) if size else float(error),
        float_accuracy=accuracies[0],
        int8_accuracy=accuracies[1],
        float_bytes=len(of_floats),
    )


def check_rest(
    rest: str, representative: Any, labels: Any, input_type: str, converter: str, calibration: str = DEFAULT_CALIBRATION
) -> None:
    """Refuses what does not go together, before any work.

    Raises:
        ValueError: there is no such rest, type of inputs or calibration, or samples are missing or given for nothing.
    """
    if rest not in RESTS:
        raise ValueError(f"There is no rest '{rest}'; choose {' or '.join(map(repr, RESTS))}.")
    if input_type not in INPUT_TYPES:
        raise ValueError(f"There is no type of inputs '{input_type}'; choose {', '.join(map(repr, INPUT_TYPES))}.")
    if calibration not in METHODS:
        raise ValueError(f"There is no calibration '{calibration}'; choose {', '.join(map(repr, METHODS))}.")
    if rest == "int8" and representative is None:
        raise ValueError(NEEDED)
    given = {"representative": representative, "labels": labels}
    unused = [name for name, value in given.items() if value is not None]
    unused += ["input_type"] if input_type != "float32" else []
    unused += ["calibration"] if calibration != DEFAULT_CALIBRATION else []
    if rest != "int8" and unused:
        raise ValueError(f"{' and '.join(unused)} can only be given with rest='int8'.")
    if rest == "int8" and converter == "lce":
        raise ValueError("rest='int8' needs larq_focal's own converter: give converter='focal'.")


def checked_samples(
    graph: QuantGraph,
    given: np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray],
    called: str = "representative",
) -> dict[str, np.ndarray]:
    """The samples by input name, checked.

    Args:
        graph: the network.
        given: an array ``[N, *shape]`` for a network of one input, else a list of arrays in the order of the inputs, or
            one array per input name.
        called: what the messages call them.

    Raises:
        ValueError: they do not fit the network, there are none, or one holds numbers that are not finite.
    """
    names = [op.name for op in graph.inputs]
    if not isinstance(given, Mapping):
        arrays = given if isinstance(given, list | tuple) and len(names) > 1 else [given]
        if len(arrays) != len(names):
            raise ValueError(f"'{graph.name}' has the inputs {names}: `{called}` needs samples for each, by its name.")
        given = dict(zip(names, arrays, strict=True))
    if set(given) != set(names):
        raise ValueError(f"'{graph.name}' has the inputs {names}, but `{called}` has {sorted(map(str, given))}.")
    samples = {op.name: _checked(np.asarray(given[op.name]), op, graph, called) for op in graph.inputs}
    counts = {len(array) for array in samples.values()}
    if 0 in counts:
        raise ValueError(f"`{called}` holds no samples for '{graph.name}': at least one is needed.")
    if len(counts) > 1:
        raise ValueError(f"`{called}` holds {sorted(counts)} samples for the inputs of '{graph.name}'.")
    return samples


def _checked(array: np.ndarray, op: ops.Input, graph: QuantGraph, called: str) -> np.ndarray:
    place = f"for the input '{op.name}' of '{graph.name}'"
    if array.shape[1:] != tuple(op.shape) or array.ndim == 0:
        raise ValueError(
            f"The `{called}` samples {place} have the shape {list(array.shape)}; needed is "
            f"[samples, {', '.join(map(str, op.shape))}]."
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"The `{called}` samples {place} are {array.dtype}, not numbers.")
    if not op.takes_bytes:
        return as_finite(array, np.float32, op.name)
    if array.dtype.kind == "f" or array.min(initial=0) < 0 or array.max(initial=0) > 255:
        raise ValueError(f"The `{called}` samples {place} must be bytes, whole numbers from 0 to 255.")
    return array.astype(np.uint8)


def _checked_labels(labels: np.ndarray | None, count: int) -> np.ndarray | None:
    """The class of each sample, ``[count]``.

    Raises:
        ValueError: there is another number of them, or they are not whole numbers.
    """
    if labels is None:
        return None
    labels = np.asarray(labels)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"`labels` are {labels.dtype}{list(labels.shape)}; needed is a whole number for each of {count} samples."
        )
    return labels
