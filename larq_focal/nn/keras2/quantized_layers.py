"""What layers of ours need of Larq's."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.keras import larq, tf


class ReplacedConv2D(larq.layers.QuantConv2D):
    """A ``QuantConv2D`` whose product of quantized inputs and kernel a subclass may replace."""

    def convolution_op(self, inputs, kernel):
        return self.product(inputs, kernel)

    def product(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """What the layer computes before bias and activation, of quantized inputs and kernel."""
        return super().convolution_op(inputs, kernel)

    def same_padding(self, sizes: Sequence[int | tf.Tensor]) -> list[tuple[int, int]]:
        """Pixels before and after, by axis of space, that ``padding="same"`` adds to inputs of these sizes."""
        return [tuple(pair) for pair in self._get_spatial_padding_same(sizes)]


def quantized_kernel(layer: tf.keras.layers.Layer) -> tf.Tensor:
    """The kernel of a quantized layer as the layer computes with it."""
    with larq.context.quantized_scope(True):
        return tf.convert_to_tensor(layer.kernel)


def latent_kernel(layer: tf.keras.layers.Layer) -> tf.Tensor:
    """The kernel of a quantized layer as it is trained."""
    with larq.context.quantized_scope(False):
        return tf.convert_to_tensor(layer.kernel)


def padded(inputs: tf.Tensor, pairs: Sequence[tuple[int, int]], value: float, data_format: str) -> tf.Tensor:
    """Images with ``pairs`` of ``value`` before and after, along the axes of space."""
    around = [(0, 0), *pairs, (0, 0)] if data_format == "channels_last" else [(0, 0), (0, 0), *pairs]
    return tf.pad(inputs, around, constant_values=value)


def added(terms: Sequence[tf.Tensor]) -> tf.Tensor:
    """The sum of tensors of one shape."""
    return tf.add_n(terms) if len(terms) > 1 else terms[0]
