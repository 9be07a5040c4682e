"""A training in stretches computes what one long run computes, and refuses a checkpoint that is not its own."""

import json

import numpy as np
import pytest

from larq_focal.datasets.dataset import Dataset
from larq_focal.nn import backend_name, is_keras_3, keras
from larq_focal.training import RECIPES, Recipe, find_recipe
from larq_focal.training.batches import AugmentedBatches
from larq_focal.training.checkpoint import CheckpointError, load_state
from larq_focal.training.trainer import discard_state, learning_rate, train_stretch
from larq_focal.zoo import two_layer
from larq_focal.zoo.registry import MODELS
from tests.support.processes import output_of

SOON_OVER = 1e-6  # minutes: one epoch, as no stretch goes without


def data(title="Noise") -> Dataset:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (200, 8, 8, 1), dtype=np.uint8), rng.integers(0, 3, 200)
    return Dataset("noise", title, "here", ("a", "b", "c"), images, labels, images[:10], labels[:10])


def recipe(**changes) -> Recipe:
    plain = {"epochs": 3, "batch_size": 20, "shift": 1, "flip": True, "held_out": 40, "seed": 5}
    return Recipe("two_layer_hysteresis", "noise", **{**plain, **changes})


RECIPE, DATA = recipe(), data()


def stretch(folder, minutes=None, recipe=RECIPE, data=DATA, **options):
    keras.utils.set_random_seed(recipe.seed)
    model = two_layer("hysteresis", num_classes=3, filters=(4, 8))
    return train_stretch(recipe, model, data, folder, minutes=minutes, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return stretch(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    stretch(folder, SOON_OVER)
    return folder


def test_stretches_compute_what_one_run_computes(whole, tmp_path):
    rows = []
    for epochs in (1, 2, 3):
        training = stretch(tmp_path, SOON_OVER, epoch_done=rows.append)
        assert len(training.history) == epochs
        assert training.finished == (epochs == 3)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    for one, other in zip(training.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    without_time = [[{**row, "seconds": None} for row in run.history] for run in (training, whole)]
    assert without_time[0] == without_time[1]
    assert [(each["first_epoch"], each["last_epoch"]) for each in training.stretches] == [(1, 1), (2, 2), (3, 3)]
    assert len(whole.stretches) == 1
    assert whole.stretches[0]["versions"]["keras"]
    assert whole.stretches[0]["keras"]["backend"] == backend_name()


def noisy_network() -> keras.Model:
    """With noise in its kernels, and on Keras 3 in a Dropout, whose noise Keras 2 does not tell."""
    keras.utils.set_random_seed(3)
    model = two_layer("gumbel", num_classes=3, filters=(2, 4))
    if not is_keras_3():
        return model
    return keras.Model(model.input, keras.layers.Dropout(0.2)(model.output))


def test_noise_goes_on_where_it_stopped(tmp_path):
    runs = [
        train_stretch(recipe(epochs=2), noisy_network(), DATA, tmp_path / folder, minutes=minutes)
        for folder, minutes in (("whole", None), ("parts", SOON_OVER), ("parts", SOON_OVER))
    ]
    whole, _, resumed = runs
    for one, other in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [row["loss"] for row in whole.history] == [row["loss"] for row in resumed.history]
    assert whole.history[0]["flip_ratio"] > 0


def test_a_checkpoint_of_another_keras_is_refused(begun, tmp_path):
    arrays = dict(np.load(begun / "checkpoint.npz"))
    state = json.loads(arrays["state"].tobytes()) | {"keras": "Keras 4 on abacus"}
    np.savez(tmp_path / "checkpoint.npz", **arrays | {"state": np.frombuffer(json.dumps(state).encode(), np.uint8)})
    with pytest.raises(CheckpointError, match="Keras 4 on abacus"):
        stretch(tmp_path)


def test_each_epoch_has_its_own_images(tmp_path, monkeypatch):
    seen, batch = set(), AugmentedBatches.__getitem__

    def seeing(self, index):
        seen.add((self._epoch, index))
        return batch(self, index)

    monkeypatch.setattr(AugmentedBatches, "__getitem__", seeing)
    stretch(tmp_path, recipe=recipe(epochs=2))
    assert seen == {(epoch, index) for epoch in range(2) for index in range(160 // 20)}


def test_the_curve_has_the_flips(tmp_path):
    keras.utils.set_random_seed(0)
    model = two_layer("ste_sign", num_classes=3, filters=(4, 8))
    (row,) = train_stretch(recipe(epochs=1), model, DATA, tmp_path).history
    assert 0 < row["flip_ratio"] < 0.5
    assert set(row) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "flip_ratio", "seconds"}


def test_a_finished_training_is_only_read(whole, tmp_path):
    stretch(tmp_path)
    again = stretch(tmp_path, epoch_done=lambda row: pytest.fail("it trained on"))
    assert again.finished
    for one, other in zip(again.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_checkpoint_holds_plain_arrays_and_json(begun):
    with np.load(begun / "checkpoint.npz", allow_pickle=False) as archive:
        assert all(archive[key].dtype != object for key in archive.files)
    assert json.loads(json.dumps(load_state(begun / "checkpoint.npz")))["recipe"]["seed"] == 5


@pytest.mark.parametrize(
    "other", [{"recipe": recipe(epochs=4)}, {"recipe": recipe(seed=6)}, {"data": data(title="Noise (a copy)")}]
)
def test_a_checkpoint_of_another_recipe_or_data_is_refused(begun, other):
    with pytest.raises(CheckpointError, match="belongs to"):
        stretch(begun, **other)


def test_a_checkpoint_from_before_a_setting_was_there_is_gone_on_with(begun, tmp_path):
    arrays = dict(np.load(begun / "checkpoint.npz"))
    state = json.loads(arrays["state"].tobytes())
    del state["recipe"]["recalibrate"]
    np.savez(tmp_path / "checkpoint.npz", **arrays | {"state": np.frombuffer(json.dumps(state).encode(), np.uint8)})
    assert len(stretch(tmp_path, minutes=0).history) == len(state["history"]) + 1


def test_a_checkpoint_with_noise_that_is_none_is_refused(begun, tmp_path):
    arrays = dict(np.load(begun / "checkpoint.npz"))
    np.savez(tmp_path / "checkpoint.npz", **arrays | {"noise": np.zeros(7, np.uint8)})
    with pytest.raises(CheckpointError, match="noise"):
        stretch(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, 5000])
def test_a_damaged_checkpoint_is_refused(begun, tmp_path, keep):
    (tmp_path / "checkpoint.npz").write_bytes((begun / "checkpoint.npz").read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="damaged or cut off"):
        stretch(tmp_path)


def test_a_checkpoint_of_another_network_is_refused(begun):
    keras.utils.set_random_seed(5)
    with pytest.raises(CheckpointError, match="variables that are not"):
        train_stretch(RECIPE, two_layer("hysteresis", num_classes=3, filters=(4, 4)), DATA, begun)


def test_too_few_images_are_named():
    with pytest.raises(ValueError, match="200 training images, fewer than the 190 held out and one batch of 20"):
        stretch("nowhere", recipe=recipe(held_out=190))
    with pytest.raises(ValueError, match="fewer than the 200 held out and one to train on"):
        stretch("nowhere", recipe=recipe(held_out=200, whole_batches=False))


def test_a_smaller_last_batch_is_trained_on_where_the_recipe_says_so(tmp_path):
    steps = [
        int(
            stretch(
                tmp_path / str(whole), recipe=recipe(epochs=1, batch_size=64, whole_batches=whole)
            ).model.optimizer.iterations.numpy()
        )
        for whole in (True, False)
    ]
    assert steps == [160 // 64, -(-160 // 64)]


@pytest.mark.parametrize(("minutes", "epochs"), [(10.0, 3), (2.5, 2), (2.1, 1), (0.5, 1)])
def test_no_epoch_is_begun_that_would_not_end_in_time(tmp_path, monkeypatch, minutes, epochs):
    now = 0.0

    class Minute(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            nonlocal now
            now += 60

    monkeypatch.setattr("larq_focal.training.trainer.monotonic", lambda: now)
    monkeypatch.setattr("larq_focal.training.trainer.schedules", lambda model, epochs: [Minute()])
    training = stretch(tmp_path, minutes)
    assert [row["seconds"] for row in training.history] == [60.0] * epochs


def test_the_state_of_a_training_can_be_discarded(tmp_path):
    folder = tmp_path / "run"
    stretch(folder, SOON_OVER)
    (folder / "notes.txt").write_text("of the user")
    discard_state(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    for _ in range(2):
        discard_state(folder)
        assert not folder.exists()


def test_a_trained_network_is_a_file_that_keras_alone_can_load(tmp_path):
    model = two_layer(None, num_classes=3, filters=(4, 8))
    train_stretch(recipe(epochs=1), model, DATA, tmp_path).model.save(tmp_path / "model.keras")
    code = f"""
        import sys
        import {"keras" if is_keras_3() else "tf_keras as keras"}
        print(len(keras.models.load_model(sys.argv[1]).weights))
        """
    assert int(output_of(code, tmp_path / "model.keras").splitlines()[-1]) >= len(model.weights)


def test_a_restart_repeats_the_cosine_from_a_lower_rate():
    rates = [float(learning_rate(recipe(epochs=6, restart_after=4), 10)(step)) for step in range(60)]
    once = [float(learning_rate(recipe(epochs=4), 10)(step)) for step in range(40)]
    np.testing.assert_allclose(rates[:40], once, rtol=1e-5)
    np.testing.assert_allclose(rates[40:], 0.4 * np.array(once[::2]), rtol=1e-4)


def test_every_recipe_is_of_a_model_of_the_zoo():
    assert {recipe.model for recipe in RECIPES.values()} <= set(MODELS)
    assert all(name == recipe.name for name, recipe in RECIPES.items())


def test_a_recipe_is_found_with_its_seed():
    assert find_recipe("lenet_sign", "mnist", seed=2).name == "lenet_sign-mnist-seed2"
    assert (
        find_recipe("small_residual_lab", "cifar10", variant="compared").name == "small_residual_lab-cifar10-compared"
    )
    with pytest.raises(
        ValueError, match="No recipe for 'lenet_sign' on cifar10: there are small_residual_react-cifar10"
    ):
        find_recipe("lenet_sign", "cifar10")


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"shift": -1}, {"arithmetic": "int4"}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        recipe(**wrong)
