"""The optimizer of binary weights without latent ones."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from larq_focal.nn.keras3.larq_quantizers import sign
from larq_focal.nn.keras3.registration import register

Schedule = keras.optimizers.schedules.LearningRateSchedule


@register()
class Bop(keras.optimizers.Optimizer):
    """Flips a binary weight where the moving average of its gradients, times the weight, exceeds a threshold.

    It is for kernels of -1 and 1 alone, which a layer marks with ``kernel_quantizer=NoOp(precision=1)``. In a network
    with other weights it stands in a :class:`CaseOptimizer`, with ``Bop.is_binary_variable`` as the predicate.

    Args:
        threshold: The average that flips a weight, or a schedule of it.
        gamma: The share of the newest gradient in the average, or a schedule of it.
        name: Of the optimizer.
        **kwargs: As for ``keras.optimizers.Optimizer``. There is no learning rate.

    Source:
        Helwegen et al., "Latent Weights Do Not Exist: Rethinking Binarized Neural Network Optimization", NeurIPS 2019,
        https://arxiv.org/abs/1906.02107.
    """

    def __init__(
        self, threshold: float | Schedule = 1e-8, gamma: float | Schedule = 1e-4, name: str = "Bop", **kwargs: Any
    ):
        super().__init__(learning_rate=1.0, name=name, **kwargs)
        self.threshold = self._hyperparameter(threshold, "threshold")
        self.gamma = self._hyperparameter(gamma, "gamma")

    def _hyperparameter(self, value: float | Schedule, name: str) -> Any:
        """A schedule as it is; a number as a variable, which a callback can change while a training runs."""
        if isinstance(value, Schedule):
            return value
        return self.add_variable((), keras.initializers.Constant(value), name=name)

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._averages = self.add_optimizer_variables(variables, "average_gradient")

    def update_step(self, gradient, variable, learning_rate):
        average = self._averages[self._get_variable_index(variable)]
        weights, before = ops.convert_to_tensor(variable), ops.convert_to_tensor(average)
        gamma, threshold = (ops.cast(self._now(each), weights.dtype) for each in (self.gamma, self.threshold))
        after = before + gamma * (ops.cast(gradient, weights.dtype) - before)
        self.assign(average, after)
        self.assign(variable, sign(ops.where(weights * after > threshold, -weights, weights)))

    def _now(self, hyperparameter: Any) -> Any:
        return hyperparameter(self._iterations) if isinstance(hyperparameter, Schedule) else hyperparameter

    def get_config(self):
        config = {name: value for name, value in super().get_config().items() if name != "learning_rate"}
        return {**config, "threshold": _config(self.threshold), "gamma": _config(self.gamma)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        deserialize = keras.saving.deserialize_keras_object
        schedules = {name: deserialize(config[name], custom_objects) for name in ("threshold", "gamma")}
        return cls(**{**config, **schedules})

    @staticmethod
    def is_binary_variable(variable: Any) -> bool:
        """Whether a variable is marked as one of binary weights: a predicate for :class:`CaseOptimizer`."""
        return getattr(variable, "precision", None) == 1


def _config(hyperparameter: Any) -> Any:
    if isinstance(hyperparameter, Schedule):
        return keras.saving.serialize_keras_object(hyperparameter)
    return float(ops.convert_to_numpy(hyperparameter))
