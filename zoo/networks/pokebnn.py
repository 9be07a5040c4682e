"""PokeBNN: bottleneck blocks of binary convolutions, each with shortcuts and a squeeze-and-excite of few bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.layers import DPReLU
from larq_focal.nn import QuantConv2D, Quantizer, Tensor, is_within, keras, ops, register, with_gradient
from larq_focal.quantizers import SAWB, sign
from larq_focal.zoo.networks.methods import Method
from larq_focal.zoo.networks.parts import channel_padded, classified, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_MAPS = (64, 128, 256, 512)
_BOUND = 3.0
_STEM_MAPS = 32


@with_gradient(lambda x: 2 / _BOUND * is_within(x, _BOUND))
def bounded_sign(x: Tensor) -> Tensor:
    """The sign of ``x``, with a derivative of 2/3 where |x| <= 3: the authors' two levels are -3/2 and 3/2, with 1."""
    return sign(x)


@register()
class BoundedSign(Quantizer):
    """Signs with the gradient of PokeBNN's binarization, whose bound is 3."""

    precision = 1

    def call(self, inputs):
        return bounded_sign(inputs)


_METHOD = Method("pokebnn", "PokeBNN", BoundedSign, BoundedSign)


def pokebnn(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    width: float = 1.0,
    blocks: Sequence[int] = (3, 4, 6, 3),
) -> keras.Model:
    """Builds the network in ResNet-50's shape; it returns logits ``[batch, num_classes]``.

    Every convolution of the blocks is binary. The stem and the classifier, of 8 bits in the paper, and the inputs of
    the squeeze-and-excite, of 4 bits there, are real-valued here; its weights have 4 bits. So the cost is 12.95 G ACE,
    where the paper has 4.22 G; the binary part, 3,609,460,736, is the same.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5); sides are multiples of 4.
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.
        width: Multiple of all widths of the blocks.
        blocks: How many there are in each of the four stages.

    Raises:
        ValueError: ``weights`` is not known, or ``blocks`` are not those of four stages.

    Source:
        Zhang, Zhang and Lew, "PokeBNN: A Binary Pursuit of Lightweight Accuracy", CVPR 2022,
        https://arxiv.org/abs/2112.00133; https://github.com/google/aqt, jax_legacy/jax/imagenet/pokebnn.py. The
        gradient bound of 3 is the paper's.
    """
    if len(blocks) != len(_MAPS) or min(blocks) < 1:
        raise ValueError(f"PokeBNN has four stages of at least one block, not {tuple(blocks)}.")
    image = layers.Input(input_shape, name="image")
    x = _stem(image)
    for stage, (maps, count) in enumerate(zip(_MAPS, blocks, strict=True), 1):
        for block in range(1, count + 1):
            x = _bottleneck(x, int(maps * width), 2 if stage > 1 and block == 1 else 1, f"block_{stage}_{block}")
    if include_top:
        x = classified(x, num_classes)
    return with_weights(keras.Model(image, x, name="pokebnn"), weights)


def _stem(x):
    x = layers.Conv2D(_STEM_MAPS, 4, strides=4, use_bias=False, name="stem")(x)
    x = DPReLU(name="stem_activation")(normalised(x, "stem_norm"))
    x = layers.Conv2D(64, 3, padding="same", groups=_STEM_MAPS, use_bias=False, name="stem_grouped")(x)
    return DPReLU(name="stem_grouped_activation")(normalised(x, "stem_grouped_norm"))


def _bottleneck(x, maps: int, strides: int, name: str):
    start = x
    x = _poke(x, None, maps, 1, 1, f"{name}_1")
    x = _poke(x, None, maps, 3, strides, f"{name}_2")
    return _poke(x, start, 4 * maps, 1, 1, f"{name}_3")


def _poke(x, start, maps: int, size: int, strides: int, name: str):
    """Binary convolution, local shortcut, the block's shortcut, activation, squeeze-and-excite, normalisation."""
    y = _METHOD.conv(maps, size, strides=strides, padding="same", name=f"{name}_conv")(x)
    y = normalised(y, f"{name}_norm", gamma_initializer="ones" if start is None else "zeros")
    y = layers.Add(name=f"{name}_add")([y, _matched(x, y, "zeros", f"{name}_local")])
    if start is not None:
        y = layers.Add(name=f"{name}_block_add")([y, _matched(start, y, "copies", f"{name}_block")])
    y = DPReLU(name=f"{name}_activation")(y)
    y = layers.Multiply(name=f"{name}_scale")([y, _squeeze_and_excite(x, maps, name)])
    return normalised(y, f"{name}_last_norm")


def _matched(x, y, widening: str, name: str):
    """``x`` with the channels and the size of ``y``: means of neighbouring channels, or zeros, or copies."""
    have, want = x.shape[-1], y.shape[-1]
    if have > want:
        group = have // want
        x = layers.Average(name=f"{name}_mean")([x[..., offset::group] for offset in range(group)])
    elif have < want:
        repeats = want // have
        x = channel_padded(x, 0, want - have) if widening == "zeros" else ops.concatenate([x] * repeats, axis=-1)
    if x.shape[1:3] != y.shape[1:3]:
        x = layers.AveragePooling2D(3, strides=2, padding="same", name=f"{name}_shrink")(x)
    return x


def _squeeze_and_excite(x, maps: int, name: str):
    s = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    s = _four_bit_conv(s, x.shape[-1] // 8, f"{name}_reduce", activation="relu")
    s = _four_bit_conv(s, maps, f"{name}_excite")
    return layers.ReLU(6.0, name=f"{name}_gate")(s + 3.0) / 6.0


def _four_bit_conv(x, maps: int, name: str, **options):
    return QuantConv2D(maps, 1, kernel_quantizer=SAWB(bits=4), name=name, **options)(x)
