from typing import ClassVar

import pytest

from larq_focal.keras import larq as lq
from larq_focal.layers import BinarySumDense
from larq_focal.quantizers import TernarySign
from tests.support.rewrite_contract import RewriteContract


class BinarySumDenseContract(RewriteContract):
    shape = (37,)
    direct = lq.layers.QuantDense
    rewritten = BinarySumDense


class TestZeroAndOne(BinarySumDenseContract):
    config: ClassVar = {"units": 6, "input_quantizer": "ste_heaviside", "kernel_quantizer": "ste_sign"}
    own_config: ClassVar = {"input_levels": (0, 1)}
    intended = "binary"
    products = 1


class TestTernaryInputs(BinarySumDenseContract):
    config: ClassVar = {"units": 6, "input_quantizer": TernarySign(threshold=2), "kernel_quantizer": "ste_sign"}
    own_config: ClassVar = {"input_levels": (-1, 0, 1)}
    products = 2


class TestTernaryKernel(BinarySumDenseContract):
    config: ClassVar = {"units": 6, "input_quantizer": "ste_sign", "kernel_quantizer": lq.quantizers.SteTern(0.2)}
    own_config: ClassVar = {"kernel_levels": (-1, 0, 1)}
    products = 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_levels": (1, 0)}, "input_levels must be two or more rising numbers"),
        ({"kernel_levels": (0, 1)}, "kernel_levels must hold each level with both signs"),
    ],
)
def test_refuses_bad_levels(config, message):
    with pytest.raises(ValueError, match=message):
        BinarySumDense(4, **config)
