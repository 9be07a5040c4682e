"""Models of Keras 3 are converted by larq_focal's own writer and audited against Keras, without TensorFlow."""

from __future__ import annotations

import json
import os
import warnings

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import ops as K

import larq_focal as lqf
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.network.keras.errors import UntrustedModelError
from larq_focal.nn.keras3.quantized_layers import QuantConv2D, QuantDense
from tests.keras3.models import randomised
from tests.support.processes import output_of

SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}


def network() -> keras.Model:
    """Two inputs, two outputs, binary layers, operations between the layers and a nested model."""
    image, extra = keras.Input((10, 10, 3), name="image"), keras.Input((5,), name="extra")
    x = keras.layers.Conv2D(32, 3, padding="same")(image)
    x = keras.layers.BatchNormalization()(x)
    x = x + QuantConv2D(32, 3, padding="same", pad_values=1.0, use_bias=False, name="binary", **SIGNS)(x)
    x = keras.Sequential([keras.layers.MaxPooling2D(2), keras.layers.ReLU(6)], name="inner")(x)
    x = keras.layers.Concatenate()([K.mean(x, axis=(1, 2)), extra * 0.5])
    scores = keras.layers.Dense(4, activation="softmax", name="scores")(x)
    return randomised(keras.Model([image, extra], [scores, x], name="network"))


def test_a_model_is_converted_and_audited(tmp_path):
    model = network()
    conversion = lqf.convert(model, tmp_path / "model.tflite", strict=True)
    assert conversion.audit.passed
    assert conversion.audit.agreement.reference == "Keras"
    assert {row.layer: row.became for row in conversion.audit.layers}["binary"] == "packed"
    data = {"image": np.ones((3, 10, 10, 3), np.float32), "extra": np.ones((3, 5), np.float32)}
    audit = lqf.audit(model, tmp_path / "model.tflite", data=data)
    assert audit.passed
    assert audit.agreement.samples == 3
    summary = lqf.summary(model)
    assert summary.to_dict() == lqf.summary(lqf.from_keras(model)).to_dict()
    assert lqf.fit(model, "scamp5").to_dict()


def test_an_audit_of_another_model_fails(tmp_path):
    lqf.convert(network(), tmp_path / "model.tflite")
    assert not lqf.audit(randomised(network(), seed=7), tmp_path / "model.tflite").passed


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_saved_models_are_converted(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    model = randomised(keras.Sequential([keras.Input((8, 8, 3)), QuantConv2D(32, 3, **SIGNS), keras.layers.ReLU()]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras' own, of NumPy, as it saves .h5
        model.save(path)
    assert lqf.convert(path, tmp_path / "model.tflite").audit.passed


def test_a_rest_of_int8(tmp_path):
    model = randomised(
        keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(8, 3), QuantConv2D(8, 3, **SIGNS)])
    )
    samples = np.random.default_rng(0).normal(size=(16, 8, 8, 3)).astype(np.float32)
    assert lqf.convert(model, tmp_path / "model.tflite", rest="int8", representative=samples).audit.passed


def test_what_cannot_be_converted_is_named(tmp_path):
    path = tmp_path / "model.tflite"
    model = keras.Sequential([keras.Input((4,)), QuantDense(3, **SIGNS)], name="small")
    with pytest.raises(ConversionError, match="this is one of Keras 3: use converter='focal'"):
        lqf.convert(model, path, converter="lce")
    with pytest.raises(ConversionError, match=r"'small' was not converted\. .*Roll"):
        image = keras.Input((4,))
        lqf.convert(keras.Model(image, K.roll(image, 1, axis=1), name="small"), path)
    model.layers[0].kernel.assign(np.full((4, 3), np.nan))
    with pytest.raises(ConversionError, match="holds values that are not finite"):
        lqf.convert(model, path)
    assert not path.exists()


def test_code_in_a_file_is_not_run(tmp_path):
    path, image = tmp_path / "model.keras", keras.Input((4,))
    keras.Model(image, keras.layers.Lambda(lambda x: 2 * x)(image)).save(path)
    with pytest.raises(UntrustedModelError, match="is a Lambda layer, which holds Python code"):
        lqf.convert(path, tmp_path / "model.tflite")
    assert lqf.convert(path, tmp_path / "model.tflite", trust=True).audit.passed


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_one_error(tmp_path, data):
    whole, damaged = tmp_path / "whole.keras", tmp_path / "damaged.keras"
    if not whole.exists():
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save(whole)
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged.write_bytes(bytes(content[: data.draw(st.sampled_from([None, len(content) // 2]))]))
    try:
        lqf.summary(damaged)
    except ValueError as error:
        assert str(error)


def test_no_tensorflow_is_needed(tmp_path):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow is the backend")
    path = tmp_path / "model.keras"
    network().save(path)
    code = f"""
        import sys
        sys.modules["tensorflow"] = sys.modules["tf_keras"] = sys.modules["larq"] = None
        import json, larq_focal
        audit = larq_focal.convert({str(path)!r}, {str(tmp_path / "model.tflite")!r}).audit
        print(json.dumps([audit.passed, len(audit.layers)]))
        """
    shown = output_of(code, LARQ_FOCAL_STACK="keras", KERAS_BACKEND=os.environ.get("KERAS_BACKEND"))
    assert json.loads(shown.splitlines()[-1]) == [True, 3]
