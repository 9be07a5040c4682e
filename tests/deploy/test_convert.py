"""Converted networks compute what the Keras models compute; what cannot be converted is refused, and leaves no file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import larq_zoo
import numpy as np
import pytest
import tensorflow_model_optimization as tfmot
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console

from larq_focal.cli import main
from larq_focal.deploy.audit import audit
from larq_focal.deploy.convert import ConversionError, convert, convert_int8
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, larq
from larq_focal.layers import BinarySumConv2D
from larq_focal.quantizers import PowerOfTwo
from tests.deploy.networks import convolution, network, random_kernel, sign
from tests.support.lce import randomise_batch_norms

layers = keras.layers


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out" / "model.tflite"


def small_network(name: str = "network") -> keras.Model:
    stack = convolution(), layers.BatchNormalization(), convolution(name="second"), layers.Flatten(), layers.Dense(10)
    model = network(*stack, name=name)
    randomise_batch_norms(model)
    return model


def agrees(result) -> bool:
    return result.passed and result.agreement.max_abs_difference <= 1e-4 * max(1, result.agreement.max_abs_output)


class TestResult:
    def test_the_file_is_what_the_audit_tells_of(self, out):
        conversion = convert(small_network(), out)
        assert conversion.path == out and out.stat().st_size == conversion.audit.file_bytes
        assert [path.name for path in out.parent.iterdir()] == [out.name]
        assert conversion.audit.file_bytes == conversion.audit.expected_bytes

    def test_an_earlier_file_is_replaced(self, out):
        out.parent.mkdir()
        out.write_bytes(b"earlier")
        convert(small_network(), out)
        assert Runtime(out).input_shapes == ((8, 8, 32),)

    def test_the_audit_of_the_file_is_the_same(self, out):
        model = small_network()
        assert audit(model, out if convert(model, out) else None).to_dict() == convert(model, out).audit.to_dict()

    def test_the_audit_is_plain_json(self, out):
        result = convert(small_network(), out).audit.to_dict()
        assert json.loads(json.dumps(result)) == result
        assert set(result) == {
            *("network", "file_bytes", "expected_bytes", "passed", "layers", "agreement", "int8", "findings")
        }
        assert set(result["layers"][0]) == {
            *("layer", "kind", "intended", "became", "operation", "weights"),
            *("bytes", "expected_bytes", "reason", "fix"),
        }
        assert set(result["agreement"]) == {
            "samples",
            "same_class",
            "max_abs_difference",
            "max_abs_output",
            "reference",
        }

    def test_the_table_shows_every_layer_and_why(self, out):
        model = network(convolution(), convolution("ste_heaviside", name="half"), convolution(groups=1, name="third"))
        console = Console(width=150, record=True, file=open(out.parent.parent / "shown", "w"))  # noqa: SIM115
        with console.file:
            console.print(convert(model, out, converter="lce").audit)
        shown = console.export_text()
        for text in ("What became of network", "layer", "half", "third", "packed", "float", "gives 0 and 1", "1,152"):
            assert text in shown
        assert "Packed: 2 of 3 layers" in shown and "same class in 16 of 16" in shown

    def test_sizes_are_those_of_packed_words(self, out):
        """3 x 3 x 40 weights take 9 x 2 words of 4 bytes for each output channel."""
        packed = convolution(kernel_quantizer="ste_sign")
        binary_kernel_only = convolution(None, name="second")
        first, second = convert(network(packed, binary_kernel_only, shape=(8, 8, 40)), out).audit.layers
        assert first.bytes == first.expected_bytes == 32 * 9 * 2 * 4
        assert (second.bytes, second.expected_bytes) == (32 * 9 * 32 * 4, 32 * 9 * 1 * 4)


class TestModels:
    @pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
    @pytest.mark.parametrize("suffix", [".keras", ".h5", ""], ids=["keras", "hdf5", "saved_model"])
    def test_a_path_will_do(self, suffix, tmp_path, out):
        model = small_network()
        path = tmp_path / f"saved{suffix}"
        model.save(path)
        x = np.random.default_rng(0).normal(size=(2, 8, 8, 32)).astype(np.float32)
        result = convert(path, out, data=x, trust=not suffix).audit
        assert result.all_packed and agrees(result)
        np.testing.assert_allclose(Runtime(out).run(x), model(x), atol=1e-3)

    def test_scaled_kernels_of_many_groups(self, out):
        """Keras hides grouped convolutions in a function; there the converter gave up on 294,912 scaled weights."""
        layer = convolution(kernel_quantizer="xnor_sign", filters=1024, groups=32, padding="same", pad_values=1)
        result = convert(network(layer, shape=(4, 4, 1024)), out).audit
        assert result.all_packed and agrees(result)

    def test_nested_models_and_shared_layers(self, out):
        shared = convolution(padding="same", pad_values=1, name="shared")
        inner = network(layers.BatchNormalization(), shared, layers.BatchNormalization(), name="inner")
        image = layers.Input((8, 8, 32))
        x = inner(image)
        x = layers.Add()([x, inner(x), layers.BatchNormalization()(shared(x))])
        model = keras.Model(image, layers.GlobalAveragePooling2D()(x))
        randomise_batch_norms(model)
        result = convert(model, out).audit
        (row,) = result.layers
        assert (row.layer, row.became, row.bytes) == ("inner/shared", "packed", 1152)
        assert agrees(result)

    def test_several_inputs_and_outputs_whatever_their_names(self, out):
        shapes = {"zeta": (8, 8, 3), "alpha": (8, 8, 2), "mid": (8, 8, 27)}
        inputs = [layers.Input(shape, name=name) for name, shape in shapes.items()]
        x = convolution()(layers.Concatenate()(inputs))
        outputs = [
            layers.GlobalAveragePooling2D(name=f"{name}_out")(x[..., i : i + 2]) for i, name in enumerate("zyxw")
        ]
        model = keras.Model(inputs, outputs)
        rng = np.random.default_rng(0)
        data = {name: rng.normal(size=(3, *shape)).astype(np.float32) for name, shape in shapes.items()}
        for form in (None, data, list(data.values())):
            assert agrees(convert(model, out, data=form).audit)

    def test_the_users_model_stays_as_it_was(self, out):
        model = small_network()
        model.compile("adam", "mse")
        before, config = model.get_weights(), model.to_json()
        convert(model, out)
        assert model.to_json() == config
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        model.fit(np.ones((4, 8, 8, 32)), np.ones((4, 10)), verbose=0)

    @pytest.mark.parametrize("name", ["hysteresis_sign", "gumbel_sign"])
    def test_our_kernel_quantizers_are_packed(self, name, out):
        result = convert(network(convolution(kernel_quantizer=name)), out).audit
        assert result.all_packed and agrees(result)

    @pytest.mark.parametrize("name", ["gumbel_sign", "learnable_activation_binarizer"])
    def test_our_input_quantizers_are_packed(self, name, out):
        result = convert(network(layers.BatchNormalization(), convolution(name)), out).audit
        assert result.all_packed and agrees(result)

    def test_a_trained_hysteresis_keeps_its_memory(self, out):
        model = network(
            convolution(kernel_quantizer=larq_hysteresis(threshold=0.05, relative=False)),
            layers.Flatten(),
            layers.Dense(2),
        )
        model.compile(keras.optimizers.SGD(0.1), "mse")
        rng = np.random.default_rng(0)
        model.fit(rng.normal(size=(32, 8, 8, 32)), rng.normal(size=(32, 2)), epochs=2, verbose=0)
        memory = model.layers[0].kernel_quantizer.memory.numpy()
        assert np.any(memory != np.sign(model.layers[0].get_weights()[0]))
        result = convert(model, out).audit
        assert result.all_packed and agrees(result)
        np.testing.assert_array_equal(model.layers[0].kernel_quantizer.memory, memory)


def larq_hysteresis(**options):
    from larq_focal.quantizers import HysteresisSign

    return HysteresisSign(**options)


WIDE_POWERS_OF_TWO = PowerOfTwo(-9, 0)
"""Of 21 levels, which lie on no grid of 256 steps: not packed by any converter."""


class TestStrict:
    """What was meant to be float may be float, and what is packed passes."""

    @pytest.mark.parametrize(
        ("converter", "quantizer"), [("lce", larq.quantizers.DoReFa(2)), ("focal", WIDE_POWERS_OF_TWO)]
    )
    def test_without_it_few_bits_may_stay_float(self, converter, quantizer, out):
        result = convert(network(convolution(quantizer)), out, converter=converter).audit
        assert [(row.layer, row.intended, row.became) for row in result.not_as_intended] == [
            ("layer", "few-bit", "float")
        ]

    def test_a_sum_of_binary_products_is_of_few_bits(self, out):
        layer = BinarySumConv2D(
            32, 3, input_quantizer="ternary_sign", input_levels=(-1, 0, 1), kernel_quantizer="ste_sign"
        )
        result = convert(network(layer), out, strict=True).audit
        assert [(row.intended, row.became) for row in result.layers] == [("few-bit", "packed")]

    def test_float_layers_may_be_float(self, out):
        stack = (
            layers.Conv2D(32, 3),
            convolution(None, name="float_inputs"),
            convolution(kernel_quantizer=None, name="k"),
        )
        assert not convert(network(*stack), out, strict=True).audit.not_as_intended

    @pytest.mark.parametrize(
        ("quantizer", "status"),
        [("ste_sign", 0), (larq.quantizers.DoReFa(2), 0), (larq.quantizers.DoReFa(8), 0), (WIDE_POWERS_OF_TWO, 1)],
    )
    def test_the_commands_exit_with_its_verdict(self, quantizer, status, out, tmp_path):
        model = network(convolution(quantizer))
        model.save(tmp_path / "model.keras")
        convert(model, out)
        arguments = [str(tmp_path / "model.keras"), str(out)]
        assert CliRunner().invoke(main, ["audit", *arguments]).exit_code == 0
        assert CliRunner().invoke(main, ["audit", *arguments, "--strict"]).exit_code == status
        converted = ["convert", arguments[0], "-o", str(tmp_path / "strict.tflite"), "--strict"]
        assert CliRunner().invoke(main, converted).exit_code == status
        assert (tmp_path / "strict.tflite").exists() == (status == 0)


class TestRefusals:
    """One clear error, and no file."""

    @pytest.fixture(autouse=True)
    def no_file(self, out):
        yield
        assert not out.exists()

    def test_strict_names_every_layer_that_stayed_float(self, out):
        model = network(convolution(), convolution("magnitude_aware_sign", name="scaled"))
        with pytest.raises(
            ConversionError,
            match=r"1 stayed float\..*\n- scaled, meant to be binary: .*scales the signs.*To change: use a quantizer",
        ) as error:
            convert(model, out, strict=True)
        assert error.value.audit.passed and not error.value.audit.all_packed

    @pytest.mark.parametrize(
        ("converter", "quantizer", "reason"),
        [
            *(("lce", larq.quantizers.DoReFa(bits), r".*levels.*To change") for bits in (2, 3, 8)),
            ("focal", WIDE_POWERS_OF_TWO, "its inputs have 21 levels; at most 4 are packed, or up to 256 on a grid"),
        ],
    )
    def test_strict_refuses_few_bits_that_stayed_float(self, converter, quantizer, reason, out):
        model = network(convolution(), convolution(quantizer, name="few"))
        message = rf"1 stayed float\. Without strict.*\n- few, meant to be few-bit: {reason}"
        with pytest.raises(ConversionError, match=message) as error:
            convert(model, out, converter=converter, strict=True)
        assert error.value.audit.passed and error.value.audit.all_packed
        assert [row.intended for row in error.value.audit.layers] == ["binary", "few-bit"]

    def test_state_that_changes_in_inference(self, out):
        class Remembering(larq.quantizers.Quantizer):
            precision = 1

            def build(self, shape):
                self.state = self.add_weight("state", shape=shape[1:], initializer="ones", trainable=False)

            def call(self, x):
                signs = sign(x + 0.1 * self.state)
                self.state.assign(signs[0])
                return signs

        with pytest.raises(
            ConversionError, match=r"layer/remembering' changes a variable during inference.*make the state"
        ):
            convert(network(convolution(Remembering(name="remembering"))), out)

    def test_sizes_left_open(self, out):
        with pytest.raises(ConversionError, match=r"input 'image' .* shape \(None, None, 32\): rebuild the model"):
            convert(keras.Sequential([layers.Input((None, None, 32), name="image"), convolution()]), out)

    def test_half_precision(self, out):
        with pytest.raises(ConversionError, match="'half' computes in float16"):
            convert(network(layers.Conv2D(2, 3, dtype="mixed_float16", name="half")), out)

    def test_weights_that_are_not_finite(self, out):
        model = network(convolution())
        model.layers[0].bias.assign([np.nan, *[0] * 31])
        with pytest.raises(ConversionError, match=r"layer/bias:0' .* not finite: the training diverged"):
            convert(model, out)

    def test_a_subclassed_model_that_was_never_called(self, out):
        class Own(keras.Model):
            def call(self, x):
                return x

        with pytest.raises(ConversionError, match="never called: call it once on a batch"):
            convert(Own(), out)

    def test_something_else(self, out):
        with pytest.raises(ConversionError, match="not dict"):
            convert({}, out)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (np.zeros((2, 4, 4, 32)), r"shape \(2, 4, 4, 32\); needed is \(samples, 8, 8, 32\)"),
            (np.zeros((0, 8, 8, 32)), "at least one"),
            ([np.zeros((2, 8, 8, 32))] * 2, "2 arrays were given"),
            ({"other": np.zeros((2, 8, 8, 32))}, r"was given \['other'\]"),
        ],
    )
    def test_data_that_does_not_fit(self, data, message, out):
        with pytest.raises(ValueError, match=message):
            convert(network(convolution()), out, data=data)


@dataclass(frozen=True)
class Block:
    """A binary convolution and what follows it up to the next."""

    input_quantizer: str
    kernel_quantizer: str
    kernel_size: int
    filters: int
    strides: int
    padding: tuple[str, int]
    use_bias: bool
    has_relu: bool
    pool: str | None

    def layers(self, seed: int) -> list[layers.Layer]:
        padding, pad_values = self.padding
        layer = convolution(
            self.input_quantizer,
            self.kernel_quantizer,
            kernel_size=self.kernel_size,
            filters=self.filters,
            strides=self.strides,
            padding=padding,
            pad_values=pad_values,
            use_bias=self.use_bias,
            kernel_initializer=random_kernel(seed),
            name=f"binary_{seed}",
        )
        relu = [layers.ReLU()] if self.has_relu else []
        pool = [getattr(layers, self.pool)(2, 3 - self.strides, padding="same")] if self.pool else []
        return [layer, *relu, *pool, layers.BatchNormalization()]


blocks = st.builds(
    Block,
    input_quantizer=st.sampled_from(["ste_sign", "approx_sign"]),
    kernel_quantizer=st.sampled_from(["ste_sign", "magnitude_aware_sign", "hysteresis_sign"]),
    kernel_size=st.sampled_from([1, 3]),
    filters=st.sampled_from([3, 32, 40]),
    strides=st.sampled_from([1, 2]),
    padding=st.sampled_from([("valid", 0), ("same", 0), ("same", 1)]),
    use_bias=st.booleans(),
    has_relu=st.booleans(),
    pool=st.sampled_from([None, "MaxPooling2D", "AveragePooling2D"]),
)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])  # shrinking takes minutes
@given(blocks=st.lists(blocks, min_size=1, max_size=3), channels=st.sampled_from([5, 32]), seed=st.integers(0, 99))
def test_random_networks_agree_with_keras(blocks, channels, seed, tmp_path_factory):
    """A float convolution and up to three binary blocks, with normalisations as if trained."""
    stack = [layers.Conv2D(channels, 3, kernel_initializer=random_kernel(seed)), layers.BatchNormalization()]
    for index, block in enumerate(blocks):
        stack += block.layers(index)
    model = network(*stack, layers.Flatten(), layers.Dense(10, kernel_initializer=random_kernel()), shape=(20, 18, 3))
    randomise_batch_norms(model, seed)
    result = convert(model, tmp_path_factory.mktemp("random") / "model.tflite").audit
    assert result.all_packed and sum(row.became == "packed" for row in result.layers) == len(blocks)
    assert result.agreement.same_class >= 15 and len(result.agreement.differing) <= 1


@pytest.mark.usefixtures("forgets_models")
class TestZoo:
    @pytest.mark.slow
    def test_quicknet_small_is_packed_whole(self, out):
        model = larq_zoo.sota.QuickNetSmall(weights=None)
        randomise_batch_norms(model)
        x = np.random.default_rng(0).normal(size=(2, 224, 224, 3)).astype(np.float32)
        result = convert(model, out, data=x, strict=True).audit
        assert sum(row.became == "packed" for row in result.layers) == 16
        assert result.file_bytes / 2**20 == pytest.approx(4.02, abs=0.01)  # the file that the bare converter makes

    @pytest.mark.slow
    @pytest.mark.own_process
    def test_xnornet_has_its_published_size(self, out):
        """22.77 MB in the table of docs.larq.dev/zoo; the bare converter leaves its largest layer float, at 162 MB."""
        model = larq_zoo.literature.XNORNet(weights=None)
        randomise_batch_norms(model)
        x = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype(np.float32)
        result = convert(model, out, data=x, strict=True).audit
        assert sum(row.became == "packed" for row in result.layers) == 6
        assert result.file_bytes / 2**20 == pytest.approx(22.77, abs=0.01)


def int8_stack() -> list[layers.Layer]:
    keras.utils.set_random_seed(0)
    convolutions = layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(), layers.DepthwiseConv2D(3)
    return [*convolutions, layers.Flatten(), layers.Dense(10)]


def int8_data() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(64, 8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def aware() -> keras.Model:
    model = tfmot.quantization.keras.quantize_model(network(*int8_stack(), shape=(8, 8, 3)))
    model.compile("adam", "mse")
    x = int8_data()
    model.fit(x, x[:, 0, :5, :2].reshape(64, 10), epochs=20, verbose=0)
    return model


class TestInt8:
    def test_a_model_trained_for_int8(self, aware, out):
        result = convert_int8(aware, out, data=int8_data()).audit
        assert [(row.intended, row.became, row.bytes) for row in result.layers] == [
            *(("float", "int8", 8 * 9 * 3), ("float", "int8", 8 * 9), ("float", "int8", 4 * 4 * 8 * 10))
        ]
        assert result.passed and result.file_bytes == result.expected_bytes
        assert result.agreement.same_class >= 0.95 * result.agreement.samples

    def test_a_plain_model_with_representative_samples(self, out):
        model = network(*int8_stack(), shape=(8, 8, 3))
        result = convert_int8(model, out, representative=int8_data(), data=int8_data()).audit
        assert {row.became for row in result.layers} == {"int8"} and result.passed

    def test_a_plain_model_without_them_is_refused(self, out):
        with pytest.raises(ConversionError, match="give `representative` samples"):
            convert_int8(network(*int8_stack(), shape=(8, 8, 3)), out)
        assert not out.exists()

    def test_binary_layers_are_refused_and_explained(self, out):
        with pytest.raises(ConversionError, match=r"layer, second declare fewer bits.*use convert\(\)"):
            convert_int8(small_network(), out, representative=np.zeros((1, 8, 8, 32)))
        assert not out.exists()

    def test_wrong_ranges_are_an_error(self, aware, out):
        """A representative set that is nothing like the data."""
        model = network(*int8_stack(), shape=(8, 8, 3))
        with pytest.raises(ConversionError, match="more representative samples"):
            convert_int8(model, out, representative=0.01 * int8_data(), data=int8_data())
        assert not out.exists()
