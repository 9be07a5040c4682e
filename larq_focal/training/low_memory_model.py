"""Training that keeps bits between the forward and the backward pass, by Wang et al."""

from __future__ import annotations

from larq_focal.layers import L1BatchNormalization
from larq_focal.layers.low_memory import LowMemoryConv2D, LowMemoryDense, LowMemoryMaxPooling2D
from larq_focal.nn import QuantConv2D, QuantDense, Tensor, keras, ops

_DIFFERENT = {
    QuantConv2D: LowMemoryConv2D,
    QuantDense: LowMemoryDense,
    keras.layers.MaxPooling2D: LowMemoryMaxPooling2D,
}
_AS_THEY_ARE = (keras.layers.InputLayer, keras.layers.Flatten, keras.layers.Reshape)


def low_memory(model: keras.Model, dtype: str = "float16") -> keras.Model:
    """The same network of layers that keep bits for the backward pass, with new weights.

    Binary layers become ``LowMemoryConv2D`` and ``LowMemoryDense``, batch normalisations
    ``L1BatchNormalization("signs")``, max-pools ``LowMemoryMaxPooling2D``. Train it with ``SignAdam`` and
    :func:`low_memory_loss`. Files are of float32: convert ``low_memory(model, "float32")`` with the trained weights.

    Args:
        model: A chain of binary convolutions and dense layers ("ste_sign", no bias), max-pools and normalisations.
        dtype: Of weights, momenta, and of activations and gradients on their way.

    Raises:
        ValueError: A layer of another kind; the message names it.

    Source:
        Wang, Davis, Moro, Zielinski, Lim, Coelho, Chatterjee, Cheung and Constantinides, "Enabling Binary Neural
        Network Training on the Edge", https://arxiv.org/abs/2102.04270;
        https://github.com/awai54st/Enabling-Binary-Neural-Network-Training-on-the-Edge.
    """

    def changed(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = {**layer.get_config(), "dtype": dtype}
        if isinstance(layer, keras.layers.BatchNormalization):
            return L1BatchNormalization("signs", config["momentum"], name=config["name"], dtype=dtype)
        for plain, ours in _DIFFERENT.items():
            if isinstance(layer, plain):
                return ours.from_config(config)
        if isinstance(layer, _AS_THEY_ARE):
            return type(layer).from_config(layer.get_config() if _is_input(layer) else config)
        raise ValueError(
            f"low_memory: '{layer.name}' is a {type(layer).__name__}, which has no form that keeps bits. It takes "
            "binary convolutions and dense layers, max-pools, batch normalisations, Flatten and Reshape."
        )

    return keras.models.clone_model(model, clone_function=changed)


def _is_input(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.InputLayer)


def low_memory_loss(labels: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy of integer labels ``[batch]``, summed over the batch.

    Signs of gradients and Adam do not depend on its scale, but float16 does: gradients of a mean over the batch would
    fall below its smallest numbers.
    """
    losses = keras.losses.sparse_categorical_crossentropy(labels, ops.cast(logits, "float32"), from_logits=True)
    return ops.cast(ops.size(losses), losses.dtype) * losses  # Keras takes their mean
