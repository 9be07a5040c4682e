"""What TensorFlow Lite's element-wise operators compute: to fold constants, and to recognise k-level quantizers.

Truth is written as +1 and falsehood as -1, as everywhere in a graph that was read from a flatbuffer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from larq_focal.network.step_function import Steps
from larq_focal.network.tflite.flatbuffer import Operator

_MAX_CALLS = 1024
"""Longer chains are left as they are: an expression that doubles itself again and again would never end."""


def _signs(condition: np.ndarray) -> np.ndarray:
    return np.where(condition, np.float32(1), np.float32(-1))


def _same(x: np.ndarray) -> np.ndarray:
    return x


def _select(condition: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(condition > 0, x, y)


FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "ABS": np.abs,
    "ADD": np.add,
    "CEIL": np.ceil,
    "DEQUANTIZE": _same,
    "DIV": np.divide,
    "FLOOR": np.floor,
    "GREATER": lambda x, y: _signs(x > y),
    "GREATER_EQUAL": lambda x, y: _signs(x >= y),
    "LceDequantize": _same,
    "LceQuantize": lambda x: _signs(x >= 0),
    "LOGICAL_AND": np.minimum,
    "LOGICAL_OR": np.maximum,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "MUL": np.multiply,
    "NEG": np.negative,
    "RELU": lambda x: np.maximum(x, 0),
    "RELU6": lambda x: np.clip(x, 0, 6),
    "RELU_0_TO_1": lambda x: np.clip(x, 0, 1),
    "RELU_N1_TO_1": lambda x: np.clip(x, -1, 1),
    "ROUND": np.rint,
    "SELECT": _select,
    "SELECT_V2": _select,
    "SIGN": np.sign,
    "SUB": np.subtract,
}
FOLDED = frozenset({*FUNCTIONS, "MEAN", "TRANSPOSE"})
"""Operators that are computed where all operands are constant."""
FUSED: dict[int, str] = {1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6"}
"""Fused activations by their number in the schema."""
_ROUNDING = frozenset({"CEIL", "FLOOR", "ROUND", "SIGN"})
"""Operators that make steps and have no operation of their own in a graph."""
_EXTREMES = frozenset({"MAXIMUM", "MINIMUM"})
"""Operators that have no operation of their own if none of their operands is constant, as where steps are joined."""


def fused_activation(operator: Operator) -> int:
    """Number of the fused activation, 0 for none."""
    return operator.options.get("fusedActivationFunction", 0)


def evaluate(operator: Operator, operands: Sequence[np.ndarray]) -> np.ndarray:
    """The output of an operator of ``FUNCTIONS``, its fused activation included."""
    result = FUNCTIONS[operator.kind](*operands)
    fused = fused_activation(operator)
    return FUNCTIONS[FUSED[fused]](result) if fused else result


def fold(operator: Operator, operands: Sequence[np.ndarray]) -> np.ndarray:
    """The output of an operator of ``FOLDED`` from constants; packed bits come unpacked.

    Raises:
        ValueError: the operands do not fit each other, or would make more elements than the largest has.
    """
    if operator.kind == "MEAN":
        return operands[0].mean(tuple(operands[1].ravel()), keepdims=bool(operator.options["keepDims"]))
    if operator.kind == "TRANSPOSE":
        return operands[0].transpose(operands[1])
    shapes = [operand.shape for operand in operands]
    if np.prod(np.broadcast_shapes(*shapes), dtype=float) > max(operand.size for operand in operands):
        raise ValueError(f"constants of the shapes {shapes} are spread over each other")
    return evaluate(operator, operands)


@dataclass(frozen=True, eq=False)
class ScalarFunction:
    """A value as a never decreasing function of another, its root, element by element.

    ``calls`` counts the operators in it; ``has_steps`` tells whether one of them rounds.
    """

    root: str
    function: Callable[[np.ndarray], np.ndarray] = _same
    calls: int = 0
    has_steps: bool = False

    def as_table(self, steps: Steps) -> ScalarFunction:
        """The same function, looked up in its ``steps``, so that what is built on it need not compute it again."""
        levels, boundaries = steps
        return replace(self, function=lambda x: levels[np.searchsorted(boundaries, x, side="right")], calls=1)


def scalar_function(operator: Operator, operands: Sequence[ScalarFunction | np.ndarray]) -> ScalarFunction | None:
    """The output of ``operator`` as a function of the root that all its operands share; None if it is none.

    Args:
        operator: one with an entry in ``FUNCTIONS``.
        operands: its inputs in order: a constant, or what the input is of its own root.
    """
    variables = [item for item in operands if isinstance(item, ScalarFunction)]
    if (
        len({item.root for item in variables}) != 1
        or any(item.size != 1 for item in operands if isinstance(item, np.ndarray))
        or not _never_decreases(operator.kind, operands)
        or fused_activation(operator) not in (0, *FUSED)
    ):
        return None
    calls = 1 + sum(item.calls for item in variables)
    if calls > _MAX_CALLS:
        return None
    arguments = [item.function if isinstance(item, ScalarFunction) else _constant(item) for item in operands]
    return ScalarFunction(
        root=variables[0].root,
        function=lambda x: evaluate(operator, [argument(x) for argument in arguments]),
        calls=calls,
        has_steps=operator.kind in _ROUNDING
        or (operator.kind in _EXTREMES and len(variables) > 1)
        or any(item.has_steps for item in variables),
    )


def _constant(value: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    number = np.float32(value.item())
    return lambda _: number


def _never_decreases(kind: str, operands: Sequence[ScalarFunction | np.ndarray]) -> bool:
    """Whether the output cannot fall when an operand that is not constant rises."""
    constants = [item.item() if isinstance(item, np.ndarray) else None for item in operands]
    match kind:
        case "ABS" | "NEG":
            return False
        case "SUB" | "GREATER" | "GREATER_EQUAL":
            return constants[1] is not None
        case "DIV":
            return constants[1] is not None and constants[1] > 0
        case "MUL":
            return any(constant is not None and constant > 0 for constant in constants)
        case "SELECT" | "SELECT_V2":
            return None not in constants[1:] and constants[1] >= constants[2]
    return True
