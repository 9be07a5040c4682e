"""How many quantized weights change in a step, as a metric beside the loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

from larq_focal.nn.keras3.registration import register

_in_scope: set[str] = set()


@contextmanager
def metrics_scope(metrics: Iterable[str] = ()) -> Iterator[set[str]]:
    """Inside, quantizers of new kernels get these metrics: "flip_ratio" is the only one.

    Raises:
        ValueError: There is no such metric.
    """
    before = set(_in_scope)
    _in_scope.update(checked_metrics(metrics))
    try:
        yield _in_scope
    finally:
        _in_scope.clear()
        _in_scope.update(before)


def training_metrics() -> tuple[str, ...]:
    """The metrics of the scope that is entered."""
    return tuple(_in_scope)


def checked_metrics(metrics: Iterable[str]) -> tuple[str, ...]:
    """The names of metrics.

    Raises:
        ValueError: There is no such metric.
        NotImplementedError: Keras runs on JAX.
    """
    unknown = set(metrics) - {"flip_ratio"}
    if unknown:
        raise ValueError(f"There is no metric '{min(unknown)}' of quantizers: 'flip_ratio' is the only one.")
    if metrics and keras.backend.backend() == "jax":
        raise NotImplementedError(
            "Keras forgets the metrics of layers in a training on JAX: count flips with the callback "
            "larq_focal.training.SignFlips in place of the metric 'flip_ratio'."
        )
    return tuple(metrics)


@register("flip_ratio")
class FlipRatio(keras.metrics.Metric):
    """The share of values that differ from those of the update before, mean over the updates; 0 before the second.

    Args:
        values_dtype: The type in which values are kept and compared.
        name: Of the metric.
        dtype: Of the mean.

    Source:
        Helwegen et al., "Latent Weights Do Not Exist", NeurIPS 2019, https://arxiv.org/abs/1906.02107.
    """

    def __init__(self, values_dtype: str = "int8", name: str = "flip_ratio", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.values_dtype = values_dtype
        self.built = False

    def build(self, shape: tuple[int, ...]) -> None:
        """Makes room for values of this shape."""
        self._previous = self.add_variable(shape, "zeros", dtype=self.values_dtype, name="previous_values")
        self._total = self.add_variable((), "zeros", name="total")
        self._count = self.add_variable((), "zeros", name="count")
        self.built = True

    def update_state(self, values, sample_weight=None):
        values = ops.cast(values, self.values_dtype)
        if not self.built:
            self.build(tuple(values.shape))
        changed = ops.mean(ops.cast(ops.not_equal(self._previous, values), self.dtype))
        self._total.assign_add(changed * ops.sign(ops.convert_to_tensor(self._count)))
        self._count.assign_add(1)
        self._previous.assign(values)

    def result(self):
        return ops.divide_no_nan(self._total, self._count - 1)

    def reset_state(self):
        """Starts the mean again; the values are still compared with those of the last update."""
        for variable in (self._total, self._count) if self.built else ():
            variable.assign(0)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype, "values_dtype": self.values_dtype}
