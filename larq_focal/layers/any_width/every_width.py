"""The outputs of a network in each of its bit widths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from larq_focal.layers.any_width.width_scope import checked_widths, width_scope
from larq_focal.nn import Layer, keras, ops, register


@register()
class EveryWidth(Layer):
    """A network of any width, run once in each.

    Args:
        network: A model, or its configuration, with parts of any width.
        widths: Bits, each from 1 to 8.
        **kwargs: As for any Keras layer.

    Shapes:
        In as for the network; out [batch, widths, classes], the widest first.

    Raises:
        ValueError: Widths that are not different numbers from 1 to 8.
    """

    def __init__(self, network: Any, widths: Sequence[int] = (8, 4, 2, 1), **kwargs: Any):
        super().__init__(**kwargs)
        self.network = keras.layers.deserialize(network) if isinstance(network, dict) else network
        self.widths = checked_widths("EveryWidth", widths)

    def call(self, inputs, training=None):
        outputs = []
        for bits in self.widths:
            with width_scope(bits):
                outputs.append(self.network(inputs, training=training))
        return ops.stack(outputs, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.widths), self.network.output_shape[-1])

    def get_config(self):
        config = {"network": keras.layers.serialize(self.network), "widths": list(self.widths)}
        return {**super().get_config(), **config}
