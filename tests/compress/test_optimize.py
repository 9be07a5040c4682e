"""One knob: what is chosen stays within the drop, costs least of what was tried, and is what the file holds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from larq_focal.compress.optimize.optimized import optimize
from larq_focal.compress.optimize.search import LEAST_SAVING
from larq_focal.compress.optimize.state import file_accuracy
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.network.load import as_graph
from larq_focal.nn import keras

_OPTIONS = {"metric": "bytes", "held_out": 300, "steps": 5, "steps_of": {"hidden": 16}, "judged": None}


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def model(digits):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = layers.Input((8, 8, 1), name="image")
    x = layers.Dense(64, activation="relu", name="hidden")(layers.Flatten(name="flat")(image))
    x = layers.Dense(48, activation="relu", name="second")(x)
    model = keras.Model(image, layers.Dense(10, name="logits")(x), name="dense")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(5e-3), loss)
    held_out = np.random.default_rng(0).permutation(len(digits.x_train))[:300]  # as a recipe of seed 0 holds them out
    kept = np.setdiff1d(np.arange(len(digits.x_train)), held_out)
    model.fit(as_input(digits.x_train[kept]), digits.y_train[kept].astype(np.int32), epochs=12, verbose=0)
    return model


@pytest.fixture(scope="module")
def result(model, digits, tmp_path_factory):
    return optimize(model, digits, tmp_path_factory.mktemp("optimized") / "digits.tflite", max_drop=0.02, **_OPTIONS)


def test_the_file_is_the_least_costly_within_the_drop(result, digits):
    assert result.chosen["held_out_accuracy"] >= result.first["held_out_accuracy"] - 0.02
    assert result.chosen["cost"] < result.first["cost"] / 4
    taken = [attempt for attempt in result.attempts if attempt.verdict == "taken"]
    assert taken[-1].cost == result.chosen["cost"]
    assert {attempt.change.split()[1] for attempt in taken[2:]} <= {"bits", "channels"} and len(taken) > 3
    assert result.chosen["file_bytes"] == result.path.stat().st_size
    images, labels = as_input(digits.x_test), digits.y_test
    assert file_accuracy(result.path.read_bytes(), images, labels) == result.chosen["test_accuracy"]


def test_each_round_takes_what_loses_least_for_what_it_saves_and_the_rest_was_no_use(result):
    before, floor = None, result.first["held_out_accuracy"] - 0.02
    rounds: dict[int, list] = {}
    for attempt in result.attempts:
        rounds.setdefault(attempt.round, []).append(attempt)
    before = next(attempt for attempt in rounds[0] if attempt.change == "int8")
    for number in sorted(rounds)[1:]:

        def ratio(attempt, before=before):
            saved = (before.cost - attempt.cost) / result.first["cost"]
            return (before.accuracy - attempt.accuracy + 1e-6) / (saved + 1e-5)

        good = [attempt for attempt in rounds[number] if attempt.verdict in ("taken", "not the best")]
        for attempt in set(rounds[number]) - set(good):
            if attempt.accuracy is None:
                assert before.cost - attempt.cost < LEAST_SAVING * result.first["cost"]
            else:
                assert attempt.accuracy < floor
        if good:
            (best,) = (attempt for attempt in good if attempt.verdict == "taken")
            assert ratio(best) == min(map(ratio, good))
            before = best
    assert not any(attempt.verdict == "taken" for attempt in rounds[max(rounds)])  # it ended, and did not run out


def test_the_record_and_the_table_tell_what_the_file_holds(result):
    record = json.loads(result.path.with_suffix(".json").read_text())
    assert record == json.loads(json.dumps(result.to_dict()))
    assert "What was tried" in str(result) and "within the drop of 2 points" in result.headline
    assert [layer["name"] for layer in result.layers] == ["hidden", "second", "logits"]
    assert [op.shape[-1] for op in as_graph(result.path).layers] == [layer["outputs"] for layer in result.layers]


@pytest.mark.slow
def test_layers_that_are_kept_keep_widths_and_bits(model, digits, tmp_path):
    result = optimize(
        model, digits, tmp_path / "a.tflite", max_drop=0.05, keep=["hidden"], **{**_OPTIONS, "judged": 100, "steps": 1}
    )
    kept = next(layer for layer in result.layers if layer["name"] == "hidden")
    assert (kept["outputs"], kept["weight_bits"]) == (64, 8)
    assert not any(attempt.layer == "hidden" for attempt in result.attempts)
    with pytest.raises(ValueError, match="no layer 'hiden' to keep: choose of hidden, second, logits"):
        optimize(model, digits, tmp_path / "b.tflite", max_drop=0.05, keep=["hiden"], **_OPTIONS)


def test_a_graph_keeps_its_widths_and_what_makes_no_sense_is_refused(model, digits, tmp_path):
    graph = as_graph(model)
    result = optimize(graph, digits, tmp_path / "a.tflite", max_drop=0.0, metric="bytes", held_out=300, judged=100)
    assert [layer["outputs"] for layer in result.layers] == [64, 48, 10]
    assert result.chosen["held_out_accuracy"] >= result.first["held_out_accuracy"]
    with pytest.raises(ValueError, match="no 'macs' to lower: choose one of latency, energy, bytes"):
        optimize(graph, digits, tmp_path / "b.tflite", max_drop=0.1, metric="macs")
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        optimize(graph, digits, tmp_path / "b.tflite", max_drop=1.5, metric="bytes", held_out=300)
    assert not (tmp_path / "b.tflite").exists()


@pytest.mark.slow
def test_an_interrupted_search_goes_on_after_its_last_round(result, model, digits, tmp_path):
    """And gives what it would have given in one go: bytes are counted, and trainings are seeded."""
    path, told = tmp_path / "digits.tflite", []

    def interrupt(line):
        told.append(line)
        if line.startswith("round 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimize(model, digits, path, max_drop=0.02, tell=interrupt, **_OPTIONS)
    checkpoint = tmp_path / "digits.search.npz"
    assert [file.name for file in tmp_path.iterdir()] == [checkpoint.name]
    with pytest.raises(ValueError, match="a search with other settings or of another network: delete it"):
        optimize(model, digits, path, max_drop=0.03, **_OPTIONS)
    again = []
    resumed = optimize(model, digits, path, max_drop=0.02, tell=again.append, **_OPTIONS)
    assert again[0].startswith("round 3") and "round 2" in told[-2]
    assert resumed.attempts == result.attempts
    assert path.read_bytes() == result.path.read_bytes() and not checkpoint.exists()


def test_a_damaged_checkpoint_is_told(model, digits, tmp_path):
    (tmp_path / "a.search.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"a\.search\.npz' is damaged .*delete it to start again"):
        optimize(as_graph(model), digits, tmp_path / "a.tflite", max_drop=0.0, **_OPTIONS)
