"""A model's file runs nothing before it is trusted: no code that it holds, and none that it names."""

import base64
import io
import json
import marshal
import sys
import types
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.keras import keras, larq, tf
from larq_focal.network.keras import hdf5_probe
from larq_focal.network.keras.file import UntrustedModelError
from larq_focal.network.load import as_graph, load_keras_model

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")

CANARY = "LARQ_FOCAL_CANARY"  # code that runs leaves a file of this name in the temporary folder

# Every part of a small model that these tests change.
DENSE = {"name": "dense", "units": 2, "activation": "linear", "use_bias": True}
IMAGE = {"name": "image", "batch_input_shape": [None, 4], "dtype": "float32"}


def lambda_code(path: Path) -> str:
    code = compile(f"lambda x: (open({str(path)!r}, 'w').close(), x)[1]", "<canary>", "eval").co_consts[0]
    assert isinstance(code, types.CodeType)
    return base64.b64encode(marshal.dumps(code)).decode()


def lambda_layer(path: Path) -> dict:
    inner = {"name": "hidden", "function": [lambda_code(path), None, None], "function_type": "lambda"}
    inner |= {"output_shape": None, "output_shape_type": "raw", "arguments": {}}
    return {"class_name": "Lambda", "module": "keras.layers", "config": inner, "registered_name": None}


def sequential(*layers: dict) -> dict:
    first = {"class_name": "InputLayer", "module": "keras.layers", "config": IMAGE, "registered_name": None}
    layers = [
        first,
        {"class_name": "Dense", "module": "keras.layers", "config": DENSE, "registered_name": None},
        *layers,
    ]
    config = {"name": "net", "layers": layers}
    return {"class_name": "Sequential", "module": "keras", "config": config, "registered_name": None}


def function(module: str, name: str) -> dict:
    return {"class_name": "function", "module": module, "config": name, "registered_name": name}


def dense_with(activation: dict) -> dict:
    return {"class_name": "Dense", "module": "keras.layers", "config": {**DENSE, "activation": activation}}


def tensor_function(name: str, **inner) -> dict:
    return {
        "class_name": "TFOpLambda",
        "module": "keras.layers",
        "config": {"name": "hidden", "function": name, **inner},
    }


def attacks(path: Path) -> dict[str, tuple[dict, str]]:
    """Configurations that hold or name code, with what is said of each."""
    wrapped = {"class_name": "TimeDistributed", "module": "keras.layers", "config": {"layer": lambda_layer(path)}}
    masked = {"class_name": "Dense", "module": "keras.layers", "registered_name": "func_load"}
    nested = {"class_name": "Sequential", "config": {"layers": [wrapped]}, "module": "keras"}
    lookup = {"class_name": "StringLookup", "module": "keras.layers", "config": {"vocabulary": "/etc/passwd"}}
    return {
        "Lambda": (sequential(lambda_layer(path)), "'hidden' is a Lambda layer, which holds Python code"),
        "Lambda in models and wrappers": (sequential(nested), "'hidden' is a Lambda layer"),
        "function": (
            sequential(dense_with({"class_name": "__lambda__", "config": {"value": [lambda_code(path), None, None]}})),
            "is a Python function, whose code stands in the file",
        ),
        "module": (sequential(dense_with(function("os", "system"))), "needs 'system' of the module 'os'"),
        "own module": (sequential(dense_with(function("canary_module", "f"))), "of the module 'canary_module'"),
        "builtins": (sequential(dense_with(function("builtins", "eval"))), "needs 'eval' of the module 'builtins'"),
        "inside Keras": (
            sequential(dense_with(function("tf_keras.src.utils.generic_utils", "func_load"))),
            "needs 'func_load'",
        ),
        "download": (sequential(dense_with(function("keras.utils", "get_file"))), "needs 'get_file'"),
        "second name": (
            sequential({**masked, "module": "keras.src.utils.generic_utils", "config": DENSE}),
            "needs 'Dense' of the module 'keras.src.utils.generic_utils'",
        ),
        "function of TensorFlow": (sequential(tensor_function("io.write_file")), "calls TensorFlow's 'io.write_file'"),
        "loader of TensorFlow": (sequential(tensor_function("keras.models.load_model")), "'keras.models.load_model'"),
        "raw operation": (
            sequential({"class_name": "TensorFlowOpLayer", "config": {"node_def": "", "name": "raw"}}),
            "'raw' is an operation of TensorFlow",
        ),
        "file": (sequential(lookup), "reads the file '/etc/passwd'"),
        "number": (sequential({"class_name": 3, "config": {}}), "names a class that is not a text"),
    }


NAMES = tuple(attacks(Path("x")))


def write_hdf5(path: Path, config: dict) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights")
    return path


def write_keras(path: Path, config: dict, weights: str = "model.weights.h5", content: bytes | None = None) -> Path:
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        file.create_group("layers")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr(weights, held.getvalue() if content is None else content)
    return path


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """The file that code of strangers makes; also by its import as a module of the working folder."""
    path = tmp_path / CANARY
    (tmp_path / "canary_module.py").write_text(f"open({str(path)!r}, 'w').close()\nf = print\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    sys.modules.pop("canary_module", None)
    assert not path.exists(), "code of the file has run"


@pytest.mark.parametrize("write", [write_hdf5, write_keras], ids=["hdf5", "keras"])
@pytest.mark.parametrize("name", NAMES)
def test_code_in_a_configuration_is_refused(name, write, canary, tmp_path):
    config, words = attacks(canary)[name]
    path = write(tmp_path / ("net.keras" if write is write_keras else "net.h5"), config)
    with pytest.raises(UntrustedModelError) as refused:
        load_keras_model(path)
    assert str(path) in str(refused.value) and words in str(refused.value)
    assert "--trust" in str(refused.value) or "--import" in str(refused.value) or name == "number"


def test_pickled_weights_are_refused(canary, tmp_path):
    class Opens:
        def __reduce__(self):
            return (open, (str(canary), "w"))

    held = io.BytesIO()
    np.savez(held, layers=np.array([Opens()], object))
    path = write_keras(tmp_path / "net.keras", sequential(), "model.weights.npz", held.getvalue())
    canary.unlink(missing_ok=True)
    with pytest.raises(UntrustedModelError, match="Keras would take pickled weights"):
        load_keras_model(path)


@pytest.mark.parametrize("kind", ["link", "external data", "virtual data"])
def test_data_of_other_files_is_refused(kind, tmp_path):
    path = tmp_path / "net.h5"
    keras.Sequential([keras.layers.Dense(2, input_shape=(4,))]).save(path)
    with h5py.File(path, "a") as file:
        group = file["model_weights"]
        if kind == "link":
            group["far"] = h5py.ExternalLink("/etc/other.h5", "/")
        elif kind == "external data":
            group.create_dataset("far", (4,), np.uint8, external=[("/etc/passwd", 0, 4)])
        else:
            layout = h5py.VirtualLayout((4,), np.uint8)
            layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (4,))
            group.create_virtual_dataset("far", layout)
    with pytest.raises(UntrustedModelError, match="'model_weights/far' lies in another file"):
        load_keras_model(path)


def test_a_saved_model_is_refused_until_it_is_trusted(tmp_path):
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(4,))])
    model.save(tmp_path / "folder")
    with pytest.raises(UntrustedModelError, match=r"folder' is a SavedModel, whose graph is a program .* \(--trust\)"):
        as_graph(tmp_path / "folder")
    assert len(as_graph(tmp_path / "folder", trust=True)) == len(as_graph(model))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_trust_runs_the_code(suffix, tmp_path):
    path = tmp_path / CANARY
    write = write_keras if suffix == ".keras" else write_hdf5
    file = write(tmp_path / f"net{suffix}", sequential(lambda_layer(path)))
    with suppress(ValueError):  # the weights are missing; the layer was built and called before
        load_keras_model(file, trust=True)
    assert path.exists()


COMMANDS = {
    "summary": (),
    "graph": ("-o", "net.qgraph"),
    "fit": (),
    "compile": ("-o", "net.scamp"),
    "inspect": (),
    "convert": ("-o", "net.tflite"),
    "audit": ("net.tflite",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_asks_for_trust(command, tmp_path, monkeypatch):
    """Without it the code does not run; with it, it does, whatever the command then makes of the model."""
    monkeypatch.chdir(tmp_path)
    file = write_keras(tmp_path / "net.keras", sequential(lambda_layer(tmp_path / CANARY)))
    (tmp_path / "net.tflite").touch()
    arguments = [command, str(file), *COMMANDS[command]]
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 1 and "'hidden' is a Lambda layer" in refused.output
    assert not (tmp_path / CANARY).exists()
    CliRunner().invoke(main, [*arguments, "--trust"])
    assert (tmp_path / CANARY).exists()


def not_registered(labels, outputs):
    return outputs


def everything(suffix: str, path: Path):
    """A model of what files may hold: layers of Larq and ours, wrappers, nested models, functions of tensors."""
    image = keras.Input((6, 6, 2))
    quantizers = {"kernel_quantizer": "ste_sign", "input_quantizer": "learnable_activation_binarizer"}
    x = larq.layers.QuantConv2D(4, 3, **quantizers, kernel_constraint="weight_clip", activation="relu")(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.TimeDistributed(keras.layers.Dense(3, activation=keras.activations.elu))(x)
    x = tf.nn.relu(x) * 2.0 + 1.0
    x = tf.reshape(x[:, 1:], [-1, 36])
    x = keras.layers.Activation(tf.nn.tanh)(x)
    inner = [keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(0.1), input_shape=(36,))]
    model = keras.Model(image, keras.Sequential(inner)(x))
    model.compile("adam", loss=not_registered)  # training is not loaded, so it does not matter
    model.save(path / f"net{suffix}")
    return model


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_what_is_harmless_loads(suffix, tmp_path):
    model = everything(suffix, tmp_path)
    loaded = load_keras_model(tmp_path / f"net{suffix}")
    images = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(loaded(images), model(images))


def test_registered_classes_load(tmp_path):
    @keras.utils.register_keras_serializable("test_keras_file")
    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    keras.Sequential([keras.Input((3,)), Twice()]).save(tmp_path / "net.keras")
    assert load_keras_model(tmp_path / "net.keras").layers[0].__class__ is Twice
    del keras.utils.get_custom_objects()["test_keras_file>Twice"]
    for trust in (False, True):
        with pytest.raises(ValueError, match=r"needs 'Twice'.* not known here: import .* \(--import MODULE\)"):
            load_keras_model(tmp_path / "net.keras", trust=trust)
    with keras.utils.custom_object_scope({"test_keras_file>Twice": Twice}):
        load_keras_model(tmp_path / "net.keras")


@pytest.mark.parametrize("name", ["net.h5", "net.weights.h5"])
def test_weights_alone_are_told_apart(name, tmp_path):
    keras.Sequential([keras.layers.Dense(2, input_shape=(4,))]).save_weights(tmp_path / name)
    for trust in (False, True):
        with pytest.raises(ValueError, match=rf"{name}' .*it holds weights only\. Build the model, load them with"):
            load_keras_model(tmp_path / name, trust=trust)


def test_unstripped_pruned_models_are_told_apart(tmp_path):
    import tensorflow_model_optimization as tfmot

    dense = keras.Sequential([keras.layers.Dense(2, input_shape=(4,))])
    pruned = tfmot.sparsity.keras.prune_low_magnitude(dense)
    pruned.save(tmp_path / "net.keras")
    with pytest.raises(ValueError, match=r"needs 'PruneLowMagnitude'.* save the model after strip_pruning"):
        load_keras_model(tmp_path / "net.keras")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89HDF\r\n\x1a\n" + bytes(100), b"text"])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_damaged_files_are_named_in_one_line(content, suffix, tmp_path):
    (tmp_path / f"net{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=rf"net{suffix}' cannot be read as a Keras model: ") as refused:
        load_keras_model(tmp_path / f"net{suffix}")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 600


def test_files_that_hold_something_else(tmp_path):
    path = write_keras(tmp_path / "net.keras", {"name": "net", "layers": []})
    with pytest.raises(
        ValueError, match=r"net\.keras' does not hold a Keras model, but a dict|cannot be read as a Keras"
    ):
        load_keras_model(path)


def test_layers_whose_settings_make_no_sense(tmp_path):
    model = keras.Sequential([larq.layers.QuantConv2D(2, 3, padding="same", input_shape=(6, 6, 1), pad_values=1.0)])
    model.save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = parts["config.json"].replace(b'"pad_values": 1.0', b'"pad_values": {}')
    assert b'"pad_values": {}' in parts["config.json"]
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with pytest.raises(ValueError, match=r"net\.keras' cannot be read as a"):
        as_graph(tmp_path / "net.keras")


ENDLESS = f"""
from {hdf5_probe.__name__} import _limit_cpu_time
_limit_cpu_time(1)
while True:
    pass
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (ENDLESS, "is damaged: reading it had not ended after 1 s of CPU time"),
        ("import time; time.sleep(60)", "may be damaged: reading it had not ended after 15 s"),
        ("import os; os.abort()", "is damaged: reading it crashes"),
    ],
    ids=["endless", "still", "crash"],
)
def test_the_hdf5_library_may_crash_or_find_no_end(code, words, tmp_path, monkeypatch):
    """As it does on some damaged files: in a process of its own, before this one reads the file."""
    (tmp_path / "net.h5").write_bytes(b"")
    monkeypatch.setattr(hdf5_probe, "python_command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(hdf5_probe, "_SECONDS", 1)
    with pytest.raises(ValueError, match=rf"net\.h5' cannot be read as a Keras model: it {words}"):
        load_keras_model(tmp_path / "net.h5")
