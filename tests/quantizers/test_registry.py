import logging

import numpy as np
import pytest

from larq_focal.deploy.audit import audit
from larq_focal.deploy.audit.outputs import file_outputs
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import BinarySumConv2D
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.quantizers import QUANTIZERS
from larq_focal.quantizers.parts.gumbel_score import GumbelScoreQuantizer
from tests.support.lce import converted, randomise_batch_norms


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
REWRITTEN = [(row, role) for row, role in STATED if (row.kernel_levels if role == "kernel" else row.input_levels)]


def quantized(row, role, seed, layer=lq.layers.QuantConv2D, **options):
    """A convolution with the quantizer in this role, and signs in the other."""
    quantizers = {"input_quantizer": "tanh_sign", "kernel_quantizer": "tanh_sign"}
    quantizers["kernel_quantizer" if role == "kernel" else "input_quantizer"] = row.alias
    # Wide, because the Gumbel ternary weights have their thresholds at 1/2.
    kernel = keras.initializers.RandomUniform(-1, 1, seed=seed)
    return layer(4, 3, use_bias=False, kernel_initializer=kernel, **quantizers, **options)


class ManyConvolutions:
    """One network of convolutions side by side, converted in one go, whatever becomes of it, and its audit."""

    def __init__(self, convolutions: dict[str, keras.layers.Layer]):
        # One image, because the magnitude-aware sign of activations depends on the batch; small, to lie among
        # thresholds.
        image = np.random.default_rng(0).normal(0, 0.1, (1, 9, 9, 8)).astype(np.float32)
        inputs = keras.Input((9, 9, 8), name="image")
        outputs = {}
        for name, convolution in convolutions.items():
            convolution._name = name
            outputs[name] = keras.layers.BatchNormalization(name=f"norm_{name}")(convolution(inputs))
        model = keras.Model(inputs, list(outputs.values()))
        randomise_batch_norms(model)
        flatbuffer = converted(model)
        result = audit(model, flatbuffer, data=image)
        self.model = model
        self.file = read_flatbuffer(flatbuffer)
        self.layers = {row.layer: row for row in result.layers}
        self.findings = {finding.layer: finding for finding in result.findings}
        actual = file_outputs(self.file, {"image": image}, model.output_names)
        self.is_right = {
            name: np.allclose(ours, theirs, rtol=1e-4, atol=1e-4)
            for name, ours, theirs in zip(outputs, model(image), actual, strict=True)
        }


@pytest.fixture(scope="module")
def plain():
    keras.utils.set_random_seed(0)
    return ManyConvolutions(
        {f"{row.alias}_{role}": quantized(row, role, seed) for seed, (row, role) in enumerate(STATED)}
    )


@pytest.mark.parametrize(("row", "role"), STATED, ids=lambda value: getattr(value, "alias", value))
def test_lowering_is_as_stated_and_the_audit_says_the_same(row, role, plain):
    name = f"{row.alias}_{role}"
    layer, is_right = plain.layers[name], plain.is_right[name]
    result = {("packed", True): "packed", ("float", True): "float", ("packed", False): "wrong"}[layer.became, is_right]
    assert result == getattr(row, role)
    assert bool(layer.reason) == (result != "packed")
    if result == "wrong":
        assert plain.findings[name].severity == "error"
    else:
        has_bit_planes = role == "activation" and row.even_levels is not None
        assert ("BitPlaneConv2D" in layer.fix) == has_bit_planes
        assert ("BinarySumConv2D" in layer.fix) == ((row, role) in REWRITTEN and not has_bit_planes)


def test_rewrites_are_packed_and_right():
    keras.utils.set_random_seed(0)

    def rewritten(row, role, seed):
        levels = {"kernel_levels": row.kernel_levels} if role == "kernel" else {"input_levels": row.input_levels}
        return quantized(row, role, seed, BinarySumConv2D, **levels)

    network = ManyConvolutions(
        {f"{row.alias}_{role}": rewritten(row, role, seed) for seed, (row, role) in enumerate(REWRITTEN)}
    )
    operators = [operator.kind for operator in network.file.operators]
    assert "CONV_2D" not in operators
    assert operators.count("LceBconv2d") == sum(
        len(row.kernel_levels if role == "kernel" else row.input_levels) - 1 for row, role in REWRITTEN
    )
    assert all(network.is_right.values()), network.is_right


KERNELS = [row for row in QUANTIZERS if row.kernel]


@pytest.mark.parametrize("row", KERNELS, ids=lambda row: row.alias)
def test_larq_warns_of_a_missing_constraint_where_the_row_needs_one(row, caplog):
    caplog.set_level(logging.WARNING)
    layer = lq.layers.QuantConv2D(4, 3, kernel_quantizer=row.alias)
    is_binary = layer.kernel_quantizer.precision == 1  # Larq is silent about others
    assert ("starved weights" in caplog.text) == (row.needs_clip and is_binary)


SAMPLED = [row for row in KERNELS if issubclass(row.quantizer, GumbelScoreQuantizer)]
"""Their gradient reaches any weight, but far outside of the levels the draw becomes a coin flip."""


@pytest.mark.parametrize("row", [row for row in KERNELS if row not in SAMPLED], ids=lambda row: row.alias)
def test_weights_are_lost_beyond_one_where_the_row_says_so(row):
    """Where the gradient of large weights is a small part of that of small ones, late in a schedule."""
    quantizer = row.quantizer()
    quantizer.build((3, 3, 32, 4))
    if "steepness" in row.state:
        quantizer.set_scheduled(10.0)
    w = tf.constant(np.random.default_rng(1).normal(0, 3, (3, 3, 32, 4)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(w)
        quantized = quantizer(w)
    gradient, magnitude = np.abs(tape.gradient(quantized, w)), np.abs(w)
    lost = gradient[magnitude > 4].mean() < 0.05 * gradient[magnitude < 0.3].mean()
    assert lost == row.needs_clip
