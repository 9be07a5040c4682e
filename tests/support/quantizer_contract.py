"""What every quantizer must be. A test class inherits one of the two contracts and declares its quantizer."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.network import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.quantizers import QUANTIZERS
from tests.support.lce import converted, lce_outputs, operators, randomise_batch_norms

FORMATS = {"keras": "model.keras", "hdf5": "model.h5", "saved_model": "model"}
TENSOR = (3, 3, 4, 5)  # a kernel [height, width, in, out] or activations [batch, height, width, channels]

as_property = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


def small_numbers(*special: float) -> st.SearchStrategy[float]:
    """Multiples of 2^-10 from -2 to 2, which float32 adds exactly, with zeros and ``special`` values drawn often."""
    often = [float(np.float32(value)) for value in (0.0, -0.0, *special)]
    return st.integers(-(2**11), 2**11).map(lambda k: k / 2**10) | st.sampled_from(often)


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    """All weights by name, copied."""
    return {weight.name: np.array(weight.numpy()) for weight in model.weights}


def own_name(weight: tf.Variable) -> str:
    """The name of a weight without that of its layer."""
    return weight.name.split("/")[-1].partition(":")[0]


def assert_same_weights(first: keras.Model, second: keras.Model, **tolerance: float) -> None:
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), **{"rtol": 0, **tolerance}, err_msg=one.name)


def save(model: keras.Model, path) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are saving your model as an HDF5 file")
        model.save(path)


class AnyValuesContract:
    """The quantizer by itself, of any number of levels: values, gradient, configuration.

    A subclass declares the attributes and overrides the two references, which derive the quantizer again in NumPy, for
    inference.
    """

    alias: ClassVar[str]
    config: ClassVar[dict[str, Any]] = {}
    """Arguments of the quantizer under test, if not the defaults."""
    values: ClassVar[st.SearchStrategy[float]] = small_numbers()
    """Elements of the tensors to quantize."""
    idempotent: ClassVar[bool] = True
    """Whether q(q(x)) = q(x)."""
    takes_the_type_of_its_layer: ClassVar[bool] = True
    """Whether a layer of mixed precision may have a quantizer that knows nothing of it; Larq's own need to be told."""

    def forward(self, x: np.ndarray, quantizer) -> np.ndarray:
        raise NotImplementedError

    def gradient(self, x: np.ndarray, upstream: np.ndarray, quantizer) -> np.ndarray:
        raise NotImplementedError

    @property
    def row(self):
        return next(row for row in QUANTIZERS if row.alias == self.alias)

    def make(self, **config):
        return self.row.quantizer(**{**self.config, **config})

    def built(self):
        """A quantizer for tensors of shape ``TENSOR``, for comparison with the references."""
        quantizer = self.make()
        quantizer.build(TENSOR)
        return quantizer

    @pytest.fixture(autouse=True)
    def seeded(self):
        keras.utils.set_random_seed(1)

    @as_property
    @given(drawn=st.data())
    def test_computes_what_the_reference_computes(self, drawn):
        x = drawn.draw(arrays(np.float32, TENSOR, elements=self.values))
        quantizer = self.built()
        np.testing.assert_allclose(quantizer(x), self.forward(x, quantizer), rtol=1e-6)

    @as_property
    @given(drawn=st.data())
    def test_gradient_is_the_reference(self, drawn):
        x = drawn.draw(arrays(np.float32, TENSOR, elements=self.values))
        upstream = drawn.draw(arrays(np.float32, TENSOR, elements=small_numbers(1)))
        quantizer = self.built()
        inputs = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            quantized = quantizer(inputs)
        gradient = tape.gradient(quantized, inputs, output_gradients=tf.constant(upstream)).numpy()
        expected = self.gradient(x, upstream, quantizer)
        is_decided = ~np.isnan(expected)  # a reference that hangs on rounding says so
        np.testing.assert_allclose(gradient[is_decided], expected[is_decided], rtol=1e-4, atol=1e-4)

    @as_property
    @given(drawn=st.data())
    def test_quantizing_twice_changes_nothing(self, drawn):
        if not self.idempotent:
            pytest.skip("its own result means something else to it")
        x = drawn.draw(arrays(np.float32, TENSOR, elements=self.values))
        once = self.make()(x).numpy()
        np.testing.assert_allclose(self.make()(once), once, rtol=1e-6)

    def test_config_makes_it_again(self):
        quantizer = self.make(name="mine")
        for copy in (
            type(quantizer).from_config(quantizer.get_config()),
            lq.quantizers.get(lq.quantizers.serialize(quantizer)),
            lq.quantizers.get(lq.quantizers.serialize(quantizer, use_legacy_format=True)),
        ):
            assert copy.get_config() == quantizer.get_config()

    def test_refuses_integers(self):
        with pytest.raises(TypeError, match=r"quantizes real numbers, .* of type int32: cast them before"):
            self.make()(np.ones(TENSOR, np.int32))

    def test_refuses_another_number_of_channels_where_it_has_weights_for_each(self):
        quantizer, x = self.built(), np.ones((*TENSOR[:-1], TENSOR[-1] + 1), np.float32)
        if any(TENSOR[-1] in weight.shape for weight in quantizer.weights):
            with pytest.raises(ValueError, match=r"give each (layer|kernel) its own"):
                quantizer(x)
        else:
            assert quantizer(x).shape == x.shape

    def test_registry_names_its_weights(self):
        quantizer = self.built()
        assert tuple(map(own_name, quantizer.trainable_weights)) == self.row.trainable
        assert tuple(map(own_name, quantizer.non_trainable_weights)) == self.row.state


class ValuesContract(AnyValuesContract):
    """A binary quantizer by itself."""

    def test_sign_of_zero_is_plus_one(self):
        x = np.ones(TENSOR, np.float32)
        x[1] = [[0.0], [-0.0], [0.0], [-0.0]]
        x[2] = -1  # so that zero is the mean too
        quantized = self.make()(x).numpy()
        assert np.all(quantized[:2] > 0) and np.all(quantized[2] < 0)

    @pytest.mark.parametrize("training", [False, True])
    @pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
    def test_has_two_opposite_levels_in_every_float_type(self, dtype, training):
        x = tf.cast(np.random.default_rng(0).normal(size=TENSOR), dtype)
        quantizer = self.make(dtype=f"mixed_{dtype}" if dtype.endswith("16") else dtype)
        quantized = quantizer(x, training=training)
        assert quantized.dtype == x.dtype
        self.assert_levels(quantized)

    @staticmethod
    def assert_levels(quantized: tf.Tensor) -> None:
        """Two opposite ones in each channel."""
        for channel in tf.unstack(tf.cast(quantized, tf.float64), axis=-1):
            low, high = np.unique(channel)
            assert low == -high

    def test_is_a_binary_quantizer(self):
        assert self.make().precision == 1
        assert isinstance(self.make(), lq.quantizers.Quantizer)


class NetworkContract(AnyValuesContract):
    """The quantizer in a network: training, inference, saving."""

    role: ClassVar[Literal["kernel", "activation"]]
    changed_by_training: ClassVar[frozenset[str]] = frozenset()
    """The quantizer's own weights that a training step changes."""

    def network(self, quantizer=None, other="ste_sign", **options) -> keras.Model:
        """One binary convolution with the quantizer in its role, compiled. The optimizer has no state to lose.

        Args:
            quantizer: in place of the one under test.
            other: the quantizer in the other role.
            options: of the convolution.
        """
        quantizers = {"input_quantizer": other, "kernel_quantizer": other}
        quantizers["kernel_quantizer" if self.role == "kernel" else "input_quantizer"] = quantizer or self.make()
        options = {"padding": "same", "pad_values": 1, "use_bias": False, "name": "conv", **quantizers, **options}
        model = keras.Sequential(
            [
                keras.Input((6, 6, 8)),
                lq.layers.QuantConv2D(4, 3, **options),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.Flatten(),
                keras.layers.Dense(3, name="dense"),
            ]
        )
        self.compile(model)
        return model

    @staticmethod
    def compile(model: keras.Model) -> None:
        """Eagerly, which is quicker for a few steps. That a graph trains the same is a test of its own."""
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)

    def quantizer_of(self, model: keras.Model):
        layer = model.get_layer("conv")
        return layer.kernel_quantizer if self.role == "kernel" else layer.input_quantizer

    @pytest.fixture
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(2)
        return rng.normal(size=(12, 6, 6, 8)).astype(np.float32), rng.integers(0, 3, 12)

    @staticmethod
    def train(model: keras.Model, data, steps: int = 3) -> None:
        for _ in range(steps):
            model.train_on_batch(*data)

    def test_alias_and_class_are_the_same(self, data):
        by_alias, by_class = self.network(self.alias), self.network(self.row.quantizer())
        assert type(self.quantizer_of(by_alias)) is self.row.quantizer
        by_class.set_weights(by_alias.get_weights())
        np.testing.assert_array_equal(by_alias(data[0]), by_class(data[0]))

    def test_a_training_step_changes_what_it_should(self, data):
        model = self.network()
        before = weights_of(model)
        self.train(model, data, steps=1)
        changed = {name for name, weight in weights_of(model).items() if np.any(weight != before[name])}
        own = {weight.name: own_name(weight) for weight in self.quantizer_of(model).weights}
        assert {own[name] for name in changed & set(own)} == self.changed_by_training
        assert changed - set(own) == set(before) - set(own)

    @pytest.mark.parametrize("steps", [0, 3])
    def test_inference_is_repeatable_and_changes_nothing(self, steps, data):
        model = self.network()
        self.train(model, data, steps)
        before = weights_of(model)
        first = model.predict(data[0], verbose=0)
        model.evaluate(*data, verbose=0)
        np.testing.assert_array_equal(model.predict(data[0], verbose=0), first)
        np.testing.assert_array_equal(model(data[0], training=False), model(data[0]))
        for name, weight in weights_of(model).items():
            np.testing.assert_array_equal(weight, before[name], err_msg=name)

    def test_the_same_seed_trains_the_same(self, data):
        models = []
        for _ in range(2):
            keras.utils.set_random_seed(3)
            models.append(self.network(self.alias))
            self.train(models[-1], data)
        assert_same_weights(*models)

    def test_eager_training_equals_graph_training(self, data):
        graph, eager = self.network(), self.network()
        eager.set_weights(graph.get_weights())
        graph.run_eagerly = False
        for model in (graph, eager):
            self.train(model, data)
        assert_same_weights(graph, eager, rtol=1e-3, atol=1e-5)

    @pytest.mark.parametrize("kind", FORMATS)
    def test_saved_and_loaded_it_trains_on_as_if_nothing_had_happened(self, kind, data, tmp_path):
        model = self.network()
        self.train(model, data)
        save(model, tmp_path / FORMATS[kind])
        loaded = keras.models.load_model(tmp_path / FORMATS[kind])
        assert_same_weights(model, loaded)
        np.testing.assert_array_equal(loaded(data[0]), model(data[0]))
        loaded.run_eagerly = True
        for each in (model, loaded):
            self.train(each, data)
        assert_same_weights(model, loaded)

    def test_weights_carry_over(self, data, tmp_path):
        model = self.network()
        self.train(model, data)
        others = [keras.models.clone_model(model)]
        others[0].set_weights(model.get_weights())
        for file in ("weights.h5", "new.weights.h5", "checkpoint"):
            model.save_weights(tmp_path / file)
            others.append(self.network())
            others[-1].load_weights(tmp_path / file)
        for other in others:
            assert_same_weights(model, other)
            np.testing.assert_array_equal(other(data[0]), model(data[0]))

    @staticmethod
    def assert_computes_the_same(graph: QuantGraph, model: keras.Model, data) -> None:
        assert not graph.unknown
        (output,) = graph.outputs
        actual = interpret(graph, data[0], [output])[output]
        np.testing.assert_allclose(actual, model(data[0]), rtol=1e-4, atol=1e-4)

    def test_has_its_levels_in_a_layer_of_mixed_precision(self, data, monkeypatch):
        quantizer = self.make() if self.takes_the_type_of_its_layer else self.make(dtype="mixed_bfloat16")
        model = self.network(quantizer, other="tanh_sign", dtype="mixed_bfloat16")
        seen, call = [], quantizer.call

        def seeing(*args, **kwargs):
            seen.append(call(*args, **kwargs))
            return seen[-1]

        monkeypatch.setattr(quantizer, "call", seeing)
        model(data[0], training=True)
        model(data[0])
        assert len(seen) == 2
        for quantized in seen:
            assert quantized.dtype == tf.bfloat16
            self.assert_levels(quantized)
        self.train(model, data, steps=1)


class QuantizerContract(ValuesContract, NetworkContract):
    """A binary quantizer by itself, in a network, and converted."""

    operators_added: ClassVar[dict[str, int]] = {}
    """Operators of the converted network beside those of one binary convolution of signs."""

    def test_converts_to_a_packed_convolution_that_computes_the_same(self, data):
        model = self.network()
        self.train(model, data)
        randomise_batch_norms(model)
        flatbuffer = converted(model)
        expected = {"LceQuantize": 1, "LceBconv2d": 1, "RESHAPE": 1, "FULLY_CONNECTED": 1, **self.operators_added}
        assert operators(flatbuffer) == expected
        np.testing.assert_allclose(lce_outputs(flatbuffer, data[0]), model(data[0]), rtol=1e-4, atol=1e-4)

    def test_graph_has_a_binary_convolution_and_computes_the_same(self, data):
        model = self.network()
        self.train(model, data)
        randomise_batch_norms(model)
        graph = from_keras(model)
        assert graph.is_binary(graph["conv"])
        self.assert_computes_the_same(graph, model, data)


class FewBitContract(NetworkContract):
    """A quantizer of other levels than two opposite ones by itself, in a network, and converted."""

    levels: ClassVar[tuple[float, ...] | None] = None
    """All values of a quantizer whose levels do not depend on its input."""
    most_levels: ClassVar[int]
    """How many different values a tensor may get."""
    fewest_levels: ClassVar[int] = 2
    """How many a tensor gets at least."""

    @pytest.mark.parametrize("training", [False, True])
    @pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
    def test_has_its_levels_in_every_float_type(self, dtype, training):
        x = tf.cast(np.random.default_rng(0).normal(size=(10, *TENSOR)), dtype)
        quantized = self.make(dtype=f"mixed_{dtype}" if dtype.endswith("16") else dtype)(x, training=training)
        assert quantized.dtype == x.dtype
        self.assert_levels(quantized)

    def assert_levels(self, quantized: tf.Tensor) -> None:
        found = np.unique(tf.cast(quantized, tf.float64))
        assert self.fewest_levels <= len(found) <= self.most_levels
        if self.levels is not None:
            assert set(found) <= set(tf.cast(tf.cast(np.array(self.levels), quantized.dtype), tf.float64).numpy())

    def test_claims_enough_bits(self):
        assert 2 ** self.make().precision >= self.most_levels
        assert isinstance(self.make(), lq.quantizers.Quantizer)

    def test_converts_to_a_float_convolution_that_computes_the_same(self, data):
        model = self.network()
        self.train(model, data)
        randomise_batch_norms(model)
        flatbuffer = converted(model)
        assert "LceBconv2d" not in operators(flatbuffer)
        np.testing.assert_allclose(lce_outputs(flatbuffer, data[0]), model(data[0]), rtol=1e-4, atol=1e-4)

    def test_graph_computes_the_same(self, data):
        model = self.network()
        self.train(model, data)
        randomise_batch_norms(model)
        self.assert_computes_the_same(from_keras(model), model, data)
