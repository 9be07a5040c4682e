"""Keras networks whose branches are added before a sign: the simulated array gives exactly Keras' signs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("larq")

from larq_focal.focal_plane import fit
from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.focal_plane.inspection import inspect_network
from larq_focal.verdicts.verdict import Verdict
from tests.focal_plane.compiler.random_layers import small


def binary_conv(filters: int, size: int, **options):
    from larq_focal.keras import larq

    quantizers = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
    return larq.layers.QuantConv2D(filters, size, padding="same", use_bias=False, **quantizers, **options)


def residual_network(adds_signs: bool = True):
    """Blocks as in Bi-Real networks, on signs: sign(norm(conv(x)) + x), the second of half the size."""
    from larq_focal.keras import keras, larq

    layers, sign = keras.layers, larq.quantizers.SteSign
    x = image = layers.Input((12, 12, 1))
    x = layers.BatchNormalization()(binary_conv(2, 3, name="first")(x))
    x = sign(name="maps")(x) if adds_signs else x
    y = layers.BatchNormalization()(binary_conv(2, 3, name="second", pad_values=1.0)(x))
    x = sign(name="second_sign")(layers.Add(name="second_sum")([y, x]))
    y = layers.BatchNormalization()(binary_conv(2, 3, name="third", strides=2)(x))
    x = sign(name="third_sign")(layers.Add(name="third_sum")([y, layers.MaxPool2D(2)(x)]))
    return normalised_at_random(keras.Model(image, x))


def recurrent_network(frames: int):
    """The gated state of PixelRNN, on frames of signs: h <- h sign(f * x + g * h), and sign(o * x + p * h)."""
    from larq_focal.keras import keras, larq

    layers, sign = keras.layers, larq.quantizers.SteSign
    image, state = layers.Input((16, 16, frames)), None
    gate_input, gate_state, output_input, output_state = (
        binary_conv(1, 5, name=name) for name in ("gate_input", "gate_state", "output_input", "output_state")
    )
    for index in range(frames):
        x = sign()(image[..., index : index + 1])
        state = layers.Rescaling(0.0, offset=1.0)(x) if state is None else state
        output = output_input(x) + output_state(state)
        state = state * sign()(gate_input(x) + gate_state(state))
    return keras.Model(image, [sign(name="output")(output), sign(name="state")(state)])


def normalised_at_random(model):
    from larq_focal.keras import keras

    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape[0]
            gamma = rng.choice([-1, 1], size) * rng.uniform(0.2, 2, size)
            layer.set_weights([gamma, rng.normal(0, 0.5, size), rng.normal(0, 2, size), rng.uniform(1, 9, size)])
    return model


@pytest.fixture(autouse=True)
def same_weights():
    from larq_focal.keras import keras

    keras.utils.set_random_seed(0)


def assert_equals_keras(model, sensor: str) -> None:
    images = np.random.default_rng(1).choice([-1, 1], (3, *model.input_shape[1:])).astype(np.float32)
    compiled = compile_network(model, small(sensor))
    assert not compiled.tail
    expected = model(images)
    expected = expected if isinstance(expected, list) else [expected]
    for found, wanted in zip(compiled.run(images).values(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert len(np.unique(found)) == 2


@pytest.mark.parametrize("sensor", ["scamp5", "scamp7"])
def test_blocks_with_a_binary_shortcut(sensor):
    assert_equals_keras(residual_network(), sensor)


@pytest.mark.parametrize("frames", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_gates_of_a_recurrent_network(frames):
    assert_equals_keras(recurrent_network(frames), "scamp5")


def test_real_shortcuts_are_refused_by_name():
    model = residual_network(adds_signs=False)
    reason = "'batch_normalization.*' is used as it is beside its sign: let the others read its sign instead"
    with pytest.raises(UnsupportedError, match=f"'second' follows .*, which runs on the controller: {reason}"):
        compile_network(model, small("scamp5"))
    report = fit(model, small("scamp5"))
    assert report.verdict is Verdict.NO_FIT
    assert any("let the others read its sign instead" in note for note in report.notes)


def test_scales_without_a_small_ratio_are_refused_by_name():
    from larq_focal.keras import keras, larq

    layers, sign = keras.layers, larq.quantizers.SteSign
    image = layers.Input((12, 12, 1))
    x = sign()(image)
    added = [layers.Rescaling(scale)(binary_conv(2, 5, name=f"at_{scale}")(x)) for scale in (1.0, 0.7183)]
    x = sign(name="sum_sign")(layers.Add(name="sum")(added))
    model = keras.Model(image, sign()(binary_conv(2, 3, name="behind")(x)))
    reason = (
        "'sum_sign' is not a threshold on whole multiples.*'at_1.0' and 'at_0.7183' at .* give the convolutions one"
    )
    with pytest.raises(UnsupportedError, match=f"'behind' follows .*: {reason}"):
        compile_network(model, small("scamp5"))
    report = fit(model, small("scamp5"))
    assert report.verdict is Verdict.NO_FIT
    assert any("give the convolutions one scale" in note for note in report.notes)


def test_the_fit_tells_the_words_of_each_layer_that_is_added():
    for network in (recurrent_network(1), residual_network()):
        report = fit(network, small("scamp5"))
        compiled = compile_network(network, small("scamp5"))
        assert report.verdict.fits and report.icw == compiled.total_icw
        on_array = [layer for layer in report.layers if layer.placement != "controller"]
        assert {layer.name: layer.icw for layer in on_array} == {
            layer.name: sum(compiled.icw[layer.name].values()) for layer in on_array
        }


def test_what_a_program_does_is_told():
    report = inspect_network(residual_network(), small("scamp5"))
    assert [(exactness.reference, exactness.mismatching) for exactness in report.exactness] == [
        ("the network's graph", 0),
        ("Keras", 0),
    ]
