"""A compiled network: its program, where everything lies, and how to run it on the simulated array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Group
from rich.text import Text

from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.backend.build import Allocation
from larq_focal.focal_plane.compiler.layers.accumulation import Accumulation
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.option_costs import Cost, Option
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.machine.images import as_images, check_numbers
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.noise import NoiseModel, load_noise, noise_names
from larq_focal.focal_plane.machine.program import Program
from larq_focal.focal_plane.machine.simulator import Simulator
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.keys import FILL
from larq_focal.focal_plane.sensor.spills import IN_HOME
from larq_focal.network.graph import QuantGraph
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, facts, new_table
from larq_focal.text import UNKNOWN, counted, time_text
from larq_focal.verdicts.verdict import Verdict


@dataclass(frozen=True, repr=False)
class Compiled(Result):
    """A network as a program of one frame.

    ``graph`` is the network with folded thresholds, whose outputs are called ``output_names`` in the network itself.
    The controller computes the operations ``tail`` from what ``array`` reads out. ``layouts`` tell where one-bit maps
    lie. ``icw`` are instruction words of one frame by layer and clock class,
    ``calls_by_section`` those of the controller by layer, and ``schedules`` tell how each layer is counted.
    ``accumulations`` tell of the layers that a charge counts, ``option`` is how the program was written, and
    ``state_registers`` hold what stays on the array from frame to frame, by the name of the value at the inputs.
    ``other_costs`` tell of other ways that were tried. Where planes spill, ``spills_because`` tells what stopped the
    last attempt without. Where the frame swaps kernels in the store, ``swaps_because`` tells the same of it.
    """

    graph: QuantGraph
    output_names: tuple[str, ...]
    array: ArrayProgram
    layouts: Mapping[str, Layout]
    tail: tuple[str, ...]
    allocation: Allocation
    icw: Mapping[str, Mapping[str, int]]
    calls_by_section: Mapping[str, Mapping[str, int]]
    schedules: Mapping[str, CountSchedule]
    accumulations: Mapping[str, Accumulation]
    option: Option
    other_costs: tuple[Cost, ...] = ()
    spills_because: str = ""
    swaps_because: str = ""
    state_registers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sensor(self) -> Sensor:
        return self.array.sensor

    @property
    def program(self) -> Program:
        return self.array.program

    @property
    def total_icw(self) -> int:
        """Instruction words of one frame."""
        return sum(sum(count.values()) for count in self.icw.values())

    @property
    def store_icw(self) -> int:
        """Instruction words in the store of the array, the most at a time."""
        return self.program.store_icw(InstructionSet(self.sensor))

    @property
    def swapped_icw(self) -> int:
        """Instruction words that one frame puts into the store; 0 where all kernels stay there."""
        return self.program.swapped_icw(InstructionSet(self.sensor))

    @property
    def verdict(self) -> Verdict:
        """That of a fit."""
        swaps = bool(self.program.fills)
        if self.allocation.spills_to:
            return Verdict.SPILL_AND_SWAP if swaps else Verdict.SPILL
        return Verdict.SWAP if swaps else Verdict.FIT

    @property
    def calls(self) -> dict[str, int]:
        """Calls of the controller in one frame, by their entry in the sensor's overheads.

        Launches and fills of the store are among them.
        """
        return dict(sum((Counter(calls) for calls in self.calls_by_section.values()), Counter(kernel_launch=0)))

    @property
    def cost(self) -> Cost:
        """What one frame takes, as it is compared with other ways to write the program."""
        words = sum((Counter(count) for count in self.icw.values()), Counter())
        return Cost.of(self.option, words, self.calls, bool(self.allocation.spills_to), self.sensor)

    @property
    def swap_text(self) -> str:
        """What one frame puts into the store, in words."""
        return f"{self.swapped_icw:,} in {counted(self.calls[FILL], 'fill')}"

    @property
    def controller_spill_us(self) -> float | None:
        """Time in one frame of the moves to the controller and back; None where the sensor's file does not tell it."""
        moves, overhead_us = self.allocation.moves.get("controller"), self.sensor.overhead_us
        if not moves or not moves.homes:
            return 0.0
        if overhead_us["read_plane"] is None or overhead_us["load_plane"] is None:
            return None
        return moves.stores * overhead_us["read_plane"] + moves.reloads * overhead_us["load_plane"]

    @property
    def _noise(self) -> NoiseModel | None:
        """The noise that is measured of the sensor, if any is."""
        return load_noise(self.sensor.name) if self.sensor.name in noise_names() else None

    def layout_behind(self, name: str) -> Layout | None:
        """Where the signs of a layer's sums lie, or the sums themselves where these are read out; None if nowhere."""
        read = {output.name: output.layout for output in self.array.outputs}
        for op in self.graph.consumers(name):
            layout = self.layouts.get(op.name) or self.layout_behind(op.name)
            if layout:
                return layout
        return read.get(name)

    def run(
        self, images: np.ndarray | Mapping[str, np.ndarray], state: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Runs the program on the exact simulator, frame by frame, and the controller's part before and behind it.

        Args:
            images: ``[N, height, width, channels]`` as the network takes them; of a network of several inputs one such
                array for each of their names.
            state: what the maps that stay on the array (``state_registers``) are before the first frame, signs
                ``[height, width, channels]`` by name; -1 where it is not given.

        Returns:
            float32 arrays ``[N, ...]`` by the names of the network's outputs.

        Raises:
            ValueError: the images or the state have another shape or name, or values that are not finite numbers.
        """
        simulator = Simulator(self.sensor)
        for name, value in (state or {}).items():
            self._keep(simulator, name, np.asarray(value))
        frames = [self.array.network_frame(simulator, given).outputs for given in self._by_frame(images)]
        return {name: np.stack([frame[name] for frame in frames]) for name in self.output_names}

    def _keep(self, simulator: Simulator, name: str, value: np.ndarray) -> None:
        """Puts a map where the program expects what stayed from the frame before."""
        if name not in self.state_registers:
            kept = ", ".join(self.state_registers) or "none"
            raise ValueError(
                f"'{name}' does not stay on the array from frame to frame; of '{self.graph.name}': {kept}."
            )
        layout = self.layouts[name]
        if value.shape != layout.shape:
            raise ValueError(f"The state '{name}' is {list(value.shape)}, but the program keeps {list(layout.shape)}.")
        check_numbers(value, f"The state '{name}'")
        (plane,) = layout.planes_of(value > 0, (self.sensor.height, self.sensor.width))
        array = simulator.array
        array.digital[self.state_registers[name]][:] = array.layout.pack(plane)

    def array_images(self, images: np.ndarray | Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        """What the array gets of each image, as ``run`` takes them, by the name of the array's input."""
        return [self.array.array_images(given) for given in self._by_frame(images)]

    def _by_frame(self, images: np.ndarray | Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        shapes = self.array.image_shapes
        if not isinstance(images, Mapping):
            if len(shapes) != 1:
                raise ValueError(
                    f"'{self.graph.name}' takes the images {', '.join(shapes)}: give an array for each name."
                )
            images = dict.fromkeys(shapes, images)
        if set(images) != set(shapes):
            raise ValueError(
                f"'{self.graph.name}' takes the images {', '.join(shapes)}, not {', '.join(map(str, images))}."
            )
        arrays = {name: as_images(images[name], shape, self.graph.name) for name, shape in shapes.items()}
        if len({len(array) for array in arrays.values()}) > 1:
            raise ValueError(
                f"'{self.graph.name}' was given other numbers of images for its inputs: give as many of each."
            )
        return [dict(zip(arrays, frame, strict=True)) for frame in zip(*arrays.values(), strict=True)]

    def to_dict(self) -> dict[str, Any]:
        return {
            "network": self.graph.name,
            "sensor": self.sensor.name,
            "minimised": self.cost.minimised,
            "inputs": [source.to_dict() for source in self.array.inputs],
            "outputs": [
                {"name": output.name, "shape": list(output.layout.shape), "planes": output.plane_count}
                for output in self.array.outputs
            ],
            "scores": [
                {"name": scores.name, "units": len(scores.terms), "largest_error": scores.largest_error}
                for scores in self.array.scores
            ],
            "on_controller": list(self.tail),
            "allocation": self.allocation.to_dict(),
            "icw": {name: dict(count) for name, count in self.icw.items()},
            "total_icw": self.total_icw,
            "store_icw": self.store_icw,
            "swapped_icw": self.swapped_icw,
            "calls": self.calls,
            "controller_spill_us": self.controller_spill_us,
            "analog_counting": {name: each.to_dict(self._noise) for name, each in self.accumulations.items()},
            "schedules": {name: schedule.to_dict() for name, schedule in self.schedules.items()},
            "cost": self.cost.to_dict(),
            "other_costs": [cost.to_dict() for cost in self.other_costs],
        }

    @property
    def headline(self) -> str:
        registers = f"{self.allocation.used} of {self.allocation.nominal} digital registers"
        return f"{self.graph.name} on {self.sensor.name}, {self.total_icw:,} words executed, {registers}"

    def __rich__(self) -> Group:
        table = new_table(f"{self.graph.name} on {self.sensor.title}", footer=True)
        add_name(table, "layer", "one frame")
        shifts = sum(count.get("shift", 0) for count in self.icw.values())
        add_figures(table, ("words executed", f"{self.total_icw:,}"), ("of these shifts", f"{shifts:,}"))
        for name, count in self.icw.items():
            if count:
                table.add_row(Text(name), f"{sum(count.values()):,}", f"{count.get('shift', 0):,}")
        return Group(table, Text(), facts(self._facts()))

    def _facts(self) -> dict[str, str]:
        limit = f" of {self.sensor.code_store_icw:,}" if self.sensor.code_store_icw else ""
        calls = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in self.calls.items())
        allocation = self.allocation
        rows = {
            "words in the store": f"{self.store_icw:,}{limit}",
            **({"words put into the store": self.swap_text} if self.program.fills else {}),
            "controller": calls,
            "digital registers": f"{allocation.used} of {allocation.nominal}",
        }
        for place in allocation.spills_to:
            rows[f"spilled, {IN_HOME[place]}"] = allocation.moves[place].text
        if "controller" in allocation.spills_to:
            time_us = self.controller_spill_us
            rows["time of these moves"] = UNKNOWN if time_us is None else time_text(time_us / 1000)
        rows |= {f"{scores.name} on the array": scores.summary for scores in self.array.scores}
        rows |= {f"input {source.name}": source.summary for source in self.array.inputs}
        rows |= {f"{name} in analog": each.text(self._noise) for name, each in self.accumulations.items()}
        for cost in (self.cost, *self.other_costs):
            chosen = f"least {self.cost.minimised}" if cost.option == self.option else "instead"
            rows[f"{chosen}: {cost.option.placement}, {cost.option.weights.value}"] = str(cost)
        return rows | ({"on the controller": ", ".join(self.tail)} if self.tail else {})
