"""What the controller computes behind the array, in fixed point: an affine map, and perhaps a softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.ops import Activation, Input

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


def fixed_tail(tail: QuantGraph, shapes: dict[str, tuple[int, ...]]) -> FixedTail | str:
    """The operations behind what is read out as one affine map, or why they are not.

    Args:
        tail: of the network, as in ``ControllerGraphs``.
        shapes: of the values that the array reads out, by name.
    """
    if len(tail.outputs) != 1:
        return f"the network has {len(tail.outputs)} outputs"
    op = tail[tail.outputs[0]]
    if isinstance(op, Input):
        return "the network ends with maps"
    if images := [value.name for value in tail.inputs if value.name not in shapes]:
        return f"it takes the image '{images[0]}', which the controller does not have"
    has_softmax = isinstance(op, Activation) and op.kind == "softmax"
    last = op.inputs[0] if has_softmax else op.name
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    total, units = sum(sizes.values()), int(np.prod(tail[last].shape))
    if total * units > MOST_WEIGHTS:
        return f"its {total * units:,} weights are more than the controller's memory holds ({MOST_WEIGHTS:,})"
    function = _function(tail, shapes, last)
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


def _function(tail: QuantGraph, shapes: dict[str, tuple[int, ...]], last: str) -> Callable[[np.ndarray], np.ndarray]:
    """From values ``[N, inputs]`` to the flattened ``last``."""
    taken = {op.name for op in tail.inputs}

    def function(flat: np.ndarray) -> np.ndarray:
        values, start = {}, 0
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            values[name] = flat[:, start : start + size].reshape(-1, *shape).astype(np.float32)
            start += size
        feeds = {name: value for name, value in values.items() if name in taken}
        return interpret(tail, feeds, [last])[last].reshape(len(flat), -1).astype(np.float64)

    return function
