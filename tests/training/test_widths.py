"""One set of weights in several bit widths: none touches another, and each is a plain network that converts."""

from __future__ import annotations

import numpy as np
import pytest

import larq_focal as lqf
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers.any_width.width_scope import width_scope
from larq_focal.training import (
    AnyWidthInput,
    AnyWidthKernel,
    DistilledCrossEntropy,
    SwitchableNormalization,
    every_width,
    width_accuracies,
    with_bits,
)

layers = keras.layers
IMAGE, WIDTHS = (6, 6, 3), (8, 4, 2, 1)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, *IMAGE)).astype(np.float32)
Y = np.asarray(X.mean((1, 2)).argmax(-1), np.int32)


def quantized(filters: int, widths=WIDTHS) -> list[keras.layers.Layer]:
    quantizers = {"input_quantizer": AnyWidthInput(widths), "kernel_quantizer": AnyWidthKernel(widths)}
    conv = lq.layers.QuantConv2D(filters, 3, padding="same", pad_values=1, use_bias=False, **quantizers)
    return [conv, SwitchableNormalization(widths, momentum=0.8)]


def network(widths=WIDTHS) -> keras.Model:
    """With a model inside."""
    keras.utils.set_random_seed(0)
    stem = [layers.Conv2D(4, 3, use_bias=False), SwitchableNormalization(widths, momentum=0.8)]
    inner = keras.Sequential([keras.Input((4, 4, 4)), *quantized(8, widths)], name="inner")
    head = [layers.GlobalAveragePooling2D(), layers.Dense(3)]
    return keras.Sequential([keras.Input(IMAGE), *stem, *quantized(4, widths), inner, *head], name="network")


def compiled(model: keras.Model, run_eagerly: bool = False) -> keras.Model:
    optimizer = keras.optimizers.Adam(0.02)
    model.compile(optimizer, DistilledCrossEntropy(), metrics=width_accuracies(WIDTHS), run_eagerly=run_eagerly)
    return model


@pytest.fixture(scope="module")
def joint() -> keras.Model:
    model = compiled(every_width(network()))
    model.fit(X, Y, batch_size=16, epochs=12, verbose=0)
    return model


def test_all_widths_are_trained_at_once(joint):
    accuracies = joint.evaluate(X, Y, verbose=0, return_dict=True)
    assert {*accuracies} == {"loss", "accuracy_8_bits", "accuracy_4_bits", "accuracy_2_bits", "accuracy_1_bit"}
    assert accuracies["accuracy_8_bits"] >= 0.8  # of three classes
    assert joint.output_shape == (None, 4, 3)


@pytest.mark.parametrize("bits", WIDTHS)
def test_a_width_is_a_plain_network_of_its_outputs_that_converts(joint, bits, tmp_path):
    before = [array.copy() for array in joint.get_weights()]
    plain = with_bits(joint, bits)
    for array, other in zip(before, joint.get_weights(), strict=True):
        np.testing.assert_array_equal(array, other)
    # A sum that falls on a threshold is rounded by the order of its terms.
    tolerance = {"rtol": 0, "atol": 2e-2 if bits == 8 else 1e-4}
    expected = joint(X)[:, WIDTHS.index(bits)]
    np.testing.assert_allclose(plain(X), expected, **tolerance)
    kinds = {type(layer) for layer in plain.submodules if isinstance(layer, keras.layers.Layer)}
    assert not kinds & {AnyWidthInput, AnyWidthKernel, SwitchableNormalization}
    conversion = lqf.convert(plain, tmp_path / "model.tflite", data=X)
    assert conversion.audit.passed
    assert [row.became for row in conversion.audit.layers if row.intended != "float"] == [
        "packed" if bits <= 4 else "float"
    ] * 2


def test_widths_have_normalisations_of_their_own_and_share_the_kernels(joint):
    means = [with_bits(joint, bits).layers[1].moving_mean.numpy() for bits in WIDTHS]
    for norm in joint.layers[1].network.layers:
        if isinstance(norm, SwitchableNormalization) and norm.name != joint.layers[1].network.layers[1].name:
            variances = [each.moving_variance.numpy() for each in norm.normalizations]
            assert len({variance.tobytes() for variance in variances}) == len(WIDTHS)
    np.testing.assert_allclose(means[0], means[1], rtol=1e-5)  # of the stem, which computes the same in every width
    kernels = [with_bits(joint, bits).layers[0].kernel.numpy() for bits in WIDTHS]
    for kernel in kernels[1:]:
        np.testing.assert_array_equal(kernel, kernels[0])


def test_a_step_of_one_width_leaves_the_normalisations_of_the_others():
    model = network()
    norm = model.layers[1]
    with width_scope(2):
        model(X, training=True)
    changed = [np.any(each.moving_mean.numpy() != 0) for each in norm.normalizations]
    assert changed == [False, False, True, False]


@pytest.mark.parametrize("bits", WIDTHS)
def test_kernels_have_the_levels_of_dorefa(bits):
    w = np.random.default_rng(1).normal(0, 0.1, (3, 3, 4, 5)).astype(np.float32)
    levels = 2**bits - 1
    v = np.tanh(w) / np.abs(np.tanh(w)).max()
    expected = 2 * np.round((v + 1) / 2 * levels) / levels - 1
    with width_scope(bits):
        np.testing.assert_allclose(AnyWidthKernel()(w), expected, rtol=0, atol=1e-6 + 2.1 / levels * (bits == 8))
        found = AnyWidthKernel()(w).numpy()
    assert len(np.unique(found)) <= 2**bits
    assert np.mean(np.abs(found - expected) < 1e-6) > 0.99


@pytest.mark.parametrize("bits", WIDTHS)
def test_inputs_have_even_levels_and_those_of_one_bit_are_signs(bits):
    x = np.float32([-2, -0.5, 0, 0.2, 0.6, 1, 3])
    levels = 2**bits - 1
    expected = np.where(x >= 0, 1, -1) if bits == 1 else np.round(np.clip(x, 0, 1) * levels) / levels
    with width_scope(bits):
        np.testing.assert_allclose(AnyWidthInput()(x), expected, rtol=1e-6)


def test_weights_of_zero_have_the_same_sign_alone_as_in_the_network():
    model = keras.Sequential([keras.Input(IMAGE), *quantized(4)])
    kernel = np.zeros((3, 3, 3, 4), np.float32)
    kernel[0] = 1e-9
    kernel[1, ..., 0] = 0.5
    model.layers[0].set_weights([kernel])
    with width_scope(1):
        expected = model(X)
    np.testing.assert_allclose(with_bits(model, 1)(X), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("teacher", ["wider", "widest"])
def test_the_loss_is_the_cross_entropies_and_teaches_downwards_only(teacher):
    logits, labels = np.random.default_rng(3).normal(size=(5, 3, 4)), np.int32([0, 1, 2, 3, 0])
    log_softmax = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    probabilities = np.exp(log_softmax)
    expected = -log_softmax[np.arange(5), 0, labels]
    for place, taught_by in ((1, 0), (2, 0 if teacher == "widest" else 1)):
        expected = expected - (probabilities[:, taught_by] * log_softmax[:, place]).sum(-1)
    y = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(y)
        loss = DistilledCrossEntropy(teacher)(labels, y)
    assert float(loss) == pytest.approx(expected.mean(), rel=1e-5)
    onehot = np.eye(4)[labels]
    gradient = tape.gradient(loss, y)[:, 0] * 5
    np.testing.assert_allclose(gradient, probabilities[:, 0] - onehot, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_it_is_saved_loaded_and_trained_on(joint, tmp_path):
    joint.save(tmp_path / "joint.keras")
    loaded = keras.models.load_model(tmp_path / "joint.keras")
    np.testing.assert_array_equal(loaded(X), joint(X))
    np.testing.assert_array_equal(with_bits(loaded, 2)(X), with_bits(joint, 2)(X))
    before = joint.evaluate(X, Y, verbose=0)
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(before)
    loaded.fit(X, Y, batch_size=32, verbose=0)
    changed = [np.any(a != b) for a, b in zip(loaded.get_weights(), joint.get_weights(), strict=True)]
    assert all(changed)


def test_fewer_widths_than_the_network_has():
    model = every_width(network(), (4, 2))
    assert model(X).shape == (32, 2, 3)
    assert every_width(network((2, 1)))(X).shape == (32, 2, 3)


def test_outside_of_a_scope_it_computes_in_its_widest():
    model = network()
    with width_scope(8):
        expected = model(X)
    np.testing.assert_array_equal(model(X), expected)


class Wrapped(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = SwitchableNormalization()

    def call(self, inputs):
        return self.inner(inputs)


def run_in(bits: int):
    with width_scope(bits):
        network((8, 2))(X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AnyWidthKernel(()), r"widths must be different numbers from 1 to 8, but are \(\)"),
        (lambda: AnyWidthInput((4, 4)), r"AnyWidthInput: widths must be different"),
        (lambda: SwitchableNormalization((9,)), r"SwitchableNormalization: widths must be different"),
        (lambda: run_in(4), "has the widths 8, 2, and cannot compute in 4 bits"),
        (lambda: with_bits(network((8, 2)), 4), r"has the widths \(8, 2\), and not 4 bits"),
        (lambda: every_width(network((8, 2)), (8, 4)), r"have only the widths \[2, 8\], not \(8, 4\)"),
        (lambda: every_width(keras.Sequential([keras.Input((3,)), layers.Dense(2)])), "has no part of any width"),
        (lambda: with_bits(keras.Sequential([keras.Input(IMAGE), Wrapped(name="w")]), 2), "'w' has a Switchable"),
        (lambda: DistilledCrossEntropy("narrower"), 'teacher must be "wider" or "widest"'),
    ],
)
def test_refuses_what_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()
