"""The functions and types that a program needs, in the order in which C wants them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from larq_focal.mcu.selection import Call, chosen

_NAME = re.compile(r"\blqf_(\w+)\b")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)


@cache
def text_of(file: str) -> str | None:
    """The text of ``kernels/<file>.c``; None where there is no such file."""
    path = files("larq_focal.mcu.kernels").joinpath(*f"{file}.c".split("/"))
    return path.read_text(encoding="utf-8") if path.is_file() else None


class Pieces:
    """What a program is put together from, collected while it is written."""

    def __init__(self, target: str):
        self.target = target
        self._texts: dict[str, str] = {}

    def add(self, file: str, words: Mapping[str, str] | None = None) -> str:
        """Adds what a file of ``kernels/`` holds, and all that it uses; returns its name in C."""
        name, text = file.split("/")[-1], text_of(file)
        if text is None:
            raise KeyError(f"There is no kernel file '{file}.c'.")
        for word, filled in sorted((words or {}).items(), key=lambda item: -len(item[0])):
            name, text = name.replace(word, filled), text.replace(word, filled)
        if name not in self._texts:
            for used in dict.fromkeys(_NAME.findall(_COMMENT.sub("", text))):
                if used != name and text_of(used) is not None:
                    self.add(used)
            self._texts[name] = text
        return f"lqf_{name}"

    def kernel(self, name: str, call: Call, words: Mapping[str, str] | None = None) -> str:
        """Adds the function that computes a call of ``lqf_name`` best on the target; returns its name in C."""
        file, more = chosen(name, call, self.target)
        return self.add(file, {**(words or {}), **more})

    def text(self) -> str:
        return "\n".join(self._texts.values())
