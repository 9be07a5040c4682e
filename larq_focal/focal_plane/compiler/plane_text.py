"""Planes of bits as lines of text.

Every line gives a row, its bits in runs (``0110*62`` stands for 62 times 0110), and the rows of the array that are so,
as ``first-last/step``; rows that are not named hold zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from larq_focal.focal_plane.machine.program import ProgramError
from larq_focal.messages import short

_LONGEST_RUN_UNIT = 16


def plane_lines(bits: np.ndarray) -> Iterator[str]:
    """The lines of a plane ``[height, width]``."""
    rows: dict[bytes, list[int]] = {}
    for index, row in enumerate(bits):
        if row.any():
            rows.setdefault(row.tobytes(), []).append(index)
    for indices in rows.values():
        yield f"{_row_text(bits[indices[0]])} : {' '.join(_ranges(indices))}"


def _row_text(row: np.ndarray) -> str:
    """The shortest of the texts with runs of 1 to 16 bits."""
    letters = "".join("1" if bit else "0" for bit in row)
    texts = []
    for unit in range(1, _LONGEST_RUN_UNIT + 1):
        parts = [letters[start : start + unit] for start in range(0, len(letters), unit)]
        runs = [(part, len(list(same))) for part, same in groupby(parts)]
        texts.append(" ".join(f"{part}*{count}" if count > 1 else part for part, count in runs))
    return min(texts, key=len)


def _ranges(indices: Sequence[int]) -> Iterator[str]:
    start = 0
    while start < len(indices):
        stop = start + 1
        step = indices[stop] - indices[start] if stop < len(indices) else 1
        while stop < len(indices) and indices[stop] - indices[stop - 1] == step:
            stop += 1
        first, last = indices[start], indices[stop - 1]
        yield str(first) if first == last else f"{first}-{last}" + (f"/{step}" if step > 1 else "")
        start = stop


def plane_of(lines: Iterable[str], shape: tuple[int, int]) -> np.ndarray:
    """The plane ``[height, width]`` of ``plane_lines``.

    Raises:
        ProgramError: a line is not of this kind, or names what lies outside of ``shape``.
    """
    bits = np.zeros(shape, bool)
    for line in lines:
        row, _, indices = line.partition(":")
        letters = ""
        for run in row.split():
            match = re.fullmatch(r"([01]+)(?:\*(\d{1,5}))?", run)
            if not match:
                raise ProgramError(f"'{short(run, 60)}' in a plane of the header is not a run of bits such as 0110*62.")
            times = int(match[2] or 1)
            if len(letters) + len(match[1]) * times > shape[1]:
                raise ProgramError(
                    f"a row of more than {shape[1]} bits in a plane of the header; the array is narrower."
                )
            letters += match[1] * times
        if len(letters) != shape[1]:
            raise ProgramError(f"a row of {len(letters)} bits in a plane of the header; the array has {shape[1]}.")
        for part in indices.split():
            match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5})(?:/(\d{1,5}))?)?", part)
            if not match or int(match[2] or match[1]) >= shape[0]:
                raise ProgramError(
                    f"'{short(part, 60)}' in a plane of the header names no rows of the array, as in 0-252/4."
                )
            bits[int(match[1]) : int(match[2] or match[1]) + 1 : max(int(match[3] or 1), 1)] = [
                c == "1" for c in letters
            ]
    return bits
