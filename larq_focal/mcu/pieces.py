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
        """Adds what a file of ``kernels/`` holds, and all that it uses; returns its name in C.

        ``words`` stand for words in capitals, in the file and in those that it uses.
        """
        text, words = text_of(file), words or {}
        if text is None:
            raise KeyError(f"There is no kernel file '{file}.c'.")
        name, filled = _filled(file, words), _filled(text, words)
        if name not in self._texts:
            for used in dict.fromkeys((*_names(text), *_names(filled))):
                if _filled(used, words) != name and text_of(used) is not None:
                    self.add(used, words)
            self._texts[name] = filled
        return f"lqf_{name}"

    def kernel(self, name: str, call: Call, words: Mapping[str, str] | None = None) -> str:
        """Adds the function that computes a call of ``lqf_name`` best on the target; returns its name in C."""
        kernel = chosen(name, call, self.target)
        return self.add(kernel.file, {**(words or {}), **kernel.words(call)})

    def text(self) -> str:
        return "\n".join(self._texts.values())


def _names(text: str) -> list[str]:
    return _NAME.findall(_COMMENT.sub("", text))


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, filled in sorted(words.items(), key=lambda item: -len(item[0])):
        text = text.replace(word, filled)
    return text
