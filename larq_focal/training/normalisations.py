"""Statistics of normalisations, taken again from the network as it is in use."""

from __future__ import annotations

import numpy as np

from larq_focal.layers import L1BatchNormalization
from larq_focal.nn import keras, sublayers, times_called

_NORMALISATIONS = (keras.layers.BatchNormalization, L1BatchNormalization)


def recalibrate_normalisations(model: keras.Model, images: np.ndarray, *, batch_size: int = 250) -> None:
    """Sets the moving averages of every batch normalisation to the statistics of its inputs over ``images``.

    The moving averages follow the last steps of a training, with the noise of quantizers such as ``GumbelSign``, which
    is absent in use. Here they are taken one normalisation after the other, from the input to the outputs, with all
    quantizers as they are in use. Nothing else changes, and normalisations with ``trainable=False`` keep theirs.

    Args:
        model: Functional or Sequential, with one input; changed in place.
        images: ``[N, ...]``, of the training data, prepared as for training. All that a layer makes of them is held at
            one time; one or two thousand are enough.
        batch_size: Images that are computed at a time.

    Raises:
        ValueError: There are no images, or a normalisation is within a nested model or used more than once.

    Source:
        Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021, https://arxiv.org/abs/2105.07576, section 3.
    """
    if not len(images):
        raise ValueError("Statistics need images, but there are none.")
    _refuse_hidden(model)
    for layer in model.layers:
        if isinstance(layer, _NORMALISATIONS) and layer.trainable:
            before = keras.Model(model.inputs, layer.input)
            values = before.predict(images, batch_size=batch_size, verbose=0)
            momentum, layer.momentum = layer.momentum, 0.0  # the moving averages become the batch's own
            try:
                layer(values, training=True)
            finally:
                layer.momentum = momentum


def _refuse_hidden(model: keras.Model) -> None:
    shown = {id(layer) for layer in model.layers}
    for layer in sublayers(model):
        if not isinstance(layer, _NORMALISATIONS):
            continue
        if id(layer) not in shown:
            raise ValueError(
                f"The normalisation '{layer.name}' is within another model or layer: recalibrate the inner model first."
            )
        if times_called(layer, model) > 1:
            raise ValueError(
                f"The normalisation '{layer.name}' is used more than once, and has one set of statistics: give each "
                "use a layer of its own."
            )
