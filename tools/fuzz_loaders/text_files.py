"""Altered texts: descriptions of sensors and noise, programs of the array, records."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tools.fuzz_loaders.alterations import altered_bytes, altered_text, altered_tree

_FOCAL_PLANE = Path(__file__).parents[2] / "larq_focal" / "focal_plane"


def altered_yaml(folder: str) -> Callable[[random.Random, Path], bytes]:
    """Alters one of the YAML files that come with the package in ``folder``."""

    @cache
    def originals() -> list[str]:
        return [path.read_text() for path in sorted((_FOCAL_PLANE / folder).glob("*.yaml"))]

    def alter(choice: random.Random, canary: Path) -> bytes:
        content = altered_text(choice.choice(originals()), choice).encode("utf-8", "replace")
        return altered_bytes(content, choice) if choice.random() < 0.1 else content

    return alter


@cache
def _programs() -> list[str]:
    from larq_focal.focal_plane.compiler import compile_network
    from larq_focal.focal_plane.compiler.program_file import program_text
    from tests.focal_plane.compiler.random_layers import Draw, network, small

    draws = (Draw(), Draw(in_channels=3, pool="after"))
    return [program_text(compile_network(network(draw), small("scamp5")).array) for draw in draws]


def altered_program(choice: random.Random, canary: Path) -> bytes:
    text = choice.choice(_programs())
    if choice.random() < 0.4:
        return altered_text(text, choice).encode("utf-8", "replace")
    lines = text.split("\n")
    header = [line.removeprefix("#: ") for line in lines if line.startswith("#: ")]
    rest = [line for line in lines if not line.startswith("#: ")]
    changed = altered_text("\n".join(header), choice).split("\n")
    return "\n".join([*(f"#: {line}" for line in changed), *rest]).encode("utf-8", "replace")


def altered_record(choice: random.Random, canary: Path) -> bytes:
    from tests.support.records import fake_record

    record = fake_record(choice.choice(("ste_sign", "full_precision")))
    if choice.random() < 0.15:
        return altered_bytes(json.dumps(record).encode(), choice)
    return json.dumps(altered_tree(record, choice)).encode("utf-8", "replace")
