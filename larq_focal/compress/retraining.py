"""Training on with kernels that are bound to a set: latent weights as they are trained, and what they stand for in use.

A straight-through estimator without a layer or quantizer of its own, for any Keras model on any backend: before a step
the kernels are what the latent weights stand for, and the step that the optimizer takes is taken by the latent weights.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from larq_focal.nn import keras

Projection = Callable[[np.ndarray], np.ndarray]
"""Of a kernel ``[..., in, out]`` to the one that stands for it."""


def retrain(
    model: keras.Model,
    projection: Projection,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    layers: Collection[str] | None = None,
    epochs: int = 1,
    batch_size: int = 128,
    seed: int = 0,
) -> list[float]:
    """Trains a compiled model whose kernels stay what ``projection`` gives; at the end the model has these.

    Args:
        model: compiled, with one input and one output. Its optimizer adds to the weights, as SGD and Adam do.
        projection: such as ``lambda kernel: pooled_kernel(kernel, pool)[0].values()``.
        images: ``[N, ...]``.
        labels: ``[N]``.
        layers: names of the layers; None for all that have a kernel.
        epochs: passes over the images; the rest of the last batch is left out.
        batch_size: images of a step.
        seed: of the order of the images.

    Returns:
        The mean loss of each epoch.

    Raises:
        ValueError: there is no layer of a name that has a kernel, or there are fewer images than a batch has.
    """
    bound = _bound(model, layers)
    if len(images) < batch_size:
        raise ValueError(f"A batch has {batch_size} images, but there are {len(images)}.")
    latent = {layer.name: _kernel(layer) for layer in bound}
    random, losses = np.random.default_rng(seed), []
    for _ in range(epochs):
        order, steps = random.permutation(len(images)), []
        for start in range(0, len(images) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            used = {layer.name: _project(layer, projection, latent[layer.name]) for layer in bound}
            result = model.train_on_batch(images[chosen], labels[chosen])
            steps.append(float(np.ravel(result)[0]))
            for layer in bound:
                latent[layer.name] += _kernel(layer) - used[layer.name]
        losses.append(float(np.mean(steps)))
    for layer in bound:
        _project(layer, projection, latent[layer.name])
    return losses


def _bound(model: keras.Model, names: Collection[str] | None) -> list[keras.layers.Layer]:
    found = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None]
    known = [layer.name for layer in found]
    if missing := sorted({*(names or ())} - {*known}):
        raise ValueError(
            f"'{model.name}' has no layer {', '.join(missing)} with a kernel; these are {', '.join(known)}."
        )
    return [layer for layer in found if names is None or layer.name in names]


def _place(layer: keras.layers.Layer) -> int:
    return next(index for index, weight in enumerate(layer.weights) if weight is layer.kernel)


def _kernel(layer: keras.layers.Layer) -> np.ndarray:
    return np.array(layer.get_weights()[_place(layer)])


def _project(layer: keras.layers.Layer, projection: Projection, latent: np.ndarray) -> np.ndarray:
    """Gives the layer what its latent weights stand for, and returns it as the layer holds it."""
    weights = layer.get_weights()
    weights[_place(layer)] = projection(latent).astype(latent.dtype)
    layer.set_weights(weights)
    return _kernel(layer)
