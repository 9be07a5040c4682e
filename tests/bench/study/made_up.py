"""Studies with made-up records: no network was trained for them."""

from __future__ import annotations

from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.study_file import Study
from larq_focal.bench.study.summary import Summary, summarized
from larq_focal.bench.study.trial import Point
from larq_focal.training.recipe import Recipe
from tests.support.records import SPEC, fake_record

Found = dict[str, tuple[int | None, list[float]]]


def made_up_study(
    found: Found,
    *,
    seeds: int | None = None,
    compare: str = "parameter_bytes",
    limits: str = "",
    light: dict[float, list[float]] | None = None,
) -> tuple[Summary, list[Record]]:
    """A study of networks with these bytes and accuracies by seed, and the records of its runs.

    Args:
        found: bytes, as parameters and as flash, 4,000 less than the file, and accuracies by title.
        seeds: how many each network should have; by default as many as the most has.
        compare: what the study compares.
        limits: of its budget.
        light: accuracies of each network by the factor of the light.
    """
    points = tuple(Point(title, Recipe("two_layer_ste_sign", "digits", epochs=1)) for title in found)
    count = seeds or max(len(accuracies) for _, accuracies in found.values())
    study = Study(
        "made_up",
        "A made-up study",
        "Which one?",
        limits,
        "digits",
        count,
        compare,
        None,
        None,
        points,
        tuple(light or ()),
    )
    records, in_light = {}, {}
    for trial in study.trials():
        size, accuracies = found[trial.point.title]
        if trial.recipe.seed < len(accuracies):
            run = [*SPEC][trial.index % len(SPEC)]
            records[trial] = _record(run, trial.point.title, trial.recipe.seed, size, accuracies[trial.recipe.seed])
            in_light[trial] = {factor: values[trial.index] for factor, values in (light or {}).items()}
    return summarized(study, records, in_light), list(records.values())


def _record(run: str, title: str, seed: int, size: int | None, accuracy: float) -> Record:
    record = fake_record(run, title=title)
    record["settings"]["seed"] = seed
    record["accuracy"] |= {"value": accuracy, "low": max(0, accuracy - 0.01), "high": min(1, accuracy + 0.01)}
    record["cost"]["totals"]["parameter_bytes"] = size or 1
    record["file"]["bytes"] = (size or 1) + 4000
    record["microcontroller"]["flash_bytes"] = size
    return record
