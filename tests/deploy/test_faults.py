"""Each known fault of Larq Compute Engine 0.16 is refused, explained or pointed out; its own converter shows it."""

from __future__ import annotations

from typing import ClassVar

import larq_compute_engine as lce
import numpy as np
import pytest

from larq_focal.deploy.audit import audit
from larq_focal.deploy.audit.intent import layer_names
from larq_focal.deploy.audit.model_faults import model_faults
from larq_focal.deploy.conversion import keras_models
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.deploy.convert import ConversionError
from larq_focal.keras import keras, larq, tf
from tests.deploy.networks import Times, convolution, network, positive, quantizer, sign, signs

layers, quantizers = keras.layers, larq.quantizers


def by_lce(model: keras.Model) -> bytes:
    """What the bare converter makes of a model."""
    return lce.convert_keras_model(model)


def faults(findings) -> set[tuple[str, str]]:
    return {(finding.fault, finding.severity) for finding in findings}


def found_before(model: keras.Model) -> list:
    return model_faults(freeze(model), layer_names(model))


class TestSignOfSum:
    """``sign(sign(a) + c)`` becomes the sign of a, whatever c is."""

    WRONG: ClassVar = {
        "ste_tern": "ste_tern",
        "ternary_weight_networks": quantizers.SteTern(ternary_weight_networks=True),
        "large_constant": quantizer(lambda x: tf.sign(tf.sign(x) + 5.0)),
        "constant_first": quantizer(lambda x: tf.sign(5.0 + tf.sign(x))),
        "negative_constant": quantizer(lambda x: tf.sign(tf.sign(x) + -0.1)),
        "one": quantizer(lambda x: tf.sign(tf.sign(x) + 1.0)),
        "some_channels": quantizer(lambda x: tf.sign(tf.sign(x) + np.float32([0.1] * 16 + [3] * 16))),
        "other_activations": quantizer(lambda x: tf.sign(tf.sign(x) + tf.abs(x))),
    }
    RIGHT: ClassVar = {
        "ste_sign": "ste_sign",
        "larger_constant": quantizer(lambda x: tf.sign(tf.sign(x) + 0.9)),
        "constant_per_channel": quantizer(lambda x: tf.sign(tf.sign(x) + np.linspace(0.1, 0.9, 32, dtype=np.float32))),
        "difference": quantizer(lambda x: tf.sign(tf.sign(x) - 3.0)),
        "zero": quantizer(lambda x: tf.sign(tf.sign(x) + 0.0)),
        "scaled": quantizer(lambda x: tf.sign(0.5 * tf.sign(x) + 5.0)),
    }

    @pytest.mark.parametrize("name", WRONG)
    def test_is_refused_with_layer_and_fix(self, name, tmp_path):
        model = network(layers.ReLU(), convolution(self.WRONG[name]))
        with pytest.raises(ConversionError, match=r"layer: .*takes the sign of .*(Use|Write) "):
            convert(model, tmp_path / "model.tflite")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", RIGHT)
    def test_other_sums_are_let_through(self, name, tmp_path):
        model = network(convolution(self.RIGHT[name]))
        assert convert(model, tmp_path / "model.tflite").audit.agreement.max_abs_difference < 1e-4

    def test_a_ternary_kernel_is_let_through(self):
        assert not found_before(network(convolution(kernel_quantizer="ste_tern")))

    def test_the_audit_of_a_file_by_the_bare_converter_shows_it(self):
        model = network(convolution("ste_tern"))
        result = audit(model, by_lce(model))
        assert not result.passed
        assert {("sign-of-sum", "error"), ("disagreement", "error")} <= faults(result.findings)
        (row,) = result.layers
        assert (row.intended, row.became) == ("few-bit", "packed") and "silently" in row.reason

    def test_the_rewrite_that_it_tells_is_exact(self, tmp_path):
        shared = convolution(None)
        image = layers.Input((8, 8, 32))
        above = quantizer(lambda x: larq.math.sign(x - 0.05))
        below = quantizer(lambda x: larq.math.sign(x + 0.05))
        both = layers.Add()([shared(layers.Lambda(above)(image)), shared(layers.Lambda(below)(image))])
        rewritten = keras.Model(image, layers.Lambda(lambda x: 0.5 * x)(both))
        ternary = network(convolution("ste_tern"))
        ternary.set_weights(rewritten.get_weights())
        x = np.random.default_rng(0).normal(0, 0.1, (4, 8, 8, 32)).astype(np.float32)
        np.testing.assert_allclose(rewritten(x), ternary(x), atol=1e-5)
        result = convert(rewritten, tmp_path / "model.tflite").audit
        assert result.agreement.max_abs_difference < 1e-4
        assert [row.became for row in result.layers] == ["packed"]


class TestConstantShape:
    """Constants of several axes are fused into binary convolutions without a look at their shape."""

    FUSED: ClassVar = {
        "four_axes": ((), Times(positive(1, 1, 1, 32))),
        "two_axes": ((), Times(positive(1, 32))),
        "one_value": ((), Times(positive(1, 1, 1, 1))),
        "map": ((), Times(positive(6, 6, 1))),
        "after_normalisation": ((layers.BatchNormalization(),), Times(positive(1, 1, 1, 32))),
        "after_relu": ((layers.ReLU(),), Times(positive(1, 1, 1, 32))),
    }
    APART: ClassVar = {
        "one_axis": Times(positive(32)),
        "one_number": Times(positive(1)),
        "pooled": keras.Sequential([layers.MaxPooling2D(2), Times(positive(1, 1, 1, 32))]),
    }

    @pytest.mark.parametrize("name", FUSED)
    @pytest.mark.parametrize("end", [(), (convolution(name="next"),)], ids=["at_the_end", "before_a_sign"])
    def test_is_refused_with_layer_and_fix(self, name, end, tmp_path):
        before, times = self.FUSED[name]
        model = network(convolution(), *before, times, *end)
        with pytest.raises(ConversionError, match=f"{times.name}: .*shape.*(Reshape|Use one value)"):
            convert(model, tmp_path / "model.tflite")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", APART)
    def test_other_constants_are_let_through(self, name, tmp_path):
        result = convert(network(convolution(), self.APART[name]), tmp_path / "model.tflite").audit
        assert result.agreement.max_abs_difference < 1e-4

    def test_zero_padding_keeps_a_relu_and_what_follows_apart(self, tmp_path):
        stack = convolution(padding="same"), layers.ReLU(), Times(positive(1, 1, 1, 32))
        assert convert(network(*stack), tmp_path / "model.tflite").audit.passed

    def test_a_float_convolution_may_have_any_constant(self, tmp_path):
        stack = convolution(None), Times(positive(1, 1, 1, 32))
        assert convert(network(*stack), tmp_path / "model.tflite").audit.passed

    def test_the_audit_of_a_file_by_the_bare_converter_shows_it(self):
        model = network(convolution(), Times(positive(1, 1, 1, 32)))
        result = audit(model, by_lce(model))
        assert {("constant-shape", "error"), ("does-not-run", "error")} <= faults(result.findings)
        assert result.agreement is None and result.to_dict()["agreement"] is None

    def test_the_bare_converter_computes_something_else_before_a_sign(self):
        model = network(convolution(), Times(positive(1, 1, 1, 32) * signs(32)), convolution(name="next"))
        assert ("disagreement", "error") in faults(audit(model, by_lce(model)).findings)


class TestCrash:
    def test_a_crash_of_the_converter_is_an_error_and_leaves_the_file_as_it_was(self, tmp_path, monkeypatch):
        """The real converter's real crash, on a fault that would have been seen before."""
        monkeypatch.setattr(keras_models, "model_faults", lambda *_: [])
        model = network(convolution(), Times(positive(6, 6, 1)), convolution(name="next"))
        path = tmp_path / "model.tflite"
        path.write_bytes(b"earlier")
        with pytest.raises(ConversionError, match=r"crashed \(SIGSEGV\).*'network/layer/"):
            convert(model, path)
        assert path.read_bytes() == b"earlier" and list(tmp_path.iterdir()) == [path]

    def test_the_cause_of_a_failure_is_shown(self, tmp_path):
        image = layers.Input((8, 8, 32))
        model = keras.Model(image, layers.Lambda(lambda x: tf.cast(x, tf.bfloat16), name="narrow")(image))
        with pytest.raises(ConversionError, match=r"Failed to convert element type 'bf16'.*narrow"):
            convert(model, tmp_path / "model.tflite")
        assert not list(tmp_path.iterdir())

    def test_a_converter_that_takes_too_long_is_ended(self, tmp_path):
        with pytest.raises(ConversionError, match=r"not finished after 0\.001 s"):
            convert(network(convolution()), tmp_path / "model.tflite", timeout_s=0.001)
        assert not list(tmp_path.iterdir())


class TestKernels:
    def test_magnitudes_that_the_converter_rounds_are_refused(self, tmp_path):
        noise = 1 + 0.002 * signs(3, 3, 32, 32, seed=2)
        noise[0, 0, 0] = 1
        model = network(convolution(kernel_quantizer=quantizer(lambda w: sign(w) * noise)))
        with pytest.raises(ConversionError, match=r"layer: .*differ by up to 0\.20% .*rounded"):
            convert(model, tmp_path / "model.tflite")
        assert not list(tmp_path.iterdir())

    def test_baking_computes_what_the_converter_leaves_to_the_file(self, tmp_path):
        """It computes no constants of 128 MiB or more: here a value on the way to a small kernel, for a quick test."""

        def heavy(w):
            return sign(tf.reduce_max(tf.tile(w[..., None], [1, 1, 1, 1, 4096]), -1))

        model = network(convolution(kernel_quantizer=quantizer(heavy)))
        data = np.ones((1, 8, 8, 32), np.float32)
        plain = convert(model, tmp_path / "plain.tflite", data=data, bake=False).audit
        assert [row.became for row in plain.layers] == ["float"]
        assert ("unfolded-kernel", "warning") in faults(plain.findings)
        assert "left it to the file" in plain.layers[0].reason and "bake=True" in plain.layers[0].fix
        assert convert(model, tmp_path / "baked.tflite", data=data).audit.all_packed


class TestNotes:
    def test_grouped_convolutions_run_but_not_everywhere(self, tmp_path):
        model = network(convolution(groups=2, filters=64), shape=(8, 8, 64))
        result = convert(model, tmp_path / "model.tflite").audit
        assert result.all_packed and result.agreement.max_abs_difference < 1e-4
        (finding,) = result.findings
        assert (finding.fault, finding.severity, finding.layer) == ("grouped-convolution", "note", "layer")

    def test_large_inputs_take_the_slow_indirect_kernel_on_arm(self, tmp_path):
        """The limit counts 32 channels for every word: 65,535 values."""
        small, large = (network(convolution(filters=1), shape=(size, 64, 32)) for size in (31, 32))
        assert not convert(small, tmp_path / "small.tflite").audit.findings
        (finding,) = convert(large, tmp_path / "large.tflite").audit.findings
        assert (finding.fault, finding.severity, finding.layer) == ("slow-indirect-kernel", "note", "layer")

    NEGATIVE_ZEROS: ClassVar = {
        "negated": lambda x: -tf.nn.relu(x),
        "negative_factor": lambda x: tf.nn.relu(x) * np.float32(-2),
        "product": lambda x: tf.nn.relu(x) * x,
        "pooled": lambda x: tf.nn.max_pool2d(-tf.nn.relu(x), 2, 2, "VALID"),
    }
    NO_NEGATIVE_ZEROS: ClassVar = {
        "input": lambda x: x,
        "positive_factor": lambda x: tf.nn.relu(x) * np.float32(2),
        "bias": lambda x: -tf.nn.relu(x) + np.float32(0.5),
        "gate": lambda x: tf.nn.sigmoid(x) * tf.nn.relu(x),
    }
    NEVER_NEGATIVE = ("positive_factor", "gate")

    @pytest.mark.parametrize("name", [*NEGATIVE_ZEROS, *NO_NEGATIVE_ZEROS])
    def test_negative_zeros_are_pointed_out(self, name, tmp_path):
        function = {**self.NEGATIVE_ZEROS, **self.NO_NEGATIVE_ZEROS}[name]
        result = convert(network(layers.Lambda(function), convolution()), tmp_path / "model.tflite").audit
        expected = {("negative-zero", "warning")} if name in self.NEGATIVE_ZEROS else set()
        expected |= {("constant-input", "warning")} if name in self.NEVER_NEGATIVE else set()
        assert result.passed and faults(result.findings) == expected
        assert all(finding.layer == "layer" for finding in result.findings)


class TestTies:
    """Fresh normalisations and zero padding: sums of exactly 0 may fall on either side."""

    def stack(self, **options):
        for index in range(3):
            yield convolution(
                name=f"layer_{index}", kernel_initializer=keras.initializers.RandomNormal(seed=index), **options
            )
            yield layers.BatchNormalization()
        yield layers.Flatten()
        yield layers.Dense(10, kernel_initializer=keras.initializers.RandomNormal(seed=9))

    def test_are_explained(self, tmp_path):
        with pytest.raises(ConversionError, match=r"exactly on the threshold.*zero padding.*pad_values=1") as error:
            convert(network(*self.stack(padding="same")), tmp_path / "model.tflite")
        assert error.value.audit.all_packed
        assert not list(tmp_path.iterdir())

    def test_do_not_occur_with_padding_by_one(self, tmp_path):
        model = network(*self.stack(padding="same", pad_values=1))
        assert convert(model, tmp_path / "model.tflite").audit.agreement.max_abs_difference < 1e-3


class TestZerosAroundSmallImages:
    """LCE's kernel miscounts zero padding where the image is smaller than the filter."""

    @pytest.mark.parametrize("pixels", [1, 2])
    def test_are_named(self, pixels, tmp_path):
        with pytest.raises(ConversionError, match=r"smaller than its filter.*pad_values=1"):
            convert(network(convolution(padding="same"), shape=(pixels, pixels, 32)), tmp_path / "model.tflite")

    def test_of_the_filters_size_are_right(self, tmp_path):
        convert(network(convolution(padding="same"), shape=(3, 3, 32)), tmp_path / "model.tflite")
