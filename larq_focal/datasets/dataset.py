"""Data sets: scikit-learn's digits, MNIST and CIFAR-10 from a folder or tensorflow-datasets, signals, own images."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from larq_focal.arrays import ArrayArchive, ArrayFileError
from larq_focal.datasets.errors import DatasetError
from larq_focal.datasets.names import LAYOUTS, OWN_NAMES, OwnImages, own_images
from larq_focal.datasets.rows import DATASETS, DatasetRow, title_file
from larq_focal.files import read_text

KEYS = ("x_train", "y_train", "x_test", "y_test")
TITLE = "title"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images uint8 ``[n, height, width, channels]``, or signals ``[n, steps, channels]``, with labels ``[n]``.

    ``source`` says where they came from.
    """

    name: str
    title: str
    source: str
    classes: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def image_shape(self) -> tuple[int, ...]:
        return self.x_train.shape[1:]


def load_dataset(name: str, data_dir: str | Path | None = None) -> Dataset:
    """Loads a data set by name.

    Args:
        name: one of ``DATASETS``; or a layout of ``LAYOUTS`` and where your own images lie, ``folder:PATH``, if need be
            with height, width and channels that they are brought to: ``folder:PATH@32x32``, ``folder:PATH@32x32x1``.
        data_dir: folder that holds ``<name>.npz`` in the layout of Keras' ``mnist.npz`` (``x_train``, ``y_train``,
            ``x_test``, ``y_test``). A file with other pixels than the original says so in a fifth entry, the text
            ``title``, which then stands in every record and report. Without a folder MNIST and CIFAR-10 come through
            tensorflow-datasets, which downloads. For signals the folder holds the files of those who recorded them,
            and the title stands in ``<name>_title.txt``.

    Raises:
        DatasetError: the name is unknown, or the data is missing, truncated or of a wrong shape.
    """
    if own := own_images(name):
        return _own(own)
    if name not in DATASETS:
        raise DatasetError(f"No data set '{name}': choose one of {', '.join((*DATASETS, *OWN_NAMES))}.")
    known = DATASETS[name]
    title = known.title
    if known.is_embedded:
        arrays, source = _digits(), "scikit-learn load_digits, 70/30 stratified split with seed 0"
    elif known.is_signal:
        arrays, source = _signals(name, known, data_dir)
        title = _title_beside(name, data_dir) or known.title
    elif data_dir is not None:
        path = Path(data_dir) / f"{name}.npz"
        arrays, source = _from_npz(path), path.name
        title = _title(arrays.pop(TITLE, np.array(known.title)), source)
    else:
        arrays, source = _from_tensorflow_datasets(name), f"tensorflow-datasets {name}"
    arrays = {key: _checked(array, key, known, source) for key, array in arrays.items()}
    for split in ("train", "test"):
        images, labels = len(arrays[f"x_{split}"]), len(arrays[f"y_{split}"])
        if images != labels:
            raise DatasetError(f"{source}: {images} images but {labels} labels in the {split} split.")
    return Dataset(name, title, source, known.classes, **arrays)


def as_input(images: np.ndarray) -> np.ndarray:
    """Images uint8 as float32 in [-0.5, 0.5) with mid-grey at 0, exact in binary: ``(pixel - 128) / 256``."""
    return (images.astype(np.float32) - 128) / 256


def _own(images: OwnImages) -> Dataset:
    reader = import_module(f"larq_focal.datasets.own_images.{images.layout}")
    arrays, classes, source = reader.load(images.path, images.shape)
    title = f"{LAYOUTS[images.layout].title}: {images.path.absolute().name}"
    return Dataset(images.short_name, title, source, classes, **arrays)


def _title_beside(name: str, data_dir: str | Path | None) -> str:
    """The line of the file with which a folder says that its signals are not the original's; "" without one."""
    path = data_dir and Path(data_dir) / title_file(name)
    return read_text(path).strip() if path and path.exists() else ""


def _title(title: np.ndarray, source: str) -> str:
    if title.shape or title.dtype.kind != "U" or not title.item().strip():
        raise DatasetError(f"{source}: its title is not a line of text but {title.dtype}{list(title.shape)}.")
    return title.item()


def _digits() -> dict[str, np.ndarray]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = np.minimum(digits.images * 16, 255).astype(np.uint8)  # 17 grey levels, spread over 8 bits
    split = train_test_split(images, digits.target, test_size=0.3, random_state=0, stratify=digits.target)
    return dict(zip(("x_train", "x_test", "y_train", "y_test"), split, strict=True))


def _signals(name: str, known: DatasetRow, data_dir: str | Path | None) -> tuple[dict[str, np.ndarray], str]:
    reader = import_module(f"larq_focal.datasets.signals.{name}")
    return reader.load(known, None if data_dir is None else Path(data_dir))


def _from_npz(path: Path) -> dict[str, np.ndarray]:
    if not os.path.exists(path):
        raise DatasetError(
            f"There is no file '{path}'. Put it there with the arrays {', '.join(KEYS)}, or leave the data folder out "
            "to load through tensorflow-datasets."
        )
    try:
        with ArrayArchive(path) as archive:
            missing = [key for key in KEYS if key not in archive]
            if missing:
                raise DatasetError(f"'{path}' lacks {', '.join(missing)}; it holds {', '.join(archive) or 'nothing'}.")
            return {key: archive[key] for key in (*KEYS, TITLE) if key in archive}
    except (OSError, ArrayFileError) as error:
        raise DatasetError(f"{error} Copy or download it again.") from error


def _from_tensorflow_datasets(name: str) -> dict[str, np.ndarray]:
    import tensorflow_datasets as tfds

    try:
        splits = tfds.load(name, split=("train", "test"), batch_size=-1, as_supervised=True)
        (x_train, y_train), (x_test, y_test) = tfds.as_numpy(splits)
    except Exception as error:  # its downloader and storage raise errors of many kinds
        raise DatasetError(
            f"tensorflow-datasets could not provide '{name}' ({type(error).__name__}: {error}). "
            f"Give a folder that holds {name}.npz with --data-dir."
        ) from error
    return dict(zip(KEYS, (x_train, y_train, x_test, y_test), strict=True))


def _checked(array: np.ndarray, key: str, known: DatasetRow, source: str) -> np.ndarray:
    if key.startswith("y"):
        labels = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DatasetError(f"{source}: {key} is {array.dtype}{list(array.shape)}, but labels are integers [n].")
        if len(labels) == 0 or labels.min() < 0 or labels.max() >= len(known.classes):
            raise DatasetError(
                f"{source}: {key} must hold labels from 0 to {len(known.classes) - 1}, and at least one."
            )
        return labels.astype(np.int64)
    images = array[..., None] if known.shape == (*array.shape[1:], 1) else array
    if images.shape[1:] != known.shape or images.dtype != np.uint8:
        raise DatasetError(
            f"{source}: {key} is {array.dtype}{list(array.shape)}, but {known.title} needs "
            f"uint8[n, {', '.join(map(str, known.shape))}]."
        )
    return images
