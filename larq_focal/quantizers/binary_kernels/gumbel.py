"""Kernel quantizer that samples binary weights in training (binary concrete), and the callback that anneals it."""

from __future__ import annotations

import random

import numpy as np

from larq_focal.keras import larq, tf
from larq_focal.quantizers.parts.schedule import EpochSchedule, ScheduledQuantizer
from larq_focal.quantizers.parts.sign import sign


def logistic_noise(shape: tuple[int, ...], seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """log(u) - log(1 - u) for uniform u: the difference of two Gumbel variables. ``seed`` is two integers."""
    u = tf.random.stateless_uniform(shape, seed, minval=np.finfo(np.float32).tiny)
    return tf.cast(tf.math.log(u) - tf.math.log1p(-u), dtype)


def gumbel_sign(
    x: tf.Tensor, temperature: tf.Tensor, logit_scale: float = 1.0, noise: tf.Tensor | None = None
) -> tf.Tensor:
    """The sign of ``logit_scale * x + noise``, with the derivative of its relaxation by ``temperature``.

    Forward +1 or -1; with logistic noise, +1 has the probability sigmoid(logit_scale * x), at every temperature.
    Backward, with y = sigmoid((logit_scale * x + noise) / temperature), the derivative of 2 y - 1:
    2 logit_scale / temperature * y * (1 - y).

    Args:
        x: Latent weights, any shape.
        temperature: Positive scalar.
        logit_scale: Positive; what turns a latent weight into a log-odds.
        noise: Logistic noise of the shape of ``x``, or None for none.
    """

    @tf.custom_gradient
    def relaxed_backward(x):
        # The noise is scaled, not x, so that without noise the converter sees the plain sign.
        perturbed = x if noise is None else x + noise / logit_scale

        def grad(upstream):
            y = tf.sigmoid(perturbed * (logit_scale / temperature))
            return upstream * (2 * logit_scale / temperature) * y * (1 - y)

        return sign(perturbed), grad

    return relaxed_backward(x)


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

    def __init__(self, temperature: float, seed: int | None = None, **kwargs):
        super().__init__(temperature, **kwargs)
        self.seed = seed

    def build(self, input_shape):
        super().build(input_shape)
        seed = random.randrange(2**31) if self.seed is None else self.seed
        self.noise_state = self.add_weight(
            "noise_state",
            shape=(2,),
            dtype=tf.int64,
            initializer=lambda shape, dtype: tf.constant([seed, 0], dtype, shape),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def noise(self, inputs: tf.Tensor, training: bool | None) -> tf.Tensor | None:
        """Logistic noise for ``inputs``, new at every call; None in inference."""
        return logistic_noise(tf.shape(inputs), self.next_seed(), inputs.dtype) if training else None

    def next_seed(self) -> tf.Tensor:
        """Two integers, others at every call."""
        seed = tf.convert_to_tensor(self.noise_state)
        self.noise_state.assign_add([0, 1])
        return seed

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@larq.utils.register_keras_custom_object
class GumbelSign(GumbelQuantizer):
    """Binary weights sampled in training: the binary concrete distribution with a hard forward pass.

    In training, with latent weight w, logit l = logit_scale * w, logistic noise n and temperature t:

        q(w) = +1 if l + n >= 0 else -1,  so that P(q = +1) = sigmoid(l)
        dq/dw = logit_scale * 2/t * y * (1 - y),  y = sigmoid((l + n) / t)

    In inference there is no noise: q(w) = +1 if w >= 0 else -1. Normalisations that were trained with the noise want
    their statistics again then, by :func:`larq_focal.training.recalibrate_normalisations`.

    Args:
        temperature: t at the start. Lower makes the derivative narrower and higher; the sampling does not depend on it.
        logit_scale: Log-odds per unit of latent weight. Latent kernels are small against 1 (and clipped to 1 by Larq's
            ``weight_clip``), so that at a scale of 1 most weights stay close to coin flips, a weight of 0.1 with
            P(+1) = 0.52, and little is learned. At the default of 30 it has P(+1) = 0.95.
        seed: Of the noise. Instances of one seed draw the same noise, so give each layer its own. None takes one from
            Python's ``random``, which ``keras.utils.set_random_seed`` seeds.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A temperature or logit scale that is not positive.

    Source:
        Maddison, Mnih and Teh, "The Concrete Distribution", https://arxiv.org/abs/1611.00712; Jang, Gu and Poole,
        "Categorical Reparameterization with Gumbel-Softmax", https://arxiv.org/abs/1611.01144.
    """

    precision = 1

    def __init__(self, temperature: float = 1.0, logit_scale: float = 30.0, seed: int | None = None, **kwargs):
        super().__init__(temperature, seed, **kwargs)
        if not logit_scale > 0:
            raise ValueError(f"GumbelSign: logit_scale must be positive, but is {logit_scale}.")
        self.logit_scale = logit_scale

    def call(self, inputs, training=None):
        noise = self.noise(inputs, training)
        return gumbel_sign(inputs, tf.cast(self.scheduled, inputs.dtype), self.logit_scale, noise)

    def get_config(self):
        return {**super().get_config(), "logit_scale": self.logit_scale}


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
