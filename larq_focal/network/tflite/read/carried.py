"""Operators that no operation of a graph describes, as files of their own, so that they can be written again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from larq_focal.network.tflite.flat_model import NUMPY_TYPES, FlatModel, Operator, Tensor
from larq_focal.network.tflite.single_operations import Whole

_ELSEWHERE = ("CALL", "CALL_ONCE", "IF", "WHILE", "DELEGATE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")
"""Operators that do what stands elsewhere, or remember something."""


class Carrier:
    """Makes files of single operators of ``model``."""

    def __init__(self, model: FlatModel):
        self.model = model
        first = {tensor.shape[:1] for tensor in model.inputs}
        (self._batch,) = first if len(first) == 1 else [()]
        self._whole: Whole | None = None

    def file(
        self, operator: Operator, values: Mapping[int, tuple[int, ...]], folded: Mapping[int, np.ndarray]
    ) -> np.ndarray | None:
        """The file of ``operator`` as bytes, uint8 ``[n]``; None where it cannot stand by itself.

        Args:
            values: the shapes of what its computed operands stand for, by the index of their tensor.
            folded: operands that were computed of constants, likewise.
        """
        if operator.kind in _ELSEWHERE or operator.kind.startswith(("STABLEHLO", "Lce", "Lqf", "HASHTABLE")):
            return None
        if any("ubgraph" in name for name in operator.options):
            return None
        computed = [tensor for tensor in operator.inputs if tensor is not None and tensor.index in values]
        ends = [*computed, *operator.outputs]
        is_sound = computed and all(map(self._is_value, ends))
        if not is_sound or any(values[tensor.index] != tensor.shape[1:] for tensor in computed):
            return None
        constants = {}
        for tensor in operator.inputs:
            if tensor is not None and tensor.index in folded:
                if tensor.quantization is not None or tensor.dtype not in NUMPY_TYPES or tensor.dtype == "bool":
                    return None  # it stands for other numbers than it holds
                constants[tensor.index] = np.asarray(folded[tensor.index], tensor.dtype)
        if self._whole is None:
            self._whole = Whole(self.model)
        return np.frombuffer(self._whole.alone(operator, constants), np.uint8)

    def _is_value(self, tensor: Tensor) -> bool:
        """Whether a tensor holds numbers for each sample, of a type that they can be converted from and to."""
        has_one_scale = tensor.quantization is None or len(tensor.quantization.scale) == 1
        is_number = tensor.dtype in NUMPY_TYPES and not tensor.dtype.startswith("complex")
        is_batch = bool(self._batch) and tensor.shape[:1] == self._batch
        return is_batch and is_number and has_one_scale and not tensor.is_variable
