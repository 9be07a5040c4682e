"""Reading a YAML file so that every fault is refused by file, key and fix."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from reprlib import Repr
from types import MappingProxyType
from typing import Any

import yaml

_LARGEST = 1e12  # of any number in a file; beyond, sums of them mean nothing
_MOST_REGISTERS = 64  # under one duty
_brief = Repr()  # values in messages: aliases can make a short file a very long text
_brief.maxlevel = 2
shown = _brief.repr


class SensorError(ValueError):
    """A sensor is not known, or its file is at fault; the message names the file, the key and the fix."""


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        SensorError: the file is not YAML.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SensorError(f"'{path}' is not a readable YAML file: {' '.join(str(error).split())}") from error


def parse_yaml(text: str) -> Any:
    """The content of YAML text.

    Raises:
        ValueError: it is not YAML, or a value in it is none that YAML can hold, such as the 40th of a month.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except (RecursionError, OverflowError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise ValueError(f"a value or its nesting is out of bounds ({type(error).__name__})") from error


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``changes``, key by key in nested mappings too."""
    result = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if nested else value
    return result


class Section:
    """One mapping of the file; values are taken key by key, and what is left at the end is refused."""

    def __init__(self, path: Path, data: Any, prefix: str = ""):
        self._path, self._prefix = path, prefix
        if not isinstance(data, dict):
            where = f"'{prefix.rstrip('.')}'" if prefix else "the file"
            raise SensorError(f"'{path}': {where} must hold keys with values, as in template.yaml.")
        self._left = dict(data)

    def section(self, key: str) -> Section:
        return Section(self._path, self._take(key), f"{self._prefix}{key}.")

    def sections(self, key: str) -> list[Section]:
        """A list of mappings."""
        items = self._take(key)
        if not isinstance(items, list):
            self._refuse(key, f"must be a list, and [] for none, not {shown(items)}")
        return [Section(self._path, item, f"{self._prefix}{key}[{i}].") for i, item in enumerate(items)]

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
                self._refuse(key, f"names {name}; choose from {', '.join(allowed)}")
        return names

    def uncounted(self, duties: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The registers under ``uncounted``, each of which must stand under one duty, as no register may twice."""
        names = Counter(name for duty in duties.values() for name in duty)
        for name, times in names.items():
            if times > 1:
                places = ", ".join(f"'{self._prefix}{duty}'" for duty, listed in duties.items() if name in listed)
                raise SensorError(f"'{self._path}': register {name} is used twice, in {places}; leave it in one.")
        uncounted = self.texts("uncounted")
        for name in uncounted:
            if name not in names:
                self._refuse("uncounted", f"names {name}, which is no register here; give it a duty or leave it out")
        return uncounted

    def number(
        self, key: str, minimum: float = 0, may_be_unknown: bool = False, maximum: float = _LARGEST
    ) -> float | None:
        value = self._take(key)
        if value is None and may_be_unknown:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (isinstance(value, float) and not math.isfinite(value)):
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
            self._refuse(key, f"must be a whole number{' or null' * may_be_unknown}, not {value!r}")
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
            self._refuse(shown(key).strip("'"), "is not a key of a sensor; see template.yaml for those that are")

    def _take(self, key: str) -> Any:
        if key not in self._left:
            self._refuse(key, "is missing; see template.yaml for what it means")
        return self._left.pop(key)

    def _refuse(self, key: str, fault: str) -> None:
        raise SensorError(f"'{self._path}': '{self._prefix}{key}' {fault}.")
