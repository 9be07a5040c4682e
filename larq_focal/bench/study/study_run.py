"""Runs a study: every trial that is not there yet, within the budget, and then its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from larq_focal.bench.recipe_run import NotMade, Say, seeded_network
from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.equal_trials import best_binary, of_equal_width
from larq_focal.bench.study.kept import KeptRuns
from larq_focal.bench.study.pace import Pace, duration_text
from larq_focal.bench.study.study_file import Study, StudyError, load_study
from larq_focal.bench.study.summary import Summary, summarized
from larq_focal.bench.study.trial import Trial
from larq_focal.bench.suite import STOCK
from larq_focal.datasets.dataset import Dataset, load_dataset
from larq_focal.datasets.drawn import drawn
from larq_focal.deploy.stock_quantizer import INSTALL, is_installed
from larq_focal.messages import short
from larq_focal.nn import keras
from larq_focal.report.study_page import write_study
from larq_focal.text import accuracy_text, counted

Show = Callable[[str], None]
Finished = Iterator[tuple[Trial, Record]]


def run_study(
    study: str | Path | Study,
    *,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    seeds: int | None = None,
    budget_minutes: float | None = None,
    resume: bool = False,
    ray: str | None = None,
    results: str | Path = "results",
    say: Say = print,
    show: Show = lambda line: None,
) -> Summary:
    """Trains and judges the networks of a study, writes its page, and returns what came out.

    Finished runs are kept in ``<results>/runs`` by what they hold (recipe, data, code), so that none is repeated, in
    this study or in another. ``<results>/studies/<name>`` gets ``report.html``, ``runs.html`` with every run,
    ``table.md`` and ``study.json``. Interrupt it at any time.

    Args:
        study: name of a study that comes with the package, path of a study file, or what ``load_study`` gives.
        dataset: another data set than the study's.
        data_dir: folder with the data; see :func:`larq_focal.datasets.load_dataset`.
        seeds: how many for each network; None for the study's.
        budget_minutes: when to stop: before a trial that would not end in time. One whose length is not known yet is
            begun, and stops between two epochs; ``resume`` goes on with it.
        resume: go on with trainings that an earlier call left unfinished; without it they begin again.
        ray: address of a Ray cluster that runs the trials, or "auto" for the one on this machine; None runs them here.
        results: folder of all results.
        say: called with a line for each finished trial.
        show: called with what goes on now.

    Raises:
        StudyError: the study is at fault.
        DatasetError: the data is missing or wrong.
        CheckpointError: an unfinished training is damaged.
        RayError: Ray is not installed, or there is no such cluster.
    """
    study = (study if isinstance(study, Study) else load_study(study)).changed(dataset=dataset, seeds=seeds)
    if not is_installed() and any(point.rest.startswith(STOCK) for point in study.points):
        say(f"Rows by stock tools are left out: ai-edge-quantizer is not installed ({INSTALL})")
        study = replace(study, points=tuple(point for point in study.points if not point.rest.startswith(STOCK)))
    data = drawn(load_dataset(study.dataset, data_dir), train=study.train_images, test=study.test_images)
    _try_networks(study, data)
    kept = KeptRuns(Path(results) / "runs", data)
    pace = Pace(budget_minutes, kept.done)
    records: dict[Trial, Record] = {}

    def run(trials: Sequence[Trial], title: str) -> None:
        """Runs those that are not there yet."""
        known = {trial: record for trial in trials if (record := kept.record(trial))}
        pending = [trial for trial in trials if trial not in known]
        records.update(known)
        if not resume:
            for trial in pending:
                kept.discard(trial)
        for trial, record in known.items():
            pace.finished(trial, record)
        say(f"{title}: {counted(len(trials), 'trial')} on {data.title}, {len(known)} of them finished before")
        for trial, record in _finished(pending, kept, pace, ray, say, show):
            records[trial] = record
            say(f"{len(records)} of {len(study.trials())}: {trial.title}: {accuracy_text(record['accuracy'])}")

    first = [trial for trial in study.trials() if not trial.point.equal]
    run(first, study.title)
    later = [trial for trial in study.trials() if trial.point.equal]
    made = {trial for trial in first if not trial.point.rest.startswith(STOCK)}
    if later and made <= records.keys() and (rival := best_binary(records)):
        run([of_equal_width(trial, rival, kept, say) for trial in later], f"As wide as {rival.point.title}")
    if not records:
        raise StudyError("The budget ended before the first trial did. Go on with --resume and more --budget-minutes.")
    light = {}
    for trial in records if study.light else ():
        show(f"{trial.title}: in other light")
        light[trial] = kept.light(trial, study.light)
    summary = summarized(study, records, light)
    for path in write_study(summary, list(records.values()), Path(results) / "studies" / study.name):
        say(f"Written: {path}")
    return summary


def _finished(pending: Sequence[Trial], kept: KeptRuns, pace: Pace, ray: str | None, say: Say, show: Show) -> Finished:
    """Runs trials until all are done or the budget ends; gives each with its record as it is done."""
    if not pending:
        return
    if ray is not None:
        from larq_focal.bench.study.ray_trials import run_on_ray

        yield from run_on_ray(pending, kept, pace, ray, say, show)
        return
    for position, trial in enumerate(pending):
        if not pace.fits(trial):
            say(f"{trial.title} would not end within the budget: stopped before it")
            return
        show_epoch = _epochs(trial, f"trial {position + 1} of {len(pending)}", pending[position:], pace, show)
        left_s = pace.left_s
        minutes = None if left_s is None else left_s / 60
        try:
            record = kept.run(trial, minutes=minutes, say=lambda line: None, epoch_done=show_epoch)
        except NotMade as error:
            say(f"{trial.title}: not made, {short(error)}")
            continue
        if record is None:
            say(f"{trial.title}: the budget ended within its training; --resume goes on with it")
            return
        pace.finished(trial, record)
        yield trial, record


def _epochs(
    trial: Trial, place: str, left: Sequence[Trial], pace: Pace, show: Show
) -> Callable[[dict[str, Any]], None]:
    """Shows each epoch of a trial, with the time that is left for all."""

    def show_epoch(row: dict[str, Any]) -> None:
        epochs = trial.recipe.total_epochs
        own_s = (epochs - row["epoch"]) * row["seconds"]
        others_s = pace.remaining_s(left[1:])
        if others_s is None:  # the first of all: the others as long as this one
            others_s = (len(left) - 1) * epochs * row["seconds"]
        show(
            f"{place}: {trial.title}, epoch {row['epoch']} of {epochs}, validation {row['val_accuracy']:.1%}, "
            f"about {duration_text(own_s + others_s)} left"
        )

    show(f"{place}: {trial.title}")
    return show_epoch


def _try_networks(study: Study, data: Dataset) -> None:
    """Builds each network once, so that one that cannot be built is told before hours of training."""
    for point in study.points:
        try:
            seeded_network(point.recipe, data)
        except (TypeError, ValueError) as error:
            raise StudyError(f"'{point.title}' of the study '{study.name}' cannot be built: {short(error)}") from error
        keras.backend.clear_session()
