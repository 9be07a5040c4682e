"""Whole networks of few bits: every layer of few bits is one operator, and the file computes what the graph does."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest

from larq_focal.deploy.runtime import Runtime
from larq_focal.network import interpret
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.write.writer import write_tflite
from larq_focal.nn import keras
from larq_focal.quantizers import PACT, SAWB
from larq_focal.zoo.networks.methods import METHODS, Method
from larq_focal.zoo.networks.resnet import resnet8


def pact(bits: int) -> Method:
    quantizers = partial(PACT, bits=bits), partial(SAWB, bits=bits)
    return Method(f"pact_{bits}", "PACT, SAWB", *quantizers, shortcuts=True, pad=0.0, packed=False)


@pytest.mark.parametrize("method", [METHODS["hysteresis_8bit"], METHODS["tbn"], pact(2), pact(4)], ids=lambda m: m.name)
def test_networks_have_one_operator_for_each_layer_and_each_quantizer(method):
    keras.utils.set_random_seed(0)
    graph = from_keras(resnet8(method, input_shape=(8, 8, 3)))
    content = write_tflite(graph)
    kinds = Counter(read_flatbuffer(content).operations)
    assert kinds["LqfConv2d"] == kinds["LqfQuantize"] == 6
    assert not set(kinds) & {"LceBconv2d", "DEQUANTIZE", "ROUND", "FLOOR", "MAXIMUM", "MINIMUM", "MUL", "SELECT_V2"}
    images = np.random.default_rng(0).uniform(-0.5, 0.5, (12, 8, 8, 3)).astype(np.float32)
    expected = interpret(graph, images)[graph.outputs[0]]
    outputs = Runtime(content).run(images)
    # A last bit of a float may turn a code next to its threshold.
    assert np.median(np.abs(outputs - expected)) < 1e-5 * np.abs(expected).max()
    assert np.abs(outputs - expected).max() < 0.1 * np.abs(expected).max()
