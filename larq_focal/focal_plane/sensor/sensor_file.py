"""Reading YAML files of sensors, noise and processors so that every fault is refused by file, key and fix."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from larq_focal.files import existing_file
from larq_focal.messages import short, shown
from larq_focal.yaml_text import YamlError, parse_yaml

_MOST_BYTES = 2**17  # ten times the largest that comes with the package
_LARGEST = 1e12  # of any number in a file; beyond, sums of them mean nothing
_MOST_REGISTERS = 64  # under one duty


class SensorError(ValueError):
    """A sensor is not known, or its file is at fault; the message names the file, the key and the fix."""


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        SensorError: the file is not YAML, or not of the kind that sensors are described in.
        OSError: it cannot be read.
    """
    size = existing_file(path).stat().st_size
    if size > _MOST_BYTES:
        raise SensorError(f"'{path}' has {size:,} bytes, and at most {_MOST_BYTES:,} are read.")
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except (YamlError, UnicodeDecodeError) as error:
        raise SensorError(f"'{path}' is not a readable YAML file: {short(error)}.") from error


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``changes``, key by key in nested mappings too."""
    result = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if nested else value
    return result


class Section:
    """One mapping of the file; values are taken key by key, and what is left at the end is refused.

    Args:
        path: the file.
        data: the mapping.
        prefix: the keys that lead to it, each with a dot behind.
        kind: what the file describes.
        example: the name of a file of that kind which is right.

    Raises:
        SensorError: ``data`` is not a mapping.
    """

    def __init__(self, path: Path, data: Any, prefix: str = "", kind: str = "sensor", example: str = "template.yaml"):
        self._path, self._prefix, self._kind, self._example = path, prefix, kind, example
        if not isinstance(data, dict):
            where = f"'{prefix.rstrip('.')}'" if prefix else "the file"
            raise SensorError(f"'{path}': {where} must hold keys with values, as in {example}.")
        self._left = dict(data)

    def section(self, key: str) -> Section:
        return self._below(key, self._take(key))

    def _below(self, place: str, data: Any) -> Section:
        return Section(self._path, data, f"{self._prefix}{place}.", self._kind, self._example)

    def sections(self, key: str) -> list[Section]:
        """A list of mappings."""
        items = self._take(key)
        if not isinstance(items, list):
            self._refuse(key, f"must be a list, and [] for none, not {shown(items)}")
        return [self._below(f"{key}[{i}]", item) for i, item in enumerate(items)]

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value:
            self._refuse(key, f"must be a text, not {shown(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._refuse(key, f"must be a list of texts, as in [R0, R1], and [] for none, not {shown(value)}")
        return tuple(value)

    def registers(self, key: str, counts: Collection[int] = range(_MOST_REGISTERS + 1)) -> tuple[str, ...]:
        """Names of registers, as many as one of ``counts``."""
        names = self.texts(key)
        for name in names:
            if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
                self._refuse(key, f"names {shown(name)}; a register has a name of letters, digits and _")
        if len(names) not in counts:
            allowed = " or ".join(map(str, counts)) if len(counts) <= 2 else f"at most {max(counts)}"
            self._refuse(key, f"must name {allowed} register{'s' * (max(counts) != 1)}, not {len(names)}")
        return names

    def integers(self, key: str) -> tuple[int, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not all(type(item) is int and item > 0 for item in value):
            self._refuse(key, f"must be a list of whole numbers above 0, not {shown(value)}")
        return tuple(value)

    def choices(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """A list of names out of ``allowed``."""
        names = self.texts(key)
        for name in names:
            if name not in allowed:
                self._refuse(key, f"names {short(name, 60)}; choose from {', '.join(allowed)}")
        return names

    def uncounted(self, duties: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The registers under ``uncounted``, each of which must stand under one duty, as no register may twice."""
        names = Counter(name for duty in duties.values() for name in duty)
        for name, times in names.items():
            if times > 1:
                places = ", ".join(f"'{self._prefix}{duty}'" for duty, listed in duties.items() if name in listed)
                raise SensorError(
                    f"'{self._path}': register {short(name, 60)} is used twice, in {places}; leave it in one."
                )
        uncounted = self.texts("uncounted")
        for name in uncounted:
            if name not in names:
                self._refuse(
                    "uncounted",
                    f"names {short(name, 60)}, which is not a register here; give it a duty or leave it out",
                )
        return uncounted

    def number(
        self, key: str, minimum: float = 0, may_be_unknown: bool = False, maximum: float = _LARGEST
    ) -> float | None:
        value = self._take(key)
        if value is None and may_be_unknown:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            self._refuse(key, f"must be a number{' or null' * may_be_unknown}, not {shown(value)}")
        if value < minimum:
            self._refuse(key, f"must be at least {minimum}, not {shown(value)}")
        if value > maximum:
            self._refuse(key, f"must be at most {maximum:,.0f}, not {shown(value)}")
        return value

    def integer(
        self, key: str, minimum: int = 0, may_be_unknown: bool = False, maximum: float = _LARGEST
    ) -> int | None:
        value = self.number(key, minimum, may_be_unknown, maximum)
        if isinstance(value, float):
            self._refuse(key, f"must be a whole number{' or null' * may_be_unknown}, not {shown(value)}")
        return value

    def truth(self, key: str) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            self._refuse(key, f"must be true or false, not {shown(value)}")
        return value

    def table(self, keys: tuple[str, ...], take: Callable[..., Any], **options: Any) -> Mapping[str, Any]:
        """All of ``keys``, and nothing else, each read with ``take`` (``Section.number`` or ``Section.integer``)."""
        values = {key: take(self, key, **options) for key in keys}
        self.refuse_the_rest()
        return MappingProxyType(values)

    def some(self, keys: Collection[str], take: Callable[..., Any]) -> Mapping[str, Any]:
        """Those of ``keys`` that are there, and nothing else."""
        values = {key: take(self, key) for key in keys if key in self._left}
        self.refuse_the_rest()
        return MappingProxyType(values)

    def refuse_the_rest(self) -> None:
        if self._left:
            key = next(iter(self._left))
            self._refuse(key, f"is not a key of a {self._kind}; see {self._example} for those that are")

    def _take(self, key: str) -> Any:
        if key not in self._left:
            self._refuse(key, f"is missing; see {self._example} for what it means")
        return self._left.pop(key)

    def _refuse(self, key: str, fault: str) -> None:
        raise SensorError(f"'{self._path}': '{short(self._prefix + str(key), 100)}' {fault}.")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False
