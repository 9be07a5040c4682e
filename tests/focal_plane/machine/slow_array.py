"""The array once more, slow and plain: one dictionary of registers per pixel, digital macros by their definitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.focal_plane.machine import Instruction, InstructionSet, Simulator

OFFSET = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}
SELECTOR = {"R1": "south", "R2": "west", "R3": "north", "R4": "east"}
PORT = {"XN": "north", "XS": "south", "XW": "west", "XE": "east"}

Pixel = dict[str, int]


class SlowArray:
    def __init__(self, simulator: Simulator):
        """Starts from the state of ``simulator``."""
        array = simulator.array
        self.height, self.width = simulator.sensor.height, simulator.sensor.width
        contents = {name: simulator.read(name) for name in (*array.digital, *array.analog)}
        self.pixels = {
            (r, c): {name: int(content[r, c]) for name, content in contents.items()}
            for r in range(self.height)
            for c in range(self.width)
        }
        self.set: InstructionSet = simulator.instruction_set

    def content(self, name: str) -> np.ndarray:
        return np.array([[self.pixels[r, c][name] for c in range(self.width)] for r in range(self.height)])

    def neighbour(self, at: tuple[int, int], direction: str, name: str, border: int = 0) -> int:
        place = (at[0] + OFFSET[direction][0], at[1] + OFFSET[direction][1])
        return self.pixels[place][name] if place in self.pixels else border

    def each(self, change: Callable[[tuple[int, int], Pixel], Pixel]) -> None:
        """Replaces registers by what ``change`` gives, all pixels at once; R12 keeps its value where R0 is 0."""
        changes = {at: change(at, pixel) for at, pixel in self.pixels.items()}
        for at, values in changes.items():
            if "R12" in values and not self.pixels[at]["R0"]:
                values = {name: value for name, value in values.items() if name != "R12"}
            self.pixels[at].update(values)

    def execute(self, instruction: Instruction) -> None:
        name, operands = instruction.mnemonic, instruction.operands
        if hasattr(self, f"do_{name}"):
            getattr(self, f"do_{name}")(*operands)
        elif name in ("bus", "bus2", "bus3"):
            count = {"bus": 1, "bus2": 2, "bus3": 3}[name]
            self.analog_write(operands[:count], operands[count:])
        else:  # analog macros are lists of the words above
            for word in self.set.words(instruction):
                self.execute(Instruction(word.form.mnemonic, _operands(word)))

    def do_nop(self):
        pass

    def do_rpix(self):
        self.each(lambda at, p: {"PIX": -127})

    def do_all(self):
        self.each(lambda at, p: {"FLAG": 1})

    do_ALL = do_all

    def do_where(self, *sources):
        self.each(lambda at, p: {"FLAG": int(sum(self.analog(at, s) for s in sources) > 0)})

    def do_WHERE(self, *sources):
        self.each(lambda at, p: {"FLAG": any_of(p, sources)})

    def do_SET(self, *targets):
        self.each(lambda at, p: dict.fromkeys(targets, 1))

    def do_CLR(self, *targets):
        self.each(lambda at, p: dict.fromkeys(targets, 0))

    def do_MOV(self, d, s):
        self.each(lambda at, p: {d: p[s]})

    def do_OR(self, d, *sources):
        sources = (d, *sources) if len(sources) == 1 else sources
        self.each(lambda at, p: {d: any_of(p, sources)})

    def do_NOR(self, d, *sources):
        sources = (d, *sources) if len(sources) == 1 else sources
        self.each(lambda at, p: {d: 1 - any_of(p, sources)})

    def do_NOT(self, d, s=None):
        self.each(lambda at, p: {d: 1 - p[s or d]})

    def do_REFRESH(self, d):
        pass

    def do_DNEWS0(self, d, s, border=0):
        def shifted(at, p):
            bit = any_of({r: p[r] & self.neighbour(at, to, s, border) for r, to in SELECTOR.items()}, SELECTOR)
            return {d: bit}

        self.each(shifted)

    def do_DNEWS1(self, d, s):
        self.do_DNEWS0(d, s, border=1)

    def do_DNEWS(self, d, s, directions):
        self.each(lambda at, p: {r: int(to in directions.split("|")) for r, to in SELECTOR.items()})
        self.do_DNEWS0(d, s)

    def do_PROP0(self, border=0):
        """Walks from every set pixel to the neighbours that listen to it."""
        reached = {at for at, p in self.pixels.items() if p["R12"]}
        changed = True
        while changed:
            changed = False
            for at, p in self.pixels.items():
                if at in reached or not p["R0"]:
                    continue
                for register, to in SELECTOR.items():
                    place = (at[0] + OFFSET[to][0], at[1] + OFFSET[to][1])
                    beyond = place not in self.pixels
                    if p[register] and (place in reached or (beyond and border)):
                        reached.add(at)
                        changed = True
                        break
        for at in reached:
            self.pixels[at]["R12"] = 1

    def do_PROP1(self):
        self.do_PROP0(border=1)

    def do_FLOOD(self, d, m):
        self.each(lambda at, p: dict.fromkeys(SELECTOR, 1) | {"R0": 1})
        self.do_MOV("R12", d)
        self.do_MOV("R0", m)
        self.do_PROP0()
        self.do_MOV(d, "R12")

    def do_AND(self, d, x, y):
        self.do_SET("R0")
        self.each(lambda at, p: {d: p[x] & p[y], "R12": 1 - p[x], "R0": 1 - p[y]})

    def do_NAND(self, d, x, y):
        self.do_SET("R0")
        self.each(lambda at, p: {d: 1 - (p[x] & p[y]), "R12": 1 - p[x], "R0": 1 - p[y]})

    def do_ANDX(self, d, x, y):
        self.each(lambda at, p: {d: p[x] & p[y], x: 1 - p[y], "R0": 1 - p[x]})

    def do_NANDX(self, d, x, y):
        self.each(lambda at, p: {d: 1 - (p[x] & p[y]), x: 1 - p[y], "R0": 1 - p[x]})

    def do_IMP(self, d, x, y):
        self.each(lambda at, p: {d: p[x] | (1 - p[y]), "R0": 1 - p[y]})

    def do_NIMP(self, d, x, y):
        self.each(lambda at, p: {d: p[y] & (1 - p[x]), "R0": 1 - p[y]})

    def do_XORX(self, d, x, y):
        self.each(lambda at, p: {d: p[x] ^ p[y], x: p[x] & (1 - p[y]), "R0": 1 - p[x]})

    def do_MUX(self, d, x, y, z):
        def chosen(at, p):
            bit = p[y] if p[x] else p[z]
            return {"R12": bit, "R0": p[x], d: bit}

        self.do_SET("R0")
        self.each(chosen)

    def do_CLR_IF(self, d, s):
        self.each(lambda at, p: {d: p[d] & (1 - p[s]), "R0": 1 - p[d]})

    def analog(self, at: tuple[int, int], source: str) -> int:
        return self.neighbour(at, PORT[source], "NEWS") if source in PORT else self.pixels[at][source]

    def analog_write(self, targets: tuple[str, ...], sources: tuple[str, ...]) -> None:
        shares = {}
        for at in self.pixels:
            share = round(-sum(self.analog(at, source) for source in sources) / len(targets))
            shares[at] = min(max(share, -128), 127)
        for target in targets:
            for at, pixel in self.pixels.items():
                if not pixel["FLAG"]:
                    continue
                if target in PORT:  # what the neighbour on the other side puts there
                    opposite = {"north": "south", "south": "north", "west": "east", "east": "west"}[PORT[target]]
                    place = (at[0] + OFFSET[opposite][0], at[1] + OFFSET[opposite][1])
                    pixel["NEWS"] = shares.get(place, 0)
                else:
                    pixel[target] = shares[at]


def any_of(pixel: Pixel, names) -> int:
    return int(any(pixel[name] for name in names))


def _operands(word) -> tuple[str, ...]:
    hidden = len(word.form.also_writes)
    return word.targets[: len(word.targets) - hidden] + word.sources
