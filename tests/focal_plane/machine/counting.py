"""Counting with NOR logic, as programs: kernels of binary arithmetic."""

from __future__ import annotations

BITS = ("R5", "R6", "R7", "R8", "R9", "R10", "R11")  # of a count, lowest first
INPUT, T, U, V = "R4", "R1", "R2", "R3"


def xnor(out: str, x: str, w: str) -> list[str]:
    return [f"NOR({T}, {x}, {w})", f"NOR({U}, {x}, {T})", f"NOR({V}, {w}, {T})", f"NOR({out}, {U}, {V})"]


def half_add(bit: str, carry: str) -> list[str]:
    """``bit``, ``carry`` := sum and carry of the two."""
    return [
        *(f"NOR({T}, {bit}, {carry})", f"NOT({U}, {bit})", f"NOT({V}, {carry})"),
        *(f"NOR({carry}, {U}, {V})", f"NOR({bit}, {T}, {carry})"),
    ]


def full_add(a: str, b: str, c: str, spare: str) -> list[str]:
    """``a``, ``b`` := sum and carry of the three."""
    return [
        *(f"NOR({T}, {a}, {b})", f"NOR({U}, {a}, {T})", f"NOR({V}, {b}, {T})", f"NOR({a}, {U}, {V})"),
        *(f"NOR({U}, {a}, {c})", f"NOR({V}, {a}, {U})", f"NOR({spare}, {c}, {U})"),
        *(f"NOR({a}, {V}, {spare})", f"NOR({b}, {T}, {U})"),
    ]


def count_input(t: int) -> list[str]:
    """Adds INPUT, the t-th of a row of inputs from 1 on, to the count."""
    top = t.bit_length() - 1
    ripple = [line for bit in BITS[:top] for line in half_add(bit, INPUT)]
    if t == 1 << top:
        return [*ripple, f"MOV({BITS[top]}, {INPUT})"]
    return [*ripple, f"OR({T}, {BITS[top]}, {INPUT})", f"MOV({BITS[top]}, {T})"]


def counter(fan_in: int) -> str:
    """The text of a program that counts the planes ``input1``, ``input2`` ... one by one."""
    kernels, main = {}, []
    for t in range(1, fan_in + 1):
        top = t.bit_length() - 1
        name = f"first_{top}" if t == 1 << top else f"add_{top}"
        kernels[name] = [f"kernel {name}", *count_input(t), "end"]
        main += [f"load_plane({INPUT}, input{t})", f"launch({name})"]
    return "\n".join([*(line for lines in kernels.values() for line in lines), "main", *main, "end"])


def at_least(threshold: int, bits: tuple[str, ...]) -> tuple[list[str], str]:
    """Instructions that compare a count with ``threshold``, and the register that holds the answer."""
    lines: list[str] = []
    answer, spare = None, "R1"
    for position, bit in enumerate(bits):
        is_set = (threshold - 1) >> position & 1
        if answer is None:
            answer = None if is_set else bit
            continue
        if is_set:
            lines += [f"NOT(R3, {bit})", f"NOT(R4, {answer})", f"NOR({spare}, R3, R4)"]
        else:
            lines += [f"OR({spare}, {bit}, {answer})"]
        answer, spare = spare, "R2" if spare == "R1" else "R1"
    return lines, answer
