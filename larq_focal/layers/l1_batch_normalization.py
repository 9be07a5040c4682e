"""Batch normalisation by mean absolute deviations, with a backward pass that needs only signs."""

from __future__ import annotations

from typing import Literal

from larq_focal.layers.low_memory.bits import pack_bits, signs, unpack_bits
from larq_focal.nn import Layer, Tensor, at_once, of_shape, ops, over_slices, register, with_backward
from larq_focal.quantizers.parts.channels import fix_channels

Backward = Literal["exact", "signs"]


def normalize(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """``(x - mean) / deviation``; the gradient is the exact one, by mean and deviation too."""
    return (x - mean) / deviation


def normalize_by_signs(x: Tensor, beta: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """The same of a batch and ``beta`` added, with a gradient that keeps one bit of each value: its sign.

    With y the normalised values, h = sign(y), w = mean|y| and v = upstream / deviation:

        dx = v - mean(v) - h mean(v h w)

    Args:
        x: [batch, ..., channels].
        beta: [channels].
        epsilon: Added to the deviation.

    Returns:
        The outputs in the type of ``x``, and mean and deviation of each channel as constants.
    """
    axes, shape, kind = tuple(range(len(x.shape) - 1)), tuple(x.shape[1:]), x.dtype
    # Maps are large: what is float32 is a few samples at a time. Behind a dense layer that would only take time.
    slices = over_slices if len(shape) > 1 else at_once
    constant = ops.stop_gradient(x)
    count = ops.cast(ops.size(constant) // shape[-1], "float32")

    def mean_of(term):
        (_, (total,)) = slices(lambda some: ((), (ops.sum(term(ops.cast(some, "float32")), axes),)), constant)
        return total / count

    mean = mean_of(lambda some: some)
    distance = mean_of(lambda some: ops.abs(some - mean))
    deviation = distance + epsilon
    magnitude = distance / deviation

    def forward(x, beta):
        def normalized(some):
            y = (ops.cast(some, "float32") - mean) / deviation
            return (ops.cast(y + beta, kind), pack_bits(y >= 0)), ()

        ((y, positive), _) = slices(normalized, x)
        return y, (positive, deviation, magnitude)

    def backward(kept, upstream):
        positive, deviation, magnitude = kept
        count = ops.cast(ops.size(upstream) // upstream.shape[-1], "float32")

        def sums(upstream, positive):
            upstream, sign = ops.cast(upstream, "float32"), signs(unpack_bits(positive, shape))
            return (), (ops.sum(upstream, axes), ops.sum(upstream * sign, axes))

        (_, (plain, signed)) = slices(sums, upstream, positive)
        mean, signed = plain / count, magnitude * signed / count

        def by_inputs(upstream, positive):
            sign = signs(unpack_bits(positive, shape))
            return (ops.cast((ops.cast(upstream, "float32") - mean - sign * signed) / deviation, kind),), ()

        ((by_x,), _) = slices(by_inputs, upstream, positive)
        return by_x, plain

    return with_backward(forward, backward)(x, beta), mean, distance


@register()
class L1BatchNormalization(Layer):
    """Batch normalisation with the mean absolute deviation in place of the standard deviation, and no square root.

        y = (x - mean) / (deviation + epsilon) + beta,  deviation = the mean of |x - mean|

    for each channel (last axis), over the batch in training and by moving averages in inference. There is no gamma: in
    front of a sign it could only turn the threshold round. Converted, it is a MUL and an ADD, which fold into a binary
    convolution before it.

    Args:
        backward: "exact" for the derivative of the above, mean and deviation included; "signs" for the one of the
            source, with h the sign and w the mean magnitude of the normalised values in the channel,
            dx = v - mean(v) - h mean(v h w), v = upstream / (deviation + epsilon). Between the passes one bit of each
            value is kept; the size of a sample must be known then.
        momentum: Of the moving averages.
        epsilon: Added to the deviation.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, ..., channels] in and out.

    Raises:
        ValueError: An unknown ``backward``; a momentum outside of [0, 1); an epsilon that is not positive; or inputs
            without known channels.

    Source:
        Wang, Davis, Moro, Zielinski, Lim, Coelho, Chatterjee, Cheung and Constantinides, "Enabling Binary Neural
        Network Training on the Edge", https://arxiv.org/abs/2102.04270;
        https://github.com/awai54st/Enabling-Binary-Neural-Network-Training-on-the-Edge.
    """

    def __init__(self, backward: Backward = "exact", momentum: float = 0.99, epsilon: float = 1e-3, **kwargs):
        super().__init__(**kwargs)
        if backward not in ("exact", "signs"):
            raise ValueError(f'L1BatchNormalization: backward must be "exact" or "signs", but is {backward!r}.')
        if not 0 <= momentum < 1:
            raise ValueError(f"L1BatchNormalization: momentum must be from 0 to below 1, but is {momentum}.")
        if not epsilon > 0:
            raise ValueError(f"L1BatchNormalization: epsilon must be positive, but is {epsilon}.")
        self.backward = backward
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = fix_channels(self, input_shape)
        self.sample_shape = tuple(input_shape[1:])

        def weight(name: str, initializer: str, trainable: bool) -> Tensor:
            return self.add_weight(
                name=name,
                shape=(channels,),
                dtype="float32",
                initializer=initializer,
                trainable=trainable,
                autocast=False,
            )

        self.beta = weight("beta", "zeros", trainable=True)
        self.moving_mean = weight("moving_mean", "zeros", trainable=False)
        self.moving_deviation = weight("moving_deviation", "ones", trainable=False)
        super().build(input_shape)

    def call(self, inputs, training=None, mask=None):  # with the arguments of the layer that it stands in for
        if mask is not None:
            raise ValueError(f"L1BatchNormalization {self.name!r} takes no mask: all values count.")
        if training and self.trainable:
            return self._normalized_over_batch(inputs)
        scale, shift = self.folded()
        return ops.cast(ops.cast(inputs, "float32") * scale + shift, self.compute_dtype)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Scale and shift of inference, each [channels]."""
        scale = 1 / (self.moving_deviation + self.epsilon)
        return scale, self.beta - self.moving_mean * scale

    def _normalized_over_batch(self, inputs: Tensor) -> Tensor:
        if self.backward == "signs":
            outputs, mean, deviation = normalize_by_signs(of_shape(self.sample_shape, inputs), self.beta, self.epsilon)
        else:
            x = ops.cast(inputs, "float32")
            axes = tuple(range(len(x.shape) - 1))
            mean = ops.mean(x, axes)
            deviation = ops.mean(ops.abs(x - mean), axes)
            outputs = normalize(x, mean, deviation + self.epsilon) + self.beta
        for moving, value in ((self.moving_mean, mean), (self.moving_deviation, deviation)):
            moving.assign(moving + (ops.stop_gradient(value) - moving) * (1 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        own = {"backward": self.backward, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
