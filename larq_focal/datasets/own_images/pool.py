"""Images of one size from pictures of any, and their split into training and test by what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from larq_focal.datasets.errors import DatasetError
from larq_focal.deploy.input_error import InputError
from larq_focal.deploy.pictures import read_picture, sized_picture
from larq_focal.text import bytes_text

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Shape = tuple[int, int, int | None]
"""Height, width and channels (1 or 3); None for grey where all pictures are grey, else colours."""
TESTED_SHARE = 0.2
_MOST_BYTES = 4 << 30
_LARGEST_FILE = 64 << 20
_SHOWN = 5
_MODES = {1: "L", 3: "RGB", None: None}


@dataclass(frozen=True, eq=False)
class Sample:
    """One image uint8 ``[height, width, 1 or 3]``, its label, and the digest by which it is sorted and split."""

    image: np.ndarray
    label: int
    digest: bytes


def digest_of(path: Path) -> bytes:
    """SHA-256 of the content of a file.

    Raises:
        InputError: it is too large to be a picture.
        OSError: it cannot be read.
    """
    if (size := path.stat().st_size) > _LARGEST_FILE:
        raise InputError(f"'{path}' has {bytes_text(size)}, more than {bytes_text(_LARGEST_FILE)}.")
    return hashlib.sha256(path.read_bytes()).digest()


def read_all(
    items: Iterable[tuple[Path, int]],
    read: Callable[[Path, int], Iterable[Sample]],
    where: Path,
) -> list[Sample]:
    """The samples of all files, sorted by digest: what a file is called does not matter.

    Args:
        items: each file with its label.
        read: gives the samples of one of them.
        where: the folder, for messages.

    Raises:
        DatasetError: files cannot be used, or take too much memory together; one message tells all of them.
    """
    samples, faults, count, taken = [], [], 0, 0
    for path, label in items:
        count += 1
        try:
            found = list(read(path, label))
        except ImportError as error:
            raise DatasetError(str(error)) from None
        except (InputError, OSError) as error:
            faults.append(str(error))
            continue
        taken += sum(sample.image.nbytes for sample in found)
        if taken > _MOST_BYTES:
            raise DatasetError(
                f"'{where}': its images take more than {bytes_text(_MOST_BYTES)} together. Give a smaller size, such "
                "as @32x32 behind the path."
            )
        samples += found
    if faults:
        more = f" And {len(faults) - _SHOWN:,} more." if len(faults) > _SHOWN else ""
        raise DatasetError(
            f"'{where}': {len(faults):,} of {count:,} files cannot be used; remove or replace them. "
            f"{' '.join(faults[:_SHOWN])}{more}"
        )
    return sorted(samples, key=lambda sample: (sample.digest, sample.label))


def picture_sample(path: Path, label: int, shape: Shape | None) -> Sample:
    """The sample of a file that is one picture, of ``shape`` or else of its own size.

    Raises:
        OSError: the file cannot be read.
        InputError: it is too large, damaged, or of more than 8 bits a channel.
    """
    digest = digest_of(path)
    picture = read_picture(path, _MODES[shape[2] if shape else None])
    return Sample(pixels_of(picture, shape, path), label, digest)


def pixels_of(picture: Picture, shape: Shape | None, path: Path) -> np.ndarray:
    """uint8 ``[height, width, channels]``; a picture of other proportions is cropped to its middle."""
    if shape:
        picture = sized_picture(picture, (shape[1], shape[0]), "crop", path)
    array = np.asarray(picture)
    return array[..., None] if array.ndim == 2 else array


def stacked(samples: list[Sample], where: Path) -> Iterator[np.ndarray]:
    """The images of all samples, uint8 ``[height, width, channels]``, all grey or all in colours.

    Raises:
        DatasetError: they have different sizes.
    """
    sizes = sorted({sample.image.shape[:2] for sample in samples})
    if len(sizes) > 1:
        small, large = (" by ".join(map(str, size)) for size in (sizes[0], sizes[-1]))
        raise DatasetError(
            f"'{where}' holds images of {len(sizes):,} sizes, from {small} to {large} pixels (height by width). Say "
            "which one the network gets, such as @32x32 behind the path."
        )
    channels = max((sample.image.shape[2] for sample in samples), default=1)
    return (np.broadcast_to(sample.image, (*sample.image.shape[:2], channels)) for sample in samples)


def is_tested(digest: bytes) -> bool:
    """Whether an image is one of the test's: a fifth of all are, chosen by their content alone.

    So that equal images are on the same side, and that more images move none of those that were there.
    """
    return int.from_bytes(digest[:8], "big") < TESTED_SHARE * 2**64


def split_by_content(samples: list[Sample], classes: tuple[str, ...], where: Path) -> tuple[list[Sample], list[Sample]]:
    """The samples for training and for the test; each class has at least one of its images in both.

    Raises:
        DatasetError: a class has only one image, or copies of one.
    """
    tested = {(sample.label, sample.digest) for sample in samples if is_tested(sample.digest)}
    for label, name in enumerate(classes):
        images = sorted({(sample.label, sample.digest) for sample in samples if sample.label == label})
        if len(images) < 2:
            raise DatasetError(
                f"'{where}': class '{name}' has {len(images)} different image{'s' * (len(images) != 1)}, but at least "
                "2 are needed: one to train on, one to judge."
            )
        if tested.isdisjoint(images):
            tested.add(images[0])
        elif tested >= {*images}:
            tested.remove(images[-1])
    return _parted(samples, lambda sample: (sample.label, sample.digest) in tested)


def split_by_file(samples: list[Sample], classes: tuple[str, ...], where: Path) -> tuple[list[Sample], list[Sample]]:
    """The same for samples of which several come from one file: all of it are on one side.

    Raises:
        DatasetError: a class is missing on one side.
    """
    digests = sorted({sample.digest for sample in samples})
    tested = {digest for digest in digests if is_tested(digest)} or {*digests[:1]}
    if len(tested) == len(digests):
        tested -= {*digests[-1:]}
    train, test = _parted(samples, lambda sample: sample.digest in tested)
    for part, found in (("training", train), ("the test", test)):
        if lacking := [name for label, name in enumerate(classes) if label not in {each.label for each in found}]:
            raise DatasetError(
                f"'{where}': its {len(digests):,} images leave nothing of {' and '.join(lacking)} for {part}. "
                "Add images."
            )
    return train, test


def _parted(samples: list[Sample], is_of_test: Callable[[Sample], bool]) -> tuple[list[Sample], list[Sample]]:
    parts: tuple[list[Sample], list[Sample]] = ([], [])
    for sample in samples:
        parts[is_of_test(sample)].append(sample)
    return parts


def arrays_of(train: list[Sample], test: list[Sample], where: Path) -> dict[str, np.ndarray]:
    """``x_train``, ``y_train``, ``x_test``, ``y_test``.

    Raises:
        DatasetError: the images have different sizes.
    """
    images = np.stack(list(stacked([*train, *test], where)))
    labels = np.array([sample.label for sample in (*train, *test)], np.int64)
    count = len(train)
    return {"x_train": images[:count], "y_train": labels[:count], "x_test": images[count:], "y_test": labels[count:]}


def fingerprint(train: list[Sample], test: list[Sample]) -> str:
    """Twelve hexadecimal digits that tell one content from another: of pixels, labels and the split."""
    content = hashlib.sha256()
    for part, samples in enumerate((train, test)):
        for sample in samples:
            content.update(f"{part} {sample.label} {sample.image.shape}".encode() + sample.image.tobytes())
    return content.hexdigest()[:12]
