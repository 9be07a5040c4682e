"""Saved models of Larq and Keras 2 become files of Keras 3 that compute the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import larq_focal as lqf
from larq_focal.network.keras.errors import MigrationError, UntrustedModelError
from tests.support.processes import ROOT, output_of

MODELS = ("functional", "sequential", "two_ends", "ours")
FOLDER = "LARQ_FOCAL_TEST_MODELS"
"""The environment variable that names a folder which ``tests.keras3.larq_models`` filled, where Larq is missing."""


@pytest.fixture(scope="module")
def larq_models(tmp_path_factory) -> Path:
    """Models that Larq saved, with their inputs and outputs."""
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER])
    if find_spec("larq") is None:
        pytest.skip(f"Larq is not installed, and {FOLDER} names no folder of its models")
    folder = tmp_path_factory.mktemp("larq_models")
    variables = {name: value for name, value in os.environ.items() if name not in ("KERAS_BACKEND", "LARQ_FOCAL_STACK")}
    command = [sys.executable, "-m", "tests.keras3.larq_models", str(folder)]
    process = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return folder


def outputs(model: keras.Model, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    inputs = [keras.ops.convert_to_tensor(arrays[name]) for name in sorted(arrays) if name.startswith("x")]
    results = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    return [keras.ops.convert_to_numpy(each) for each in results]


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", MODELS)
def test_a_migrated_model_computes_the_same(larq_models, tmp_path, name, suffix):
    path = lqf.migrate(larq_models / f"{name}{suffix}", tmp_path / "model.keras")
    model = keras.saving.load_model(path)
    with np.load(larq_models / f"{name}.npz") as file:
        arrays = dict(file)
    expected = [arrays[each] for each in sorted(arrays) if each.startswith("y")]
    for actual, wanted in zip(outputs(model, arrays), expected, strict=True):
        assert np.ptp(wanted) > 0
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())
    assert model.name == name


def test_a_migrated_model_is_converted(larq_models, tmp_path):
    path = lqf.migrate(larq_models / "functional.h5", tmp_path / "model.keras")
    audit = lqf.convert(path, tmp_path / "model.tflite").audit
    assert audit.passed
    assert [row.became for row in audit.layers if row.intended == "binary"] == ["packed", "packed"]


def test_a_migrated_file_loads_in_a_process_that_only_imports_larq_focal(larq_models, tmp_path):
    path = lqf.migrate(larq_models / "sequential.h5", tmp_path / "model.keras")
    output_of(f"import larq_focal; larq_focal.summary({str(path)!r})", LARQ_FOCAL_STACK="keras")


def saved(path: Path, layers: list[dict], **more) -> Path:
    """An HDF5 file with a Sequential model of these layers, without weights."""
    config = {"class_name": "Sequential", "config": {"name": "model", "layers": layers, **more}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        file.create_group("model_weights").attrs["layer_names"] = np.array([], "S1")
    return path


def layer(kind: str, **config) -> dict:
    return {"class_name": kind, "config": {"name": "it", "batch_input_shape": [None, 8, 8, 3], **config}}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (layer("LocallyConnected2D", filters=3, kernel_size=2), "'it' needs the class 'LocallyConnected2D'"),
        (layer("OwnLayer"), "'it' needs the class 'OwnLayer', which Keras 3 does not have. If it is your own, import"),
        (layer("DepthwiseConv2D", kernel_size=3, groups=2), "'it' (DepthwiseConv2D) has groups=2"),
        (layer("BatchNormalization", axis=[1, 3]), "'it' normalizes over the axes [1, 3]"),
        (layer("Dense", units=3, activation="larq_only"), "'it' has the activation 'larq_only'"),
        (layer("Dense", units=3, kernel_regularizer={"class_name": "Own"}), "'it' needs the class 'Own'"),
    ],
)
def test_what_has_no_counterpart_is_named(tmp_path, item, message):
    source = saved(tmp_path / "model.h5", [item])
    with pytest.raises(MigrationError) as raised:
        lqf.migrate(source, tmp_path / "model.keras")
    assert message in str(raised.value)
    assert not (tmp_path / "model.keras").exists()


def functional(*layers: dict, output: str) -> dict:
    image = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "x"}, "name": "x"}
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [[output, 0, 0]]}
    return {
        "class_name": "Functional",
        "config": {"name": "m", "layers": [{**image, "inbound_nodes": []}, *layers], **ends},
    }


def operation(function: str, **keywords) -> dict:
    nodes = [["x", 0, 0, keywords]]
    return {
        "class_name": "TFOpLambda",
        "config": {"name": "op", "function": function},
        "name": "op",
        "inbound_nodes": nodes,
    }


def migrated_config(tmp_path: Path, config: dict) -> keras.Model:
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights").attrs["layer_names"] = np.array([], "S1")
    return keras.saving.load_model(lqf.migrate(tmp_path / "model.h5", tmp_path / "model.keras"))


X = np.float32([[-1.5, 0.25, 2, 4]])
FUNCTIONS = {
    "math.maximum": ({"y": 0.5}, np.maximum(X, 0.5)),
    "math.truediv": ({"y": 4.0}, X / 4),
    "__operators__.add": ({"y": ["x", 0, 0]}, 2 * X),
    "math.abs": ({}, np.abs(X)),
    "math.sign": ({}, np.sign(X)),
    "nn.relu6": ({}, np.clip(X, 0, 6)),
    "nn.leaky_relu": ({"alpha": 0.5}, np.where(X < 0, X / 2, X)),
    "clip_by_value": ({"clip_value_min": -1.0, "clip_value_max": 3.0}, np.clip(X, -1, 3)),
    "reshape": ({"shape": [-1, 2, 2]}, X.reshape(1, 2, 2)),
    "expand_dims": ({"axis": 1}, X[:, None]),
    "pad": ({"paddings": [[0, 0], [1, 2]], "constant_values": 7}, np.pad(X, ((0, 0), (1, 2)), constant_values=7)),
    "math.reduce_mean": ({"axis": -1, "keepdims": True}, X.mean(-1, keepdims=True)),
    "cast": ({"dtype": "int32"}, X.astype(np.int32)),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_between_layers(tmp_path, function):
    keywords, expected = FUNCTIONS[function]
    model = migrated_config(tmp_path, functional(operation(function, **keywords, name=None), output="op"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(X))), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "keywords"), [("math.cumsum", {"axis": 1}), ("io.read_file", {}), ("pad", {"mode": "REFLECT"})]
)
def test_a_function_without_a_counterpart_is_named(tmp_path, function, keywords):
    with pytest.raises(MigrationError, match=f"'op' calls TensorFlow's {function}"):
        migrated_config(tmp_path, functional(operation(function, **keywords), output="op"))


def test_code_in_a_file_is_neither_run_nor_translated(tmp_path):
    code = layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "aaaa"}})
    with pytest.raises(MigrationError, match="is a Lambda layer, which holds Python code, which is not translated"):
        lqf.migrate(saved(tmp_path / "model.h5", [code]), tmp_path / "model.keras")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        lqf.migrate(tmp_path / "none.h5", tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"must end in \.keras"):
        lqf.migrate(saved(tmp_path / "a.h5", [layer("Flatten")]), tmp_path / "model.h5")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "new.keras")
    with pytest.raises(MigrationError, match="is a model of Keras 3 already"):
        lqf.migrate(tmp_path / "new.keras", tmp_path / "model.keras")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=r"is a folder without a saved_model\.pb"):
        lqf.migrate(tmp_path / "folder", tmp_path / "model.keras")
    with pytest.raises(ValueError, match="never built"):
        unbuilt = {"class_name": "Dense", "config": {"name": "it", "units": 3}}
        lqf.migrate(saved(tmp_path / "b.h5", [unbuilt]), tmp_path / "model.keras")
    assert not (tmp_path / "model.keras").exists()


def test_a_saved_model_is_a_program_and_needs_trust(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "saved_model.pb").write_bytes(b"")
    with pytest.raises(UntrustedModelError, match=r"is a SavedModel, whose graph is a program.*--trust"):
        lqf.migrate(tmp_path / "folder", tmp_path / "model.keras")
    if find_spec("larq") is None:
        with pytest.raises(ImportError, match=r"needs tensorflow.*\(Python 3\.10 to 3\.12\)"):
            lqf.migrate(tmp_path / "folder", tmp_path / "model.keras", trust=True)


@pytest.mark.parametrize("name", ["functional.h5", "ours.h5", "ours.keras"])
def test_a_file_of_keras_2_that_keras_3_cannot_load_is_to_be_migrated(larq_models, tmp_path, name):
    command = re.escape(f"larq-focal migrate '{larq_models / name}' -o model.keras")
    with pytest.raises(ValueError, match=f"Keras 2 wrote it, and this is Keras 3: {command}"):
        lqf.convert(larq_models / name, tmp_path / "model.tflite")


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_one_error(larq_models, tmp_path, data):
    name = data.draw(st.sampled_from(["two_ends.h5", "two_ends.keras"]))
    content = bytearray((larq_models / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([None, len(content) // 2]))
    source, target = tmp_path / f"damaged{Path(name).suffix}", tmp_path / "model.keras"
    target.unlink(missing_ok=True)
    source.write_bytes(bytes(content[:end]))
    try:
        lqf.migrate(source, target)
    except ValueError as error:
        assert str(error).count("\n") == 0
        assert not target.exists()
    else:
        assert zipfile.is_zipfile(target)
