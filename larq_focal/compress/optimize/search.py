"""Choosing widths and bits layer by layer: each time what saves most for the accuracy that it takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from larq_focal.compress.netadapt.channels import Channels, channels_of
from larq_focal.compress.netadapt.narrowing import least_important, narrowed
from larq_focal.compress.netadapt.tuning import Tuning
from larq_focal.compress.optimize.checkpoint import Checkpoint
from larq_focal.compress.optimize.state import Attempt, State, file_accuracy
from larq_focal.datasets.dataset import as_input
from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.network.graph import QuantGraph
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite import write_tflite
from larq_focal.nn import keras

FEWER_BITS = (8, 4, 3, 2, 1)
LEAST_SAVING = 0.01
CALIBRATED_ON = 100
_LEAST_DROP, _LEAST_SAVED = 1e-6, 1e-5

TAKEN, REFUSED, USELESS, BETTER = "taken", "loses too much", "saves little", "not the best"


class Search:
    """Makes a network less costly as long as its accuracy on images held out stays within a drop.

    Args:
        network: a Keras model, whose widths can be chosen too, or a graph.
        tuning: images to train on and to judge on.
        cost_of_file: what a converted network costs.
        max_drop: how much of the accuracy may be lost, as a share: 0.01 for a percentage point.
        keep: layers that keep their widths and bits.
        widths: whether channels may be removed.
        steps: batches that a narrowed network is trained on.
        steps_of: how many channels of a block go at a time, where it is not the usual number.
        judged: how many of the images held out judge a candidate; None for all.
        checkpoint: keeps where the search stands after each round, and where it goes on from; None for nowhere.
        tell: gets lines of progress.

    Raises:
        ValueError: ``max_drop`` is not from 0 to 1, ``keep`` names no layer, or the checkpoint is of another search.
    """

    def __init__(
        self,
        network: keras.Model | QuantGraph,
        tuning: Tuning,
        cost_of_file: Callable[[bytes], float],
        *,
        max_drop: float,
        keep: Collection[str] = (),
        widths: bool = True,
        steps: int = 10,
        steps_of: dict[str, int] | None = None,
        judged: int | None = None,
        checkpoint: Checkpoint | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ):
        if not 0 <= max_drop <= 1:
            raise ValueError(
                f"The drop of accuracy must lie between 0 and 1, a share of the images, not at {max_drop:.4g}."
            )
        model = None if isinstance(network, QuantGraph) else network
        graph = network if model is None else from_keras(model)
        layers = [op.name for op in graph.layers]
        for name in keep:
            if name not in layers:
                raise ValueError(f"There is no layer '{name}' to keep: choose of {', '.join(layers)}.")
        self._tuning, self._cost_of_file, self._keep = tuning, cost_of_file, {*keep}
        self._max_drop, self._steps, self._judged, self._tell = max_drop, steps, judged, tell
        self._channels: Channels | None = None if model is None or not widths else channels_of(model, steps_of)
        self._closed: dict[tuple[str, str], str] = {}
        self._checkpoint, self._next_round = checkpoint, 0
        self.attempts: list[Attempt] = []
        start = State(graph, model=model)
        if (kept := checkpoint.load() if checkpoint else None) is not None:
            self.first, self.state = self._kept(start, *kept)
            return
        self.first = self.state = self._judge(self._priced(start))
        self._note(0, "", "as it is, float", self.first, TAKEN)

    def run(self) -> State:
        """Searches up to the knee: until what is left saves too little, or takes too much accuracy."""
        if self._next_round == 0:
            self._try_int8()
            self._save()
        while self._round(self._next_round):
            self._save()
        return self.state

    def _save(self) -> None:
        """Another round is done."""
        self._next_round += 1
        if self._checkpoint is None:
            return
        figures = {
            name: {"cost": state.cost, "accuracy": state.accuracy}
            for name, state in (("first", self.first), ("state", self.state))
        }
        progress = {
            "next_round": self._next_round,
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "closed": [[*key, verdict] for key, verdict in self._closed.items()],
            "rest": self.state.rest,
            "bits": self.state.bits,
            "removed": [int(channel) for channel in self.state.removed],
        }
        self._checkpoint.save(progress | figures, self.state.model.get_weights() if self.state.model else [])

    def _kept(self, start: State, progress: dict[str, Any], weights: list[np.ndarray]) -> tuple[State, State]:
        """The first network and the one on the way, as a checkpoint has them."""
        self._next_round = progress["next_round"]
        self.attempts = [Attempt(**attempt) for attempt in progress["attempts"]]
        self._closed = {(layer, change): verdict for layer, change, verdict in progress["closed"]}
        model, graph, removed = start.model, start.graph, tuple(progress["removed"])
        if removed:
            model = narrowed(start.model, self._channels, removed)
            model.set_weights(weights)
            graph = from_keras(model)
        on_the_way = {"rest": progress["rest"], "bits": progress["bits"], "removed": removed}
        state = State(graph, model=model, **on_the_way, **progress["state"])
        return replace(start, **progress["first"]), state

    @property
    def _floor(self) -> float:
        return self.first.accuracy - self._max_drop

    def _try_int8(self) -> None:
        self._tell("int8 for all that is not of fewer bits")
        found = self._judge(self._priced(replace(self.state, rest="int8")))
        fits = found.accuracy >= self._floor and found.cost < self.state.cost
        verdict = TAKEN if fits else USELESS if found.accuracy >= self._floor else REFUSED
        self._note(0, "", "int8", found, verdict)
        if fits:
            self.state = found

    def _round(self, number: int) -> bool:
        """Takes the best of the changes that are left; False where there are none."""
        best: tuple[float, str, str, State] | None = None
        before, tried = self.state, len(self.attempts)
        for layer, change, found in self._changes():
            self._tell(f"round {number}: {layer} to {change}")
            found = self._priced(found)
            saved = (before.cost - found.cost) / self.first.cost
            if saved < LEAST_SAVING:
                self._close(number, layer, change, found, USELESS)
                continue
            found = self._judge(self._tuned(found, number))
            if found.accuracy < self._floor:
                self._close(number, layer, change, found, REFUSED)
                continue
            self._note(number, layer, change, found, BETTER)
            ratio = (before.accuracy - found.accuracy + _LEAST_DROP) / (saved + _LEAST_SAVED)
            if best is None or ratio < best[0]:
                best = ratio, layer, change, found
        if best is None:
            return len(self.attempts) > tried
        _, layer, change, self.state = best
        index = next(
            place
            for place, attempt in enumerate(self.attempts)
            if (attempt.round, attempt.layer, attempt.change) == (number, layer, change)
        )
        self.attempts[index] = replace(self.attempts[index], verdict=TAKEN)
        return True

    def _changes(self) -> Iterator[tuple[str, str, State]]:
        """A change of each layer: the next fewer bits, and a step narrower; more where that much saved too little."""
        state = self.state
        for op in state.graph.layers:
            now = min(op.kernel.bits, state.bits.get(op.name, 8))
            fewer = [bits for bits in FEWER_BITS if bits < now]
            if state.rest == "int8" and op.name not in self._keep:
                bits = self._open(op.name, fewer, "bits")
                if bits is not None:
                    yield op.name, f"{bits} bits", replace(state, bits={**state.bits, op.name: bits})
        for block in self._channels.blocks.values() if self._channels else ():
            left = block.width - int(np.isin(block.channels, state.removed).sum())
            width = self._open(block.name, range(left - block.step, 0, -block.step), "channels")
            if width is None or self._keep & {*block.layers}:
                continue
            gone = least_important(state.model, self._channels, block, left - width, state.removed)
            model = narrowed(state.model, self._channels.without(state.removed), gone)
            narrower = {"model": model, "graph": from_keras(model), "removed": (*state.removed, *gone)}
            yield block.name, f"{width} channels", replace(state, **narrower)

    def _open(self, name: str, choices: Iterable[int], unit: str) -> int | None:
        """The first choice that was not tried in vain; none behind one that took too much accuracy."""
        for choice in choices:
            verdict = self._closed.get((name, f"{choice} {unit}"))
            if verdict is None:
                return choice
            if verdict == REFUSED:
                break
        return None

    def _tuned(self, found: State, number: int) -> State:
        """A network that was narrowed, trained for a few steps."""
        if found.model is self.state.model:
            return found
        self._tuning.tune(found.model, self._steps, number)
        return replace(found, graph=from_keras(found.model))

    def file(self, state: State) -> bytes:
        """The converted network."""
        if state.rest == "float":
            return write_tflite(state.quantized)
        options = Int8Options(self.representative)
        return write_int8_rest(state.quantized, options, data=None).content

    @property
    def representative(self) -> np.ndarray:
        """Training images that tell the ranges of values, as input of the network."""
        return as_input(self._tuning.images[:CALIBRATED_ON])

    def _priced(self, state: State) -> State:
        return replace(state, cost=self._cost_of_file(self.file(state)))

    def _judge(self, state: State) -> State:
        images, labels = (each[: self._judged] for each in (self._tuning.held_out_images, self._tuning.held_out_labels))
        return replace(state, accuracy=file_accuracy(self.file(state), images, labels))

    def _close(self, number: int, layer: str, change: str, found: State, verdict: str) -> None:
        self._closed[layer, change] = verdict
        self._note(number, layer, change, found, verdict, judged=verdict != USELESS)

    def _note(self, number: int, layer: str, change: str, found: State, verdict: str, judged: bool = True) -> None:
        accuracy = found.accuracy if judged else None
        self.attempts.append(Attempt(number, layer, change, found.cost, accuracy, verdict))
