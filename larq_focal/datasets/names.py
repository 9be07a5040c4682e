"""Names of data sets: those of the rows, and those of your own images; importing this loads nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from larq_focal.datasets.rows import DATASETS


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout that your own images may have; a data set of it is named ``<layout>:PATH``.

    ``epochs`` and ``batch_size`` are the benchmark's.
    """

    title: str
    epochs: int
    batch_size: int


LAYOUTS: dict[str, Layout] = {
    "folder": Layout(title="Own images", epochs=30, batch_size=32),
    "pku": Layout(title="Cars", epochs=30, batch_size=64),
}
"""Each is read by the module of its name in ``datasets/own_images/``."""
OWN_NAMES = tuple(f"{layout}:PATH" for layout in LAYOUTS)


@dataclass(frozen=True)
class OwnImages:
    """What the name of a data set of your own images says: ``folder:PATH``, ``folder:PATH@32x32``, ``...@32x32x1``.

    ``shape`` is that of the images, height, width and channels; None for the size that all have. Its channels are None
    for grey where all are grey, else colours.
    """

    layout: str
    path: Path
    shape: tuple[int, int, int | None] | None

    @property
    def short_name(self) -> str:
        """The name without its path, fit for a file's."""
        return f"{self.layout}-{re.sub(r'[^A-Za-z0-9._-]+', '_', self.path.absolute().name) or 'root'}"


_SIZE = re.compile(r"(.+)@([1-9]\d{0,3})x([1-9]\d{0,3})(?:x([13]))?", re.S)


def own_images(name: str) -> OwnImages | None:
    """What a name of your own images says; None for a name of another kind."""
    layout, colon, path = name.partition(":")
    if not colon or layout not in LAYOUTS or not path:
        return None
    sized = _SIZE.fullmatch(path)
    if not sized:
        return OwnImages(layout, Path(path), None)
    height, width, channels = sized.groups()[1:]
    return OwnImages(layout, Path(sized[1]), (int(height), int(width), int(channels) if channels else None))


def short_name(dataset: str) -> str:
    """The name of a data set as folders and records have it: that of your own images without their path."""
    own = own_images(dataset)
    return own.short_name if own else dataset


def training_length(dataset: str) -> tuple[int, int]:
    """Epochs and batch size with which the benchmark trains on a data set."""
    own = own_images(dataset)
    row = LAYOUTS[own.layout] if own else DATASETS[dataset]
    return row.epochs, row.batch_size
