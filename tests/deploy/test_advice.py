"""What a message tells to change exists and is enough: each fault with its advice, followed as printed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow_model_optimization as tfmot

from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.deploy.convert import ConversionError, convert_int8
from larq_focal.keras import keras, larq, tf
from larq_focal.layers import BinaryDense, BinarySumConv2D, BinarySumDense, BitPlaneConv2D
from larq_focal.network.keras.user_objects import import_objects
from larq_focal.network.load import load_keras_model
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.quantizers import PACT
from tests.deploy.networks import Times, convolution, network, positive, quantizer, random_kernel, sign, signs
from tests.support.lce import randomise_batch_norms

layers, quantizers = keras.layers, larq.quantizers
BITS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_initializer": random_kernel()}
FLOAT_INPUT = {**BITS, "input_quantizer": None}


@dataclass(frozen=True)
class Advice:
    """A stack with a layer that stays float, what the audit says to change, and the stack with that changed."""

    fault: Callable[[], list]
    says: str
    followed: Callable[[], list]
    shape: tuple[int, ...] = (8, 8, 32)
    packed: int = 1


def heaviside_sum(kernel_size=3):
    return BinarySumConv2D(32, kernel_size, **BITS | {"input_quantizer": "ste_heaviside"}, input_levels=(0, 1))


ADVICE = {
    "scaled_inputs": Advice(
        lambda: [convolution("magnitude_aware_sign")],
        "a quantizer of -1 and +1, such as 'ste_sign', and put the scale into the kernel quantizer",
        lambda: [convolution(kernel_quantizer="magnitude_aware_sign")],
    ),
    "scaled_inputs_behind": Advice(
        lambda: [convolution(quantizer(lambda x: 0.7 * sign(x)))],
        "or behind the layer as a constant of shape (C,)",
        lambda: [convolution(), Times(np.full(32, 0.7))],
    ),
    "tf_sign": Advice(
        lambda: [convolution(quantizer(tf.sign))],
        "write tf.where(x >= 0, 1.0, -1.0)",
        lambda: [convolution(quantizer(lambda x: tf.where(x >= 0, 1.0, -1.0)))],
    ),
    "other_sign": Advice(
        lambda: [convolution(quantizer(lambda x: 2 * tf.cast((x >= 0) & (x < 9), x.dtype) - 1))],
        "write the condition as one boolean, and tf.where(condition, 1.0, -1.0)",
        lambda: [convolution(quantizer(lambda x: tf.where((x >= 0) & (x < 9), 1.0, -1.0)))],
    ),
    "heaviside": Advice(
        lambda: [convolution("ste_heaviside")],
        "or a BinarySumConv2D with its levels as input_levels",
        lambda: [heaviside_sum()],
    ),
    "ternary_inputs": Advice(
        lambda: [convolution("ternary_sign")],
        "or a BinarySumConv2D with its levels as input_levels",
        lambda: [BinarySumConv2D(32, 3, **BITS | {"input_quantizer": "ternary_sign"}, input_levels=(-1, 0, 1))],
    ),
    "ternary_kernel": Advice(
        lambda: [convolution(kernel_quantizer="ste_tern")],
        "or a BinarySumConv2D with its levels as kernel_levels",
        lambda: [BinarySumConv2D(32, 3, **BITS | {"kernel_quantizer": "ste_tern"}, kernel_levels=(-1, 0, 1))],
    ),
    "heaviside_dense": Advice(
        lambda: [larq.layers.QuantDense(8, **BITS | {"input_quantizer": "ste_heaviside"})],
        "or a BinarySumDense with its levels as input_levels",
        lambda: [BinarySumDense(8, **BITS | {"input_quantizer": "ste_heaviside"}, input_levels=(0, 1))],
        shape=(64,),
    ),
    "heaviside_row": Advice(
        lambda: [larq.layers.QuantConv1D(32, 3, **BITS | {"input_quantizer": "ste_heaviside"})],
        "with its levels as input_levels and a kernel of (1, size) on inputs of shape (1, length, channels)",
        lambda: [layers.Reshape((1, 16, 32)), heaviside_sum(kernel_size=(1, 3)), layers.Reshape((14, 32))],
        shape=(16, 32),
    ),
    "dorefa": Advice(
        lambda: [convolution(quantizers.DoReFa(2))],
        "or a BitPlaneConv2D with bits=2 and this input quantizer",
        lambda: [BitPlaneConv2D(32, 3, bits=2, **BITS | {"input_quantizer": quantizers.DoReFa(2)})],
    ),
    "pact": Advice(
        lambda: [convolution(PACT(8))],
        "or a BitPlaneConv2D with bits=8 and this input quantizer",
        lambda: [BitPlaneConv2D(32, 3, bits=8, **BITS | {"input_quantizer": PACT(8)})],
    ),
    "float_quantizer": Advice(
        lambda: [convolution(quantizers.NoOp(precision=1))],
        "use input_quantizer='ste_sign' or another sign",
        lambda: [convolution("ste_sign")],
    ),
    "reshaped": Advice(
        lambda: [quantizers.SteSign(), layers.Reshape((8, 8, 32)), larq.layers.QuantConv2D(32, 3, **FLOAT_INPUT)],
        "reshape before the quantizer",
        lambda: [layers.Reshape((8, 8, 32)), quantizers.SteSign(), larq.layers.QuantConv2D(32, 3, **FLOAT_INPUT)],
        shape=(64, 32),
    ),
    "border_of_minus_one": Advice(
        lambda: [convolution(padding="same", pad_values=-1)],
        "use pad_values=1",
        lambda: [convolution(padding="same", pad_values=1)],
    ),
    "padding_layer": Advice(
        lambda: [quantizers.SteSign(), layers.ZeroPadding2D(2), larq.layers.QuantConv2D(32, 3, **FLOAT_INPUT)],
        "or padding='same' with pad_values=0, and no padding layer in between",
        lambda: [quantizers.SteSign(), larq.layers.QuantConv2D(32, 3, padding="same", **FLOAT_INPUT)],
    ),
    "other_border": Advice(
        lambda: [
            convolution(quantizer(lambda x: tf.pad(sign(x), [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=1.0)))
        ],
        "use padding='same' with pad_values=1",
        lambda: [convolution(padding="same", pad_values=1)],
    ),
    "heaviside_kernel": Advice(
        lambda: [convolution(kernel_quantizer="ste_heaviside")],
        "use a kernel quantizer of +-s with one s per output channel, such as 'ste_sign'",
        lambda: [convolution(kernel_quantizer="ste_sign")],
    ),
    "scale_per_input": Advice(
        lambda: [convolution(kernel_quantizer=quantizer(lambda w: sign(w) * positive(32, 1)))],
        "drop the scale per input channel; one per output channel is packed",
        lambda: [convolution(kernel_quantizer=quantizer(lambda w: sign(w) * positive(32)))],
    ),
    "small_groups": Advice(
        lambda: [convolution(groups=2)],
        "use groups of 32 input channels or a multiple of it",
        lambda: [layers.Lambda(lambda x: tf.concat([x, -x], -1)), convolution(groups=2, filters=64)],
    ),
    "dense": Advice(
        lambda: [larq.layers.QuantDense(8, **BITS)],
        "use larq_focal.layers.BinaryDense",
        lambda: [BinaryDense(8, **BITS)],
        shape=(64,),
    ),
    "depthwise": Advice(
        lambda: [larq.layers.QuantDepthwiseConv2D(3, input_quantizer="ste_sign", depthwise_quantizer="ste_sign")],
        "use QuantConv2D in groups of 32 channels",
        lambda: [convolution(filters=64, groups=2)],
        shape=(8, 8, 64),
    ),
    "separable": Advice(
        lambda: [
            larq.layers.QuantSeparableConv2D(
                32, 3, input_quantizer="ste_sign", depthwise_quantizer="ste_sign", pointwise_quantizer="ste_sign"
            )
        ],
        "use QuantConv2D",
        lambda: [convolution()],
    ),
    "separable_row": Advice(
        lambda: [
            larq.layers.QuantSeparableConv1D(
                32, 3, input_quantizer="ste_sign", depthwise_quantizer="ste_sign", pointwise_quantizer="ste_sign"
            )
        ],
        "use QuantConv1D",
        lambda: [larq.layers.QuantConv1D(32, 3, **BITS)],
        shape=(16, 32),
    ),
    "transposed": Advice(
        lambda: [larq.layers.QuantConv2DTranspose(32, 3, strides=2, **BITS)],
        "use UpSampling2D and QuantConv2D",
        lambda: [layers.UpSampling2D(2), convolution(padding="same", pad_values=1)],
    ),
    "three_axes": Advice(
        lambda: [larq.layers.QuantConv3D(32, (1, 3, 3), **BITS)],
        "use the sum of a QuantConv2D for each slice x[:, depth]",
        lambda: [AddedSlices()],
        shape=(2, 8, 8, 32),
        packed=2,
    ),
    "local": Advice(
        lambda: [larq.layers.QuantLocallyConnected2D(32, 3, **BITS)],
        "use QuantConv2D, which shares its weights",
        lambda: [convolution()],
        shape=(5, 5, 32),
    ),
    "local_row": Advice(
        lambda: [larq.layers.QuantLocallyConnected1D(32, 3, **BITS)],
        "use QuantConv1D, which shares its weights",
        lambda: [larq.layers.QuantConv1D(32, 3, **BITS)],
        shape=(8, 32),
    ),
}


class AddedSlices(layers.Layer):
    def __init__(self):
        super().__init__(name="added")
        self.parts = [convolution(name=f"slice_{depth}", kernel_initializer=random_kernel(depth)) for depth in range(2)]

    def call(self, x):
        return tf.add_n([part(x[:, depth]) for depth, part in enumerate(self.parts)])


@pytest.mark.parametrize("name", ADVICE)
def test_a_layer_is_packed_once_the_advice_is_followed(name, tmp_path):
    case = ADVICE[name]
    before = convert(network(*case.fault(), shape=case.shape), tmp_path / "before.tflite").audit
    told = [row.fix for row in before.layers if row.became == "float"]
    assert told and any(case.says in fix for fix in told), told
    after = convert(network(*case.followed(), shape=case.shape), tmp_path / "after.tflite", strict=True).audit
    assert [row.became for row in after.layers] == ["packed"] * case.packed


REFUSED = {
    "ternary": (
        lambda: [convolution("ste_tern")],
        "Use 'ternary_sign' in a BinarySumConv2D with input_levels=(-1, 0, 1)",
        ADVICE["ternary_inputs"].followed,
    ),
    "sum": (
        lambda: [convolution(quantizer(lambda x: tf.sign(tf.sign(x) + 5.0)))],
        "Write the sign as tf.where(condition, 1.0, -1.0).",
        lambda: [convolution(quantizer(lambda x: tf.where(x >= -5, 1.0, -1.0)))],
    ),
    "one_axis": (
        lambda: [convolution(), Times(positive(1, 1, 1, 32))],
        "Reshape the constant to (32,).",
        lambda: [convolution(), Times(positive(32))],
    ),
    "map": (
        lambda: [convolution(), Times(positive(6, 6, 1))],
        "put a layer such as MaxPooling2D(1) between",
        lambda: [convolution(), layers.MaxPooling2D(1), Times(positive(6, 6, 1))],
    ),
    "small_image": (
        lambda: [layers.MaxPooling2D(4), convolution(padding="same")],
        "Use pad_values=1, or padding='valid'.",
        lambda: [layers.MaxPooling2D(4), convolution(padding="same", pad_values=1)],
    ),
    "rounded": (
        lambda: [
            convolution(kernel_quantizer=quantizer(lambda w: sign(w) * (1 + 0.002 * signs(3, 3, 32, 32, seed=2))))
        ],
        "Use a kernel quantizer that gives exactly +-s for each output channel.",
        lambda: [convolution(kernel_quantizer="magnitude_aware_sign")],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_is_converted_once_the_advice_is_followed(name, tmp_path):
    fault, says, followed = REFUSED[name]
    with pytest.raises(ConversionError) as error:
        convert(network(*fault()), tmp_path / "model.tflite")
    assert says in str(error.value)
    assert convert(network(*followed()), tmp_path / "model.tflite", strict=True).audit.passed


class TestRecurrent:
    def model(self, **options) -> keras.Model:
        stack = layers.LSTM(8, return_sequences=True, name="first", **options), layers.LSTM(8, name="second", **options)
        return network(*stack, layers.Dense(2), shape=(12, 4))

    def test_loops_that_the_converter_cannot_read_are_named_and_unrolled(self, tmp_path):
        looped = self.model()
        cause = r"The cause may be the loop in 'network/first', 'network/second': .*unroll=True"
        with pytest.raises(ConversionError, match=rf"^The converter failed\. {cause}"):
            convert(looped, tmp_path / "model.tflite")
        unrolled = self.model(unroll=True)
        unrolled.set_weights(looped.get_weights())
        assert convert(unrolled, tmp_path / "model.tflite").audit.passed

    def test_one_loop_is_converted(self, tmp_path):
        result = convert(network(layers.GRU(8), layers.Dense(2), shape=(12, 4)), tmp_path / "model.tflite").audit
        assert result.passed and result.agreement.same_class == 16


class TestPruned:
    def model(self) -> keras.Model:
        pruned = [tfmot.sparsity.keras.prune_low_magnitude(layer) for layer in (layers.Conv2D(8, 3), layers.Dense(4))]
        return network(pruned[0], layers.Flatten(), pruned[1])

    def test_it_is_stripped_first(self, tmp_path):
        model = self.model()
        with pytest.raises(
            ConversionError, match=r"still prunes.* tensorflow_model_optimization.sparsity.keras.strip_pruning\(model\)"
        ):
            convert(model, tmp_path / "model.tflite")
        assert convert(tfmot.sparsity.keras.strip_pruning(model), tmp_path / "model.tflite").audit.passed

    def test_its_file_says_so_too(self, tmp_path):
        self.model().save(tmp_path / "model.keras")
        with pytest.raises(ValueError, match="save the model after strip_pruning"):
            load_keras_model(tmp_path / "model.keras")


class TestInt8AroundBinaryLayers:
    """Quantization-aware float layers and packed binary ones in one file."""

    def model(self) -> keras.Model:
        keras.utils.set_random_seed(0)
        ones = {"padding": "same", "pad_values": 1, "use_bias": False}
        stack = layers.Conv2D(32, 3, name="stem"), layers.BatchNormalization(), convolution(**ones)
        model = network(
            *stack,
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, name="head"),
            shape=(16, 16, 3),
        )
        randomise_batch_norms(model)
        return model

    def images(self) -> np.ndarray:
        return np.random.default_rng(0).normal(size=(64, 16, 16, 3)).astype(np.float32)

    def follow(self, message: str, folder, monkeypatch) -> keras.Model:
        """Runs the lines that the message prints, with the names that it leaves to the user."""
        monkeypatch.chdir(folder)
        labels = np.random.default_rng(1).integers(0, 10, 64)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        names = {"model": self.model(), "images": self.images(), "labels": labels, "loss": loss}
        exec(textwrap.dedent(message[message.index("    import larq_focal") :]), names)
        return names["model"]

    def test_the_lines_of_the_refusal_give_it(self, tmp_path, monkeypatch):
        with pytest.raises(ConversionError, match="To have int8 around binary layers") as error:
            convert_int8(self.model(), tmp_path / "model.tflite", representative=self.images())
        assert not list(tmp_path.iterdir())
        trained = self.follow(str(error.value), tmp_path, monkeypatch)
        assert (tmp_path / "model.tflite").is_file()
        result = convert(trained, tmp_path / "again.tflite", data=self.images(), strict=True).audit
        assert [(row.layer.rpartition("/")[2], row.became) for row in result.layers] == [
            *(("stem", "int8"), ("layer", "packed"), ("head", "int8"))
        ]
        assert [row.bytes for row in result.layers] == [32 * 9 * 3, 32 * 9 * 4, 32 * 10]
        assert result.agreement.same_class >= 56
        kinds = [operator.kind for operator in read_flatbuffer(tmp_path / "again.tflite").operators]
        assert "LceBconv2d" in kinds and kinds.count("QUANTIZE") == kinds.count("DEQUANTIZE") == 2

    @pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
    def test_it_is_loaded_from_an_hdf5_file_once_the_package_is_imported(self, tmp_path, monkeypatch):
        with pytest.raises(ConversionError) as error:
            convert_int8(self.model(), tmp_path / "model.tflite")
        path = tmp_path / "model.h5"
        self.follow(str(error.value), tmp_path, monkeypatch).save(path)
        with pytest.raises(ValueError, match=r"import_objects\('tensorflow_model_optimization'\)"):
            load_keras_model(path)
        known = keras.utils.get_custom_objects()
        before = dict(known)
        try:
            import_objects("tensorflow_model_optimization")
            result = convert(path, tmp_path / "loaded.tflite", data=self.images(), strict=True).audit
        finally:
            known.clear()
            known.update(before)
        assert [row.became for row in result.layers] == ["int8", "packed", "int8"]
