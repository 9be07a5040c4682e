"""A TensorFlow Lite file as plain data: operators, tensors and their data, with nothing interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

IDENTIFIER = b"TFL3"
NUMPY_TYPES = frozenset(
    {"bool", "complex64", "complex128", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
"""Tensor types that NumPy has by itself; a package such as ml_dtypes may add others in its own layout."""


class FlatbufferError(ValueError):
    """A file is not a TensorFlow Lite model, or a damaged one."""


@dataclass(frozen=True, eq=False)
class Quantization:
    """Real value = ``(q - zero_point) * scale``, along ``axis`` where there is more than one scale."""

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int = 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor; ``shape`` includes the batch axis, ``dtype`` is the type's name in NumPy, or in the schema ("int4").

    ``data`` is None unless the tensor is constant; types that NumPy lacks, and sparse matrices, come as their raw bytes
    (uint8). ``buffer`` numbers the data in the file: tensors of one number share it.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: np.ndarray | None = None
    quantization: Quantization | None = None
    is_variable: bool = False
    buffer: int = 0

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    def has_type_of(self, other: Tensor) -> bool:
        """Whether the same bytes stand for the same numbers in both."""

        def parts(tensor: Tensor) -> tuple:
            grid = tensor.quantization
            return tensor.dtype, grid and (tuple(grid.scale), tuple(grid.zero_point), grid.axis)

        return parts(self) == parts(other)

    @property
    def nbytes(self) -> int:
        """Bytes of the constant data; 0 for activations."""
        return 0 if self.data is None else self.data.nbytes


@dataclass(frozen=True, eq=False)
class Operator:
    """One call: ``kind`` is the builtin's name ("CONV_2D") or that of a custom operator ("LceBconv2d").

    ``options`` holds the builtin options under their schema names (``strideW``), or the custom options if they are a
    map. An optional input that is left out is None.
    """

    index: int
    kind: str
    options: dict[str, Any]
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    is_custom: bool = False


@dataclass(frozen=True, eq=False)
class FlatModel:
    """The main graph of a TensorFlow Lite file, operators in the order of execution.

    ``inputs`` and ``outputs`` stand in the order of the file's signature, and have the names that it gives them; where
    there is no signature, in the order of the graph and with the names of its tensors. ``signature`` is its key, None
    where there is none. ``graph_inputs`` and ``graph_outputs`` are the indices of their tensors in the order of the
    graph, which is that of an interpreter. ``metadata`` has the bytes of the file's entries by their names.
    """

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    graph_inputs: tuple[int, ...]
    graph_outputs: tuple[int, ...]
    signature: str | None = None
    description: str = ""
    metadata: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def file_bytes(self) -> int:
        return len(self.content)

    @property
    def operations(self) -> tuple[str, ...]:
        """The kind of every operator, in order."""
        return tuple(operator.kind for operator in self.operators)

    @property
    def custom_operations(self) -> tuple[str, ...]:
        """Kinds of the custom operators, each once, sorted."""
        return tuple(sorted({op.kind for op in self.operators if op.is_custom}))

    @property
    def binary_operations(self) -> tuple[str, ...]:
        """Kinds of the Larq Compute Engine operators, each once, sorted."""
        return tuple(kind for kind in self.custom_operations if kind.startswith("Lce"))

    @property
    def few_bit_operations(self) -> tuple[str, ...]:
        """Kinds of the operators of few bits, which larq_focal's delegate alone runs, each once, sorted."""
        return tuple(kind for kind in self.custom_operations if kind.startswith("Lqf"))
