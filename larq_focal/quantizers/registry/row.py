"""What there is to know about one quantizer, in one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from larq_focal.keras import keras

Lowering = Literal["packed", "float", "wrong"]
Scales = Literal["none", "one", "channel"]


@dataclass(frozen=True, kw_only=True)
class QuantizerRow:
    """What there is to know about one quantizer, with its default arguments.

    Attributes:
        alias: The string that Larq layers take as ``kernel_quantizer`` or ``input_quantizer``.
        quantizer: The class.
        levels: The values that it produces.
        kernel: What the converter of the Larq Compute Engine makes of a ``QuantConv2D`` with this kernel quantizer and
            signs as inputs: "packed", a "float" convolution, or a "wrong" result; None where it is not a kernel
            quantizer.
        activation: The same with this input quantizer and a kernel of signs; None where it is not an input quantizer.
        lowering: What becomes of it in the converted network, in words.
        source: Paper or repository.
        trainable: Names of the weights that it trains.
        state: Names of the non-trainable weights that it keeps.
        schedule: The callback that changes it over training, None without one.
        input_levels: The argument with which a ``BinarySumConv2D`` computes a layer of these inputs by binary
            convolutions, without rounding; () where it cannot.
        kernel_levels: The same for these kernels.
        scales: How many scales a kernel of it has to store beside its codes: none where its levels are fixed, one, or
            one for each output channel.
        needs_clip: Whether, as a kernel quantizer, it loses weights that outgrow 1: its gradient does not bring them
            back, so that the layer needs ``kernel_constraint="weight_clip"``.
    """

    alias: str
    quantizer: type[keras.layers.Layer]
    levels: str
    kernel: Lowering | None
    activation: Lowering | None
    lowering: str
    source: str
    trainable: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    schedule: type[keras.callbacks.Callback] | None = None
    input_levels: tuple[float, ...] = ()
    kernel_levels: tuple[float, ...] = ()
    scales: Scales = "none"
    needs_clip: bool = False
