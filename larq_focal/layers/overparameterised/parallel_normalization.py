"""The sum of two batch normalisations, scaled: one batch normalisation in inference."""

from __future__ import annotations

from larq_focal.layers.l1_batch_normalization import L1BatchNormalization
from larq_focal.nn import Layer, Tensor, keras, ops, register
from larq_focal.quantizers.parts.channels import fix_channels


@register()
class ParallelNormalization(Layer):
    """Trains two batch normalisations of the same values, by standard and by mean absolute deviation, and a scale.

        y = scale (batch_normalization(x) + l1_batch_normalization(x)) / 2

    with a trained scale for each channel (last axis), 1 at the start. In inference all of it is one multiplication and
    one addition for each channel: :func:`larq_focal.training.fold` makes it a ``BatchNormalization``.

    Args:
        momentum: Of the moving averages.
        epsilon: Added to the variance, and to the mean absolute deviation.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, ..., channels] in and out.

    Raises:
        ValueError: A momentum outside of [0, 1); an epsilon that is not positive; or inputs without known channels.

    Source:
        This project's own; for its parts see :class:`L1BatchNormalization`.
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        options = {"momentum": momentum, "epsilon": epsilon}
        self.by_magnitude = L1BatchNormalization(**options, dtype=kwargs.get("dtype"), name="by_magnitude")
        self.by_square = keras.layers.BatchNormalization(**options, dtype=kwargs.get("dtype"), name="by_square")

    def build(self, input_shape):
        channels = fix_channels(self, input_shape)
        self.scale = self.add_weight(
            name="scale", shape=(channels,), dtype="float32", initializer="ones", autocast=False
        )
        for each in (self.by_square, self.by_magnitude):
            each.build(input_shape)
        super().build(input_shape)

    def call(self, inputs, training=None):
        total = self.by_square(inputs, training=training) + self.by_magnitude(inputs, training=training)
        return ops.cast(ops.convert_to_tensor(self.scale) / 2, total.dtype) * total

    def folded(self) -> tuple[Tensor, Tensor]:
        """Scale and shift of inference, each [channels]."""
        scale, shift = self.by_magnitude.folded()
        square_scale, square_shift = folded_normalization(self.by_square)
        half = ops.convert_to_tensor(self.scale) / 2
        return half * (scale + square_scale), half * (shift + square_shift)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


def folded_normalization(layer: keras.layers.BatchNormalization) -> tuple[Tensor, Tensor]:
    """Scale and shift of inference of a batch normalisation with gamma and beta, each [channels]."""
    gamma, beta, mean, variance = (
        ops.convert_to_tensor(each) for each in (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    )
    scale = gamma * ops.rsqrt(variance + layer.epsilon)
    return scale, beta - mean * scale
