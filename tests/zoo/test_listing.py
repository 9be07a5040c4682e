"""The list of models and a packaged file of weights: at once, and without TensorFlow."""

import json

import pytest

from larq_focal.training.listing import list_models
from larq_focal.zoo.method_titles import METHOD_TITLES, SMALL_RESIDUAL_NAMES, TWO_LAYER_TITLES
from larq_focal.zoo.registry import MODELS
from tests.support.printing import printed
from tests.support.processes import output_of

HEAVY = "{'tensorflow', 'keras', 'tf_keras', 'larq', 'larq_zoo', 'requests'}"
COMMANDS = (
    ("list",),
    ("list", "lenet"),
    ("list", "--trained"),
    ("list", "--json"),
    ("get", "two_layer_ste_sign-digits"),
)


def call(*arguments: str) -> str:
    """Code that calls the command, and then says on stderr how long that took since the start of the process."""
    return f"""
        import os, sys, time
        from larq_focal.cli import main
        main(["zoo", *{arguments!r}], standalone_mode=False)
        print(sorted({HEAVY} & set(sys.modules)), time.process_time(), file=sys.__stdout__)
        """


@pytest.mark.parametrize("arguments", COMMANDS)
def test_answers_without_tensorflow_and_at_once(arguments):
    """In the processor's time, of which a busy machine takes more: the whole process, Python's start included."""
    *_, last = output_of(call(*arguments)).splitlines()
    heavy, _, seconds = last.rpartition(" ")
    assert heavy == "[]"
    assert float(seconds) < 1


def test_the_list_has_every_family_in_a_line_of_80_columns():
    shown = printed(list_models(), width=80)
    assert len(shown.splitlines()) < 60
    assert all(len(line) <= 80 for line in shown.splitlines()) and "…" not in shown
    families = {row.family for row in MODELS.values()}
    assert len(families) < 45
    for family in families:
        assert any(line.startswith((f"{family} ", f"{family}_METHOD ")) for line in shown.splitlines()), family
    for method in METHOD_TITLES:
        assert method in shown


def test_a_filter_gives_a_line_for_each_model():
    found = list_models("LeNet")
    assert [row.name for row in found.rows] == [name for name in MODELS if name.startswith("lenet_")]
    shown = printed(found, width=80)
    assert all(row.name in shown for row in found.rows) and "…" not in shown
    with pytest.raises(ValueError, match="'no such' in its name"):
        list_models("no such")


def test_trained_ones_have_weights_or_a_recipe():
    found = list_models(trained_only=True)
    assert found.rows and all(found.weights[row.name] or found.recipes[row.name] for row in found.rows)
    assert found.weights["two_layer_ste_sign"] == ["digits", "mnist"]
    assert json.loads(json.dumps(found.to_dict()))[0]["name"] == "two_layer_full_precision"


def test_titles_are_those_of_the_methods():
    from larq_focal.zoo import METHODS, TWO_LAYER_METHODS
    from larq_focal.zoo.networks.small_residual import SMALL_RESIDUAL_METHODS

    assert {name: method.title for name, method in METHODS.items()} == METHOD_TITLES
    assert {name: method.title for name, method in TWO_LAYER_METHODS.items()} == TWO_LAYER_TITLES
    assert tuple(SMALL_RESIDUAL_METHODS) == SMALL_RESIDUAL_NAMES


def test_every_factory_is_there():
    assert all(callable(row.function) for row in MODELS.values())
