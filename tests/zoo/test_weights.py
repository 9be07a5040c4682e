"""Weights files hold what a network computes with, and fit only the network that they are of."""

import numpy as np
import pytest

from larq_focal.zoo import WeightsError, lenet, save_weights

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
