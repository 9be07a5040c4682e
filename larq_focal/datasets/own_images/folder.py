"""A folder for each class, as ``keras.utils.image_dataset_from_directory`` has it; read by Pillow alone.

Either the folder holds ``train`` and ``test``, each with the folders of all classes, or the folders of the classes
themselves, whose images are then split by their content. Classes are the names of the folders in alphabetical order;
images may lie in folders within these. Files with other endings and hidden ones are not looked at.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larq_focal.datasets.errors import DatasetError
from larq_focal.datasets.own_images.pool import (
    TESTED_SHARE,
    Sample,
    Shape,
    arrays_of,
    fingerprint,
    picture_sample,
    read_all,
    split_by_content,
)

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_PARTS = ("train", "test")


def load(folder: Path, shape: Shape | None) -> tuple[dict[str, np.ndarray], tuple[str, ...], str]:
    """The arrays of all images, the classes, and where they came from.

    Args:
        folder: with a folder for each class, or ``train`` and ``test`` with one for each.
        shape: of the images; None for the size that all have, in grey where all are grey, else in colours.

    Raises:
        DatasetError: there is no such folder, or it has another layout; classes are empty, or differ between training
            and test; images cannot be read, or have different sizes.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder '{folder}'. Own images are named folder:PATH or folder:PATH@32x32.")
    found = {path.name for path in _folders(folder)}
    if found >= {*_PARTS}:
        if others := sorted(found - {*_PARTS}):
            raise DatasetError(
                f"'{folder}' holds train, test and {', '.join(others)}. Move the images of {others[0]} into train (a "
                "tenth of them is held out for validation) or out of the way."
            )
        classes = _shared_classes(folder)
        train, test = (_samples(folder / part, classes, shape) for part in _PARTS)
        split = "train and test as given"
    else:
        classes = _classes(folder)
        train, test = split_by_content(_samples(folder, classes, shape), classes, folder)
        split = f"{TESTED_SHARE:.0%} of them for the test, chosen by content"
    arrays = arrays_of(train, test, folder)
    both = len({sample.digest for sample in train} & {sample.digest for sample in test})
    leak = f"; {both:,} images are in train and in test" if both else ""
    source = f"folder '{folder.name}', {split}, content {fingerprint(train, test)}{leak}"
    return arrays, classes, source


def _shared_classes(folder: Path) -> tuple[str, ...]:
    train, test = (_classes(folder / part) for part in _PARTS)
    if train != test:
        lacks = {
            part: sorted({*other} - {*own}) for part, own, other in (("train", train, test), ("test", test, train))
        }
        words = "; ".join(f"{part} has no folder for {', '.join(names)}" for part, names in lacks.items() if names)
        raise DatasetError(f"'{folder}': train and test must hold the same classes, but {words}.")
    return train


def _classes(folder: Path) -> tuple[str, ...]:
    """The names of the folders of the classes, none of which is empty."""
    names = tuple(path.name for path in _folders(folder))
    if len(names) < 2:
        loose = sum(path.suffix.lower() in SUFFIXES for path in folder.iterdir())
        held = f"{loose:,} images and " if loose else ""
        raise DatasetError(
            f"'{folder}' holds {held}{len(names)} folder{'s' * (len(names) != 1)}, but a folder for each class is "
            "needed, with its images in it, and at least two classes."
        )
    empty = [name for name in names if not _pictures(folder / name)]
    if empty:
        raise DatasetError(
            f"'{folder}': no images ({', '.join(SUFFIXES)}) in {', '.join(empty)}. Add some, or remove the "
            f"folder{'s' * (len(empty) != 1)}."
        )
    return names


def _samples(folder: Path, classes: tuple[str, ...], shape: Shape | None) -> list[Sample]:
    items = ((path, label) for label, name in enumerate(classes) for path in _pictures(folder / name))
    return read_all(items, lambda path, label: [picture_sample(path, label, shape)], folder)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
