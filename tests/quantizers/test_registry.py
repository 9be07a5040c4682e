import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.quantizers import QUANTIZERS
from tests.support.lce import converted, lce_outputs, operators


def test_aliases_are_unique_and_known_to_larq():
    assert len({row.alias for row in QUANTIZERS}) == len(QUANTIZERS)
    for row in QUANTIZERS:
        assert type(lq.quantizers.get(row.alias)) is row.quantizer


def test_every_quantizer_of_larq_has_a_row():
    not_quantizing = {lq.quantizers.NoOp, lq.quantizers.Quantizer}
    assert {getattr(lq.quantizers, name) for name in lq.quantizers.__all__} - not_quantizing <= {
        row.quantizer for row in QUANTIZERS
    }


STATED = [(row, role) for row in QUANTIZERS for role in ("kernel", "activation") if getattr(row, role)]


@pytest.mark.parametrize(("row", "role"), STATED, ids=lambda value: getattr(value, "alias", value))
def test_lowering_is_as_stated(row, role):
    keras.utils.set_random_seed(0)
    quantizers = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign"}
    quantizers["kernel_quantizer" if role == "kernel" else "input_quantizer"] = row.alias
    model = keras.Sequential([keras.Input((9, 9, 8)), lq.layers.QuantConv2D(4, 3, **quantizers)])
    # One image, because the magnitude-aware sign of activations depends on the batch; small, to lie among thresholds.
    image = np.random.default_rng(0).normal(0, 0.1, (1, 9, 9, 8)).astype(np.float32)

    flatbuffer = converted(model)
    is_packed = "LceBconv2d" in operators(flatbuffer)
    is_right = np.allclose(lce_outputs(flatbuffer, image), model(image), rtol=1e-4, atol=1e-4)
    result = {(True, True): "packed", (False, True): "float", (True, False): "wrong"}[is_packed, is_right]
    assert result == getattr(row, role)
