"""Binary convolution whose signs are never trained and never stored: a seed gives them."""

from __future__ import annotations

import random
from typing import Literal

import numpy as np

from larq_focal.nn import NoOp, ReplacedConv2D, Tensor, keras, ops, register

_NOT_TRAINED = ("kernel_quantizer", "kernel_initializer", "kernel_regularizer", "kernel_constraint")


def fixed_signs(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """-1 and +1 as float32, by the bits of the Philox generator with ``seed`` as its key.

    NumPy keeps the raw stream of a generator the same in all versions and on all machines, unlike its distributions.
    """
    count = int(np.prod(shape))
    words = np.random.Philox(key=seed).random_raw(-(-count // 64)).astype("<u8")
    bits = np.unpackbits(words.view(np.uint8), count=count)
    return (2.0 * bits - 1).astype(np.float32).reshape(shape)


@register()
class FixedSignConv2D(ReplacedConv2D):
    """A convolution with the kernel scale * S: the signs S are random and fixed, the scale is trained.

    The signs follow from ``seed`` and the kernel's shape. They are not weights: a saved model has the seed in place of
    one bit for each weight, and only scale and bias take gradients and optimizer state. With one scale for each
    output channel, the converter packs the kernel.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width, or one number for both.
        seed: From 0 up. Layers of one seed and shape have the same signs, so give each its own. None takes one from
            Python's ``random``, which ``keras.utils.set_random_seed`` seeds.
        scale: "channel" for one scale for each output channel; "slice" for one for each pair of input and output
            channel, which stays a float convolution.
        scale_initializer: Any Keras initializer.
        scale_regularizer: Any Keras regularizer.
        **kwargs: As for Larq's ``QuantConv2D``, but for those of a trained kernel.

    Shapes:
        Those of ``QuantConv2D``. ``kernel`` is [height, width, channels in / groups, filters], computed at each read.

    Raises:
        ValueError: An unknown ``scale``, a negative seed, or channels that do not divide into the groups.
        TypeError: An argument that is about a trained kernel.

    Source:
        "Fixed-Sign Binary Neural Network: An Efficient Design of Neural Network for Internet-of-Things Devices", IEEE
        Access 2020. Its abstract leaves open which weights share a scale; "channel" is what packs.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        *,
        seed: int | None = None,
        scale: Literal["channel", "slice"] = "channel",
        scale_initializer="ones",
        scale_regularizer=None,
        **kwargs,
    ):
        for name in _NOT_TRAINED:
            if name in kwargs:
                raise TypeError(f"FixedSignConv2D: {name} is for a trained kernel; the scale has scale_* arguments.")
        if scale not in ("channel", "slice"):
            raise ValueError(f'FixedSignConv2D: scale must be "channel" or "slice", but is {scale!r}.')
        if seed is not None and seed < 0:
            raise ValueError(f"FixedSignConv2D: seed must not be negative, but is {seed}.")
        # A marker of the precision, which quantizes nothing.
        quantizer = NoOp(precision=1) if scale == "channel" else None
        super().__init__(filters, kernel_size, kernel_quantizer=quantizer, **kwargs)
        self.seed = random.randrange(2**31) if seed is None else seed
        self.scale_of = scale
        self.scale_initializer = keras.initializers.get(scale_initializer)
        self.scale_regularizer = keras.regularizers.get(scale_regularizer)

    def build(self, input_shape):
        axis = -1 if self.data_format == "channels_last" else 1
        channels = tuple(input_shape)[axis]
        if channels is None or channels % self.groups:
            raise ValueError(
                f"FixedSignConv2D {self.name!r} needs a known number of channels that divides into {self.groups} "
                f"groups, but its inputs have {channels}."
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.signs = fixed_signs(shape, self.seed)
        self.scale = self.add_weight(
            name="scale",
            shape=(1, 1, 1 if self.scale_of == "channel" else shape[2], self.filters),
            initializer=self.scale_initializer,
            regularizer=self.scale_regularizer,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={axis: channels})
        self.built = True

    @property
    def kernel(self) -> Tensor:
        """The signs times the scale."""
        scale = ops.convert_to_tensor(self.scale)
        return scale * ops.cast(self.signs, scale.dtype)

    # A convolution of Keras 3 saves a kernel, which this one does not have.

    def save_own_variables(self, store):
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self):
        config = {name: value for name, value in super().get_config().items() if name not in _NOT_TRAINED}
        return {
            **config,
            "seed": self.seed,
            "scale": self.scale_of,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
            "scale_regularizer": keras.regularizers.serialize(self.scale_regularizer),
        }
