"""Whatever a network comes as, it is read or refused with one clear message."""

import json
import subprocess
import sys
import zipfile

import h5py
import pytest

from larq_focal._keras_version import is_keras_3
from larq_focal.network.graph_file import save_graph
from larq_focal.network.load import as_graph, load_keras_model
from tests.cost.graphs import two_layer_network


def test_a_graph_is_returned_as_it_is():
    graph = two_layer_network()
    assert as_graph(graph) is graph


@pytest.mark.parametrize("make_path", [str, lambda path: path])
def test_a_graph_file_is_read(tmp_path, make_path):
    path = save_graph(two_layer_network(), tmp_path / "net.qgraph")
    assert [op.name for op in as_graph(make_path(path))] == [op.name for op in two_layer_network()]


@pytest.mark.parametrize("thing", [None, 3, b"bytes", {"a": 1}])
def test_other_things_are_refused(thing):
    with pytest.raises(TypeError, match=f"{type(thing).__name__}, but needed is a Keras model, a QuantGraph"):
        as_graph(thing)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*absent.tflite'"):
        as_graph(tmp_path / "absent.tflite")


def test_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"weights.onnx' is not a network .* \.qgraph"):
        as_graph(path)


def test_a_folder_is_not_taken_for_a_saved_model(tmp_path):
    with pytest.raises(ValueError, match=r"is a folder without a saved_model.pb"):
        load_keras_model(tmp_path, trust=True)


@pytest.mark.slow
def test_keras_files_are_read(tmp_path):
    from larq_focal.keras import keras, larq

    quantizers = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign"}
    model = keras.Sequential(
        [
            larq.layers.QuantConv2D(4, 3, kernel_quantizer="ste_sign", use_bias=False, input_shape=(8, 8, 1)),
            larq.layers.QuantConv2D(8, 3, **quantizers, pad_values=1, padding="same", use_bias=False),
        ]
    )
    model.save(tmp_path / "net.keras")
    expected = [type(op) for op in as_graph(model)]
    assert [type(op) for op in as_graph(tmp_path / "net.keras")] == expected
    (tmp_path / "broken.keras").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"broken.keras' cannot be read as a Keras model"):
        as_graph(tmp_path / "broken.keras")


def test_reading_a_graph_file_loads_no_tensorflow(tmp_path):
    path = save_graph(two_layer_network(), tmp_path / "net.qgraph")
    code = (
        "import sys; from larq_focal.cost import summary; summary(sys.argv[1]); "
        "print(*{'tensorflow', 'pandas', 'plotly'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


@pytest.mark.skipif(is_keras_3(), reason="of Keras 2, which Larq's stack has")
def test_keras_2_says_what_takes_a_file_of_keras_3(tmp_path):
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 2, "dtype": policy}}
    model = {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": [layer]}}
    path = tmp_path / "new.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.12.0"}))
        with h5py.File(tmp_path / "weights.h5", "w"):
            pass
        archive.write(tmp_path / "weights.h5", "model.weights.h5")
    with pytest.raises(ValueError, match=r"^Keras 3 wrote '.*new.keras', and .* variable LARQ_FOCAL_STACK=keras for"):
        load_keras_model(path)
