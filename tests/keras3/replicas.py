"""Compares a training step on two replicas with one on one device: ``python -m tests.keras3.replicas``.

Both replicas get the batch that the one device gets, so that all of them measure and remember the same. Prints for
each part the largest difference of its weights, by that of the step.
"""

from __future__ import annotations

import json
import os

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"

from contextlib import nullcontext

import keras
import numpy as np

from tests.keras3 import parts

OPTIONS = {"run_eagerly": True} if keras.backend.backend() == "tensorflow" else {}


def two_devices():
    """What a network is built within to be trained on two."""
    if keras.backend.backend() == "jax":
        import jax

        assert len(jax.devices()) == 2
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=keras.distribution.list_devices()))
        return nullcontext()
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()


def split_cpu() -> None:
    """TensorFlow's, before it is used."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def twice(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, array])


def main() -> None:
    split_cpu()
    alone = parts.network(**OPTIONS)
    start = parts.all_weights(alone)
    parts.train(alone, 1)
    expected = parts.all_weights(alone)
    with two_devices():
        model = parts.network(**OPTIONS)
    images, wanted = parts.data(model)
    model.train_on_batch([twice(each) for each in images], twice(wanted))
    found = parts.all_weights(model)
    print(json.dumps({part: parts.distance(found[part], expected[part], start[part]) for part in parts.PARTS}))


if __name__ == "__main__":
    main()
