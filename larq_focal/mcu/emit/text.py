"""C text: names, numbers, tables and indented lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from larq_focal.messages import short
from larq_focal.network.names import new_name

_WIDTH = 112
LARGEST_FLOAT = float(np.finfo(np.float32).max)


C_WORDS = frozenset(
    (
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "main", "register", "restrict", "return", "short"),
        *(
            "signed",
            "sizeof",
            "static",
            "struct",
            "switch",
            "typedef",
            "union",
            "unsigned",
            "void",
            "volatile",
            "while",
        ),
    )
)
"""What a program cannot name something of its own."""


class Names:
    """Names of C for names of a network, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = {*C_WORDS, "context", "arena", "stored", "out", "i", "c", "x", "y"}

    def __call__(self, wanted: str) -> str:
        name = c_name(wanted)
        name = new_name(name, self._taken).replace("#", "_")
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def c_name(text: str) -> str:
    """``text`` as a name in C: lower case, with an underscore for what a name cannot have."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:48].strip("_")
    return name if name[:1].isalpha() else f"v_{name}".rstrip("_")


def comment(text: str) -> str:
    """``text`` as a comment, whatever it holds."""
    return f"/* {short(text, 1000).replace('*/', '* /').replace('/*', '/ *')} */"


def number(value) -> str:
    """A literal of the type of ``value``: float32, else an integer. Infinite floats become the largest finite ones."""
    if isinstance(value, np.floating | float):
        exact = np.float32(np.clip(value, -LARGEST_FLOAT, LARGEST_FLOAT))
        return f"{float(str(exact))!r}f"
    value = int(value)
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def shape(values: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, values))}]"


@dataclass(frozen=True)
class Table:
    """Constants in flash; ``is_aligned``: to lines of a cache."""

    name: str
    c_type: str
    values: np.ndarray
    says: str
    is_aligned: bool = False

    def text(self, attribute: str) -> str:
        if self.c_type == "uint32_t":
            numbers = [f"0x{int(value):08x}u" for value in self.values.reshape(-1)]
        elif self.c_type == "uint64_t":
            numbers = [f"0x{int(value):016x}u" for value in self.values.reshape(-1)]
        else:
            numbers = [number(value) for value in self.values.reshape(-1)]
        aligned = " LQF_ALIGNED" if self.is_aligned else ""
        head = f"static const {self.c_type} {self.name}[{len(numbers)}] {attribute}{aligned} = {{"
        return "\n".join([comment(self.says), head, *_rows(numbers), "};"])


def _rows(numbers: list[str]) -> Iterator[str]:
    row = "   "
    for text in numbers:
        if len(row) + len(text) + 2 > _WIDTH:
            yield row
            row = "   "
        row += f" {text},"
    yield row


class Body:
    """Lines of a function, indented by its blocks."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 1
        self._count = 0

    def line(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(f"{head} {{")
        self._depth += 1
        yield
        self._depth -= 1
        self.line("}")

    def loop(self, variable: str, count: int, c_type: str = "uint32_t"):
        """A block that is run ``count`` times."""
        suffix, one = ("u", "0u") if c_type == "uint32_t" else ("", "0")
        return self.block(f"for ({c_type} {variable} = {one}; {variable} < {count}{suffix}; ++{variable})")

    def let(self, c_type: str, value: str, name: str = "value") -> str:
        """Names a value: a constant of the innermost block."""
        named = self.new_name(name)
        self.line(f"const {c_type} {named} = {value};")
        return named

    def new_name(self, name: str) -> str:
        """A name for a variable that no other has."""
        self._count += 1
        return f"{name}_{self._count}"

    def text(self) -> str:
        return "\n".join(self._lines)

    def mentions(self, variable: str) -> bool:
        return re.search(rf"\b{variable}\b", self.text()) is not None
