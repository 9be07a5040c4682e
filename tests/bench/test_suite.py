"""The suite of runs."""

import pytest

from larq_focal.bench.suite import SUITE, choose, fine_tuning, recipe_of, suite_of
from larq_focal.datasets.rows import DATASETS
from larq_focal.zoo import MODELS


def test_all_by_default_with_binary_beside_int8():
    names = [entry.name for entry in choose(None)]
    assert names == list(SUITE)
    assert {"full_precision", "int8", "ste_sign", "hysteresis", "gumbel", "lab"} < set(names)
    binary = [name for name in names if SUITE[name].is_binary]
    assert binary == ["ste_sign", "hysteresis", "gumbel", "lab"]
    equal = [name for name in names if SUITE[name].equal]
    assert equal == ["float_equal_bytes", "int8_equal_bytes", "float_equal_latency", "int8_equal_latency"]
    assert names.index(binary[-1]) < names.index(equal[0]), "binary runs come before those that are held against them"
    assert [name for name in names if name.startswith("stock")] == ["stock_int8", "stock_int4", "stock_int2"]


def test_an_equal_network_brings_a_binary_one():
    assert [entry.name for entry in choose(["int8_equal_bytes"])] == ["ste_sign", "int8_equal_bytes"]
    assert [entry.name for entry in choose(["lab", "int8_equal_bytes"])] == ["lab", "int8_equal_bytes"]


def test_int8_brings_the_run_that_it_builds_on():
    assert [entry.name for entry in choose(["int8"])] == ["full_precision", "int8"]


def test_order_is_the_suites():
    assert [entry.name for entry in choose(["lab", "ste_sign"])] == ["ste_sign", "lab"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_all_runs_have_the_same_recipe_but_for_the_network(dataset):
    recipes = [recipe_of(entry, dataset, 1000, seed=3) for entry in suite_of(dataset).values()]
    assert all(recipe.model in MODELS for recipe in recipes)
    assert len({str({**recipe.to_dict(), "model": None}) for recipe in recipes}) == 1
    row = DATASETS[dataset]
    assert (recipes[0].epochs, recipes[0].batch_size) == (row.epochs, row.batch_size)
    assert (recipes[0].held_out, recipes[0].seed) == (100, 3)


def test_fine_tuning_is_a_tenth_of_training():
    recipe = recipe_of(SUITE["int8"], "digits", 1000, epochs=40)
    assert (recipe.epochs, recipe.learning_rate) == (40, 0.01)
    assert fine_tuning(recipe).epochs == 4
    assert fine_tuning(recipe).learning_rate == pytest.approx(0.001)
    assert fine_tuning(recipe_of(SUITE["int8"], "digits", 1000, epochs=2)).epochs == 1


def test_unknown_name_is_refused_with_the_choice():
    with pytest.raises(ValueError, match="No run named xnor: choose from full_precision"):
        choose(["xnor", "lab"])
