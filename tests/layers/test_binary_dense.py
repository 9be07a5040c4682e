from typing import ClassVar

import numpy as np
import pytest

from larq_focal.keras import larq as lq
from larq_focal.layers import BinaryDense
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
