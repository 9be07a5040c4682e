"""Models with a user's own quantizers, layers and functions load once their module is imported, and name it before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import larq_focal as lqf
from larq_focal.cli import main
from larq_focal.keras import keras, larq
from larq_focal.network.keras.user_objects import import_objects
from larq_focal.network.load import load_keras_model

layers = keras.layers

MODULE = """
import tensorflow as tf
from larq_focal.keras import keras, larq

class OwnSign(larq.quantizers.Quantizer):
    precision = 1

    def call(self, x):
        return tf.where(x >= 0, tf.ones_like(x), -tf.ones_like(x))

@keras.utils.register_keras_serializable("pack")
class RegisteredSign(OwnSign):
    pass

class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x

class Free(keras.constraints.Constraint):
    def __call__(self, w):
        return w

def own_sign(x):
    return tf.where(x >= 0, tf.ones_like(x), -tf.ones_like(x))

own_sign.precision = 1

def tripled(x):
    return 3 * x
"""

MODELS = {
    "quantizer": lambda own: convolution(own.OwnSign(), own.OwnSign()),
    "registered": lambda own: convolution(own.RegisteredSign(), own.RegisteredSign()),
    "layer": lambda own: own.Twice(),
    "constraint": lambda own: convolution("ste_sign", "ste_sign", kernel_constraint=own.Free()),
    "function": lambda own: convolution(own.own_sign, own.own_sign),
    "activation": lambda own: layers.Dense(2, activation=own.tripled),
}
NEEDED = {
    "quantizer": "'OwnSign' of the module 'own_objects'",
    "registered": "'RegisteredSign' of the module 'own_objects'",
    "layer": "'Twice'",
    "constraint": "'Free' of the module 'own_objects'",
    "function": "'own_sign'",
    "activation": "'tripled'",
}


def convolution(input_quantizer, kernel_quantizer, **options):
    return larq.layers.QuantConv2D(32, 3, input_quantizer=input_quantizer, kernel_quantizer=kernel_quantizer, **options)


@pytest.fixture
def module(tmp_path) -> Path:
    path = tmp_path / "own_objects.py"
    path.write_text(MODULE)
    return path


@pytest.fixture
def forgotten():
    """Takes the module and its names out again, as in a process that never saw them."""
    yield forget
    forget()


def forget() -> None:
    sys.modules.pop("own_objects", None)
    known = keras.utils.get_custom_objects()
    for name in ("OwnSign", "RegisteredSign", "pack>RegisteredSign", "Twice", "Free", "own_sign", "tripled"):
        known.pop(name, None)


def saved(name: str, module: Path, suffix: str = ".keras") -> Path:
    own = import_objects(module)
    path = module.parent / f"model{suffix}"
    keras.Sequential([layers.Input((8, 8, 32)), MODELS[name](own)]).save(path)
    forget()
    return path


@pytest.mark.parametrize("name", MODELS)
def test_what_a_file_needs_is_named_with_the_option_that_brings_it(name, module, forgotten):
    path = saved(name, module)
    with pytest.raises(ValueError, match=r"larq_focal.import_objects\(MODULE\) \(--import MODULE\)") as error:
        load_keras_model(path)
    assert f"needs {NEEDED[name]}" in str(error.value)
    import_objects(module)
    assert load_keras_model(path).layers


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", ["quantizer", "registered", "layer", "constraint"])
def test_hdf5_files_too(name, module, forgotten):
    path = saved(name, module, ".h5")
    with pytest.raises(ValueError, match=r"needs .*--import MODULE"):
        load_keras_model(path)
    lqf.import_objects(module)
    assert load_keras_model(path).layers


def test_models_of_larq_and_keras_need_nothing(tmp_path):
    path = tmp_path / "model.keras"
    stack = convolution("approx_sign", "magnitude_aware_sign"), layers.Dense(2, activation="relu")
    keras.Sequential([layers.Input((8, 8, 32)), *stack]).save(path)
    assert load_keras_model(path).layers


def test_keras_keeps_its_own_names(module, forgotten):
    module.write_text("def relu(x):\n    return 0 * x\n")
    import_objects(module)
    assert keras.utils.get_registered_object("relu") is None


class TestCommandLine:
    @pytest.mark.parametrize("command", ["summary", "fit", "graph", "convert"])
    def test_a_file_or_a_module_on_the_path(self, command, module, forgotten, tmp_path):
        path = saved("quantizer", module)
        more = [] if command in ("summary", "fit") else ["-o", str(tmp_path / "out")]
        failed = CliRunner().invoke(main, [command, str(path), *more])
        assert failed.exit_code and "needs 'OwnSign' of the module 'own_objects'" in failed.output
        done = CliRunner().invoke(main, [command, str(path), "--import", str(module), *more])
        assert "--import MODULE" not in done.output and not done.output.startswith("Error")

    def test_its_name_is_enough_where_it_is_on_the_path(self, module, forgotten, monkeypatch):
        path = saved("quantizer", module)
        monkeypatch.syspath_prepend(str(module.parent))
        assert CliRunner().invoke(main, ["summary", str(path), "--import", "own_objects"]).exit_code == 0

    def test_audit_and_convert_pack_the_users_quantizer(self, module, forgotten, tmp_path):
        path, out = saved("quantizer", module), tmp_path / "model.tflite"
        done = CliRunner().invoke(main, ["convert", str(path), "--import", str(module), "--strict", "-o", str(out)])
        assert done.exit_code == 0 and "Packed: 1 of 1" in done.output
        audit = CliRunner().invoke(main, ["audit", str(path), str(out), "--import", str(module), "--strict"])
        assert audit.exit_code == 0 and "Packed: 1 of 1" in audit.output

    def test_the_program_itself(self, module, forgotten):
        """In a process of its own, where the user's module imports TensorFlow before anything else does."""
        path = saved("quantizer", module)
        command = [sys.executable, "-m", "larq_focal", "summary", str(path), "--import", str(module), "--json"]
        assert b'"network"' in subprocess.run(command, check=True, capture_output=True).stdout

    @pytest.mark.parametrize(
        ("module", "message"),
        [
            ("no_such_module", "no module 'no_such_module' on Python's path. Give the path of its file"),
            ("no_such_file.py", "no file 'no_such_file.py'"),
            ("./text.txt", "'./text.txt' is not the path of a .py file"),
        ],
    )
    def test_what_is_not_there(self, module, message, tmp_path):
        failed = CliRunner().invoke(main, ["summary", str(tmp_path / "model.keras"), "--import", module])
        assert failed.exit_code == 1 and message in failed.output and "Traceback" not in failed.output

    def test_a_module_that_fails(self, module, forgotten):
        module.write_text("x = 1 / 0")
        failed = CliRunner().invoke(main, ["summary", "model.keras", "--import", str(module)])
        assert failed.exit_code == 1 and "ZeroDivisionError: division by zero" in failed.output
        assert "own_objects" not in sys.modules


def test_the_quantizers_work_as_they_did(module, forgotten):
    path = saved("quantizer", module)
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 32)).astype(np.float32)
    import_objects(module)
    layer = load_keras_model(path).layers[0]
    expected = keras.Sequential([layers.Input((8, 8, 32)), convolution("ste_sign", "ste_sign")])
    expected.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(x), expected(x))
