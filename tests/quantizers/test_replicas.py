"""Quantizers that store weights while they are called, in the replicas of a distribution strategy."""

from __future__ import annotations

import json

import pytest

from tests.support.processes import output_of
from tests.support.stacks import LARQ

pytestmark = LARQ

TRAIN = """
import json
import numpy as np
import larq_focal
import tensorflow as tf
import larq as lq
from larq_focal.quantizers.registry import QUANTIZERS

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
images = tf.constant(np.random.default_rng(0).normal(size=(1, 6, 5, 3)), tf.float32)
found = {}
for row in QUANTIZERS:
    if row.kernel is None:
        continue
    options = {"padding": "same", "pad_values": 1, "kernel_quantizer": row.alias}
    with strategy.scope():
        layer = lq.layers.QuantConv2D(2, 3, **options)
        layer.build(images.shape)
    alone = lq.layers.QuantConv2D(2, 3, **options)
    alone.build(images.shape)
    alone.set_weights(layer.get_weights())
    tf.random.set_seed(0)
    replicas = strategy.experimental_local_results(strategy.run(layer, (images,), {"training": True}))
    expected = alone(images, training=True)
    found[row.alias] = {
        "shapes": [replica.shape.as_list() for replica in replicas],
        "padding": layer.padding,
        "is_sampled": "noise_state" in row.state,
        "difference": float(max(tf.reduce_max(abs(replica - expected)) for replica in replicas)),
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def trained():
    """By alias, what two replicas compute in a padded convolution with that quantizer, against one layer alone."""
    return json.loads(output_of(TRAIN).splitlines()[-1])


@pytest.mark.slow
def test_replicas_pad_as_one_layer_does(trained):
    assert {"lsq", "bnn_plus_sign"} <= trained.keys()
    for alias, result in trained.items():
        assert result["shapes"] == [[1, 6, 5, 2]] * 2, alias
        assert result["padding"] == "same", alias
        if not result["is_sampled"]:
            assert result["difference"] < 1e-5, alias
