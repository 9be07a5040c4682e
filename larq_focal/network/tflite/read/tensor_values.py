"""What the tensors of a TensorFlow Lite file hold, while it is being read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from larq_focal.network.graph import NotUnderstood
from larq_focal.network.tflite.flatbuffer import FlatbufferError, FlatModel, Tensor
from larq_focal.network.tflite.read.constants import real_values


class TensorValues:
    """By tensor index, ``names`` are the values that operations produce, and ``folded`` computed constants."""

    def __init__(self, model: FlatModel):
        self.names: dict[int, str] = {}
        self.folded: dict[int, np.ndarray] = {}
        self._model = model

    def constant(self, tensor: Tensor) -> np.ndarray | None:
        """The real values of ``tensor``, None if it is not constant."""
        if tensor.index in self.folded:
            return self.folded[tensor.index]
        return real_values(tensor) if tensor.is_constant else None

    def name_of(self, tensor: Tensor) -> str:
        """The value that ``tensor`` holds."""
        if tensor.index in self.names:
            return self.names[tensor.index]
        if self.is_fixed(tensor):
            raise NotUnderstood("of a constant")
        raise FlatbufferError(f"'{self._model.name}' reads the tensor '{tensor.name}', which nothing produces.")

    def is_fixed(self, tensor: Tensor) -> bool:
        """Whether ``tensor`` is constant, in the file or by what is computed of constants."""
        return tensor.is_constant or tensor.index in self.folded

    def computed(self, tensors: Iterable[Tensor | None]) -> list[Tensor]:
        """Those of ``tensors`` that operations produce."""
        return [tensor for tensor in tensors if tensor is not None and tensor.index in self.names]
