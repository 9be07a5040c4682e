"""Quantizers that sample in training, with a temperature and seeded noise, and the callback that anneals it."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.nn import Tensor, ops, random
from larq_focal.quantizers.parts.schedule import EpochSchedule, ScheduledQuantizer

TINY = float(np.finfo(np.float32).tiny)
"""The least that is drawn, whose logarithm is still a number."""


def logistic_noise(shape: tuple[int, ...], seed: Tensor, dtype: Any) -> Tensor:
    """log(u) - log(1 - u) for uniform u: the difference of two Gumbel variables. ``seed`` is two integers."""
    u = random.uniform(shape, seed, TINY)
    return ops.cast(ops.log(u) - ops.log1p(-u), dtype)


class GumbelQuantizer(ScheduledQuantizer):
    """Base of the quantizers that sample in training, with a temperature and seeded noise.

    Two non-trainable weights are saved with the model: ``temperature``, which :class:`GumbelTemperature` anneals, and
    ``noise_state``, the seed and the number of draws so far. Every read in training draws once, and its gradient
    belongs to the very noise of that read.

    Args:
        temperature: The temperature at the start.
        seed: Of the noise. Instances of one seed draw the same noise, so give each layer its own. None takes one from
            Python's ``random``, which ``keras.utils.set_random_seed`` seeds.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A temperature that is not positive.
    """

    scheduled_name = "temperature"
    kept_weights = ("temperature", "noise_state")

    def __init__(self, temperature: float, seed: int | None = None, **kwargs):
        super().__init__(temperature, **kwargs)
        self.seed = seed

    def build(self, input_shape):
        super().build(input_shape)
        self.noise_state = random.add_noise_state(self, "noise_state", self.seed)

    def noise(self, inputs: Tensor, training: bool | None) -> Tensor | None:
        """Logistic noise for ``inputs``, new at every call; None in inference."""
        return logistic_noise(ops.shape(inputs), self.next_seed(), inputs.dtype) if training else None

    def next_seed(self) -> Tensor:
        """Two integers, others at every call."""
        return random.next_seed(self.noise_state)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


class GumbelTemperature(EpochSchedule):
    """Anneals the temperature of every Gumbel quantizer in a model, exponentially from ``start`` to ``end``.

    The first epoch trains at ``start``, the last at ``end``, with a constant ratio between epochs. The value of each
    epoch stands in the history as ``gumbel_temperature``.

    Args:
        start: Temperature of the first epoch.
        end: Temperature of the last epoch and of any after it.
        epochs: Length of the schedule; None takes it from ``fit``.

    Raises:
        ValueError: A temperature that is not positive, fewer epochs than one, or a model without a Gumbel quantizer.
    """

    quantizer = GumbelQuantizer
    history_name = "gumbel_temperature"

    def __init__(self, start: float = 1.0, end: float = 0.1, epochs: int | None = None):
        super().__init__(start, end, epochs)

    def value(self, epoch: int) -> float:
        last = self.length - 1
        progress = min(epoch / last, 1.0) if last else 1.0
        return self.start * (self.end / self.start) ** progress
