"""Study files: what they make, and one clear message for each fault."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.bench.study.study_file import TEMPLATE, StudyError, load_study, study_names
from larq_focal.datasets.rows import DATASETS
from larq_focal.training.distortion import Distortion
from larq_focal.training.ensemble import Ensemble
from larq_focal.zoo.registry import MODELS

SMALL = {
    "title": "A title",
    "question": "Which one?",
    "dataset": "digits",
    "seeds": 2,
    "recipe": {"epochs": 3, "batch_size": 32, "learning_rate": 0.01},
    "rows": [{"models": ["two_layer_ste_sign", "two_layer_gumbel"], "grid": {"use_bias": [False, True]}}],
}


def study(tmp_path, **changes):
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}))
    return load_study(path)


def test_a_row_is_every_model_with_every_choice(tmp_path):
    points = study(tmp_path).points
    assert [(point.recipe.model, point.recipe.options) for point in points] == [
        (model, {"use_bias": bias}) for model in ("two_layer_ste_sign", "two_layer_gumbel") for bias in (False, True)
    ]
    assert [point.title for point in points][:2] == [
        "Two layers, Sign (STE), without bias",
        "Two layers, Sign (STE), with bias",
    ]
    assert {(point.recipe.epochs, point.recipe.batch_size) for point in points} == {(3, 32)}


def test_all_networks_have_a_seed_before_one_has_two(tmp_path):
    trials = study(tmp_path).trials()
    assert [(trial.index, trial.recipe.seed) for trial in trials] == [(i, seed) for seed in (0, 1) for i in range(4)]
    assert trials[5].title == "Two layers, Sign (STE), with bias, seed 1"


def test_a_row_may_change_recipe_title_rest_and_resources(tmp_path):
    row = {
        "title": "Narrow",
        "models": ["two_layer_full_precision"],
        "options": {"use_bias": True},
        "grid": {"filters": [[4, 8], [8, 16]]},
        "rest": "int8",
        "recipe": {"epochs": 5, "distortion": {"degrees": 3}},
        "resources": {"cpus": 2},
    }
    first, second = study(tmp_path, rows=[row]).points
    assert (first.title, second.title) == ("Narrow, filters 4-8", "Narrow, filters 8-16")
    assert first.recipe.options == {"use_bias": True, "filters": [4, 8]}
    assert (first.recipe.epochs, first.recipe.batch_size, first.recipe.distortion) == (5, 32, Distortion(degrees=3))
    assert (first.rest, first.resources.cpus, first.resources.gpus) == ("int8", 2, 0)


FAIR = {"title": "Two layers", "models": ["two_layer_full_precision"], "options": {"filters": [4, 8]}, "fair": True}


def test_a_fair_row_has_what_a_user_would_take_instead(tmp_path):
    points = study(tmp_path, rows=[FAIR]).points
    assert [(point.title.removeprefix("Two layers, "), point.rest, point.equal) for point in points] == [
        ("float", "float", None),
        ("int8 (calibrated)", "int8", None),
        ("int8 (stock)", "stock_int8", None),
        ("int4 weights (stock)", "stock_int4", None),
        ("int2 dense, int4 conv. (stock)", "stock_int2", None),
        ("float of equal bytes", "float", "bytes"),
        ("int8 of equal bytes", "int8", "bytes"),
        ("float of equal latency", "float", "latency"),
        ("int8 of equal latency", "int8", "latency"),
    ]
    assert len(study(tmp_path, rows=[FAIR | {"fair": False}]).points) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rest": "int8"}, "is for networks in full precision, whose 'rest' is float"),
        ({"models": ["two_layer_ste_sign"]}, "is for networks in full precision"),
        ({"options": {}}, "needs the maps of the network as 'filters' in 'options'"),
        ({"options": {"filters": 3}}, "needs the maps of the network as 'filters' in 'options'"),
        ({"options": {"filters": [4, 0]}}, "needs the maps of the network as 'filters' in 'options'"),
        ({"fair": "yes"}, "must be true or false"),
    ],
)
def test_a_row_that_cannot_be_fair_is_told(tmp_path, changes, message):
    with pytest.raises(StudyError, match=r"'rows\[0\].fair'.*" + message):
        study(tmp_path, rows=[FAIR | changes])


def test_a_recipe_may_ask_for_an_ensemble(tmp_path):
    (point,) = study(
        tmp_path,
        recipe={"epochs": 1, "ensemble": {"members": 3}},
        rows=[SMALL["rows"][0] | {"models": ["two_layer_ste_sign"], "grid": {}}],
    ).points
    assert point.recipe.ensemble == Ensemble(3, boosted=False)
    with pytest.raises(StudyError, match="'recipe' is not a recipe: An ensemble has 1 to 100 members"):
        study(tmp_path, recipe={"epochs": 1, "ensemble": {"members": 0}})


def test_own_images_are_a_data_set(tmp_path):
    assert study(tmp_path, dataset="folder:photos@32x32").dataset == "folder:photos@32x32"
    with pytest.raises(ValueError, match="folders:photos; choose from digits"):
        study(tmp_path, dataset="folders:photos")


def test_data_set_and_seeds_are_changed_from_outside(tmp_path):
    changed = study(tmp_path).changed(dataset="mnist", seeds=1)
    assert {(trial.recipe.dataset, trial.recipe.seed) for trial in changed.trials()} == {("mnist", 0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "imagenet"}, "'dataset' is imagenet; choose from digits, mnist"),
        ({"compare": "weight"}, "'compare' is weight; choose from parameter_bytes"),
        ({"light": []}, "'light' must be a list of numbers above 0"),
        ({"light": [1, "2"]}, "'light' must be a list of numbers above 0"),
        ({"light": [0]}, "'light' must be a list of numbers above 0"),
        ({"light": [True]}, "'light' must be a list of numbers above 0"),
        ({"title": ""}, "'title' must be a text"),
        ({"seeds": 0}, "'seeds' must be at least 1"),
        ({"seeds": 1.5}, "'seeds' must be a whole number"),
        ({"rows": []}, "'rows' must hold at least one row"),
        ({"rows": {}}, "'rows' must be a list"),
        ({"colour": "red"}, "'colour' is not a key of a study"),
        ({"recipe": {"epoch": 3}}, "'recipe.epoch' is not a key of a study"),
        ({"recipe": {"epochs": "3"}}, "'recipe.epochs' must be a whole number, not '3'"),
        ({"recipe": {"epochs": True}}, "'recipe.epochs' must be a whole number, not True"),
        ({"recipe": {"flip": 1}}, "'recipe.flip' must be true or false, not 1"),
        ({"recipe": {"epochs": 0}}, "'recipe' is not a recipe: Epochs, batch size"),
        ({"recipe": {"seed": 3}}, "'recipe.seed' is not a key"),
        ({"recipe": {"distortion": {"turn": 3}}}, "'recipe' is not a recipe: .*turn"),
        ({"recipe": {"distortion": 3}}, "'recipe' is not a recipe"),
        ({"rows": [{"models": []}]}, r"'rows\[0\].models' must name at least one model"),
        ({"rows": [{"models": ["two_layer_ste"]}]}, "names one that is not there.*two_layer_ste_sign"),
        ({"rows": [{"models": ["two_layer_lab"], "grid": {"use_bias": True}}]}, "a list of values for 'use_bias'"),
        (
            {"rows": [{"models": ["two_layer_lab"], "options": {"a": 1}, "grid": {"a": [1]}}]},
            "and 'options' both set 'a'",
        ),
        ({"rows": [{"models": ["two_layer_lab"], "rest": "int4"}]}, "'rows.0..rest' is int4; choose from float, int8"),
        ({"rows": [{"models": ["two_layer_lab"], "resources": {"cores": 1}}]}, "resources.cores' is not a key"),
        ({"rows": [{"models": ["two_layer_lab"]} for _ in "ab"]}, "two networks with the title 'Two layers, Learnable"),
        ({"rows": [{"models": ["two_layer_lab"], "grid": {"f": list(range(600))}}]}, "make 1,200 trainings"),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_its_key(tmp_path, changes, message):
    with pytest.raises(StudyError, match=message) as error:
        study(tmp_path, **changes)
    assert "small.yaml" in str(error.value)
    assert "\n" not in str(error.value)


KEYS = ["models", "grid", "options", "recipe", "title", "rest", "epochs"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([*SMALL]))
def test_whatever_stands_at_a_key_is_taken_or_refused_in_one_line(tmp_path_factory, value, key):
    path = tmp_path_factory.mktemp("study") / "drawn.yaml"
    path.write_text(yaml.safe_dump({**SMALL, key: value}))
    try:
        assert load_study(path).points
    except StudyError as error:
        assert "drawn.yaml" in str(error) and "\n" not in str(error)


def test_a_name_that_is_none_is_told(tmp_path):
    with pytest.raises(StudyError, match="No study 'nonsense': choose one of"):
        load_study("nonsense")
    with pytest.raises(FileNotFoundError, match=r"no file.*there.yaml"):
        load_study(tmp_path / "there.yaml")


@pytest.mark.parametrize("name", [*study_names(), "template"])
def test_the_studies_of_the_package_are_right(name):
    import larq_focal.bench.study as package

    path = Path(package.__file__).parent / "studies" / f"{name}.yaml"
    own = load_study(path)
    assert own.points and own.dataset in DATASETS
    assert all(trial.recipe.model in MODELS for trial in own.trials())
    assert (path.name == TEMPLATE) == (name not in study_names())
