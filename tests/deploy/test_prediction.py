"""Predictions are what the runtime computes, ranked and named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import larq_focal as lqf
from larq_focal.deploy.prediction import predict
from larq_focal.deploy.runtime import Runtime
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.printing import printed
from tests.support.stacks import LCE

NAMES = ("ant", "bee", "cat", "dog")


def image_network(dtype="float32", scale=None, zero_point=0) -> bytes:
    """Gives the pixels of a 2x2 grey image as four scores."""
    tensors = {
        "image": TensorSpec((1, 2, 2, 1), dtype, scale=scale, zero_point=zero_point),
        "shape": TensorSpec((2,), "int32", data=np.array([1, 4], np.int32)),
        "scores": TensorSpec((1, 4), dtype, scale=scale, zero_point=zero_point),
    }
    return tflite(tensors, [CallSpec("RESHAPE", ["image", "shape"], ["scores"])], ["image"], ["scores"])


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(np.array([[10, 255], [128, 64]], np.uint8)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_arrays_are_ranked():
    batch = np.array([[0.1, 0.7, 0.2, 0.7], [3, 2, 1, 0]], np.float32)
    result = predict(relu_network(), batch, top=2, classes=NAMES)
    assert np.array_equal(result.outputs[0], batch)
    assert [[row["name"] for row in top] for top in result.best()] == [["bee", "dog"], ["ant", "bee"]]
    assert result.best()[1][0] == {"class": 0, "name": "ant", "score": 3.0}
    assert result.sources == ("sample [0]", "sample [1]")


def test_an_image_and_an_array_of_it_predict_the_same(photo, tmp_path):
    pixels = np.array([[10, 255], [128, 64]], np.uint8).reshape(2, 2, 1)
    np.save(tmp_path / "pixels.npy", pixels)
    by_image = predict(image_network(), photo, scale="unit")
    by_array = predict(image_network(), tmp_path / "pixels.npy", scale="unit")
    assert np.array_equal(by_image.outputs[0], by_array.outputs[0])
    assert [row["class"] for row in by_image.best()[0]] == [1, 2, 3, 0]
    assert by_image.sources == (str(photo),)


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point", "expected"),
    [
        ("float32", None, 0, [10, 255, 128, 64]),
        ("uint8", 1 / 255, 0, [10, 255, 128, 64]),
        ("int8", 1.0, -128, [10, 255, 128, 64]),
    ],
)
def test_every_type_of_input_takes_an_image(dtype, scale, zero_point, expected, photo):
    result = predict(image_network(dtype, scale, zero_point), photo, scale="raw")
    assert result.outputs[0].tolist() == [expected]


def test_several_files_are_one_batch(photo, tmp_path):
    np.save(tmp_path / "two.npy", np.zeros((2, 2, 2, 1), np.float32))
    result = predict(image_network(), [photo, tmp_path / "two.npy"])
    assert len(result.outputs[0]) == 3
    assert result.sources == (str(photo), f"{tmp_path / 'two.npy'} [0]", f"{tmp_path / 'two.npy'} [1]")


def test_a_file_for_each_input(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 3), np.float32))
    result = predict(dense_network(), {"a": tmp_path / "a.npy", "b": np.zeros((2, 3), np.float32)})
    assert [output.shape for output in result.outputs] == [(2, 2), (2, 3)]
    assert result.scores is None
    with pytest.raises(ValueError, match="no scores"):
        result.best()
    samples = json.loads(json.dumps(result.to_dict()))["samples"]
    assert samples[1] == {"source": "sample [1]", "outputs": [[6.0, 0.0], [1.0, 1.0, 1.0]]}
    assert "float32[2] from 0 to 6" in printed(result)


def test_results_are_plain_data_and_a_table(photo):
    result = predict(image_network(), photo, classes=NAMES, top=3)
    record = json.loads(json.dumps(result.to_dict()))
    assert record["samples"] == [{"source": str(photo), "top": result.best()[0]}]
    assert record["engine"] == "litert" and "larq_focal" in record["versions"]
    text = printed(result)
    assert "1 bee" in text and "0.4961" in text and "ant" not in text


def test_what_was_done_to_pixels_is_told(photo):
    assert "Pixels were scaled to (pixel - 128) / 256." in printed(predict(image_network(), photo))
    assert predict(image_network("uint8", 1.0), photo).scale == "raw"
    assert predict(relu_network(), np.zeros((1, 4))).scale is None


def test_outputs_are_saved(tmp_path):
    result = predict(relu_network(), np.ones((2, 4)))
    result.save(tmp_path / "new" / "scores.npy")
    assert np.array_equal(np.load(tmp_path / "new" / "scores.npy"), result.outputs[0])
    inputs = {"a": np.zeros((1, 3)), "b": np.zeros((1, 3))}
    with pytest.raises(ValueError, match="'model' has 2 outputs"):
        predict(dense_network(), inputs).save(tmp_path / "two.npy")


def test_only_the_first_samples_are_printed():
    text = printed(predict(relu_network(), np.zeros((25, 4)), top=1))
    assert "sample [19]" in text and "sample [20]" not in text and "and 5 more" in text


def test_class_names_from_a_file(tmp_path, photo):
    (tmp_path / "names.txt").write_text("ant\nbee\n\ncat\ndog\n")
    assert predict(image_network(), photo, classes=tmp_path / "names.txt").classes == NAMES


@LCE
def test_a_runtime_is_used_as_it_is():
    runtime = Runtime(relu_network(), engine="lce")
    assert predict(runtime, np.zeros((1, 4))).engine == "lce"


def test_the_package_offers_it():
    assert lqf.predict is predict


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predict(relu_network(), np.zeros((1, 4)), classes=["one"]), r"1 names of classes do not fit.*\[4\]"),
        (lambda: predict(relu_network(), np.zeros((1, 4)), top=0), "At least one class"),
        (lambda: predict(relu_network(), []), "No input was given for 'model'"),
        (lambda: predict(dense_network(), ["a.npy"]), r"the inputs \['a', 'b'\]: give a file for each name"),
        (lambda: predict(dense_network(), {"a": "a.npy", "c": "c.npy"}), r"none called \['c'\]"),
        (lambda: predict(relu_network(), [np.zeros(4)]), "holds a ndarray, and files are needed: give arrays as one"),
        (lambda: predict(relu_network(), np.zeros((1, 5))), r"shape \[batch, 4\]"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_files_of_different_types_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1, 4), np.float32))
    np.save(tmp_path / "b.npy", np.zeros((1, 4), np.int32))
    with pytest.raises(ValueError, match="different types: float32, int32"):
        predict(relu_network(), [tmp_path / "a.npy", tmp_path / "b.npy"])
