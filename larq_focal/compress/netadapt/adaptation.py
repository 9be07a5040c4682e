"""NetAdapt: a network made narrower in small steps, each where a measured cost falls at the least loss of accuracy."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic

import numpy as np

from larq_focal.arrays import read_npz
from larq_focal.compress.netadapt.adaptation_log import Adaptation, Iteration, Trial
from larq_focal.compress.netadapt.channels import Block, Channels, channels_of
from larq_focal.compress.netadapt.cost_table import Widths
from larq_focal.compress.netadapt.narrowing import least_important, narrowed
from larq_focal.compress.netadapt.tuning import Tuning
from larq_focal.files import write_text, written_whole
from larq_focal.nn import keras

FIRST, DECAY, ITERATIONS = 0.025, 0.96, 13
STEPS, JUDGED = 10, 2000
LOG, _STATE = "log.json", "state.npz"
_LEAST_DROP, _LEAST_SAVED = 1e-6, 1e-5

Cost = Callable[[Widths], float]


@dataclass(frozen=True)
class Schedule:
    """How much is taken away, and how long is trained.

    Args:
        iterations: how often.
        first: share of the whole cost that the first iteration takes away.
        decay: each takes so much of what the one before took.
        steps: batches that each candidate is trained on.
        judged: images held out that a candidate is judged on; all of them tell the accuracy of the one that is chosen.

    Raises:
        ValueError: a number is out of its range.
    """

    iterations: int = ITERATIONS
    first: float = FIRST
    decay: float = DECAY
    steps: int = STEPS
    judged: int = JUDGED

    def __post_init__(self):
        if min(self.iterations, self.steps, self.judged) < 1:
            raise ValueError(f"Iterations, steps and judged images must be at least 1: {self}.")
        if not (0 < self.first < 1 and 0 < self.decay <= 1):
            raise ValueError(f"The first share must lie between 0 and 1, the decay above 0 and at most at 1: {self}.")

    def reduction(self, count: int) -> float:
        """The share of the cost to be gone after ``count`` iterations: ``first (1 - decay^n) / (1 - decay)``."""
        if self.decay == 1:
            return self.first * count
        return self.first * (1 - self.decay**count) / (1 - self.decay)


def netadapt(
    model: keras.Model,
    tuning: Tuning,
    cost: Cost,
    folder: str | Path,
    *,
    channels: Channels | None = None,
    schedule: Schedule | None = None,
    keep: Collection[str] = (),
    metric: str = "cost",
    tell: Callable[[str], None] = lambda line: None,
    minutes: float | None = None,
) -> Adaptation:
    """Narrows a trained network until its cost has fallen as the schedule says, or as far as ``minutes`` last.

    In each iteration every block of channels is a candidate: it is narrowed as little as makes the cost meet the
    target, its filters of least L2 norm are removed, and the network is trained for a few steps. The candidate
    with the least loss of accuracy for what it saves is kept. It ends early where no block can meet the target.
    The same call goes on where it was interrupted.

    Args:
        model: functional or Sequential, trained.
        tuning: what it is trained and judged on.
        cost: of given widths: a ``CostTable``, or a ``WholeCost``.
        folder: where the log, the weights and the network of the last iteration lie.
        channels: of the model, where the steps of its blocks are not the usual ones.
        schedule: how far, and how long each candidate is trained.
        keep: blocks, or layers that give them, which are left as they are.
        metric: what the cost is, for the log.
        tell: gets lines of progress.
        minutes: no iteration is begun after so many.

    Raises:
        ValueError: ``keep`` names nothing that can be narrowed, no block is left, or ``folder`` holds another
            adaptation.

    Source:
        Yang, Howard, Chen, Zhang, Go, Sandler, Sze and Adam, "NetAdapt", ECCV 2018, https://arxiv.org/abs/1804.03230;
        the choice and the schedule as in https://github.com/denru01/netadapt.
    """
    schedule, channels = schedule or Schedule(), channels or channels_of(model)
    blocks = _free_blocks(channels, keep)
    run = _Run(model, tuning, cost, Path(folder), channels, blocks, schedule, metric, tell)
    ends_at = None if minutes is None else monotonic() + 60 * minutes
    while len(run.log.iterations) < schedule.iterations:
        if ends_at is not None and monotonic() > ends_at:
            break
        if not run.iterate():
            share = 1 - schedule.reduction(len(run.log.iterations) + 1)
            tell(f"No block can be narrowed so far that the cost meets {share:.4g} of the first one.")
            break
    return run.log


def _free_blocks(channels: Channels, keep: Collection[str]) -> list[Block]:
    known = {name for block in channels.blocks.values() for name in (block.name, *block.layers)}
    for name in keep:
        if name not in known:
            raise ValueError(f"There is no layer '{name}' to leave as it is: choose of {', '.join(sorted(known))}.")
    blocks = [block for block in channels.blocks.values() if not {block.name, *block.layers} & {*keep}]
    blocks = [block for block in blocks if block.width > block.step]
    if not blocks:
        raise ValueError(
            "No block of channels can be narrowed: each has no more channels than one step, is left out, or is bound "
            "to the inputs and outputs of the network."
        )
    return blocks


class _Run:
    """Where an adaptation stands."""

    def __init__(self, model, tuning, cost, folder, channels, blocks, schedule, metric, tell):
        self._first, self._tuning, self._cost, self._folder = model, tuning, cost, folder
        self._channels, self._blocks, self._schedule, self._tell = channels, blocks, schedule, tell
        self._model, self._removed = model, []
        widths = {block.name: block.width for block in channels.blocks.values()}
        settings = {
            "network": model.name,
            "metric": metric,
            "schedule": asdict(schedule),
            "blocks": [block.name for block in blocks],
            "steps": {block.name: block.step for block in blocks},
            "recipe": tuning.recipe.to_dict(),
            "cost": cost(widths),
        }
        if (folder / _STATE).exists():
            self._go_on(settings)
        else:
            self.log = Adaptation(settings, widths, cost(widths), tuning.accuracy(model), ())
            self._save()

    def iterate(self) -> bool:
        """Narrows one block; False where none can meet the target."""
        number, clock = len(self.log.iterations) + 1, monotonic()
        target = self.log.cost * (1 - self._schedule.reduction(number))
        widths, before = self.log.widths, self.log.last_cost
        if before <= target:
            self._add(Iteration(number, target, "", widths, before, self.log.last_accuracy, (), 0.0), self._model, [])
            return True
        found = None
        trials = []
        judged_before = self._tuning.accuracy(self._model, self._schedule.judged)
        for block, narrower in self._candidates(widths, target):
            self._tell(f"iteration {number} of {self._schedule.iterations}: {block.name} to {narrower[block.name]}")
            count = widths[block.name] - narrower[block.name]
            gone = least_important(self._model, self._channels, block, count, self._removed)
            model = narrowed(self._model, self._channels.without(self._removed), gone)
            self._tuning.tune(model, self._schedule.steps, number)
            accuracy, cost = self._tuning.accuracy(model, self._schedule.judged), self._cost(narrower)
            trial = Trial(block.name, narrower[block.name], cost, accuracy)
            trials.append(trial)
            ratio = (judged_before - accuracy + _LEAST_DROP) / ((before - cost) / self.log.cost + _LEAST_SAVED)
            if found is None or ratio < found[0]:
                found = (ratio, trial, model, gone, narrower)
        if found is None:
            return False
        _, trial, model, gone, narrower = found
        accuracy, seconds = self._tuning.accuracy(model), round(monotonic() - clock, 1)
        self._add(
            Iteration(number, target, trial.block, narrower, trial.cost, accuracy, tuple(trials), seconds), model, gone
        )
        return True

    def _candidates(self, widths: Widths, target: float) -> Iterator[tuple[Block, Widths]]:
        """Each block with the largest width at which the cost meets the target."""
        for block in self._blocks:
            for width in range(widths[block.name] - block.step, 0, -block.step):
                narrower = {**widths, block.name: width}
                if self._cost(narrower) <= target:
                    yield block, narrower
                    break

    def _add(self, iteration: Iteration, model: keras.Model, gone: Sequence[int]) -> None:
        self._model, self._removed = model, [*self._removed, *gone]
        self.log = replace(self.log, iterations=(*self.log.iterations, iteration), model=model)
        self._save()

    def _save(self) -> None:
        """The state in one file, whole or not at all, and the log by itself for readers."""
        arrays = {f"weight_{index:04d}": value for index, value in enumerate(self._model.get_weights())}
        text = json.dumps(self.log.to_dict(), indent=1) + "\n"
        with written_whole(self._folder / _STATE) as file:
            log = np.frombuffer(text.encode(), np.uint8)
            np.savez(file, log=log, removed=np.array(self._removed, np.int64), **arrays)
        write_text(self._folder / LOG, text)

    def _go_on(self, settings: dict) -> None:
        path = self._folder / _STATE
        try:
            arrays = read_npz(path)
            log = Adaptation.from_dict(json.loads(arrays.pop("log").tobytes()))
            removed = arrays.pop("removed").tolist()
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"'{path}' is damaged ({error}): delete it to start again.") from error
        theirs, ours = (_without_length(each) for each in (log.settings, json.loads(json.dumps(settings))))
        if ours != theirs:
            raise ValueError(f"'{path}' is of other settings or of another network: use another folder, or delete it.")
        self._model, self._removed = narrowed(self._first, self._channels, removed), removed
        self._model.set_weights([arrays[name] for name in sorted(arrays)])
        self.log = replace(log, settings=settings, model=self._model)


def _without_length(settings: dict) -> dict:
    """Settings but for the number of iterations, which may be raised later."""
    return {**settings, "schedule": {**settings["schedule"], "iterations": None}}
