"""Commands that make networks cheaper, by what they are told that makes no sense."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.cli.netadapt import METRICS
from larq_focal.cli.optimize import METRICS as OPTIMIZED_METRICS

COMMANDS = {
    "netadapt": ["--dataset", "digits", "-o", "folder"],
    "optimize": ["--data", "digits", "-o", "model.tflite"],
}


def run(*words: str):
    return CliRunner().invoke(main, [*words])


@pytest.mark.parametrize(("command", "others"), COMMANDS.items())
def test_a_missing_model_and_a_step_that_is_none_are_named(command, others, tmp_path):
    found = run(command, str(tmp_path / "none.keras"), *others)
    assert found.exit_code == 1 and "There is no file" in found.output and "none.keras" in found.output
    found = run(command, "model.keras", *others, "--step", "conv_1")
    assert found.exit_code == 2 and "'conv_1' is not of the form BLOCK=CHANNELS" in " ".join(found.output.split())


def test_a_drop_beyond_all_accuracy_is_refused():
    found = run("optimize", "model.keras", *COMMANDS["optimize"], "--max-accuracy-drop", "101")
    assert found.exit_code == 2 and "101" in found.output


def test_the_metrics_are_those_that_the_modules_know():
    from larq_focal.compress.netadapt.meters import UNITS
    from larq_focal.compress.optimize.optimized import OPTIMIZED

    assert {*METRICS} == {*UNITS}
    assert OPTIMIZED_METRICS == OPTIMIZED
