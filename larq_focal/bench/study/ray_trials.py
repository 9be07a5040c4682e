"""The trials of a study as tasks of a Ray cluster: many machines, of which some may be lost on the way."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from larq_focal.bench.recipe_run import NotMade, run_in_folder
from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.kept import Files, KeptRuns, code_now, files_in
from larq_focal.bench.study.pace import Pace, duration_text
from larq_focal.bench.study.trial import Trial
from larq_focal.bench.suite import FileForm
from larq_focal.datasets.dataset import Dataset
from larq_focal.messages import short
from larq_focal.training.recipe import Recipe

RETRIES = 5
"""How often a trial is begun again whose worker or node was lost."""
_LOOK_EVERY_S, _ANSWERS_WITHIN_S = 2.0, 10.0
_GIB = 2**30


class RayError(RuntimeError):
    """Ray is not installed, there is no such cluster, or a trial failed on it; the message says what to do."""


def run_on_ray(
    pending: Sequence[Trial],
    kept: KeptRuns,
    pace: Pace,
    address: str,
    say: Callable[[str], None],
    show: Callable[[str], None],
) -> Iterator[tuple[Trial, Record]]:
    """Runs trials as tasks of a cluster, and gives each with its record as it is done.

    A task waits for a node with the resources that its trial states. One whose worker or node is lost begins again on
    another, ``RETRIES`` times. Files come back through Ray's object store into the kept runs here: nodes need the same
    larq_focal, but no common folder. What a task has trained when the budget ends comes back too.

    Args:
        pending: the trials.
        kept: where their runs are kept on this machine.
        pace: their times and the budget.
        address: of the cluster, or "auto" for the one that this machine belongs to.
        say: called with a line for what is to be told.
        show: called with what goes on now.

    Raises:
        RayError: there is no Ray, no such cluster, or a trial failed on it.
    """
    ray = _connected(address)
    try:
        data, task = ray.put(kept.data), ray.remote(_trial_files)
        waiting, running, done = list(pending), {}, 0
        while waiting or running:
            while waiting and len(running) < _slots(ray, waiting[0]):
                if not pace.fits(waiting[0]):
                    say(f"{waiting[0].title} would not end within the budget: stopped before it")
                    waiting.clear()
                    break
                trial = waiting.pop(0)
                minutes = None if pace.left_s is None else pace.left_s / 60
                job = (trial.recipe, trial.point.rest, data, kept.files(trial), kept.code, minutes)
                running[task.options(**_needs(trial)).remote(*job)] = trial
            show(_status(ray, done, [*running.values(), *waiting], pace))
            ready, _ = ray.wait([*running], timeout=_LOOK_EVERY_S) if running else ([], [])
            for reference in ready:
                trial = running.pop(reference)
                try:
                    record = kept.take(trial, _fetched(ray, reference, trial))
                except NotMade as error:
                    say(f"{trial.title}: not made, {short(error)}")
                    continue
                if record is None:
                    say(f"{trial.title}: the budget ended within its training; --resume goes on with it")
                    continue
                pace.finished(trial, record)
                done += 1
                yield trial, record
    finally:
        ray.shutdown()


def _trial_files(
    recipe: Recipe, rest: FileForm, data: Dataset, files: Files, code: Sequence[str], minutes: float | None
) -> Files:
    """The task: runs a trial from the ``files`` of its folder, and returns those that are there afterwards."""
    if code_now() != list(code):
        raise RayError("this node has another larq_focal or another Keras than the machine that runs the study")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_bytes(content)
        run_in_folder(recipe, data, folder, rest=rest, minutes=minutes, say=lambda line: None)
        return files_in(folder)


def _connected(address: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise RayError("--ray needs Ray: pip install 'larq_focal[ray]'.") from error
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except Exception as error:  # Ray raises errors of many kinds for a cluster that is not there
        raise RayError(
            f"No Ray cluster at '{address}' ({short(error)}). Start one with `ray start --head`, or leave --ray out."
        ) from error
    return ray


def _knock(address: str) -> None:
    """Raises an OSError where nothing listens at HOST:PORT; Ray itself would try for minutes, and end the process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_WITHIN_S).close()


def _needs(trial: Trial) -> Mapping[str, Any]:
    needs = trial.point.resources
    return {
        "num_cpus": needs.cpus,
        "num_gpus": needs.gpus,
        "memory": int(needs.memory_gib * _GIB),
        "max_retries": RETRIES,
        "name": trial.title,
    }


def _slots(ray: Any, trial: Trial) -> int:
    """How many trials like this one the cluster runs at a time, were it empty; at least one, which waits for a node."""
    there, needs = ray.cluster_resources(), trial.point.resources
    wanted = {"CPU": needs.cpus, "GPU": needs.gpus, "memory": needs.memory_gib * _GIB}
    return max(1, int(min((there.get(name, 0) // amount for name, amount in wanted.items() if amount), default=1)))


def _status(ray: Any, done: int, left: Sequence[Trial], pace: Pace) -> str:
    nodes = sum(node["Alive"] for node in ray.nodes())
    text = f"{done} of {done + len(left)} trials are done on {nodes} node{'s' if nodes != 1 else ''}"
    remaining_s = pace.remaining_s(left)
    if remaining_s is not None and left:
        text += f", about {duration_text(remaining_s / _slots(ray, left[0]))} left"
    return text


def _fetched(ray: Any, reference: Any, trial: Trial) -> Files:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # the trial itself failed: it would fail again
        if isinstance(error.cause, NotMade):
            raise error.cause from error
        raise RayError(f"{trial.title} failed on the cluster: {short(error.cause)}") from error
    except ray.exceptions.RayError as error:
        raise RayError(
            f"{trial.title} was lost with the cluster ({short(error)}). Finished trials are kept: --resume goes on."
        ) from error
