"""The instruction set as two tables: one-word instructions, and macros that expand to them.

Signatures give each operand as ``name:kind``; ``{2,4}`` means two to four of them. Kinds: ``D`` a digital register
that is written, ``S`` one that is read, ``A`` and ``V`` the same for analog ones, ``N`` a direction, ``N+`` one or
more, as in ``east|north``. A direction names the neighbour that is read: ``movx(y, x, east)`` gives each pixel the
value of its east neighbour.

Instructions, expansions and clock classes are those of the University of Manchester's SCAMP-5 headers
(``scamp5_icw.hpp`` and ``scamp5_kernel_api*.hpp`` in github.com/luozhongrui/scamp5_algorithms); the flood is that of
the older library in github.com/jianingchen/scamp5c (``scamp5c_pro_macro.aps``). Every cost published for a macro is
the number of words here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from larq_focal.focal_plane.machine import effects
from larq_focal.focal_plane.sensor.keys import ANALOG, DIGITAL, PROPAGATION, SHIFT

_PARAMETER = re.compile(r"(\w+):([DSAV]|N\+?)(?:\{(\d),(\d)\})?")


@dataclass(frozen=True)
class Parameter:
    """Operands of one kind: from ``least`` to ``most`` of them."""

    name: str
    kind: str
    least: int
    most: int


@dataclass(frozen=True)
class Form:
    """One way to write an instruction: a one-word instruction has an ``effect``, a macro an ``expansion``.

    ``also_writes`` and ``also_reads`` are the duties of registers that a word uses without naming them.
    """

    mnemonic: str
    signature: str
    text: str
    clock: str = ""
    effect: Callable | None = None
    also_writes: tuple[str, ...] = ()
    also_reads: tuple[str, ...] = ()
    expansion: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self):
        parameters = (
            Parameter(name, kind, int(least or 1), int(most or 1))
            for name, kind, least, most in _PARAMETER.findall(self.signature)
        )
        object.__setattr__(self, "parameters", tuple(parameters))

    @property
    def usage(self) -> str:
        """How it is written, for example ``NOR(d, s, s[, s[, s]])``."""
        required = ", ".join(p.name for p in self.parameters for _ in range(p.least))
        optional = [p.name for p in self.parameters for _ in range(p.most - p.least)]
        start = ", " if required else ""
        tail = "".join(f"[{start if i == 0 else ', '}{name}" for i, name in enumerate(optional)) + "]" * len(optional)
        return f"{self.mnemonic}({required}{tail})"

    def takes(self, count: int) -> bool:
        """Whether it can be written with ``count`` operands."""
        return sum(p.least for p in self.parameters) <= count <= sum(p.most for p in self.parameters)


def _word(mnemonic: str, signature: str, clock: str, effect: Callable, text: str, writes: str = "", reads: str = ""):
    return Form(mnemonic, signature, text, clock, effect, tuple(writes.split()), tuple(reads.split()))


def _macro(mnemonic: str, signature: str, text: str, *expansion: str):
    return Form(mnemonic, signature, text, expansion=expansion)


WORDS = (
    _word("nop", "", ANALOG, effects.nothing, "nothing"),
    _word("rpix", "", ANALOG, effects.reset_pixels, "PIX := reset level"),
    _word("bus", "y:A x:V{0,4}", ANALOG, effects.minus_sum, "y := -(sum of x)"),
    _word("bus2", "y:A z:A x:V{0,2}", ANALOG, effects.minus_sum, "y, z := -(sum of x) / 2"),
    _word("bus3", "w:A y:A z:A x:V", ANALOG, effects.minus_sum, "w, y, z := -x / 3"),
    _word("where", "x:V{1,3}", ANALOG, effects.is_positive, "FLAG := (sum of x) > 0", "flag"),
    _word("all", "", ANALOG, effects.set_ones, "FLAG := 1", "flag"),
    _word("ALL", "", ANALOG, effects.set_ones, "FLAG := 1", "flag"),
    _word("WHERE", "s:S{1,3}", DIGITAL, effects.either, "FLAG := OR of s", "flag"),
    _word("SET", "d:D{1,4}", DIGITAL, effects.set_ones, "d := 1"),
    _word("CLR", "d:D{1,4}", DIGITAL, effects.clear, "d := 0"),
    _word("MOV", "d:D s:S", DIGITAL, effects.either, "d := s"),
    _word("OR", "d:D s:S{2,4}", DIGITAL, effects.either, "d := OR of s"),
    _word("NOT", "d:D s:S", DIGITAL, effects.neither, "d := NOT s"),
    _word("NOR", "d:D s:S{2,4}", DIGITAL, effects.neither, "d := NOT (OR of s)"),
    _word(
        *("DNEWS0", "d:D s:S", SHIFT, effects.shift_in_zeros),
        *("d := OR of the neighbours' s that R1 (south), R2 (west), R3 (north), R4 (east) select; 0 past the border",),
        reads="south west north east",
    ),
    _word(
        *("DNEWS1", "d:D s:S", SHIFT, effects.shift_in_ones, "as DNEWS0, with 1 past the border"),
        reads="south west north east",
    ),
)

# Words that only make sense in pairs; programs get them through macros.
HALVES = (
    _word("READ", "s:S{1,4}", DIGITAL, effects.either, "pixel's bus := OR of s; first half of an in-place operation"),
    _word("READN", "s:S{1,4}", DIGITAL, effects.neither, "pixel's bus := NOT (OR of s)"),
    _word("WRITE", "d:D", DIGITAL, effects.write_back, "d := pixel's bus; second half of an in-place operation"),
    _word(
        *("PROP_0", "", PROPAGATION, effects.flood_from_ones),
        *("R12 spreads from the neighbours that R1 to R4 select, where R0 is 1; second half of PROP0", "propagation"),
        reads="mask south west north east",
    ),
    _word(
        *("PROP_1", "", PROPAGATION, effects.flood_from_border),
        *("as PROP_0, and from past the border; second half of PROP1", "propagation"),
        reads="mask south west north east",
    ),
)

MACROS = (
    _macro("NOT", "d:D", "d := NOT d", "READN({d})", "WRITE({d})"),
    _macro("OR", "d:D s:S", "d := d OR s", "READ({d}, {s})", "WRITE({d})"),
    _macro("NOR", "d:D s:S", "d := NOT (d OR s)", "READN({d}, {s})", "WRITE({d})"),
    _macro("REFRESH", "d:D", "restores d, which decays within seconds", "READ({d})", "WRITE({d})"),
    _macro(
        *("DNEWS", "d:D s:S to:N+", "d := OR of the neighbours' s in the directions; sets R1 to R4"),
        *("CLR({south}, {west}, {north}, {east})", "SET({registers_of_to})", "DNEWS0({d}, {s})"),
    ),
    _macro("PROP0", "", "R12 spreads where R0 is 1, as R1 to R4 direct", "READ({propagation})", "PROP_0()"),
    _macro("PROP1", "", "as PROP0, and from past the border", "READ({propagation})", "PROP_1()"),
    _macro(
        *("FLOOD", "d:D m:S", "ones of d spread to all sides where m is 1; sets R0 to R4 and R12"),
        *("SET({mask})", "SET({south}, {west}, {north}, {east})", "MOV({propagation}, {d})", "MOV({mask}, {m})"),
        *("READ({propagation})", "PROP_0()", "MOV({d}, {propagation})"),
    ),
    _macro(
        *("AND", "d:D x:S y:S", "d := x AND y; R12 := NOT x, R0 := NOT y"),
        *("SET({mask})", "NOT({propagation}, {x})", "NOT({mask}, {y})", "NOR({d}, {mask}, {propagation})"),
    ),
    _macro(
        *("NAND", "d:D x:S y:S", "d := NOT (x AND y); R12 := NOT x, R0 := NOT y"),
        *("SET({mask})", "NOT({propagation}, {x})", "NOT({mask}, {y})", "OR({d}, {mask}, {propagation})"),
    ),
    _macro(
        *("ANDX", "d:D x:D y:S", "d := x AND y; x := NOT y, R0 := NOT x"),
        *("NOT({mask}, {x})", "NOT({x}, {y})", "NOR({d}, {mask}, {x})"),
    ),
    _macro(
        *("NANDX", "d:D x:D y:S", "d := NOT (x AND y); x := NOT y, R0 := NOT x"),
        *("NOT({mask}, {x})", "NOT({x}, {y})", "OR({d}, {mask}, {x})"),
    ),
    _macro("IMP", "d:D x:S y:S", "d := x OR NOT y; R0 := NOT y", "NOT({mask}, {y})", "OR({d}, {x}, {mask})"),
    _macro("NIMP", "d:D x:S y:S", "d := y AND NOT x; R0 := NOT y", "NOT({mask}, {y})", "NOR({d}, {x}, {mask})"),
    _macro(
        *("XORX", "d:D x:D y:S", "d := x XOR y; x := x AND NOT y, R0 := NOT x"),
        *("NOT({mask}, {y})", "NOR({d}, {x}, {mask})", "NOT({mask}, {x})", "NOR({x}, {y}, {mask})"),
        *("READ({d}, {x})", "WRITE({d})"),
    ),
    _macro(
        *("MUX", "d:D x:S y:S z:S", "d := y where x is 1, else z; R0 := x, R12 := d"),
        *("SET({mask})", "MOV({propagation}, {z})", "MOV({mask}, {x})", "MOV({propagation}, {y})"),
        "MOV({d}, {propagation})",
    ),
    _macro("CLR_IF", "d:D s:S", "d := d AND NOT s; R0 := NOT d", "NOT({mask}, {d})", "NOR({d}, {mask}, {s})"),
    _macro("res", "y:A", "y := 0", "bus({news})", "bus({y}, {news})"),
    _macro("res", "y:A z:A", "y, z := 0", "bus({news})", "bus({y}, {news})", "bus({z}, {news})"),
    _macro("mov", "y:A x:V", "y := x", "bus({news}, {x})", "bus({y}, {news})"),
    _macro("add", "y:A x:V{2,3}", "y := sum of x", "bus({news}, {x})", "bus({y}, {news})"),
    _macro("sub", "y:A x:V z:V", "y := x - z", "bus({news}, {x})", "bus({y}, {news}, {z})"),
    _macro("neg", "y:A x:V", "y := -x", "bus({news})", "bus({y}, {news}, {x})"),
    _macro(
        *("abs", "y:A x:V", "y := |x|; lifts FLAG"),
        *("bus({news})", "bus({y}, {news}, {x})", "bus({news}, {x})", "where({x})", "bus({y}, {news})", "all()"),
    ),
    _macro(
        "divq", "y:A x:V", "y := x / 2, with the error of one division", "bus2({y}, {news}, {x})", "bus({y}, {news})"
    ),
    _macro(
        *("div", "y:A z:A x:A", "y := x / 2, z := -x / 2; x keeps its value but for errors"),
        *("bus2({y}, {z}, {x})", "bus({news}, {x}, {z})", "bus({x}, {news}, {y})", "bus2({y}, {z}, {x})"),
        "bus({y}, {z})",
    ),
    _macro(
        *("div", "y:A z:A w:A x:V", "y := x / 2, z := -x / 2, w := x, each but for errors"),
        *("bus2({y}, {z}, {x})", "bus({news}, {x}, {z})", "bus({w}, {news}, {y})", "bus2({y}, {z}, {w})"),
        "bus({y}, {z})",
    ),
    _macro(
        *("diva", "y:A z:A w:A", "y := y / 2; z, w := -y / 2, each but for errors"),
        *("bus2({z}, {w}, {y})", "bus({news}, {z}, {y})", "bus({y}, {news}, {w})", "bus2({z}, {w}, {y})"),
        "bus({y}, {z})",
    ),
    _macro("movx", "y:A x:V to:N", "y := x of the neighbour", "bus({port_against_to}, {x})", "bus({y}, {news})"),
    _macro(
        *("mov2x", "y:A x:V to:N on:N", "y := x of the neighbour's neighbour; needs FLAG at 1"),
        *("bus({port_against_to}, {x})", "bus({y}, {port_on})"),
    ),
    _macro(
        "addx",
        "y:A x:V z:V to:N",
        "y := x + z of the neighbour",
        "bus({port_against_to}, {x}, {z})",
        "bus({y}, {news})",
    ),
    _macro(
        *("add2x", "y:A x:V z:V to:N on:N", "y := x + z of the neighbour's neighbour; needs FLAG at 1"),
        *("bus({port_against_to}, {x}, {z})", "bus({y}, {port_on})"),
    ),
    _macro(
        *("subx", "y:A x:V to:N z:V", "y := x of the neighbour - z"),
        *("bus({port_against_to}, {x})", "bus({y}, {news}, {z})"),
    ),
    _macro(
        *("sub2x", "y:A x:V to:N on:N z:V", "y := x of the neighbour's neighbour - z; needs FLAG at 1"),
        *("bus({port_against_to}, {x})", "bus({y}, {port_on}, {z})"),
    ),
    _macro(
        *("get_image", "y:A", "y := light since the last reset, 0 to 127; resets PIX"),
        *("bus({news}, PIX)", "rpix()", "rpix()", "nop()", "bus({y}, {news}, PIX)"),
    ),
    _macro(
        *("get_image", "y:A h:A", "y := light over the full range, -127 to 127; h := -PIX; resets PIX"),
        *("bus({news}, PIX)", "bus({h}, PIX)", "rpix()", "rpix()", "nop()", "bus({y}, {h}, {news}, PIX)"),
    ),
    _macro("respix", "", "resets PIX", "rpix()", "rpix()", "nop()"),
    _macro(
        *("respix", "y:A", "resets PIX; y := its reset level"),
        *("rpix()", "rpix()", "nop()", "bus({news}, PIX)", "bus({y}, {news})"),
    ),
    _macro("getpix", "y:A r:V", "y := PIX - r, for a reset level r", "bus({news}, PIX)", "bus({y}, {news}, {r})"),
)

FORMS: dict[str, tuple[Form, ...]] = {
    name: tuple(form for form in WORDS + MACROS if form.mnemonic == name)
    for name in dict.fromkeys(form.mnemonic for form in WORDS + MACROS)
}
WORD_FORMS = {form.mnemonic: form for form in WORDS + HALVES}
