"""YAML files that describe a sensor and the like: a fault is told by the kind of file, its name, key and fix."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from larq_focal.files import existing_file
from larq_focal.messages import short, shown
from larq_focal.yaml_text import YamlError, parse_yaml

_MOST_BYTES = 2**17  # ten times the largest that comes with the package
_LARGEST = 1e12  # of any number in a file; beyond, sums of them mean nothing


@dataclass(frozen=True)
class FileKind:
    """What a file describes.

    Attributes:
        name: what messages call it, such as "noise model".
        example: the name of a file of that kind which is right.
        error: what is raised for a file at fault.
    """

    name: str
    example: str
    error: type[ValueError]

    def content(self, path: Path) -> Any:
        """What stands in a file, as plain values.

        Raises:
            ValueError: ``error``: the file is not YAML, or too large.
            OSError: it cannot be read.
        """
        size = existing_file(path).stat().st_size
        if size > _MOST_BYTES:
            raise self.error(f"'{path}' has {size:,} bytes, and at most {_MOST_BYTES:,} are read of a {self.name}.")
        try:
            return parse_yaml(path.read_text(encoding="utf-8"))
        except (YamlError, UnicodeDecodeError) as error:
            raise self.error(f"'{path}' is not a readable YAML file of a {self.name}: {short(error)}.") from error

    def read(self, path: Path) -> Section:
        """The keys of a file; errors as for ``content``, and where the file does not hold keys."""
        return Section(self, path, self.content(path))


class Section:
    """One mapping of the file; values are taken key by key, and what is left at the end is refused.

    All that it refuses is raised as the error of the file's kind.

    Args:
        kind: what the file describes.
        path: the file.
        data: the mapping.
        prefix: the keys that lead to it, each with a dot behind.

    Raises:
        ValueError: ``kind.error``: ``data`` is not a mapping.
    """

    def __init__(self, kind: FileKind, path: Path, data: Any, prefix: str = ""):
        self._kind, self._path, self.prefix = kind, path, prefix
        if not isinstance(data, dict):
            where = f"'{prefix.rstrip('.')}'" if prefix else "the file"
            raise kind.error(f"'{path}': {where} must hold keys with values, as in {kind.example}.")
        self._left = dict(data)

    def __contains__(self, key: str) -> bool:
        """Whether the key is there, and not yet taken."""
        return key in self._left

    def section(self, key: str) -> Section:
        return self._below(key, self._take(key))

    def _below(self, place: str, data: Any) -> Section:
        return Section(self._kind, self._path, data, f"{self.prefix}{place}.")

    def sections(self, key: str) -> list[Section]:
        """A list of mappings."""
        items = self._take(key)
        if not isinstance(items, list):
            self.refuse(key, f"must be a list, and [] for none, not {shown(items)}")
        return [self._below(f"{key}[{i}]", item) for i, item in enumerate(items)]

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value:
            self.refuse(key, f"must be a text, not {shown(value)}")
        return value

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """A name out of ``allowed``."""
        name = self.text(key)
        if name not in allowed:
            self.refuse(key, f"is {short(name, 60)}; choose from {', '.join(allowed)}")
        return name

    def value(self, key: str) -> Any:
        """Whatever stands there."""
        return self._take(key)

    def mapping(self, key: str) -> dict[str, Any]:
        """Keys of any name, with values of any kind."""
        value = self._take(key)
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            self.refuse(key, f"must hold names with values, and {{}} for none, not {shown(value)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(key, f"must be a list of texts, as in [R0, R1], and [] for none, not {shown(value)}")
        return tuple(value)

    def integers(self, key: str) -> tuple[int, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not all(type(item) is int and item > 0 for item in value):
            self.refuse(key, f"must be a list of whole numbers above 0, not {shown(value)}")
        return tuple(value)

    def choices(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """A list of names out of ``allowed``."""
        names = self.texts(key)
        for name in names:
            if name not in allowed:
                self.refuse(key, f"names {short(name, 60)}; choose from {', '.join(allowed)}")
        return names

    def number(
        self, key: str, minimum: float = 0, may_be_unknown: bool = False, maximum: float = _LARGEST
    ) -> float | None:
        value = self._take(key)
        if value is None and may_be_unknown:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            self.refuse(key, f"must be a number{' or null' * may_be_unknown}, not {shown(value)}")
        if value < minimum:
            self.refuse(key, f"must be at least {minimum}, not {shown(value)}")
        if value > maximum:
            self.refuse(key, f"must be at most {maximum:,.0f}, not {shown(value)}")
        return value

    def integer(
        self, key: str, minimum: int = 0, may_be_unknown: bool = False, maximum: float = _LARGEST
    ) -> int | None:
        value = self.number(key, minimum, may_be_unknown, maximum)
        if isinstance(value, float):
            self.refuse(key, f"must be a whole number{' or null' * may_be_unknown}, not {shown(value)}")
        return value

    def truth(self, key: str) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            self.refuse(key, f"must be true or false, not {shown(value)}")
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
            self.refuse(key, f"is not a key of a {self._kind.name}; see {self._kind.example} for those that are")

    def _take(self, key: str) -> Any:
        if key not in self._left:
            self.refuse(key, f"is missing; see {self._kind.example} for what it means")
        return self._left.pop(key)

    def refuse(self, key: str, fault: str) -> NoReturn:
        """Raises the error of this kind of file: the value of ``key`` has a ``fault``, the end of a sentence."""
        self.refuse_file(f"'{short(self.prefix + str(key), 100)}' {fault}")

    def refuse_file(self, fault: str) -> NoReturn:
        """The same for what no single key is to blame for."""
        raise self._kind.error(f"'{self._path}': {fault}.")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False
