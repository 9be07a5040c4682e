"""Stock int8, int4 and int2 of a float file: near to it, in the bits that were asked for, and read again as such."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy import stock_quantizer
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.stock_quantizer import STOCK_FORMS, QuantizerMissing, is_installed, quantize_stock
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.tflite.flat_model import Tensor
from larq_focal.network.tflite.read.constants import bits_of, codes_of
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.write.writer import write_lowered

needs_quantizer = pytest.mark.skipif(not is_installed(), reason="pip install ai-edge-quantizer")
BITS = {"int8": {8}, "int4": {4}, "int2": {2, 4}}


def kernel(*shape):
    return Kernel(np.random.default_rng(0).normal(size=shape).astype(np.float32) / 8, None, 32)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    conv = ops.Conv2D(name="conv", inputs=("image",), shape=(8, 8, 16), kernel=kernel(3, 3, 4, 16), padding="same")
    dense = ops.Dense(name="dense", inputs=("flat",), shape=(32,), kernel=kernel(1024, 32))
    graph = QuantGraph(
        "network",
        [
            ops.Input(name="image", shape=(8, 8, 4)),
            conv,
            ops.Reshape(name="flat", inputs=("conv",), shape=(1024,)),
            dense,
        ],
        ["dense"],
    )
    path = tmp_path_factory.mktemp("stock") / "float.tflite"
    path.write_bytes(write_lowered(graph))
    return path


def images(count=32):
    return np.random.default_rng(1).uniform(-0.5, 0.5, (count, 8, 8, 4)).astype(np.float32)


@needs_quantizer
@pytest.mark.parametrize(("form", "error"), [("int8", 0.05), ("int4", 0.25), ("int2", 0.95)])
def test_outputs_are_near_and_weights_have_the_bits(network, tmp_path, form, error):
    path = quantize_stock(network, tmp_path / "stock.tflite", form, images())
    expected, found = Runtime(network).run(images()), Runtime(path).run(images())
    assert np.abs(found - expected).mean() < error * np.abs(expected).mean()
    kernels = [op.kernel for op in from_tflite(path).ops if getattr(op, "kernel", None) is not None]
    assert {each.bits for each in kernels} == BITS[form] and [each.size for each in kernels] == [576, 32768]
    assert path.stat().st_size < network.stat().st_size / 3


def test_without_the_package_it_says_how_to_get_it(network, tmp_path, monkeypatch):
    monkeypatch.setattr(stock_quantizer, "find_spec", lambda name: None)
    assert not is_installed()
    with pytest.raises(QuantizerMissing, match="not installed: pip install ai-edge-quantizer"):
        quantize_stock(network, tmp_path / "stock.tflite", "int8", images())
    with pytest.raises(ValueError, match=f"choose one of {', '.join(STOCK_FORMS)}"):
        quantize_stock(network, tmp_path / "stock.tflite", "int1", images())
    assert not (tmp_path / "stock.tflite").exists()


@pytest.mark.parametrize(
    ("dtype", "data", "codes"),
    [
        ("int4", [0x21, 0x8F], [1, 2, -1, -8]),
        ("int4", [0x21, 0x0F], [1, 2, -1]),
        ("int2", [0b11100100], [0, 1, -2, -1]),
        ("int2", [0b11100100, 0b01], [0, 1, -2, -1, 1]),
    ],
)
def test_codes_lie_in_a_byte_from_its_lowest_bits(dtype, data, codes):
    tensor = Tensor(0, "weights", (len(codes),), dtype, np.array(data, np.uint8))
    np.testing.assert_array_equal(codes_of(tensor), codes)
    assert bits_of(tensor) == int(dtype[3:])
