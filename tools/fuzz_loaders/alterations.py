"""Files with something in them altered, by a seed: bytes, texts, trees of JSON, arrays."""

from __future__ import annotations

import io
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np

_NUMBERS = (-1, 0, 1, 2, 3, 255, 256, 2**31 - 1, 2**31, 2**63, 10**12, 10**30, -(2**31))
_VALUES = (*_NUMBERS, 0.5, -1.5, 1e30, float("nan"), float("inf"), None, True, False, "", "x", "\0", "x" * 5000, [], {})
_WORDS = (
    *map(str, _NUMBERS),
    *(
        "1e999",
        ".nan",
        "-.inf",
        "null",
        "true",
        "[]",
        "{}",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "-",
        "'",
        '"',
        "#",
        "\t",
        "\0",
    ),
    *(
        "&a",
        "*a",
        "!!python/object/apply:os.system [true]",
        "9" * 5000,
        "é",
        "\ud800",
        "x" * 3000,
        "2001-99-99",
        "0x" + "f" * 999,
    ),
)


def altered_bytes(content: bytes, choice: random.Random) -> bytes:
    """One to three of: bytes changed, cut, put in, moved or repeated."""
    altered = bytearray(content)
    for _ in range(choice.choice((1, 1, 2, 3))):
        begin = choice.randrange(len(altered) + 1)
        end = min(len(altered), begin + choice.choice((1, 1, 2, 4, 8, 100, 10_000)))
        kind = choice.choice(("flip", "flip", "set", "number", "cut", "drop", "insert", "repeat", "move"))
        if kind == "flip" and begin < len(altered):
            altered[begin] ^= 1 << choice.randrange(8)
        elif kind == "set":
            altered[begin:end] = bytes([choice.choice((0, 1, 127, 128, 255))]) * (end - begin)
        elif kind == "number":
            form, number = choice.choice((("<I", 2**32), ("<q", 2**63), ("<H", 2**16)))
            packed = struct.pack(form, choice.choice((0, 1, number - 1, number // 2, number // 3)))
            altered[begin : begin + len(packed)] = packed
        elif kind == "cut":
            del altered[begin:]
        elif kind == "drop":
            del altered[begin:end]
        elif kind == "insert":
            altered[begin:begin] = choice.randbytes(choice.choice((1, 4, 100)))
        elif kind == "repeat":
            altered[begin:begin] = altered[begin:end]
        elif kind == "move":
            chunk = altered[begin:end]
            del altered[begin:end]
            place = choice.randrange(len(altered) + 1)
            altered[place:place] = chunk
    return bytes(altered)


def altered_text(text: str, choice: random.Random, words: Sequence[str] = (), lines: Sequence[str] = ()) -> str:
    """One to three words or lines changed, dropped, repeated or moved; some of ``words`` and ``lines`` put in."""
    for _ in range(choice.choice((1, 1, 2, 3))):
        if (words or lines) and choice.random() < 0.4:
            text = _with_one_of(words, lines, text, choice)
        elif choice.random() < 0.6:
            there = _words_of(text)
            place = choice.randrange(len(there) + 1)
            new = choice.choice(_WORDS) if choice.random() < 0.7 or not there else choice.choice(there)
            there[place : place + choice.choice((0, 1, 1, 1))] = [new]
            text = "".join(there)
        else:
            there = text.split("\n")
            place = choice.randrange(len(there))
            line = there[place]
            kind = choice.choice(("drop", "repeat", "many", "move", "indent", "cut"))
            if kind == "cut":
                del there[place:]
            elif kind in ("repeat", "many"):
                there[place:place] = [line] * (1 if kind == "repeat" else 3000)
            elif kind == "indent":
                there[place] = choice.choice((" ", "    ", "\t")) + line
            else:
                del there[place]
                if kind == "move":
                    there.insert(choice.randrange(len(there) + 1), line)
            text = "\n".join(there)
    return text


def _words_of(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _with_one_of(words: Sequence[str], lines: Sequence[str], text: str, choice: random.Random) -> str:
    """The text with one of ``words`` in place of a word, or one of ``lines`` put in, once or many times."""
    if words and (not lines or choice.random() < 0.5):
        there = _words_of(text)
        place = choice.randrange(len(there) + 1)
        there[place : place + choice.choice((0, 1, 1))] = [choice.choice(words)]
        return "".join(there)
    there = text.split("\n")
    place = choice.randrange(len(there) + 1)
    line, count = choice.choice(lines), choice.choice((1, 1, 1, 2, 40, 3000))
    there[place:place] = [line] * (1 if "\n" in line else count)
    return "\n".join(there)


def altered_tree(tree: Any, choice: random.Random, planted: tuple[Any, ...] = ()) -> Any:
    """One to three values of a tree of lists and mappings changed, dropped, moved or replaced by a planted one."""
    root = [deepcopy(tree)]
    for _ in range(choice.choice((1, 1, 2, 3))):
        places = list(_places(root))
        parent, key = choice.choice(places)
        kind = choice.choice(("value", "value", "value", "number", "drop", "other", "repeat", "rename", "wrap", "deep"))
        if planted and choice.random() < 0.15:
            kind = "planted"
        value = parent[key]
        if kind == "planted":
            parent[key] = deepcopy(choice.choice(planted))
        elif kind == "value":
            parent[key] = deepcopy(choice.choice(_VALUES))
        elif kind == "number":
            numbers = [place for place in places if type(place[0][place[1]]) in (int, float)]
            parent, key = choice.choice(numbers or places)
            parent[key] = choice.choice(_NUMBERS)
        elif kind == "drop" and parent is not root:
            del parent[key]
        elif kind == "other":
            other, place = choice.choice(places)
            parent[key] = deepcopy(other[place])
        elif kind == "repeat" and isinstance(value, list):
            parent[key] = value * choice.choice((2, 3, 50))
        elif kind == "rename" and isinstance(parent, dict):
            parent[choice.choice(("", "x", "config", "class_name", str(key) + "s"))] = parent.pop(key)
        elif kind == "wrap":
            parent[key] = choice.choice(([value], {"config": value}, {"class_name": value, "config": value}))
        elif kind == "deep":
            for _ in range(choice.choice((3, 100, 200))):
                value = [value]
            parent[key] = value
    return root[0]


def _places(tree: Any):
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        for key in list(item) if isinstance(item, dict) else range(len(item)):
            yield item, key
            if isinstance(item[key], dict | list):
                waiting.append(item[key])


def npy(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, array, allow_pickle=True)
    return held.getvalue()


def altered_npy(content: bytes, choice: random.Random, pickled: object = None) -> bytes:
    """A .npy file with bytes, or words of its header, changed; or one of Python objects."""
    kind = choice.choice(("bytes", "header", "header", "version", "array", "pickle"))
    if kind == "bytes":
        return altered_bytes(content, choice)
    if kind == "pickle":
        return npy(np.array([pickled], object))
    if kind == "array":
        return npy(altered_array(np.arange(choice.choice((0, 1, 5)), dtype=np.float32), choice))
    length = struct.unpack("<H", content[8:10])[0]
    header, values = content[10 : 10 + length], content[10 + length :]
    if kind == "header":
        header = altered_text(header.decode("latin-1"), choice).encode("utf-8", "replace")
    version = choice.choice((1, 1, 1, 2, 3, 9)) if kind == "version" else 1
    size = struct.pack("<H", len(header) % 2**16) if version == 1 else struct.pack("<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + values


def altered_array(array: np.ndarray, choice: random.Random) -> np.ndarray:
    """An array of another shape, type or value."""
    kind = choice.choice(("shape", "type", "value", "scalar", "empty", "text"))
    if kind == "type" and array.dtype.kind in "biuf":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return array.astype(choice.choice(("f8", "i1", "u8", "?", "c8", "f2", "U3", "S2", ">f4")))
    if kind == "value" and array.size and array.dtype.kind == "f":
        array = array.copy()
        array.flat[choice.randrange(array.size)] = choice.choice((np.nan, np.inf, -np.inf, 1e30, -1, 0))
        return array
    if kind == "text":
        return np.array("text")
    if kind == "empty":
        return array.reshape(-1)[:0]
    if kind == "scalar":
        return np.float32(3)
    return array.reshape(-1)[: choice.choice((1, 2, 7, None))].reshape(choice.choice(((-1,), (1, -1), (-1, 1, 1, 1))))


def altered_archive(parts: dict[str, bytes], choice: random.Random) -> bytes:
    """A zip archive of these parts, in which one is missing, there twice, renamed or empty; or bytes are changed."""
    entries = list(parts.items())
    kind = choice.choice(("bytes", "drop", "twice", "rename", "empty", "other", "method", "none"))
    place = choice.randrange(len(entries))
    name, content = entries[place]
    if kind == "drop":
        entries.pop(place)
    elif kind == "twice":
        entries.append((name, choice.choice(entries)[1]))
    elif kind == "rename":
        entries[place] = (
            choice.choice((".npy", "x", "../x.npy", "/x", name + "x", "model.weights.npz", "\udcff.npy")),
            content,
        )
    elif kind == "empty":
        entries[place] = (name, b"")
    elif kind == "other":
        entries[place] = (name, choice.choice(entries)[1])
    method = choice.choice((zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)) if kind == "method" else choice.choice((0, 8))
    held = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(held, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, content in entries:
            archive.writestr(name.encode("utf-8", "replace").decode(), content)
    return altered_bytes(held.getvalue(), choice) if kind == "bytes" else held.getvalue()
