"""Runs programs on a simulated array, instruction word by instruction word, and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from larq_focal.focal_plane.machine.controller import Function, check_call
from larq_focal.focal_plane.machine.images import check_numbers
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionError, InstructionSet, Word
from larq_focal.focal_plane.machine.noise import Noise
from larq_focal.focal_plane.machine.pixel_array import PIXEL, RESET_LEVEL, PixelArray
from larq_focal.focal_plane.machine.program import Call, Fill, Kernel, Launch, Program, ProgramError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.keys import FILL, LAUNCH
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table

MOST_ICW = 10_000_000  # instruction words, launches and calls of one frame; a second at 10 MHz, minutes of simulation


@dataclass(frozen=True)
class Step:
    """What an observer of a run sees after each instruction and each call: its text and the registers written.

    ``kernel`` is None for calls of the controller, which take no instruction words.
    """

    kernel: str | None
    text: str
    icw: int
    written: tuple[str, ...]


Observer = Callable[[Step, PixelArray], None]


@dataclass(frozen=True, repr=False)
class Run(Result):
    """What one run of a program took and returned.

    ``icw`` are the words executed, by clock class (the keys of the sensor's ``cycles_per_icw``); ``store_icw`` those
    that the store holds at most at a time, and ``swapped_icw`` those that the script put there; ``calls`` the
    controller's calls by their entry in the sensor's overheads, launches and fills of the store among them.
    ``results`` holds the values under each result's name in the order in which they came.
    """

    icw: Mapping[str, int]
    instructions: Mapping[str, int]
    store_icw: int
    swapped_icw: int
    calls: Mapping[str, int]
    results: Mapping[str, tuple[Any, ...]]

    @property
    def total_icw(self) -> int:
        return sum(self.icw.values())

    def to_dict(self) -> dict[str, Any]:
        results = {name: [np.asarray(value).tolist() for value in values] for name, values in self.results.items()}
        return {
            "icw": dict(self.icw),
            "instructions": dict(self.instructions),
            "store_icw": self.store_icw,
            "swapped_icw": self.swapped_icw,
            "calls": dict(self.calls),
            "results": results,
        }

    @property
    def headline(self) -> str:
        return f"{self.total_icw:,} words executed, {sum(self.calls.values()):,} calls of the controller"

    def __rich__(self) -> Table:
        rows = {f"{name} words executed": count for name, count in self.icw.items()}
        rows["words in the store"] = self.store_icw
        if self.swapped_icw:
            rows["words put into the store"] = self.swapped_icw
        rows |= {name.replace("_", " "): count for name, count in self.calls.items()}
        table = new_table()
        add_name(table, "one frame")
        add_figures(table, "count")
        for name, count in rows.items():
            table.add_row(Text(name), f"{count:,}")
        return table


class Simulator:
    """A sensor whose registers keep their values from one run to the next.

    Args:
        sensor: the sensor; its registers decide which programs run.
        noise: errors of the analog registers; exact without.
    """

    def __init__(self, sensor: Sensor, noise: Noise | None = None):
        self.sensor = sensor
        self.instruction_set = InstructionSet(sensor)
        self.array = PixelArray(sensor, noise)

    def expose(self, image: np.ndarray) -> None:
        """Puts light on the pixels: ``image`` ``[height, width]`` from 0 to 255, of which PIX keeps the upper 7 bits.

        Raises:
            ValueError: the image has another size or goes beyond 0 to 255.
        """
        image, shape = np.asarray(image), (self.sensor.height, self.sensor.width)
        if image.shape != shape:
            raise ValueError(f"The image is {list(image.shape)}, but {self.sensor.name} {list(shape)}: resize it.")
        check_numbers(image, "The image")
        if image.min() < 0 or image.max() > 255:
            raise ValueError(f"The image goes from {image.min()} to {image.max()}; scale it to 0 to 255.")
        self.array.analog[PIXEL][:] = RESET_LEVEL + image.astype(np.int64) // 2

    def read(self, register: str) -> np.ndarray:
        """The content of a register ``[height, width]``: bool of a digital one, the values of an analog one."""
        if register in self.array.digital:
            return self.array.layout.unpack(self.array.digital[register])
        return self.array.analog[register].copy()

    def run(
        self,
        program: Program,
        planes: Mapping[str, np.ndarray] | None = None,
        observe: Observer | None = None,
        most_icw: int = MOST_ICW,
    ) -> Run:
        """Runs ``program`` for one frame.

        Args:
            program: as ``assemble`` gives it.
            planes: truth values ``[height, width]`` by the names under which the program loads them. A plane that
                the program has read in this frame is loaded by the name of its result, whatever was given.
            observe: called after every instruction and every call.
            most_icw: how many instruction words, launches and calls the frame may take. A program of more is refused
                before it runs.

        Raises:
            ProgramError: the program does not fit this sensor or its store, takes too many words, launches a kernel
                that is not in the store, or loads a plane that is neither given nor read before.
        """
        store_icw = self._checked_store_icw(program)
        if (executed := program.executed_icw(self.instruction_set)) > most_icw:
            raise ProgramError(
                f"One frame takes {executed:,} instruction words and calls; at most {most_icw:,} are simulated: "
                "repeat less."
            )
        kernels = {kernel.name: self._words(kernel) for kernel in program.kernels}
        launches: Counter[str] = Counter()
        calls: Counter[str] = Counter()
        results: dict[str, list[Any]] = {}
        held = dict(planes or {})  # planes that can be loaded
        stored = frozenset() if program.fills else kernels.keys()
        for step in program.steps():
            if isinstance(step, Call):
                calls[self._call(step, held, results, observe)] += 1
            elif isinstance(step, Fill):
                calls[FILL] += 1
                stored = frozenset(step.kernels)
                if observe:
                    observe(Step(None, str(step), 0, ()), self.array)
            elif step.kernel not in kernels:
                raise ProgramError(f"launch({step.kernel}): there is no such kernel; choose from {', '.join(kernels)}.")
            elif step.kernel not in stored:
                raise ProgramError(
                    f"launch({step.kernel}): the kernel is not in the store, which holds "
                    f"{', '.join(sorted(stored)) or 'nothing'}: name it in the fill_store before."
                )
            else:
                launches[step.kernel] += 1
                self._launch(step, kernels[step.kernel], observe)
        icw: Counter[str] = Counter()
        instructions: Counter[str] = Counter()
        for name, times in launches.items():
            for instruction, words in kernels[name]:
                instructions[instruction.mnemonic] += times
                for word in words:
                    icw[word.form.clock] += times
        return Run(
            icw=dict(icw),
            instructions=dict(instructions),
            store_icw=store_icw,
            swapped_icw=program.swapped_icw(self.instruction_set),
            calls={LAUNCH: launches.total(), **calls},
            results={name: tuple(values) for name, values in results.items()},
        )

    def _checked_store_icw(self, program: Program) -> int:
        try:
            store_icw = program.store_icw(self.instruction_set)
        except InstructionError as error:
            raise ProgramError(str(error)) from None
        known = {kernel.name for kernel in program.kernels}
        for fill in program.fills:
            if not known.issuperset(fill.kernels) or len(set(fill.kernels)) < len(fill.kernels):
                raise ProgramError(f"{fill}: name kernels that the program has, each once.")
        limit = self.sensor.code_store_icw
        if limit is not None and store_icw > limit:
            what, fix = "The kernels", "launch shorter kernels repeatedly, or fill the store with some at a time"
            if program.fills:
                what, fix = "The kernels of a fill_store", "name fewer"
            raise ProgramError(
                f"{what} take {store_icw} instruction words, but the store of {self.sensor.name} holds {limit}: {fix}."
            )
        return store_icw

    def _words(self, kernel: Kernel) -> list[tuple[Instruction, tuple[Word, ...]]]:
        return [(instruction, self.instruction_set.words(instruction)) for instruction in kernel.instructions]

    def _launch(
        self, launch: Launch, words: list[tuple[Instruction, tuple[Word, ...]]], observe: Observer | None
    ) -> None:
        array = self.array
        for instruction, words_of_instruction in words:
            for word in words_of_instruction:
                word.form.effect(array, word.targets, word.sources)
            if observe:
                written = dict.fromkeys(name for word in words_of_instruction for name in word.targets)
                observe(Step(launch.kernel, str(instruction), len(words_of_instruction), tuple(written)), array)

    def _call(
        self, call: Call, held: dict[str, np.ndarray], results: dict[str, list[Any]], observe: Observer | None
    ) -> str:
        """Makes the call and returns the name of its overhead."""
        try:
            function, operands = check_call(call, self.instruction_set)
            value = function.run(self.array, held, *operands)
            overwritten = self._overwrite(function, operands)
        except InstructionError as error:
            raise ProgramError(f"{call.name}({', '.join(call.operands)}): {error}") from None
        if call.result:
            results.setdefault(call.result, []).append(value)
        if function.reads_plane:
            held[call.result] = value
        if observe:
            written = (
                function.writes
                + overwritten
                + tuple(
                    operand
                    for operand, kind in zip(call.operands, function.operands, strict=True)
                    if kind in ("D", "A")
                )
            )
            observe(Step(None, f"{call.name}({', '.join(call.operands)})", 0, written), self.array)
        return function.overhead

    def _overwrite(self, function: Function, operands: tuple[str | int, ...]) -> tuple[str, ...]:
        """Inverts the registers that the call changes beside its target, so that no program gets by with them."""
        names = self.sensor.conventions.overwritten.get(function.overhead, ())
        names = tuple(name for name in names if name not in operands)
        for name in names:
            self.array.digital[name] ^= self.array.layout.ones
        return names
