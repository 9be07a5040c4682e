"""SCAMP-5 as its maker's headers describe it, slow and plain; shares no code with the package.

Planes are ``[row, column]`` by the addresses of the chip: row 0 is the top, column 0 the right edge, so that the pixel
to the east of column c is column c - 1. Sources: ``scamp5_api_digital.hpp``, ``scamp5_api_analog.hpp``,
``scamp5_kernel_api*.hpp`` and ``scamp5_output.hpp`` in github.com/luozhongrui/scamp5_algorithms, the tutorials of
L. Bose (github.com/lauriebose/Scamp5-Tutorial-Examples) and B. Guillard's notes (github.com/bguillard/CNNs-on-FPSPs).

What a program cannot rely on is made up at random: registers at the start, each pixel's reset level, registers that
calls of the library overwrite, and bits after more than two shifts in a row; floods end at their reach. Words beyond
the 1,024 of the store are dropped without a message, as the headers do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

STORE = 1024
ALIASES = dict(RF="R0", RS="R1", RW="R2", RN="R3", RE="R4", RP="R12") | {f"S{i}": f"R{5 + i}" for i in range(7)}
SELECTORS = {"R1": "south", "R2": "west", "R3": "north", "R4": "east"}
PORTS = {"XS": "south", "XW": "west", "XN": "north", "XE": "east"}
AGAINST = {"south": "north", "west": "east", "north": "south", "east": "west"}
WORDS = {"PROP0": 2, "AND": 4, "NAND": 4, "MUX": 5, "XORX": 6, "get_image": 5, "respix": 3, "DNEWS": 3, "REFRESH": 2}
WORDS |= dict.fromkeys(
    ("mov", "add", "sub", "neg", "movx", "mov2x", "addx", "add2x", "subx", "sub2x", "res", "divq"), 2
)
WORDS |= dict.fromkeys(("ANDX", "NANDX"), 3) | dict.fromkeys(("IMP", "NIMP", "CLR_IF"), 2)
FLOOD_REACH = 126  # pixels: one word fills tiles of 64x64 from their corner, L. Bose et al., ECCV 2020, code
SHIFTS_IN_A_ROW = 2


def neighbour(plane: np.ndarray, direction: str) -> np.ndarray:
    """What each pixel's neighbour holds; 0 past the border."""
    result = np.zeros_like(plane)
    match direction:
        case "north":
            result[1:] = plane[:-1]
        case "south":
            result[:-1] = plane[1:]
        case "east":  # the column before
            result[:, 1:] = plane[:, :-1]
        case "west":
            result[:, :-1] = plane[:, 1:]
    return result


class HeaderMachine:
    """Runs the text of a program, frame by frame.

    Args:
        height, width: of the array.
        seed: of all that is made up.
        digital: names of further digital registers.
        store: instruction words that the store holds.
    """

    def __init__(self, height: int, width: int, seed: int = 0, digital: tuple[str, ...] = (), store: int = STORE):
        self.shape, self.store = (height, width), store
        self.random = np.random.default_rng(seed)
        names = [f"R{number}" for number in range(13)] + ["FLAG", "SELECT", "RECT", *digital]
        self.bits = {name: self._noise() for name in names}
        self.analog = {name: self.random.integers(-128, 128, self.shape) for name in (*"ABCDEF", "NEWS", "IN")}
        self.reset_level = self.random.integers(-127, -110, self.shape)
        self.analog["PIX"] = self.reset_level.copy()
        self.shifts = dict.fromkeys(self.bits, 0)  # how many shifts a plane has behind it since it was copied

    def _noise(self) -> np.ndarray:
        return self.random.random(self.shape) < 0.5

    def expose(self, grey: np.ndarray) -> None:
        """Light on the pixels, an image ``[height, width]`` of grey levels, left to right."""
        self.analog["PIX"] = np.clip(self.reset_level + grey[:, ::-1] // 2, -128, 127)

    def run(self, text: str, planes: dict[str, np.ndarray]) -> dict[str, object]:
        """One frame of a program; planes in and out are images ``[height, width]``, left to right."""
        kernels, main = parsed(text)
        self.planes, results = dict(planes), {}
        fills = any(name == "fill_store" for _, name, _ in main)
        store = {} if fills else self.stored(kernels)
        for result, name, operands in main:
            if name == "fill_store":
                store = self.stored({kernel: kernels[kernel] for kernel in operands})
                continue
            if name == "launch":
                for mnemonic, registers in store[operands[0]]:
                    self.instruction(mnemonic, registers)
                continue
            value = getattr(self, f"call_{name}")(*operands)
            if result:
                results[result] = value
                self.planes[result] = value
        return results

    def stored(self, kernels: dict[str, list]) -> dict[str, list]:
        """Kernels as the store takes them, one after the other."""
        left, store = self.store, {}
        for name, body in kernels.items():
            store[name] = []
            for statement in body:
                words = size_of(*statement)
                if words <= left:
                    store[name].append(statement)
                    left -= words
        return store

    # Instructions.

    def instruction(self, name: str, operands: list[str]) -> None:
        getattr(self, f"do_{name}")(*operands)

    def write(self, name: str, plane: np.ndarray, shifts: int = 0) -> None:
        self.bits[name] = np.where(self.bits["R0"], plane, self.bits[name]) if name == "R12" else plane.copy()
        self.shifts[name] = shifts

    def either(self, names) -> np.ndarray:
        return np.logical_or.reduce([self.bits[name] for name in names])

    def do_nop(self):
        pass

    def do_SET(self, *names):
        for name in names:
            self.write(name, np.ones(self.shape, bool))

    def do_CLR(self, *names):
        for name in names:
            self.write(name, np.zeros(self.shape, bool))

    def do_MOV(self, d, s):
        self.write(d, self.bits[s])

    def do_OR(self, d, *s):
        self.write(d, self.either(s if len(s) > 1 else (d, *s)))

    def do_NOT(self, d, s=None):
        self.write(d, ~self.bits[s or d])

    def do_NOR(self, d, *s):
        self.write(d, ~self.either(s if len(s) > 1 else (d, *s)))

    def do_REFRESH(self, d):
        self.write(d, self.bits[d])

    def do_WHERE(self, *s):
        self.write("FLAG", self.either(s))

    def do_where(self, *x):
        self.write("FLAG", self.sum(x) > 0)

    def do_all(self):
        self.do_SET("FLAG")

    do_ALL = do_all

    def do_AND(self, d, x, y):
        self.do_SET("R0")
        self.do_NOT("R12", x)
        self.do_NOT("R0", y)
        self.do_NOR(d, "R0", "R12")

    def do_MUX(self, d, x, y, z):
        self.do_SET("R0")
        self.do_MOV("R12", z)
        self.do_MOV("R0", x)
        self.do_MOV("R12", y)
        self.do_MOV(d, "R12")

    def do_DNEWS0(self, d, s):
        seen = np.zeros(self.shape, bool)
        for register, direction in SELECTORS.items():
            seen |= self.bits[register] & neighbour(self.bits[s], direction)
        shifts = self.shifts[s] + 1
        if shifts > SHIFTS_IN_A_ROW:
            seen ^= self.random.random(self.shape) < 0.01
        self.write(d, seen, shifts)

    def do_DNEWS(self, d, s, *directions):
        self.do_CLR(*SELECTORS)
        wanted = "|".join(directions).split("|")
        self.do_SET(*[register for register, direction in SELECTORS.items() if direction in wanted])
        self.do_DNEWS0(d, s)

    def do_PROP0(self):
        for _ in range(FLOOD_REACH):
            spread = self.bits["R12"].copy()
            for register, direction in SELECTORS.items():
                spread |= self.bits[register] & neighbour(self.bits["R12"], direction)
            self.write("R12", spread)

    def sum(self, names) -> np.ndarray:
        total = np.zeros(self.shape, int)
        for name in names:
            total += neighbour(self.analog["NEWS"], PORTS[name]) if name in PORTS else self.analog[name]
        return total

    def do_bus(self, y, *x):
        value = np.clip(-self.sum(x), -128, 127)
        if y in PORTS:  # the NEWS of the neighbour there: each pixel gets what the pixel against it wrote
            y, value = "NEWS", neighbour(value, AGAINST[PORTS[y]])
        self.analog[y] = np.where(self.bits["FLAG"], value, self.analog[y])

    def do_bus2(self, y, z, *x):
        value = np.clip(np.rint(-self.sum(x) / 2), -128, 127).astype(int)
        for name in (y, z):
            self.analog[name] = np.where(self.bits["FLAG"], value, self.analog[name])

    def do_res(self, *names):
        self.do_bus("NEWS")
        for name in names:
            self.do_bus(name, "NEWS")

    def do_mov(self, y, x):
        self.do_add(y, x)

    def do_add(self, y, *x):
        self.do_bus("NEWS", *x)
        self.do_bus(y, "NEWS")

    def do_sub(self, y, x, z):
        self.do_bus("NEWS", x)
        self.do_bus(y, "NEWS", z)

    def do_neg(self, y, x):
        self.do_bus("NEWS")
        self.do_bus(y, "NEWS", x)

    def do_movx(self, y, x, direction):
        """Each pixel gets what its neighbour in the direction holds."""
        against = next(port for port, other in PORTS.items() if other == AGAINST[direction])
        self.do_bus(against, x)
        self.do_bus(y, "NEWS")

    def do_mov2x(self, y, x, first, second):
        against = next(port for port, other in PORTS.items() if other == AGAINST[first])
        self.do_bus(against, x)
        self.do_bus(y, next(port for port, other in PORTS.items() if other == second))

    def do_rpix(self):
        self.analog["PIX"] = self.reset_level.copy()

    def do_respix(self):
        self.do_rpix()

    def do_get_image(self, y):
        self.do_bus("NEWS", "PIX")
        self.do_rpix()
        self.do_bus(y, "NEWS", "PIX")

    # Calls of the library.

    def _overwrite(self, *names: str) -> None:
        for name in names:
            self.bits[name] = self._noise()

    def _selected(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        self._overwrite("SELECT")
        return np.outer(rows, columns)

    def call_load_pattern(self, register, r, c, rx, cx):
        r, c, rx, cx = (int(number) & 255 for number in (r, c, rx, cx))
        rows, columns = np.arange(self.shape[0]), np.arange(self.shape[1])
        self.write(register, self._selected((rows | rx) == (r | rx), (columns | cx) == (c | cx)))

    def call_load_rect(self, register, r0, c0, r1, c1):
        """From the top right corner (r0, c0) to the bottom left one (r1, c1)."""
        rows, columns = np.arange(self.shape[0]), np.arange(self.shape[1])
        inside = (int(r0) <= rows) & (rows <= int(r1)), (int(c0) <= columns) & (columns <= int(c1))
        self.write(register, self._selected(*inside))

    def call_load_plane(self, register, name):
        """Drawing overwrites R1 to R4."""
        self._overwrite("R1", "R2", "R3", "R4", "SELECT", "RECT")
        self.write(register, np.asarray(self.planes[name], bool)[:, ::-1])

    def call_load_in(self, value):
        self.analog["IN"] = np.full(self.shape, int(value))

    def call_read_plane(self, register):
        return self.bits[register][:, ::-1].copy()

    def call_read_events(self, register, most):
        found = np.argwhere(self.bits[register])[: int(most)]
        self._overwrite("R1", "R2", "R3", "R4", "SELECT")
        return found

    def call_global_count(self, register, temporary):
        """An estimate that takes an analog register."""
        self.analog[temporary] = self.random.integers(-128, 128, self.shape)
        return round(self.bits[register].mean() * 4095)


def size_of(name: str, operands: list[str]) -> int:
    if name in ("NOT", "OR", "NOR") and len(operands) == (1 if name == "NOT" else 2):
        return 2  # in place
    if name in ("res", "get_image") and len(operands) == 2:
        return WORDS[name] + 1
    return WORDS.get(name, 1)


def parsed(text: str) -> tuple[dict[str, list], list[tuple[str | None, str, list[str]]]]:
    """Kernels by name, and the statements of the controller with repeats unrolled."""
    lines = iter([line.split("#")[0].strip() for line in text.splitlines() if not line.startswith("#:")])
    kernels: dict[str, list] = {}
    main: list = []
    for line in lines:
        if line.startswith("kernel "):
            kernels[line.split()[1]] = [statement[1:] for statement in block(lines)]
        elif line == "main":
            main = block(lines)
    return kernels, main


def block(lines: Iterator[str]) -> list[tuple[str | None, str, list[str]]]:
    found = []
    for line in lines:
        if line == "end":
            break
        if line.startswith("repeat "):
            found += block(lines) * int(line.split()[1])
        elif line:
            match = re.fullmatch(r"(?:(\w+) = )?(\w+)\((.*)\)", line)
            operands = [part.strip() for part in match[3].split(",") if part.strip()]
            found.append((match[1], match[2], [ALIASES.get(operand, operand) for operand in operands]))
    return found
