"""Elements of values as expressions of C: signs, whole numbers or floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from larq_focal.mcu.storage import Storage


@dataclass(frozen=True)
class Expression:
    """``text`` computes an element; that of a sign is a condition that holds for -1."""

    text: str
    kind: Literal["sign", "whole", "float"]

    @property
    def condition(self) -> str:
        """Of a sign: 1 for -1."""
        return f"({self.text}) ? 1u : 0u"

    @property
    def whole(self) -> str:
        return f"(({self.text}) ? -1 : 1)" if self.kind == "sign" else self.text

    @property
    def floating(self) -> str:
        if self.kind == "sign":
            return f"(({self.text}) ? -1.0f : 1.0f)"
        return self.text if self.kind == "float" else f"(float)({self.text})"

    def stored(self, storage: Storage) -> str:
        """As a number of a type other than bits."""
        types = {"u8": "uint8_t", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t"}
        return self.floating if storage == "f32" else f"({types[storage]})({self.whole})"


def loaded(pointer: str, index: str, storage: Storage) -> Expression:
    """The element number ``index`` of what lies at ``pointer``."""
    if storage == "bits":
        return Expression(f"lqf_bit({pointer}, {index}) != 0u", "sign")
    element = f"{pointer}[{index}]"
    if storage == "f32":
        return Expression(element, "float")
    return Expression(element, "whole")
