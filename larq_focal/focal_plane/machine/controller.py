"""What the controller does between kernels: loads patterns and values, and reads the array out.

Names and address patterns follow ``scamp5_api_digital.hpp`` and ``scamp5_api_analog.hpp`` in
github.com/luozhongrui/scamp5_algorithms, and columns are counted as the sensor's conventions say. A call changes
registers beside its target where they say so: those are inverted here. Sums are exact here, while the chip returns them
through its 8-bit converter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.focal_plane.machine.instruction_set import InstructionError, InstructionSet
from larq_focal.focal_plane.machine.pixel_array import INPUT, SELECTIONS, PixelArray
from larq_focal.focal_plane.machine.program import Call

SELECT, RECT = SELECTIONS
COUNT_LEVELS = 4095  # of scamp5_global_count, "ranged in [0,4095] proportional to the number of '1's"
MOST_EVENTS = 4000  # that one call of scamp5_scan_events reads
Planes = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Function:
    """A function of the controller.

    ``operands`` gives the kind of each: ``D``, ``S``, ``A`` and ``V`` as in instructions, ``row`` and
    ``column`` an address on the array or some bits of one, ``level`` an analog value, ``count`` a number of pixels, and
    ``name`` the name of a plane that is given to the run, or was read earlier in the frame. ``overhead`` is its entry
    in the sensor's overheads. ``reads_plane``: what it returns can be loaded again under the name of the result.
    """

    operands: tuple[str, ...]
    overhead: str
    run: Callable[..., Any]
    returns: bool = False
    writes: tuple[str, ...] = ()
    reads_plane: bool = False


def _pattern(array: PixelArray, r: int, c: int, rx: int, cx: int) -> np.ndarray:
    """Pixels whose row and column agree with ``r`` and ``c`` in all bits but those set in ``rx`` and ``cx``."""
    rows, columns = np.arange(array.layout.height), array.column_addresses
    return np.outer(rows & ~rx == r & ~rx, columns & ~cx == c & ~cx)


def _rectangle(array: PixelArray, r0: int, c0: int, r1: int, c1: int) -> np.ndarray:
    rows, columns = np.arange(array.layout.height), array.column_addresses
    return np.outer((r0 <= rows) & (rows <= r1), (c0 <= columns) & (columns <= c1))


def _load(array: PixelArray, register: str, bits: np.ndarray) -> None:
    array.bus[:] = array.layout.pack(bits)
    array.write((register,))


def _load_pattern(array: PixelArray, given: Planes, register: str, *address: int) -> None:
    _load(array, register, _pattern(array, *address))


def _load_rect(array: PixelArray, given: Planes, register: str, *corners: int) -> None:
    _load(array, register, _rectangle(array, *corners))


def _load_point(array: PixelArray, given: Planes, register: str, r: int, c: int) -> None:
    _load(array, register, _rectangle(array, r, c, r, c))


def _select_pattern(array: PixelArray, given: Planes, *address: int) -> None:
    _load(array, SELECT, _pattern(array, *address))


def _select_rect(array: PixelArray, given: Planes, *corners: int) -> None:
    _load(array, RECT, _rectangle(array, *corners))
    _load(array, SELECT, _rectangle(array, *corners))


def _load_plane(array: PixelArray, given: Planes, register: str, name: str) -> None:
    shape = (array.layout.height, array.layout.width)
    if name not in given:
        raise InstructionError(f"there is no plane '{name}'; give it to the run by that name, or read it before.")
    if np.shape(given[name]) != shape:
        raise InstructionError(f"the plane '{name}' is {list(np.shape(given[name]))}, but the array {list(shape)}.")
    plane = np.asarray(given[name])
    if plane.dtype.kind not in "biuf" or not np.isin(plane, (0, 1)).all():
        raise InstructionError(f"the plane '{name}' has other values than 0 and 1: compare it with a threshold.")
    _load(array, register, np.asarray(given[name], bool))


def _load_in(array: PixelArray, given: Planes, value: int) -> None:
    array.analog[INPUT][:] = value


def _read_plane(array: PixelArray, given: Planes, register: str) -> np.ndarray:
    return array.layout.unpack(array.digital[register])


def _read_analog(array: PixelArray, given: Planes, register: str) -> np.ndarray:
    return array.analog[register].copy()


def _read_events(array: PixelArray, given: Planes, register: str, most: int) -> np.ndarray:
    """Addresses of row and column of the first ``most`` ones, ``[n, 2]``, row by row and by rising column."""
    rows, columns = np.nonzero(_read_plane(array, given, register))
    found = np.stack([rows, array.column_addresses[columns]], 1)
    return found[np.lexsort((found[:, 1], found[:, 0]))][:most]


def _global_or(array: PixelArray, given: Planes, register: str) -> bool:
    return not array.layout.is_empty(array.digital[register])


def _global_count(array: PixelArray, given: Planes, register: str, temporary: str) -> int:
    """An estimate of the ones, 0 to ``COUNT_LEVELS`` for none to all: the plane becomes a charge, which is summed."""
    bits = array.layout.unpack(array.digital[register])
    array.analog[temporary][:] = np.where(bits, array.highest, array.lowest)
    return int(np.rint(bits.mean() * COUNT_LEVELS))


def _global_sum(array: PixelArray, given: Planes, register: str) -> float:
    return _total(array.analog[register])


def _global_sum_sparse(array: PixelArray, given: Planes, register: str, *address: int) -> float:
    return _total(array.analog[register][_pattern(array, *address)])


def _global_sum_16(array: PixelArray, given: Planes, register: str) -> np.ndarray:
    return _block_sums(array.analog[register], 4)


def _global_sum_64(array: PixelArray, given: Planes, register: str) -> np.ndarray:
    return _block_sums(array.analog[register], 8)


def _block_sums(values: np.ndarray, side: int) -> np.ndarray:
    """Sums over ``side`` x ``side`` blocks of the array; the last take the rest where it does not divide."""
    starts = [np.arange(side) * size // side for size in values.shape]
    return np.add.reduceat(np.add.reduceat(values.astype(np.float64), starts[0], 0), starts[1], 1)


def _total(values: np.ndarray) -> float:
    return float(values.sum(dtype=np.float64))


_ADDRESS = ("row", "column", "row", "column")

FUNCTIONS: dict[str, Function] = {
    "load_pattern": Function(("D", *_ADDRESS), "load_pattern", _load_pattern),
    "load_rect": Function(("D", *_ADDRESS), "load_pattern", _load_rect),
    "load_point": Function(("D", "row", "column"), "load_pattern", _load_point),
    "select_pattern": Function(_ADDRESS, "load_pattern", _select_pattern, writes=(SELECT,)),
    "select_rect": Function(_ADDRESS, "load_pattern", _select_rect, writes=(SELECT, RECT)),
    "load_plane": Function(("D", "name"), "load_plane", _load_plane),
    "load_in": Function(("level",), "load_analog", _load_in, writes=(INPUT,)),
    "read_plane": Function(("S",), "read_plane", _read_plane, returns=True, reads_plane=True),
    "read_analog": Function(("V",), "read_analog", _read_analog, returns=True),
    "read_events": Function(("S", "count"), "read_events", _read_events, returns=True),
    "global_or": Function(("S",), "global_or", _global_or, returns=True),
    "global_count": Function(("S", "A"), "global_sum_16", _global_count, returns=True),
    "global_sum": Function(("V",), "global_sum", _global_sum, returns=True),
    "global_sum_sparse": Function(("V", *_ADDRESS), "global_sum", _global_sum_sparse, returns=True),
    "global_sum_16": Function(("V",), "global_sum_16", _global_sum_16, returns=True),
    "global_sum_64": Function(("V",), "global_sum_64", _global_sum_64, returns=True),
}


def check_call(call: Call, instruction_set: InstructionSet) -> tuple[Function, tuple[str | int, ...]]:
    """The function that ``call`` names and its operands, numbers as numbers.

    Raises:
        InstructionError: an unknown function, or operands or a result that do not fit it.
    """
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise InstructionError(f"{call.name} is not a function of the controller; choose from {', '.join(FUNCTIONS)}.")
    if len(call.operands) != len(function.operands):
        raise InstructionError(f"{call.name} takes {len(function.operands)} operands: {', '.join(function.operands)}.")
    if bool(call.result) != function.returns:
        fix = f"write 'name = {call.name}(...)'" if function.returns else "write it without 'name ='"
        raise InstructionError(f"{call.name} returns {'a' if function.returns else 'no'} value; {fix}.")
    operands = []
    for operand, kind in zip(call.operands, function.operands, strict=True):
        limits = instruction_set.limits.get(kind)
        if limits is not None:
            operands.append(_number(call.name, operand, kind, limits))
            continue
        if kind in instruction_set.registers and operand not in instruction_set.registers[kind]:
            allowed = ", ".join(instruction_set.registers[kind])
            raise InstructionError(f"{call.name}: {operand} cannot stand there; choose from {allowed}.")
        operands.append(operand)
    return function, tuple(operands)


def _number(function: str, operand: str, kind: str, limits: tuple[int, int]) -> int:
    if not re.fullmatch(r"-?\d+", operand, re.ASCII):
        raise InstructionError(f"{function}: {operand:.40} is not a whole number.")
    least, most = limits
    value = int(operand) if len(operand) <= 20 else None  # longer ones are beyond any limit
    if kind == "level" and value is not None and not least <= value <= most:
        raise InstructionError(f"{value} is beyond the analog range, {least} to {most}.")
    if value is None or not least <= value <= most:
        raise InstructionError(f"{function}: {operand:.40} is out of bounds for a {kind}, {least} to {most}.")
    return value
