"""A network of the zoo as users run it: operation by operation, and as a whole with XNNPACK beside the delegate."""

from __future__ import annotations

import larq_zoo as lqz
import numpy as np
import pytest

from benchmarks.zoo_equality import TOLERANCE, difference, operation_differences
from larq_focal import Runtime
from larq_focal.keras import keras
from larq_focal.network.flatbuffer import read_flatbuffer
from tests.support.lce import converted, randomise_batch_norms

IMAGE = (96, 96, 3)


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:The `keras.initializers.serialize",  # QuickNet's initializer is a function,
    "ignore:Saved-model conversion failed",  # which keeps it from being saved
)
def test_quicknet_small():
    model = lqz.sota.QuickNetSmall(weights=None, input_shape=IMAGE)
    randomise_batch_norms(model)
    content = converted(keras.Model(model.inputs, model.layers[-2].output))
    images = np.random.default_rng(1).normal(size=(2, *IMAGE)).astype(np.float32)
    differences = list(operation_differences(read_flatbuffer(content), images[:1]))
    assert len(differences) == 32, "16 blocks of a quantization and a convolution"
    assert max(differences) <= TOLERANCE
    outputs, expected = (Runtime(content, engine=engine).run(images) for engine in ("delegate", "lce"))
    assert expected.std() > 0.1, "the outputs tell nothing"
    assert difference(outputs, expected) <= TOLERANCE
