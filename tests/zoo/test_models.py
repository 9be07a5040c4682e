"""What the models of the zoo are: built by their rows, of the published structure, and trainable."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.keras import keras, larq, tf
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.zoo import METHODS, binareye, bose2020, lenet, small_residual, two_layer
from larq_focal.zoo.registry import MODELS, build
from larq_focal.zoo.structure import compare

pytestmark = pytest.mark.usefixtures("forgets_models")

COUNTED = (
    "lenet_full_precision",
    "resnet20_full_precision",
    "resnet8_full_precision",
    "binareye_64_sign",
    "bose2020",
    "bose2020_ternary",
    "liu2022",
)
COUNTED_SLOWLY = tuple(name for name, row in MODELS.items() if row.published and name not in COUNTED)
WIDE = ("binarynet_sign", "reactnet_a_react", "xnornet_lab")


@pytest.mark.parametrize("name", COUNTED)
def test_its_structure_is_the_published_one(name):
    for comparison in compare(MODELS[name]):
        assert comparison.agrees, comparison.to_dict()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.own_process] * (name in WIDE)) for name in COUNTED_SLOWLY],
)
def test_its_structure_is_the_published_one_too(name):
    for comparison in compare(MODELS[name]):
        assert comparison.agrees, comparison.to_dict()


def test_a_comparison_that_differs_says_so():
    row = MODELS["lenet_full_precision"]
    (comparison,) = compare(row)
    assert comparison.difference == 0
    other = type(comparison)(row.name, comparison.published, comparison.ours * 1.01)
    assert not other.agrees
    assert other.difference == pytest.approx(0.01)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_passes_gradients_to_every_kernel(method):
    model = build(f"human_activity_{method}", input_shape=(128, 2), num_classes=3, filters=(4, 4, 4))
    assert model.name == f"human_activity_{method}"
    quantized = [layer for layer in model.layers if getattr(layer, "kernel_quantizer", None) is not None]
    assert len({id(layer.kernel_quantizer) for layer in quantized}) == 4, "a quantizer with state needs its own kernel"
    signals = np.random.default_rng(0).normal(size=(8, 128, 2)).astype(np.float32)
    with tf.GradientTape() as tape:
        logits = model(signals, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(np.arange(8) % 3, logits, from_logits=True))
    assert logits.shape == (8, 3)
    kernels = [layer.trainable_weights[0] for layer in quantized]
    assert all(np.any(gradient) for gradient in tape.gradient(loss, kernels))


@pytest.mark.parametrize(
    ("method", "inputs", "kernel"), [("ternary", {-1, 1}, {-1, 0, 1}), ("zero_one", {0, 1}, {-1, 1})]
)
def test_two_layers_have_the_levels_of_their_method(method, inputs, kernel):
    model = build(f"two_layer_{method}")
    assert [set(op.kernel.codes.flat) for op in from_keras(model).layers] == [kernel] * 3
    quantizers = [layer.input_quantizer for layer in model.layers if hasattr(layer, "input_quantizer")]
    assert [set(quantizer(tf.linspace(-2.0, 2.0, 9)).numpy()) for quantizer in quantizers] == [inputs] * 3


def test_ternary_weights_are_integers_on_the_array():
    model = bose2020(input_shape=(12, 12, 1), ternary=True)
    assert model.name == "bose2020_ternary"
    with larq.context.quantized_scope(True):
        levels = [set(model.get_layer(name).get_weights()[0].flat) for name in ("conv", "sums")]
    assert levels == [{-1, 0, 1}] * 2


def test_a_map_without_top_has_no_classes():
    model = small_residual(input_shape=(16, 16, 3), filters=(8, 16), blocks=1, include_top=False)
    assert model.output_shape == (None, 4, 4, 16)


def test_bias_is_a_choice():
    with_bias, without = lenet("sign", use_bias=True), lenet("sign")
    assert with_bias.count_params() - without.count_params() == 20 + 50 + 500 + 10
    assert lenet(None).count_params() - lenet(None, use_bias=False).count_params() == 20 + 50 + 500 + 10
    for method in (None, "ste_sign", "ternary", "zero_one"):
        assert two_layer(method, use_bias=True).count_params() - two_layer(method).count_params() == 16 + 32


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: build("resnet20_xnorr"), "do you mean resnet20_xnor"),
        (lambda: build("mystery"), "zoo list"),
        (lambda: lenet("nonsense"), "No method 'nonsense': choose one of sign, xnor"),
        (lambda: lenet(weights="imagenet"), "no weights of lenet_sign for 'imagenet'"),
        (lambda: lenet(weights="nowhere.npz"), "no weights file 'nowhere.npz'"),
        (lambda: binareye(width=100), "64, 128, 256, not 100"),
        (lambda: small_residual(filters=(8, 8)), "twice the filters"),
        (lambda: build("pokebnn", blocks=(1, 2, 0, 1)), r"four stages of at least one block, not \(1, 2, 0, 1\)"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
