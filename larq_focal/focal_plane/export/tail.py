"""What the controller computes behind the array, in fixed point: an affine map, and perhaps a softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from larq_focal.network.computation import compute
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel_sums import rescale
from larq_focal.network.ops import Activation, Linear

LARGEST_WEIGHT = 2**15 - 1
MOST_SHIFT = 30
MOST_WEIGHTS = 400_000  # which are two bytes each in the memory of the controller
_BATCH = 256
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class FixedTail:
    """Score u is the sum of ``weights[u] * value`` and ``biases[u]``, in steps of ``2 ** -shift``.

    ``inputs`` are the values that the array reads out, flattened one behind the other. ``largest_error`` is by how much
    rounding puts a score off at most, for values up to those of ``most``.
    """

    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    weights: np.ndarray
    biases: np.ndarray
    shift: int
    has_softmax: bool

    def scores(self, values: np.ndarray) -> np.ndarray:
        """As the controller computes them, from whole numbers ``[inputs]``."""
        return (self.weights.astype(np.int64) @ values.astype(np.int64) + self.biases) / 2.0**self.shift


def fixed_tail(graph: QuantGraph, shapes: dict[str, tuple[int, ...]]) -> FixedTail | str:
    """The operations behind what is read out as one affine map, or why they are not.

    Args:
        graph: the network in its array form.
        shapes: of the values that the array reads out, by name.
    """
    if len(graph.outputs) != 1:
        return f"the network has {len(graph.outputs)} outputs"
    (output,) = graph.outputs
    if output in shapes:
        if not isinstance(graph[output], Linear):
            return "the network ends with maps"
        last, has_softmax = output, False
    else:
        op = graph[output]
        has_softmax = isinstance(op, Activation) and op.kind == "softmax"
        last = op.inputs[0] if has_softmax else output
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    total, units = sum(sizes.values()), int(np.prod(graph[last].shape))
    if total * units > MOST_WEIGHTS:
        return f"its {total * units:,} weights are more than the controller's memory holds ({MOST_WEIGHTS:,})"
    function = _function(graph, shapes, last)
    zero = function(np.zeros((1, total)))[0]
    weights = np.concatenate(
        [function(np.eye(total)[start : start + _BATCH]) - zero for start in range(0, total, _BATCH)]
    ).T
    probe = np.random.default_rng(0).choice([-1.0, 1.0], (8, total))
    found, expected = probe @ weights.T + zero, function(probe)
    if np.abs(found - expected).max() > _TOLERANCE * max(1, np.abs(expected).max()):
        return "it is not affine"
    largest = max(np.abs(weights).max(), 2.0**-MOST_SHIFT)
    shift = int(min(MOST_SHIFT, np.floor(np.log2(LARGEST_WEIGHT / largest))))
    if shift < 0:
        return "its weights are too large"
    rounded = [np.rint(part * 2.0**shift).astype(np.int64) for part in (weights, zero)]
    return FixedTail(tuple(shapes.items()), rounded[0], rounded[1], shift, has_softmax)


def _function(graph: QuantGraph, shapes: dict[str, tuple[int, ...]], last: str) -> Callable[[np.ndarray], np.ndarray]:
    """From values ``[N, inputs]`` to the flattened ``last``."""

    def function(flat: np.ndarray) -> np.ndarray:
        values, start = {}, 0
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            values[name] = flat[:, start : start + size].reshape(-1, *shape).astype(np.float32)
            start += size
        return finished(graph, values)[last].reshape(len(flat), -1).astype(np.float64)

    return function


def finished(graph: QuantGraph, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All values of the network that follow from those that the array reads out, ``[N, ...]`` by name."""
    values = dict(values)
    for op in graph:
        if op.name in values:
            values[op.name] = rescale(op, values[op.name]) if isinstance(op, Linear) else values[op.name]
        elif op.inputs and all(name in values for name in op.inputs):
            values[op.name] = compute(op, *(values[name] for name in op.inputs)).astype(np.float32, copy=False)
    return values
