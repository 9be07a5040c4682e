"""What quantizers and layers of ours compute under Keras 2 with Larq, and their gradients in float64.

It leaves ``wall_quantizers.npz`` and ``wall_layers.npz`` in a folder; :mod:`tests.keras3.larq_reference` calls it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larq_focal import nn
from tests.keras3 import wall_cases as cases


def write(folder: Path) -> None:
    quantizers = {}
    for name in cases.QUANTIZERS:
        quantizers |= {f"{name}/{key}": value for key, value in cases.arrays_of_quantizer(name).items()}
        quantizers |= {f"{name}/{key}": value for key, value in _gradients(cases.make_quantizer(name, dtype="float64"))}
    np.savez(folder / "wall_quantizers.npz", **quantizers)
    found = {f"{name}/value": cases.make_layer(name)(cases.layer_inputs(name)).numpy() for name in cases.LAYERS}
    nn.keras.mixed_precision.set_global_policy("float64")  # of quantizers that are named too
    for name in cases.LAYERS:
        gradients = _gradients(cases.make_layer(name), cases.layer_inputs(name), training=True)
        found |= {f"{name}/{key}": value for key, value in gradients}
    nn.keras.mixed_precision.set_global_policy("float32")
    np.savez(folder / "wall_layers.npz", **found)


def _gradients(layer, x=None, **options):
    """By the inputs and by each trained weight, of the sum of outputs times ``upstream``."""
    import tensorflow as tf

    x = tf.constant(cases.inputs(cases.SHAPE) if x is None else x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **options)
        total = tf.reduce_sum(y * cases.upstream(y.shape))
    weights = [getattr(weight, "latent_variable", weight) for weight in layer.trainable_weights]
    zero = tf.UnconnectedGradients.ZERO
    gradients = tape.gradient(total, [x, *weights], unconnected_gradients=zero)
    names = ["x", *map(cases.own_name, weights)]
    return [(f"gradient {name}", gradient.numpy()) for name, gradient in zip(names, gradients, strict=True)]
