"""A process with Keras 2 migrates by one with Keras 3, which tells its errors."""

import json
import zipfile

import pytest

import larq_focal as lqf
from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network.keras.errors import MigrationError, UntrustedModelError
from tests.support.processes import output_of

pytestmark = pytest.mark.slow


def saved(path, layer):
    keras.Sequential([keras.Input((6, 6, 2)), layer], name="small").save(path)
    return path


def test_a_model_of_this_process_is_migrated(tmp_path):
    layer = lq.layers.QuantConv2D(3, 3, kernel_quantizer="ste_sign", kernel_constraint="weight_clip", name="conv")
    path = lqf.migrate(saved(tmp_path / "model.keras", layer), tmp_path / "migrated.keras")
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")
    first, conv = config["config"]["layers"]
    assert first["config"]["batch_shape"] == [None, 6, 6, 2]
    assert (conv["class_name"], conv["config"]["name"]) == ("QuantConv2D", "conv")


def test_a_saved_model_is_migrated(tmp_path):
    """What it computes is in tests/keras3, for files."""
    layer = lq.layers.QuantConv2D(3, 3, kernel_quantizer="ste_sign", kernel_constraint="weight_clip", name="conv")
    source = saved(tmp_path / "model", layer)
    with pytest.raises(UntrustedModelError, match="is a SavedModel"):
        lqf.migrate(source, tmp_path / "migrated.keras")
    path = lqf.migrate(source, tmp_path / "migrated.keras", trust=True)
    code = """
        import json, sys
        import keras, larq_focal
        model = keras.saving.load_model(sys.argv[1])
        layer = model.get_layer("conv")
        print(type(layer.kernel_quantizer).__name__, layer.kernel.numpy().tolist())
        """
    name, _, kernel = output_of(code, path, LARQ_FOCAL_STACK="keras").splitlines()[-1].partition(" ")
    assert name == "SteSign" and json.loads(kernel) == layer.kernel.latent_variable.numpy().tolist()


def test_errors_are_those_of_the_other_process(tmp_path):
    source = saved(tmp_path / "model.keras", keras.layers.LocallyConnected2D(3, 3, name="local"))
    with pytest.raises(
        MigrationError, match="'local' needs the class 'LocallyConnected2D', which Keras 3 does not have"
    ):
        lqf.migrate(source, tmp_path / "migrated.keras")
    assert not (tmp_path / "migrated.keras").exists()
