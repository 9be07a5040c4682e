"""Structural alterations of texts that readers take: by seed, so that a failure can be had again.

Each function takes a text and a ``random.Random`` and returns an altered text.
"""

from __future__ import annotations

import random
from typing import Any

import yaml

VALUES: tuple[Any, ...] = (
    *(None, True, 0, 1, -1, 2, 3, 7, 64, 256, 1000, 10**7, 10**20, 0.5, 256.7, 1e30, float("nan"), float("inf")),
    *("", "R0", "R5", "A", "FLAG", "NEWS", "bits_0", "nan", "same", [], [[]], {}, [0], [9, 0, 1], [1, 1], ["R5", "R5"]),
)
TOKENS = (
    *("0", "1", "-1", "255", "256", "99999999999999999999", "999999999999", "R0", "R4", "R5", "R12", "A", "NEWS", "IN"),
    *("FLAG", "bits_0", "east", "north|east", "x", "", "(", ")", ",", "=", "end", "main", "launch(k0)", "repeat 9"),
)
LINES = (
    *("end", "main", "kernel k0", "repeat 0", "repeat 3", "repeat 999999999999", "launch(k0)", "SET(R0)", "PROP0()"),
    *("load_pattern(R1, 99999999999999999999, 0, 0, 0)", "load_rect(R5, 0, 0, -1, 9)", "load_in(300)", "x = 1"),
    *("a = read_plane(R5)", "a = global_count(R5)", "load_plane(R5, nothing)", "respix()", "add(A, B, C)", "#: x: 1"),
)
HEADER_MARK = "#:"


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def altered_text(text: str, rng: random.Random) -> str:
    """One to three alterations of lines and words: left out, doubled, exchanged, nested, cut, replaced."""
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines)) if lines else 0
        match rng.randrange(8):
            case 0:
                lines[at : at + rng.choice((1, 1, 5, 50))] = []
            case 1:
                lines[at:at] = lines[at : at + rng.choice((1, 5))] * rng.choice((1, 1, 100))
            case 2 if len(lines) > 1:
                other = rng.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines.insert(at, rng.choice(LINES))
            case 4:
                depth = rng.choice((1, 2, 40, 3000))
                lines[at:at] = ["repeat 2"] * depth + rng.choice((["end"] * depth, []))
            case 5:
                del lines[at:]
            case _ if lines:
                lines[at] = _altered_line(lines[at], rng)
    return "\n".join(lines)


def _altered_line(line: str, rng: random.Random) -> str:
    words = line.replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split(" ")
    at = rng.randrange(len(words))
    words[at : at + rng.choice((0, 1, 1))] = [rng.choice(TOKENS)]
    return " ".join(words)


def altered_yaml(text: str, rng: random.Random) -> str:
    """One or two values of a YAML text replaced, left out, doubled, or moved; now and then a line of it altered."""
    if rng.random() < 0.1:
        return altered_text(text, rng)
    data = yaml.safe_load(text)
    for _ in range(rng.randint(1, 2)):
        places = list(_places(data))
        if not places:
            break
        holder, key = rng.choice(places)
        match rng.randrange(5):
            case 0:
                del holder[key]
            case 1:
                holder[key] = rng.choice([other[at] for other, at in places])
            case 2:
                holder[key] = [holder[key], holder[key]]
            case 3 if isinstance(holder, list):
                holder.append(holder[key])
            case _:
                holder[key] = rng.choice(VALUES)
    try:
        return yaml.dump(data, Dumper=_WithoutAliases if rng.random() < 0.95 else yaml.SafeDumper)
    except (RecursionError, ValueError):  # a value that holds itself
        return text


def altered_program(text: str, rng: random.Random) -> str:
    """A compiled program with an altered header, or altered statements."""
    if rng.random() < 0.4:
        return altered_text(text, rng)
    lines = text.splitlines()
    header = "\n".join(line[len(HEADER_MARK) + 1 :] for line in lines if line.startswith(HEADER_MARK))
    body = [line for line in lines if not line.startswith(HEADER_MARK)]
    return "\n".join([*(f"{HEADER_MARK} {line}" for line in altered_yaml(header, rng).splitlines()), *body])


def _places(data: Any) -> list[tuple[Any, Any]]:
    """Every container with a key or index of it."""
    found: list[tuple[Any, Any]] = []
    left = [data]
    while left:
        holder = left.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            if len(found) < 5000:
                left.append(holder[key])
    return found
