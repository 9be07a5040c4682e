"""One set of weights for several bit widths: joint training with distillation, and a network of each width."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

from larq_focal.layers.any_width.every_width import EveryWidth
from larq_focal.layers.any_width.quantizers import AnyWidthInput, AnyWidthKernel
from larq_focal.layers.any_width.switchable_normalization import SwitchableNormalization
from larq_focal.layers.any_width.width_scope import checked_widths
from larq_focal.nn import SteSign, Tensor, keras, ops, quantized_variables, register, sublayers
from larq_focal.training.replaced_layers import quantizers_of, with_layers_replaced, with_quantizers

Teacher = Literal["widest", "wider"]
_PARTS = (AnyWidthInput, AnyWidthKernel, SwitchableNormalization)


def every_width(network: keras.Model, widths: Sequence[int] | None = None) -> keras.Model:
    """The network to train in all its widths at once.

    Args:
        network: A model of one output, logits ``[batch, classes]``, whose quantized layers have ``AnyWidthKernel`` and
            ``AnyWidthInput``, and whose normalisations are ``SwitchableNormalization``. Its weights are the ones that
            are trained.
        widths: Those to train in; all that the network has by default.

    Returns:
        A model from the same inputs to logits ``[batch, widths, classes]``, the widest first. Compile it with
        :class:`DistilledCrossEntropy`, and :func:`width_accuracies` for metrics.

    Raises:
        ValueError: The network has no part of any width, its parts have no width in common, or lack one of ``widths``.
    """
    offered = [set(each.widths) for each in sublayers(network) if isinstance(each, _PARTS)]
    if not offered:
        raise ValueError(f"every_width: {network.name!r} has no part of any width, such as AnyWidthKernel.")
    common = set.intersection(*offered)
    chosen = checked_widths("every_width", common if widths is None else widths)
    if not common >= {*chosen}:
        raise ValueError(f"every_width: parts of {network.name!r} have only the widths {sorted(common)}, not {chosen}.")
    inputs = keras.layers.Input(tuple(network.input_shape)[1:])
    return keras.Model(inputs, EveryWidth(network, chosen)(inputs), name=f"every_width_of_{network.name}")


def with_bits(network: keras.Model, bits: int) -> keras.Model:
    """The network in one of its widths: a plain model, which is saved, converted and fine-tuned as any other.

    Args:
        network: What :func:`every_width` was given, or the model that it returned.
        bits: The width.

    Returns:
        A new model, not compiled, with the quantizers of that width (``DoReFa``; ``SteSign`` for one bit) and its batch
        normalisations. Its outputs are those of the network in that width.

    Raises:
        ValueError: A part of the network lacks that width; the network is not functional or sequential, or a layer of
            a class of its own has such a part inside.
    """
    joint = [layer for layer in network.layers if isinstance(layer, EveryWidth)]
    if joint:
        network = joint[0].network
    for part in sublayers(network):
        if isinstance(part, _PARTS) and bits not in part.widths:
            raise ValueError(f"with_bits: {part.name!r} has the widths {part.widths}, and not {bits} bits.")

    def stand_in(layer):
        if isinstance(layer, SwitchableNormalization):
            options = {"momentum": layer.momentum, "epsilon": layer.epsilon, "dtype": layer.get_config()["dtype"]}
            return keras.layers.BatchNormalization(**options, name=layer.name)
        clipped = quantizers_of(layer, AnyWidthKernel) if bits == 1 else {}
        constraints = {name.replace("quantizer", "constraint"): "weight_clip" for name in clipped}
        fixed = partial(_fixed, bits=bits)
        return with_quantizers(layer, (AnyWidthInput, AnyWidthKernel), fixed, **constraints)

    def weights(layer):
        if isinstance(layer, SwitchableNormalization):
            return layer.normalizations[layer.widths.index(bits)].weights
        return _with_signs(layer) if bits == 1 else None

    return with_layers_replaced(network, stand_in, weights, _PARTS)


def _fixed(quantizer: AnyWidthInput | AnyWidthKernel, bits: int):
    """The quantizer of one width; for kernels of one bit the sign, which the weights are by then."""
    return SteSign() if bits == 1 else quantizer.of_width(bits)


def _with_signs(layer: keras.layers.Layer) -> list[Tensor]:
    """The weights of a layer, its kernels of any width as signs."""
    kernels = {id(each) for each in quantized_variables(layer) if isinstance(each.quantizer, AnyWidthKernel)}
    tensors = {id(each): ops.convert_to_tensor(each) for each in layer.weights}
    return [AnyWidthKernel.of_width(1)(each) if key in kernels else each for key, each in tensors.items()]


@register()
class DistilledCrossEntropy(keras.losses.Loss):
    """The widest width learns the labels, each other one the outputs of a wider one.

    For logits z_0 (the widest), z_1, ... and the labels y:

        loss = cross_entropy(y, z_0) + sum over i > 0 of cross_entropy(softmax(z_t), z_i)

    with the teacher t = 0, or t = i - 1, a constant to the gradient.

    Args:
        teacher: "wider" for the next wider width, "widest" for the widest.
        **kwargs: As for any Keras loss.

    Shapes:
        Labels ``[batch]``, integers; logits ``[batch, widths, classes]``, the widest first.

    Raises:
        ValueError: An unknown teacher.

    Source:
        Of the next wider width: Yu et al., "Any-Precision Deep Neural Networks", AAAI 2021,
        https://arxiv.org/abs/1911.07346. Of the widest: Du, Zhang and Guan, "From Quantized DNNs to Quantizable DNNs",
        https://arxiv.org/abs/2004.05284.
    """

    def __init__(self, teacher: Teacher = "wider", **kwargs):
        super().__init__(**kwargs)
        if teacher not in get_args(Teacher):
            raise ValueError(f'DistilledCrossEntropy: teacher must be "wider" or "widest", not {teacher!r}.')
        self.teacher = teacher

    def call(self, y_true, y_pred):
        logits = [ops.cast(y_pred[:, place], "float32") for place in range(y_pred.shape[1])]
        loss = keras.losses.sparse_categorical_crossentropy(ops.reshape(y_true, (-1,)), logits[0], from_logits=True)
        for place in range(1, len(logits)):
            teacher = logits[0 if self.teacher == "widest" else place - 1]
            labels = ops.stop_gradient(keras.activations.softmax(teacher))
            loss += keras.losses.categorical_crossentropy(labels, logits[place], from_logits=True)
        return loss

    def get_config(self):
        return {**super().get_config(), "teacher": self.teacher}


@register()
class WidthAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """The share of right classes in one of several widths.

    Args:
        place: Of the width among the outputs.
        name: Of the metric.
        **kwargs: As for any Keras metric.
    """

    def __init__(self, place: int, name: str | None = None, **kwargs):
        super().__init__(name=name or f"accuracy_{place}", **kwargs)
        self.place = place

    def update_state(self, y_true, y_pred, sample_weight=None):
        return super().update_state(y_true, y_pred[:, self.place], sample_weight)

    def get_config(self):
        return {**super().get_config(), "place": self.place}


def width_accuracies(widths: Sequence[int]) -> list[WidthAccuracy]:
    """A metric for each width, of the name ``accuracy_4_bits``."""
    ordered = checked_widths("width_accuracies", widths)
    return [WidthAccuracy(place, f"accuracy_{bits}_bit{'s' * (bits > 1)}") for place, bits in enumerate(ordered)]
