"""Altered texts: descriptions of sensors and noise, programs of the array, records."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tools.fuzz_loaders.alterations import altered_bytes, altered_text, altered_tree
from tools.fuzz_loaders.array_files import altered_graph_of

_VALUES: tuple[Any, ...] = (
    *(7, 64, 1000, 10**7, 10**20, 256.7, "R0", "R5", "A", "FLAG", "NEWS", "bits_0", "nan", "same"),
    *([[]], [0], [9, 0, 1], [1, 1], ["R5", "R5"]),
)
"""That stand for something in a sensor, a noise model or the header of a program."""
_WORDS = (
    *("99999999999999999999", "999999999999", "R0", "R4", "R5", "R12", "A", "NEWS", "IN", "FLAG", "bits_0"),
    *("east", "north|east", "(", ")", "=", "end", "main", "launch(k0)", "repeat 9"),
)
_LINES = (
    *("end", "main", "kernel k0", "repeat 0", "repeat 3", "repeat 999999999999", "launch(k0)", "SET(R0)", "PROP0()"),
    *("load_pattern(R1, 99999999999999999999, 0, 0, 0)", "load_rect(R5, 0, 0, -1, 9)", "load_in(300)", "x = 1"),
    *("a = read_plane(R5)", "a = global_count(R5)", "load_plane(R5, nothing)", "respix()", "add(A, B, C)", "#: x: 1"),
    *("repeat 2\n" * depth + "end\n" * depth for depth in (1, 2, 40, 3000)),
)
_HEADER, _GRAPHS = "#: ", ("#encoding: ", "#tail: ")
_FOCAL_PLANE = Path(__file__).parents[2] / "larq_focal" / "focal_plane"


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def altered_yaml(folder: str) -> Callable[[random.Random, Path], bytes]:
    """Alters one of the YAML files that come with the package in ``folder``."""

    @cache
    def originals() -> list[str]:
        return [path.read_text() for path in sorted((_FOCAL_PLANE / folder).glob("*.yaml"))]

    def alter(choice: random.Random, canary: Path) -> bytes:
        content = altered_text(choice.choice(originals()), choice).encode("utf-8", "replace")
        return altered_bytes(content, choice) if choice.random() < 0.1 else content

    return alter


def altered_yaml_text(text: str, choice: random.Random) -> str:
    """Values of a YAML text changed, dropped or moved; now and then words or lines of it."""
    if choice.random() < 0.1:
        return altered_text(text, choice)
    tree = altered_tree(yaml.safe_load(text), choice, _VALUES)
    try:
        return yaml.dump(tree, Dumper=_WithoutAliases if choice.random() < 0.95 else yaml.SafeDumper)
    except RecursionError:  # lists too deep to be written
        return text


@cache
def _programs() -> list[str]:
    from larq_focal.focal_plane.compiler import compile_network
    from larq_focal.focal_plane.compiler.program_file import program_text
    from tests.focal_plane.compiler.random_layers import Draw, network, small

    draws = (Draw(), Draw(in_channels=3, pool="after"))
    return [program_text(compile_network(network(draw), small("scamp5")).array) for draw in draws]


def altered_program(choice: random.Random, canary: Path) -> bytes:
    text = choice.choice(_programs())
    if choice.random() < 0.3:
        return with_altered_graph(text, choice, canary).encode()
    if choice.random() < 0.4:
        return altered_text(text, choice).encode("utf-8", "replace")
    return _with_header(text, lambda header: altered_text(header, choice)).encode("utf-8", "replace")


def altered_program_text(text: str, choice: random.Random) -> str:
    """A program of the array, assembled or compiled, with other statements, or with other values in its header."""
    if _HEADER not in text or choice.random() < 0.4:
        return altered_text(text, choice, _WORDS, _LINES)
    return _with_header(text, lambda header: altered_yaml_text(header, choice))


def with_altered_graph(text: str, choice: random.Random, canary: Path) -> str:
    """A compiled program with another graph before or behind the array."""
    mark = choice.choice(_GRAPHS)
    lines = text.split("\n")
    letters = "".join(line.removeprefix(mark) for line in lines if line.startswith(mark))
    with np.load(io.BytesIO(base64.b64decode(letters))) as arrays:
        content = altered_graph_of(dict(arrays), choice, canary)
    rest = [line for line in lines if not line.startswith(mark)]
    return "\n".join([*rest, mark + base64.b64encode(content).decode(), ""])


def _with_header(text: str, alter: Callable[[str], str]) -> str:
    lines = text.split("\n")
    header = [line.removeprefix(_HEADER) for line in lines if line.startswith(_HEADER)]
    rest = [line for line in lines if not line.startswith(_HEADER)]
    return "\n".join([*(_HEADER + line for line in alter("\n".join(header)).split("\n")), *rest])


def altered_record(choice: random.Random, canary: Path) -> bytes:
    from tests.support.records import fake_record

    record = fake_record(choice.choice(("ste_sign", "full_precision")))
    if choice.random() < 0.15:
        return altered_bytes(json.dumps(record).encode(), choice)
    return json.dumps(altered_tree(record, choice)).encode("utf-8", "replace")
