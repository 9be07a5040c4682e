from typing import ClassVar

import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.layers import BinaryDense
from larq_focal.quantizers import LearnableActivationBinarizer
from tests.support.rewrite_contract import RewriteContract


class TestBinaryDense(RewriteContract):
    shape = (37,)
    direct = lq.layers.QuantDense
    rewritten = BinaryDense
    config: ClassVar = {"units": 6, "input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign"}
    products = 1
    intended = "binary"


def test_refuses_images():
    with pytest.raises(ValueError, match=r"needs inputs of shape .* Put a Flatten before it"):
        BinaryDense(4)(np.ones((1, 2, 2, 3)))


def test_trains_on_batches_whose_shape_is_not_known():
    """Keras knows nothing of the shapes that a ``Sequence`` hands out."""

    class Batches(keras.utils.Sequence):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.ones((3, 4, 4, 2), np.float32), np.ones((3, 5), np.float32)

    quantizers = {"input_quantizer": LearnableActivationBinarizer(), "kernel_quantizer": "ste_sign"}
    model = keras.Sequential(
        [
            lq.layers.QuantConv2D(3, 2, input_shape=(4, 4, 2), **quantizers),
            keras.layers.Flatten(),
            BinaryDense(5, input_quantizer="ste_sign", kernel_quantizer="ste_sign"),
        ]
    )
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(Batches(), verbose=0).history["loss"]).all()
