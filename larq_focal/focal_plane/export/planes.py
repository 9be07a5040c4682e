"""Planes of bits as C++: the different rows, and which of them each row of the array is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from larq_focal.focal_plane.sensor import Sensor

_BYTES_A_LINE = 16


def plane_lines(planes: Mapping[str, np.ndarray], sensor: Sensor) -> Iterator[str]:
    """Definitions of ``<name>_row(r)``, which gives 32 bytes of each plane ``[height, width]``."""
    order = np.argsort(sensor.conventions.column_addresses(sensor.width))
    for name, plane in planes.items():
        packed = np.packbits(plane[:, order], axis=1, bitorder="little")
        rows, index = np.unique(packed, axis=0, return_inverse=True)
        yield f"static const uint8_t {name}_rows[{len(rows)}][lqf::ROW_BYTES] = {{"
        for row in rows:
            yield f"    {{{', '.join(map(str, row))}}},"
        yield "};"
        yield f"static const uint8_t {name}_index[lqf::SIDE] = {{"
        index = index.ravel()
        for start in range(0, len(index), _BYTES_A_LINE):
            yield f"    {', '.join(map(str, index[start : start + _BYTES_A_LINE]))},"
        yield "};"
        yield f"static const uint8_t* {name}_row(int r) {{ return {name}_rows[{name}_index[r]]; }}"
        yield ""
