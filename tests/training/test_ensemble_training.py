"""Members of an ensemble: what each is trained on, how they vote, and that stretches change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.nn import keras
from larq_focal.training import Ensemble, Recipe, train_ensemble, train_stretch
from larq_focal.training.ensemble_training import discard_states, share_done
from larq_focal.training.trainer import split


def recipe(members=2, boosted=False, **changes):
    options = {"epochs": 2, "learning_rate": 0.01, "batch_size": 64, "held_out": 100, **changes}
    return Recipe("dense", "digits", ensemble=Ensemble(members, boosted), **options)


def build(own: Recipe) -> keras.Model:
    assert own.ensemble is None
    keras.utils.set_random_seed(own.seed)
    layers = keras.layers
    return keras.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(10)], name="same")


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def bagged(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bagged")
    return train_ensemble(recipe(), build, digits, folder), folder


def members_of(model):
    return [layer for layer in model.layers if isinstance(layer, keras.Model)]


def test_members_differ_and_vote_alike(bagged, digits):
    training, folder = bagged
    first, second = members_of(training.model)
    assert not np.allclose(first.get_weights()[0], second.get_weights()[0], atol=0.01)
    images = as_input(digits.x_test)
    powers = [np.exp(member.predict(images, verbose=0)) for member in (first, second)]
    shares = [power / power.sum(1, keepdims=True) for power in powers]
    np.testing.assert_allclose(training.model.predict(images, verbose=0), np.mean(shares, 0), atol=1e-6)
    assert training.finished and [row["epoch"] for row in training.history] == [1, 2, 3, 4]
    assert [(each["first_epoch"], each["last_epoch"]) for each in training.stretches] == [(1, 2), (3, 4)]
    assert sorted(path.name for path in folder.iterdir()) == ["bagged2-1", "bagged2-2"]


def test_stretches_give_what_one_run_gives(bagged, digits, tmp_path):
    shares, epochs = [], []
    for _ in range(4):
        training = train_ensemble(
            recipe(), build, digits, tmp_path, minutes=0, epoch_done=lambda row: epochs.append(row["epoch"])
        )
        shares.append(share_done(recipe(), tmp_path))
    assert shares == [0.25, 0.5, 0.75, 1] and epochs == [1, 2, 3, 4]
    for ours, theirs in zip(training.model.get_weights(), bagged[0].model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    discard_states(recipe(), tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_boosted_member_is_trained_on_what_the_one_before_missed(digits, tmp_path, monkeypatch):
    """Votes and weights by hand, from the first member that came out."""
    drawn = []

    def recorded(*arguments, images_drawn, **options):
        drawn.append(images_drawn)
        return train_stretch(*arguments, images_drawn=images_drawn, **options)

    monkeypatch.setattr("larq_focal.training.ensemble_training.train_stretch", recorded)
    model = train_ensemble(recipe(boosted=True, epochs=4), build, digits, tmp_path).model
    _, (images, labels) = split(recipe(), digits)
    missed = [member.predict(as_input(images), verbose=0).argmax(-1) != labels for member in members_of(model)]
    weights = np.full(len(labels), 1 / len(labels))
    votes = []
    for miss in missed:
        error = weights[miss].sum() / weights.sum()
        votes.append(np.log((1 - error) / error) / 2)
        weights = weights * np.exp(np.where(miss, votes[-1], -votes[-1]))
    scales = [layer.scale for layer in model.layers if isinstance(layer, keras.layers.Rescaling)]
    assert scales == pytest.approx(np.array(votes) / sum(votes), rel=1e-5)
    first, second = drawn
    assert len(first) == len(second) == len(labels) and len(set(first)) < len(labels), "with repeats"
    assert missed[0][second].mean() == pytest.approx(0.5, abs=0.06), "those missed have half of the weight now"
    assert missed[0][first].mean() < 0.3


def test_what_is_not_an_ensemble_is_told(digits, tmp_path):
    with pytest.raises(ValueError, match="'dense-digits-bagged2' is an ensemble"):
        train_stretch(recipe(), None, digits, tmp_path)
    with pytest.raises(ValueError, match="1 to 100 members"):
        Ensemble(0)
    with pytest.raises(ValueError, match="trained in float32"):
        recipe(arithmetic="mixed_bfloat16")
    with pytest.raises(ValueError, match=r"misses \d+.*Train for more epochs"):
        train_ensemble(recipe(boosted=True, epochs=1, learning_rate=1e-9), build, digits, tmp_path)


@pytest.mark.slow
def test_binary_networks_that_vote_become_one_file(tmp_path):
    from larq_focal.bench.recipe_run import run_recipe
    from larq_focal.bench.records.record_file import read_record

    options = {"options": {"filters": [4, 8]}, "ensemble": Ensemble(2), "recalibrate": 200, "held_out": 100}
    folder = run_recipe(
        Recipe("two_layer_ste_sign", "digits", epochs=1, batch_size=64, **options),
        results=tmp_path,
        say=lambda line: None,
    )
    record = read_record(folder / "record.json")
    assert folder.name == "two_layer_ste_sign-digits-bagged2"
    assert record["settings"]["ensemble"] == {"members": 2, "boosted": False}
    assert record["audit"]["passed"] and {row["became"] for row in record["audit"]["layers"]} == {"packed"}
    assert len(record["audit"]["layers"]) == 6
    assert record["agreement"]["same_class"] == record["agreement"]["samples"]
