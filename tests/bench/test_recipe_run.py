"""The commands of the zoo, as a user types them, on the digits that come with scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.bench import run_recipe
from larq_focal.bench.records.card import model_card
from larq_focal.bench.records.record_file import read_record
from larq_focal.cli.zoo import zoo
from larq_focal.keras import keras
from larq_focal.report import read_records, write_report
from larq_focal.training import RECIPES, find_recipe
from larq_focal.zoo import two_layer
from tools.publish_weights import publish

TRAIN = ["train", "two_layer_ste_sign", "--dataset", "digits", "--epochs", "2"]


def typed(*words):
    return CliRunner().invoke(zoo, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    first = typed(*TRAIN, "--results", results, "--minutes", "0.0001")
    assert "1 of 2 epochs are done; the same command goes on" in first.output
    second = typed(*TRAIN, "--results", results)
    assert second.exit_code == 0, second.output
    return results / "two_layer_ste_sign-digits"


def test_a_finished_training_leaves_weights_model_and_record(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.npz",
        "model.tflite",
        "record.json",
        "weights.npz",
    ]
    record = json.loads((folder / "record.json").read_text())
    assert [stretch["last_epoch"] for stretch in record["stretches"]] == [1, 2]
    assert record["settings"]["model"] == "two_layer_ste_sign"
    assert record["accuracy"]["value"] == pytest.approx(record["keras_accuracy"], abs=0.01)


def test_the_weights_are_those_of_the_record(folder):
    from larq_focal.datasets.dataset import as_input, load_dataset
    from larq_focal.zoo.weights import with_weights

    model = with_weights(two_layer("ste_sign"), folder / "weights.npz")
    data = load_dataset("digits")
    right = (model.predict(as_input(data.x_test), verbose=0).argmax(-1) == data.y_test).mean()
    assert right == pytest.approx(json.loads((folder / "record.json").read_text())["keras_accuracy"])


def test_the_record_is_one_that_the_report_shows(folder, tmp_path):
    assert write_report(read_records(folder), tmp_path / "report.html").stat().st_size > 10_000


def test_a_card_says_what_the_record_says(folder):
    record = json.loads((folder / "record.json").read_text())
    card = typed("card", folder / "record.json").output
    assert card == model_card(record)
    assert f"{record['accuracy']['value']:.2%}" in card
    assert record["file"]["sha256"] in card
    assert "2 epochs, seed 0" in card
    assert "in 2 stretches" in card


def test_a_finished_training_is_published_with_its_record(folder, tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    for _ in range(2):  # again replaces it
        assert publish(folder, tmp_path) == "two_layer_ste_sign-digits"
    (row,) = json.loads((tmp_path / "manifest.json").read_text())
    assert row["bytes"] == (tmp_path / row["name"]).stat().st_size == (folder / "weights.npz").stat().st_size
    assert read_record(tmp_path / "two_layer_ste_sign-digits.json")["run"] == "two_layer_ste_sign-digits"


def test_weights_that_are_too_large_are_not_published(folder, tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    (tmp_path / "another.npz").write_bytes(bytes(20_000_000))
    with pytest.raises(ValueError, match="too much for the repository"):
        publish(folder, tmp_path)


def test_bfloat16_is_for_training_alone(tmp_path):
    recipe = replace(find_recipe("two_layer_ste_sign", "digits", epochs=1), arithmetic="mixed_bfloat16")
    policy = keras.mixed_precision.global_policy().name
    folder = run_recipe(recipe, results=tmp_path, say=lambda line: None)
    assert keras.mixed_precision.global_policy().name == policy
    record = read_record(folder / "record.json")
    assert record["settings"]["arithmetic"] == "mixed_bfloat16"
    assert record["agreement"]["same_class"] == record["agreement"]["samples"], (
        "what is judged is the file's float32 twin"
    )
    with np.load(folder / "weights.npz") as weights:
        assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}


def test_the_list_names_models_and_recipes():
    rows = json.loads(typed("list", "--json").output)
    by_name = {row["name"]: row for row in rows}
    assert len(by_name) == len(rows) > 100
    assert by_name["small_residual_lab"]["recipes"] == ["cifar10 (compared)"]
    trained = json.loads(typed("list", "--trained", "--json").output)
    assert {row["name"] for row in trained} == {recipe.model for recipe in RECIPES.values()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["get", "nonsense"], "no pretrained weights 'nonsense'"),
        (["train", "nonsense", "--dataset", "digits"], "No recipe for 'nonsense' on digits"),
        (["card", "nowhere.json"], "nowhere.json"),
    ],
)
def test_bad_words_are_named(words, message):
    with pytest.raises((ValueError, RuntimeError, OSError), match=message):
        typed(*words)


def test_a_recipe_may_take_statistics_again(tmp_path):
    recipe = find_recipe("two_layer_ste_sign", "digits", epochs=1)
    said = []
    folders = [
        run_recipe(replace(recipe, recalibrate=count), results=tmp_path / str(count), say=said.append)
        for count in (0, 200)
    ]
    plain, again = (two_layer("ste_sign", weights=folder / "weights.npz").weights for folder in folders)
    changed = {one.name for one, other in zip(plain, again, strict=True) if not np.array_equal(one, other)}
    moving = {f"{norm}/moving_{what}:0" for norm in ("norm_1", "norm_2", "logits") for what in ("mean", "variance")}
    assert changed == moving
    records = [read_record(folder / "record.json") for folder in folders]
    assert records[1]["settings"]["recalibrate"] == 200
    assert records[1]["accuracy_before_recalibration"] == records[0]["keras_accuracy"]
    assert "accuracy_before_recalibration" not in records[0]
