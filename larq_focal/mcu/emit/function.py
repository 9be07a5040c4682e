"""A function of a written program: what computes one step, with the tables and the scratch memory that it needs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from math import prod

import numpy as np

from larq_focal.mcu.emit.chain import Element
from larq_focal.mcu.emit.expression import Expression, loaded
from larq_focal.mcu.emit.layer import Geometry
from larq_focal.mcu.emit.text import Body, Names, Table, comment
from larq_focal.mcu.pieces import Pieces
from larq_focal.mcu.steps import Step
from larq_focal.mcu.storage import C_TYPES, Storage
from larq_focal.mcu.whole import Ranges, Whole
from larq_focal.network.ops import Shape

_POINTERS = ("image", "other", "third", "fourth")
_NUMBER = "const uint32_t i = "


@dataclass(frozen=True)
class Value:
    """A stored value."""

    name: str
    shape: Shape
    storage: Storage
    whole: Whole | None

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Scratch:
    """Memory that a function needs while it runs."""

    name: str
    storage: Storage
    words: int


@dataclass
class Function:
    """The function of one step while it is written, and as it was written.

    Attributes:
        name: in C.
        says: what it computes, for the comment above it.
        sources: the stored values that it reads.
        target: the value that it stores.
        operations: how many of each kind it does.
    """

    name: str
    says: str
    step: Step
    sources: tuple[Value, ...]
    target: Value
    pieces: Pieces
    names: Names
    ranges: Ranges
    body: Body = field(default_factory=Body)
    tables: list[Table] = field(default_factory=list)
    scratches: list[Scratch] = field(default_factory=list)
    geometries: list[tuple[str, Geometry]] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)

    def __post_init__(self):
        self.element = Element(self.body, self.table, self.ranges.get)

    def source(self, number: int) -> Value:
        return self.sources[number]

    def pointer(self, number: int) -> str:
        """The parameter that points to a source."""
        return _POINTERS[number] if number < len(_POINTERS) else f"value_{number}"

    def count(self, kind: str, times: int) -> None:
        self.operations[kind] += times

    def table(self, values: np.ndarray, role: str, c_type: str = "", *, is_aligned: bool = False) -> str:
        """Puts constants into flash, whole ones in the shortest type; returns their name."""
        values = np.asarray(values)
        says = f"{role} of {self.says}"
        table = Table(self.names(f"{self.name}_{role}"), c_type or _type_of(values), values, says, is_aligned)
        same = next((t for t in self.tables if t.c_type == table.c_type and np.array_equal(t.values, values)), None)
        if same is not None:
            return same.name
        if is_aligned:
            self.pieces.add("aligned")
        self.tables.append(table)
        return table.name

    def geometry(self, geometry: Geometry) -> None:
        self.geometry_name = self.names(f"{self.name}_windows")
        self.pieces.add("geometry")
        self.geometries.append((self.geometry_name, geometry))

    def scratch(self, name: str, storage: Storage, words: int) -> None:
        self.scratches.append(Scratch(name, storage, words))

    def load(self, number: int, index: str) -> Expression:
        source = self.sources[number]
        return loaded(self.pointer(number), index, source.storage)

    def element_number(self, text: str) -> None:
        """Says what ``i`` is, the number of the element of the value; left out again if nothing asks for it."""
        self.body.line(f"{_NUMBER}{text};")

    def begin_store(self) -> None:
        if self.target.storage == "bits":
            self.pieces.add("bits")
            self.body.line("lqf_bits bits = {out, 0u, 0u};")

    def store(self, value: Expression) -> None:
        """Stores the next element; in a pooling, where it is larger than that of the pixels before."""
        if self.target.storage == "bits":
            self.body.line(f"{self.pieces.add('put_bit')}(&bits, {value.condition});")
        elif self.step.pool is None:
            self.body.line(f"out[i] = {value.stored(self.target.storage)};")
        else:
            c_type = {"f32": "float", "i16": "int16_t"}.get(self.target.storage, C_TYPES[self.target.storage])
            pooled = self.body.let(c_type, value.stored(self.target.storage), "pooled")
            self.body.line(f"out[i] = (is_first || ({pooled} > out[i])) ? {pooled} : out[i];")

    def end_store(self) -> None:
        if self.target.storage == "bits":
            self.body.line(f"{self.pieces.add('end_bits')}(&bits);")

    def parameters(self) -> list[str]:
        sources = [f"const {C_TYPES[v.storage]} *{self.pointer(n)}" for n, v in enumerate(self.sources)]
        scratches = [f"{C_TYPES[s.storage]} *{s.name}" for s in self.scratches]
        return [*sources, f"{C_TYPES[self.target.storage]} *out", *scratches]

    def text(self, attribute: str) -> str:
        lines = self.body.text().split("\n")
        if len(re.findall(r"\bi\b", self.body.text())) <= sum(line.strip().startswith(_NUMBER) for line in lines):
            lines = [line for line in lines if not line.strip().startswith(_NUMBER)]
        unused = [name for name in (self.pointer(n) for n in range(len(self.sources))) if not self.body.mentions(name)]
        lines = [*(f"    (void){name};" for name in unused), *lines]
        head = f"static void run_{self.name}({', '.join(self.parameters())})"
        return "\n".join([comment(self.says), f"{attribute}{head}", "{", *lines, "}"])


def _type_of(values: np.ndarray) -> str:
    if values.dtype.kind == "f":
        return "float"
    for bits in (8, 16):
        if -(2 ** (bits - 1)) <= values.min(initial=0) and values.max(initial=0) < 2 ** (bits - 1):
            return f"int{bits}_t"
    return "int32_t"
