"""Statistics of normalisations, taken again from the network as it is in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from larq_focal.layers import L1BatchNormalization
from larq_focal.nn import keras, ops, sublayers, times_called

_NORMALISATIONS = (keras.layers.BatchNormalization, L1BatchNormalization)


def recalibrate_normalisations(model: keras.Model, images: np.ndarray, *, batch_size: int = 250) -> None:
    """Sets the moving averages of every batch normalisation to the statistics of its inputs over ``images``.

    The moving averages follow the last steps of a training, with the noise of quantizers such as ``GumbelSign``, which
    is absent in use. Here they are taken one normalisation after the other, from the input to the outputs, with all
    quantizers as they are in use. Nothing else changes, and normalisations with ``trainable=False`` keep theirs.

    Args:
        model: Functional or Sequential, with one input; changed in place.
        images: ``[N, ...]``, of the training data, prepared as for training; one or two thousand are enough.
        batch_size: Images that are computed, and held, at a time.

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
            before = keras.Model(model.inputs[0], layer.input)
            _take_statistics(layer, lambda before=before: _batches(before, images, batch_size))


def _batches(model: keras.Model, images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """What a model gives, by plain calls: each normalisation has a model of its own, which to trace takes longer."""
    for start in range(0, len(images), size):
        yield ops.convert_to_numpy(model(images[start : start + size], training=False))


def _take_statistics(layer: keras.layers.Layer, batches: Callable[[], Iterator[np.ndarray]]) -> None:
    """Sets the moving averages to the mean of all batches and to their variance or mean absolute deviation."""
    is_l1 = isinstance(layer, L1BatchNormalization)
    axis = -1 if is_l1 else int(np.ravel(layer.axis)[0])  # a list of one in Keras 2

    def mean_of(term: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Of a term of the values of each channel."""
        total, count = 0.0, 0
        for batch in batches():
            values = np.moveaxis(np.asarray(batch, np.float64), axis, -1).reshape(-1, batch.shape[axis])
            total, count = total + term(values).sum(0), count + len(values)
        return total / count

    mean = mean_of(lambda values: values)
    spread = mean_of(lambda values: (np.abs if is_l1 else np.square)(values - mean))
    layer.moving_mean.assign(mean)
    (layer.moving_deviation if is_l1 else layer.moving_variance).assign(spread)


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
