"""What quantized layers on Keras 3 do on every backend: saving, training, scopes, states, wrong arguments."""

from __future__ import annotations

import logging

import keras
import numpy as np
import pytest
from keras import ops

from larq_focal.nn.keras3.larq_quantizers import NoOp, SteSign
from larq_focal.nn.keras3.quantized_layers import QuantConv1D, QuantConv2D, QuantDense, QuantSeparableConv2D
from larq_focal.nn.keras3.quantized_variable import quantized_scope
from larq_focal.nn.keras3.quantizer import Quantizer
from larq_focal.nn.keras3.registration import register
from larq_focal.nn.keras3.weight_clip import WeightClip

BINARY = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}


@register("moving_scale")
class MovingScale(Quantizer):
    """Signs times a moving mean for each output channel: a quantizer with a state."""

    precision = 1

    def build(self, input_shape):
        self.mean = self.add_weight(shape=input_shape[-1:], initializer="ones", trainable=False, name="mean")
        super().build(input_shape)

    def call(self, inputs):
        axes = tuple(range(len(inputs.shape) - 1))
        self.mean.assign(0.9 * self.mean + 0.1 * ops.stop_gradient(ops.mean(ops.abs(inputs), axes)))
        return ops.convert_to_tensor(self.mean) * ops.where(inputs >= 0, 1.0, -1.0) + inputs - ops.stop_gradient(inputs)


def network(kernel_quantizer="ste_sign", jit_compile=False) -> keras.Model:
    keras.utils.set_random_seed(1)
    options = {**BINARY, "kernel_quantizer": kernel_quantizer}
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            QuantConv2D(4, 3, strides=2, padding="same", pad_values=1.0, **options),
            keras.layers.BatchNormalization(),
            QuantConv2D(6, 3, use_bias=False, **options),
            keras.layers.Flatten(),
            QuantDense(3, **options),
        ]
    )
    model.compile("adam", "mse", jit_compile=jit_compile)
    return model


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(16, 8, 8, 2)).astype(np.float32), random.normal(size=(16, 3)).astype(np.float32)


@pytest.mark.parametrize("kernel_quantizer", ["ste_sign", "moving_scale"])
def test_a_saved_model_goes_on_as_if_it_had_not_been_saved(tmp_path, kernel_quantizer):
    model = network(kernel_quantizer)
    model.fit(*data(), batch_size=8, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    others = network(kernel_quantizer)
    others.optimizer.build(others.trainable_variables)
    others.load_weights(tmp_path / "model.weights.h5")
    assert [each.name for each in loaded.weights] == [each.name for each in model.weights]
    for other in (loaded, others):
        for before, after in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)
    for each in (model, loaded, others):
        each.fit(*data(), batch_size=8, shuffle=False, verbose=0)
    for other in (loaded, others):
        for before, after in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)


def test_weights_of_a_loaded_layer_and_its_quantizers_have_paths_of_their_own(tmp_path):
    """Also where a quantizer is called as its layer is. PyTorch knows weights by their paths, and of two that have the
    same it would add up the gradients of one over all steps."""
    named = dict(input_quantizer=MovingScale(name="conv"), kernel_quantizer=MovingScale(name="other"))
    model = keras.Sequential([keras.Input((4, 4, 2)), QuantConv2D(3, 3, name="conv", **named)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for paths in ([each.path for each in model.weights], [each.path for each in loaded.weights]):
        assert len({*paths}) == len(paths) == 4


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning", "ignore:Converting a tensor with requires_grad")
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_training_moves_kernels_and_states_and_keeps_the_constraint(jit_compile):
    model = network("moving_scale", jit_compile)
    before = model.get_weights()
    model.fit(*data(), epochs=2, verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    assert max(np.abs(layer.kernel).max() for layer in model.layers if hasattr(layer, "kernel_constraint")) <= 1


def test_each_kernel_has_a_quantizer_of_its_own():
    quantizer = MovingScale()
    first, second = QuantDense(2, kernel_quantizer=quantizer), QuantDense(3, kernel_quantizer=quantizer)
    assert first.kernel_quantizer is quantizer and second.kernel_quantizer is not quantizer
    separable = QuantSeparableConv2D(5, 3, depthwise_quantizer=quantizer, pointwise_quantizer=quantizer)
    separable(ops.ones((1, 4, 4, 2)))
    assert separable.depthwise_quantizer.mean.shape == (1,) and separable.pointwise_quantizer.mean.shape == (5,)


def test_a_scope_reads_kernels_quantized(tmp_path):
    model = network()
    latent = model.get_weights()
    expected = [np.where(each >= 0, 1, -1) if each.ndim > 1 else each for each in latent]
    with quantized_scope(True):
        quantized = model.get_weights()
        model.save_weights(tmp_path / "binary.weights.h5")
        with pytest.raises(ZeroDivisionError), quantized_scope(False):
            np.testing.assert_array_equal(model.get_weights()[0], latent[0])
            raise ZeroDivisionError
        model.set_weights([2 * each for each in latent])
    for value, other in zip(quantized, expected, strict=True):
        np.testing.assert_array_equal(value, other)
    for value, other in zip(model.get_weights(), latent, strict=True):
        np.testing.assert_array_equal(value, 2 * other)
    model.load_weights(tmp_path / "binary.weights.h5")
    for value, other in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_signs_are_taken_before_mixed_precision_rounds(policy):
    layer = QuantDense(1, use_bias=False, kernel_quantizer="ste_sign", kernel_constraint="weight_clip", dtype=policy)
    layer.build((None, 1))
    layer.kernel.assign([[-1e-9]])  # 0, and so +1, in float16
    outputs = layer(ops.ones((1, 1)))
    assert keras.backend.standardize_dtype(outputs.dtype) == policy.removeprefix("mixed_")
    assert ops.convert_to_numpy(outputs).tolist() == [[-1]]
    assert keras.backend.standardize_dtype(layer.kernel.dtype) == "float32"


def test_padding_fits_images_of_any_size():
    layer = QuantConv2D(2, 3, strides=2, padding="same", pad_values=1.0, **BINARY)
    model = keras.Sequential([keras.Input((None, None, 1)), layer])
    assert model.output_shape == (None, None, None, 2)
    kernel = np.where(layer.kernel.numpy() >= 0, 1, -1)
    for height, width in ((5, 6), (7, 7), (8, 3)):
        image = np.random.default_rng(0).normal(size=(1, height, width, 1)).astype(np.float32)
        outputs = model.predict(image, verbose=0)
        assert outputs.shape[1:3] == ((height + 1) // 2, (width + 1) // 2)
        top, left = (1 if height % 2 else 0), (1 if width % 2 else 0)
        around = np.pad(np.where(image[0, :, :, 0] >= 0, 1, -1), ((top, 1), (left, 1)), constant_values=1)
        np.testing.assert_array_equal(outputs[0, 0, 0], np.einsum("ij,ijk->k", around[:3, :3], kernel[:, :, 0]))
        np.testing.assert_array_equal(outputs[0, -1, -1], np.einsum("ij,ijk->k", around[-3:, -3:], kernel[:, :, 0]))


def test_channels_first_is_channels_last_turned():
    image = np.random.default_rng(0).normal(size=(2, 6, 5, 4)).astype(np.float32)
    options = {"padding": "same", "pad_values": -1.0, "bias_initializer": "random_normal", **BINARY}
    last, first = QuantConv2D(2, 3, **options), QuantConv2D(2, 3, data_format="channels_first", **options)
    expected = ops.convert_to_numpy(last(image))
    first.build((None, 4, 6, 5))
    first.set_weights(last.get_weights())
    if keras.backend.backend() == "tensorflow":  # has no such convolution on CPUs
        padded, padding = first.padded(ops.convert_to_tensor(image.transpose(0, 3, 1, 2)))
        assert padded.shape == (2, 4, 8, 7) and padding == "valid"
        return
    outputs = ops.convert_to_numpy(first(image.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(outputs, expected.transpose(0, 3, 1, 2), atol=1e-6)


def test_functions_are_quantizers_too():
    def three_levels(x):
        return ops.round(ops.clip(x, -1, 1))

    layer = QuantDense(2, use_bias=False, input_quantizer=three_levels, kernel_quantizer=three_levels)
    x = np.array([[-3.0, 0.2, 0.7]], np.float32)
    outputs = ops.convert_to_numpy(layer(x))
    expected = np.round(np.clip(x, -1, 1)) @ np.round(np.clip(layer.kernel.numpy(), -1, 1))
    np.testing.assert_array_equal(outputs, expected)


def test_kernels_know_their_bits():
    layers = [QuantDense(2, kernel_quantizer=each) for each in ("ste_sign", NoOp(3), "dorefa_quantizer", None)]
    for layer in layers:
        layer.build((None, 2))
    assert [getattr(layer.kernel, "precision", None) for layer in layers] == [1, 3, 2, None]


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        ({"kernel_quantizer": "ste_sign"}, True),
        ({"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}, False),
        ({"kernel_quantizer": "ste_tern"}, False),
        ({"kernel_quantizer": NoOp(1)}, False),
    ],
)
def test_a_binary_kernel_without_constraint_is_warned_of(options, warns, caplog):
    with caplog.at_level(logging.WARNING):
        QuantDense(2, **options)
    assert ("kernel_constraint='weight_clip'" in caplog.text) == warns


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: QuantDense(2, kernel_quantizer="ste_sgin"), "no quantizer 'ste_sgin': do you mean ste_sign"),
        (lambda: QuantDense(2, input_quantizer=3), "must be an alias such as 'ste_sign'.*not 3"),
        (lambda: QuantDense(2, kernel_constraint="nonsense"), "nonsense"),
        (lambda: QuantConv1D(2, 3, padding="causal", pad_values=1.0), "pad_values must be 0, not 1.0"),
        (lambda: QuantDense(2, pointwise_quantizer="ste_sign"), "pointwise_quantizer"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_constraints_clip():
    assert ops.convert_to_numpy(WeightClip(1.5)(ops.convert_to_tensor([-3.0, 0.5, 2.0]))).tolist() == [-1.5, 0.5, 1.5]


def test_configurations_hold_quantizers_with_their_arguments():
    layer = QuantConv2D(2, 3, pad_values=1.0, padding="same", kernel_quantizer=SteSign(clip_value=1.3))
    other = QuantConv2D.from_config(layer.get_config())
    assert other.kernel_quantizer.clip_value == 1.3 and other.input_quantizer is None and other.pad_values == 1
    assert other.get_config() == layer.get_config()
