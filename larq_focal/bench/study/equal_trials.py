"""Networks of the bytes or the latency of the most accurate binary network of a study, once that is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean

from larq_focal.bench.equal_budget import equal_filters
from larq_focal.bench.recipe_run import Say
from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.winner import is_binary
from larq_focal.bench.study.kept import KeptRuns
from larq_focal.bench.study.trial import Trial
from larq_focal.files import write_text


def best_binary(records: Mapping[Trial, Record]) -> Trial | None:
    """The first trial of the binary point with the highest mean accuracy; None where there is none."""
    accuracies: dict[int, list[float]] = {}
    for trial, record in records.items():
        if is_binary(record):
            accuracies.setdefault(trial.index, []).append(record["accuracy"]["value"])
    if not accuracies:
        return None
    best = max(accuracies, key=lambda index: fmean(accuracies[index]))
    return min((trial for trial in records if trial.index == best), key=lambda trial: trial.recipe.seed)


def of_equal_width(trial: Trial, rival: Trial, kept: KeptRuns, say: Say) -> Trial:
    """The trial with as many maps as take the bytes or the latency of the file of ``rival``.

    The width is searched once, and kept with the runs: the next call of the study has it.
    """
    base, rest = replace(trial.point.recipe, seed=0, dataset=trial.recipe.dataset), trial.point.rest
    asked = json.dumps([kept.place(rival).name, rival.point.rest, base.to_dict(), trial.point.equal, rest])
    path = kept.folder / f"width-{hashlib.sha256(asked.encode()).hexdigest()[:12]}.json"
    if not path.exists():
        file = kept.place(rival) / kept.record(rival)["file"]["name"]
        filters, ratio = equal_filters(base, trial.point.equal, file, kept.data, is_int8=rest == "int8")
        maps = ", ".join(map(str, filters))
        say(f"{trial.point.title}: {maps} maps take {ratio:.2f} times the {trial.point.equal} of {rival.point.title}")
        write_text(path, json.dumps({"filters": filters, "ratio": ratio}))
    filters = json.loads(path.read_text(encoding="utf-8"))["filters"]
    return replace(trial, recipe=replace(trial.recipe, options={**trial.recipe.options, "filters": filters}))
