"""Subclasses of ``keras.Model`` convert once their inputs are known: called, fitted, or in a SavedModel folder."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.audit import audit
from larq_focal.deploy.convert import ConversionError, convert
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras
from tests.deploy.networks import convolution

layers = keras.layers


class Own(keras.Model):
    """A stem, a binary convolution with a normalisation, and a head."""

    def __init__(self):
        super().__init__(name="own")
        self.stem = layers.Conv2D(32, 3, name="stem")
        self.binary = convolution(padding="same", pad_values=1, name="binary")
        self.normalisation = layers.BatchNormalization(name="normalisation")
        self.pool = layers.GlobalAveragePooling2D()
        self.head = layers.Dense(10, name="head")

    def call(self, x, training=False):
        x = self.normalisation(self.binary(self.stem(x)), training=training)
        return self.head(self.pool(x))


class TwoInputs(keras.Model):
    def __init__(self):
        super().__init__(name="two")
        self.binary = convolution(name="binary")
        self.pool = layers.GlobalAveragePooling2D()

    def call(self, inputs):
        left, right = inputs["left"], inputs["right"]
        return self.pool(self.binary(layers.concatenate([left, 2 * right])))


def images(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 8, 8, 3)).astype(np.float32)


def called() -> keras.Model:
    model = Own()
    model(images())
    return model


def fitted() -> keras.Model:
    model = Own()
    model.compile("sgd", "mse")
    model.fit(images(), np.zeros((4, 10)), verbose=0)
    return model


def within_another() -> keras.Model:
    image = keras.Input((8, 8, 3))
    return keras.Model(image, Own()(image))


def in_a_sequential() -> keras.Model:
    model = keras.Sequential([Own(), layers.Softmax()])
    model(images())
    return model


@pytest.mark.parametrize("make", [called, fitted, within_another, in_a_sequential])
def test_it_is_packed_and_agrees(make, tmp_path):
    model = make()
    result = convert(model, tmp_path / "model.tflite", strict=True).audit
    assert [(row.layer, row.became) for row in result.layers] == [
        *(("own/stem", "float"), ("own/binary", "packed"), ("own/head", "float"))
    ]
    assert result.agreement.max_abs_difference < 1e-4 * max(1, result.agreement.max_abs_output)
    np.testing.assert_allclose(Runtime(tmp_path / "model.tflite").run(images()), model(images()), atol=1e-4)


def test_its_saved_model_folder_converts_and_audits(tmp_path):
    model = called()
    model.save(tmp_path / "saved", save_format="tf")
    out = convert(tmp_path / "saved", tmp_path / "model.tflite", strict=True, trust=True)
    assert out.audit.network == "own" and out.audit.all_packed
    np.testing.assert_allclose(Runtime(out.path).run(images()), model(images()), atol=1e-4)
    assert audit(model, out.path).passed


def test_inputs_in_a_dictionary_keep_their_names(tmp_path):
    model, rng = TwoInputs(), np.random.default_rng(0)
    data = {name: rng.normal(size=(3, 8, 8, 16)).astype(np.float32) for name in ("left", "right")}
    model(data)
    out = convert(model, tmp_path / "model.tflite", data=data, strict=True)
    assert out.audit.all_packed and out.audit.agreement.samples == 3


@pytest.mark.parametrize("make", [Own, lambda: keras.Sequential([convolution()], name="own")])
def test_one_that_was_never_called_is_told_so(make, tmp_path):
    with pytest.raises(ConversionError, match=r"'own' are not known.*call it once on a batch, model\(batch\)"):
        convert(make(), tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())


def test_calling_it_once_is_all_it_takes(tmp_path):
    model = Own()
    with pytest.raises(ConversionError):
        convert(model, tmp_path / "model.tflite")
    model(images())
    assert convert(model, tmp_path / "model.tflite").audit.passed


def test_sizes_that_fitting_left_open_are_fixed_by_a_functional_model(tmp_path):
    """What the error tells."""
    from larq_focal.keras import tf

    model = Own()
    model.compile("sgd", "mse")
    signature = (tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None, 10)))
    batches = tf.data.Dataset.from_generator(lambda: [(images(), np.zeros((4, 10)))], output_signature=signature)
    model.fit(batches, verbose=0)
    with pytest.raises(ConversionError, match=r"keras.Model\(image, model\(image\)\)"):
        convert(model, tmp_path / "model.tflite")
    image = keras.Input((8, 8, 3))
    assert convert(keras.Model(image, model(image)), tmp_path / "model.tflite").audit.passed
