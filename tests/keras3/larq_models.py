"""Models that Larq and Keras 2 save, by a process of their own: ``python -m tests.keras3.larq_models FOLDER``.

It leaves for each model an ``.h5`` and a ``.keras`` file, and an ``.npz`` with inputs ``x0``, ``x1``, ... and outputs
``y0``, ...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

os.environ["LARQ_FOCAL_STACK"] = "larq"
os.environ["TF_USE_LEGACY_KERAS"] = "1"

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq

SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}


def functional() -> keras.Model:
    """Signs, a nested model, functions of TensorFlow between the layers, and a function with other numbers today."""
    layers = keras.layers
    image = keras.Input((12, 12, 3), name="image")
    first = {**SIGNS, "input_quantizer": None}
    x = lq.layers.QuantConv2D(6, 3, padding="same", pad_values=1.0, use_bias=False, **first)(image)
    shortcut = x = layers.BatchNormalization(momentum=0.9)(x)
    narrow = lq.quantizers.SteSign(clip_value=1.2)
    x = lq.layers.QuantConv2D(6, 3, padding="same", **{**SIGNS, "kernel_quantizer": narrow})(x)
    x = layers.add([x, shortcut])
    x = x * 2.0 + shortcut
    x = tf.nn.relu(x)[:, 1:, :, :4] - tf.clip_by_value(x, -1.0, 0.5)[:, 1:, :, 2:]
    x = tf.concat([x, tf.sigmoid(x)], axis=-1)
    x = layers.Dropout(0.3)(layers.LeakyReLU(0.1)(x))
    x = layers.Activation("hard_sigmoid")(layers.DepthwiseConv2D(3, name="block/depthwise")(x))
    inner = keras.Sequential([keras.Input((9, 10, 8)), layers.Conv2D(5, 1), layers.ReLU(6)], name="inner")
    x = inner(x)
    x = layers.Flatten()(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return keras.Model(image, lq.layers.QuantDense(4, activation="softmax", **SIGNS)(x), name="functional")


def sequential() -> keras.Model:
    """Without an input layer, of several quantizers."""
    first = {"kernel_quantizer": lq.quantizers.DoReFa(3, mode="weights"), "input_shape": (9, 9, 4)}
    signs = {"depthwise_quantizer": "ste_sign", "depthwise_constraint": "weight_clip"}
    return keras.Sequential(
        [
            lq.layers.QuantConv2D(8, 3, strides=2, **first),
            keras.layers.BatchNormalization(scale=False),
            lq.layers.QuantDepthwiseConv2D(3, padding="same", input_quantizer="approx_sign", **signs),
            keras.layers.PReLU(shared_axes=[1, 2]),
            lq.layers.QuantSeparableConv2D(5, 2, input_quantizer="swish_sign", **signs),
            keras.layers.Activation("leaky_tanh"),
            keras.layers.LayerNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="tanh"),
        ],
        name="sequential",
    )


def two_ends() -> keras.Model:
    """Two inputs, two outputs, and a layer that is called twice."""
    a, b = keras.Input((7,), name="a"), keras.Input((7,), name="b")
    shared = lq.layers.QuantDense(5, **{**SIGNS, "kernel_quantizer": "magnitude_aware_sign"})
    first, second = shared(a), shared(b)
    both = keras.layers.Concatenate()([first, second])
    return keras.Model([a, b], [keras.layers.Dense(2)(both), first - second], name="two_ends")


def ours() -> keras.Model:
    """Quantizers of larq_focal, with weights of their own."""
    few = {"kernel_quantizer": "lsq", "input_quantizer": "pact"}
    signs = {**SIGNS, "input_quantizer": "rsign", "kernel_quantizer": "xnor_sign"}
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3),
            lq.layers.QuantConv2D(6, 3, **signs),
            lq.layers.QuantConv2D(5, 3, **few),
            keras.layers.GlobalAveragePooling2D(),
        ],
        name="ours",
    )


MODELS = {each.__name__: each for each in (functional, sequential, two_ends, ours)}


def main(folder: Path) -> None:
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    for name, make in MODELS.items():
        model = make()
        for weight in model.weights:
            positive = any(part in weight.name for part in ("variance", "step", "alpha"))
            values = random.uniform(0.5, 2, weight.shape) if positive else random.normal(0, 0.4, weight.shape)
            weight.assign(values)
        inputs = [random.normal(size=(3, *tensor.shape[1:])).astype(np.float32) for tensor in model.inputs]
        outputs = tf.nest.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=False))
        arrays = {f"x{place}": each for place, each in enumerate(inputs)}
        arrays |= {f"y{place}": each.numpy() for place, each in enumerate(outputs)}
        np.savez(folder / f"{name}.npz", **arrays)
        for suffix in (".h5", ".keras"):
            model.save(folder / f"{name}{suffix}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
