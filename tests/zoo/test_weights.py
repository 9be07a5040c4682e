"""Weights files hold what a network computes with, and fit only the network that they are of."""

import numpy as np
import pytest

from larq_focal.bench.records.record_file import read_record
from larq_focal.cost import summary
from larq_focal.datasets.dataset import DATASETS, as_input, load_dataset
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.zoo import METHODS, WeightsError, build, lenet, save_weights, two_layer
from larq_focal.zoo.manifest import manifest
from tools.publish_weights import PRETRAINED

SHAPE = (16, 16, 1)


def network(**options):
    return lenet("hysteresis", input_shape=SHAPE, **options)


@pytest.fixture(scope="module")
def trained():
    model = network()
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(16, *SHAPE)), rng.normal(size=(16, 10)), epochs=2, verbose=0)
    return model


def test_a_network_from_a_file_computes_the_same(trained, tmp_path):
    path = save_weights(trained, tmp_path / "lenet.npz")
    images = np.random.default_rng(1).normal(size=(8, *SHAPE)).astype(np.float32)
    np.testing.assert_allclose(network(weights=path)(images), trained(images), rtol=1e-5, atol=1e-5)


def test_binary_kernels_take_few_bytes(trained, tmp_path):
    path = save_weights(trained, tmp_path / "lenet.npz")
    assert path.stat().st_size < sum(kernel.nbytes for kernel in trained.get_weights()) / 10


@pytest.mark.parametrize("method", ["adabin", "tbn"])
def test_weights_whose_quantizer_changes_its_own_values_are_kept(method, tmp_path):
    """The deviation of AdaBin's quantized weights is below their magnitude, wherever the signs have a mean."""
    images = np.random.default_rng(1).normal(size=(8, *SHAPE)).astype(np.float32)
    model = two_layer(METHODS[method], input_shape=SHAPE)
    path = save_weights(model, tmp_path / "weights.npz")
    again = two_layer(METHODS[method], input_shape=SHAPE, weights=path)
    np.testing.assert_allclose(again(images), model(images), rtol=1e-5, atol=1e-5)


def test_weights_of_another_network_are_refused(trained, tmp_path):
    path = save_weights(trained, tmp_path / "lenet.npz")
    with pytest.raises(WeightsError, match="is not of lenet_hysteresis: it holds"):
        network(weights=path, num_classes=3)


@pytest.mark.parametrize("damage", [lambda data: data[:300], lambda data: b"", lambda data: b"no archive"])
def test_damaged_weights_are_refused(trained, tmp_path, damage):
    path = save_weights(trained, tmp_path / "lenet.npz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WeightsError, match="damaged or cut off"):
        network(weights=path)


def test_pickled_weights_are_refused(tmp_path):
    path = tmp_path / "lenet.npz"
    np.savez(path, **{"0000": np.array([object()], dtype=object)})
    with pytest.raises(WeightsError, match="damaged or cut off"):
        network(weights=path)


@pytest.mark.parametrize("name", manifest())
def test_shipped_weights_are_what_the_manifest_and_their_record_say(name):
    record = read_record(PRETRAINED / f"{name}.json")
    assert record["run"] == name
    settings = record["settings"]
    weights = name.removeprefix(f"{settings['model']}-")
    model = build(settings["model"], weights=weights, **image_options(settings["dataset"]), **settings["options"])
    graph_bytes = summary(from_keras(model)).to_dict()["totals"]["parameter_bytes"]
    assert graph_bytes == record["cost"]["totals"]["parameter_bytes"]


def test_shipped_weights_are_few():
    sizes = [path.stat().st_size for path in PRETRAINED.glob("*.npz")]
    assert {path.stem for path in PRETRAINED.glob("*.npz")} == set(manifest())
    assert max(sizes) < 4_000_000
    assert sum(sizes) < 20_000_000


def test_shipped_weights_give_the_recorded_accuracy():
    """On the digits, which are everywhere."""
    data = load_dataset("digits")
    model = build("two_layer_ste_sign", weights="digits")
    accuracy = (model.predict(as_input(data.x_test), verbose=0).argmax(-1) == data.y_test).mean()
    assert accuracy == pytest.approx(read_record(PRETRAINED / "two_layer_ste_sign-digits.json")["keras_accuracy"])


def image_options(dataset: str) -> dict:
    known = DATASETS[dataset]
    return {"input_shape": known.shape, "num_classes": len(known.classes)}
