"""Crops of cars and of background from the layout of the PKU autonomous-driving set, of Peking University and Baidu.

Source: https://www.kaggle.com/c/pku-autonomous-driving/data. The folder holds ``train.csv`` with the columns
``ImageId`` and ``PredictionString``, seven numbers for each car: its model, three angles in radians, and its position
x, y, z in metres from the camera, y down and z ahead; ``train_images/<ImageId>.jpg``; perhaps ``train_masks/`` with
white areas of cars that the table leaves out; perhaps ``camera/camera_intrinsic.txt``.

The table calls the angles yaw, pitch and roll, but they turn about the x, y and z axis of the camera, y first, as in
ApolloScape's ``car_instance`` (https://github.com/ApolloScapeAuto/dataset-api), which the set comes from.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from larq_focal.datasets.errors import DatasetError
from larq_focal.datasets.own_images.pool import (
    TESTED_SHARE,
    Sample,
    Shape,
    arrays_of,
    digest_of,
    fingerprint,
    pixels_of,
    read_all,
    split_by_file,
)
from larq_focal.deploy.pictures import read_picture
from larq_focal.files import read_text

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

CLASSES = ("background", "car")
_TABLE, _IMAGES, _MASKS, _CAMERA = "train.csv", "train_images", "train_masks", "camera/camera_intrinsic.txt"
_COLUMNS = ("ImageId", "PredictionString")
_DEFAULT_SHAPE = (32, 32, None)
_CAMERA_MATRIX = {"fx": 2304.5479, "fy": 2305.8757, "cx": 1686.2379, "cy": 1354.9849}
"""Of the set's one camera, in pixels, as its ``camera_intrinsic.txt`` has it."""
_HALF_CAR = (1.02, 0.80, 2.31)
"""Half of the width, height and length of a car in metres, about the mean of the set's models."""
_SMALLEST = 16  # pixels of a side that a crop has in its image
_LEAST_SEEN = 0.7  # of a car's box within the image
_TRIES = 50  # for each piece of background
Box = tuple[int, int, int, int]
"""Left, upper, right and lower edge in pixels."""


@dataclass(frozen=True)
class Car:
    """A row's car: three angles in radians, and the position of its middle in metres."""

    angles: tuple[float, float, float]
    position: tuple[float, float, float]


def load(folder: Path, shape: Shape | None) -> tuple[dict[str, np.ndarray], tuple[str, ...], str]:
    """Crops of all cars that are seen, as many of background, and where they came from.

    A fifth of the images gives the crops of the test, chosen by content: no image is in both parts. Background is
    drawn, by the image's content, among boxes of the cars' sizes in its lower half that touch neither car nor mask.

    Args:
        folder: in the layout of the set.
        shape: of the crops; None for 32 by 32 in colours.

    Raises:
        DatasetError: files are missing, damaged, or hold something else, or no crops come of them.
    """
    cars, camera = _table(folder / _TABLE), _camera(folder / _CAMERA)
    paths = {image: folder / _IMAGES / f"{image}.jpg" for image in cars}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise DatasetError(
            f"'{folder}': {len(missing):,} of the {len(cars):,} images of {_TABLE} are missing, such as "
            f"'{missing[0]}'. Unpack them, or remove their rows."
        )
    read = partial(_crops, cars=cars, camera=camera, masks=folder / _MASKS, shape=shape or _DEFAULT_SHAPE)
    samples = read_all(((path, 0) for path in paths.values()), read, folder)
    train, test = split_by_file(samples, CLASSES, folder)
    source = (
        f"folder '{folder.name}' in the layout of PKU, {len(cars):,} images, {TESTED_SHARE:.0%} of them for the test, "
        f"content {fingerprint(train, test)}"
    )
    return arrays_of(train, test, folder), CLASSES, source


def _table(path: Path) -> dict[str, list[Car]]:
    """The cars of each image."""
    try:
        rows = list(csv.DictReader(read_text(path).splitlines()))
    except (OSError, ValueError) as error:
        raise DatasetError(f"The layout of PKU has a table {_TABLE}, but: {error}") from None
    if not rows or any(column not in rows[0] for column in _COLUMNS):
        raise DatasetError(f"'{path}' has no rows with the columns {' and '.join(_COLUMNS)}.")
    cars: dict[str, list[Car]] = {}
    for number, row in enumerate(rows, 2):
        try:
            numbers = np.array((row[_COLUMNS[1]] or "").split(), np.float64).reshape(-1, 7)
        except ValueError:
            numbers = np.full((1, 7), np.nan)
        name = row[_COLUMNS[0]]
        if not np.isfinite(numbers).all() or not re.fullmatch(r"[\w-]+", name or ""):
            raise DatasetError(
                f"'{path}', line {number}: not the name of an image and seven numbers for each of its cars."
            )
        cars[name] = [Car(tuple(each[1:4]), tuple(each[4:7])) for each in numbers.tolist()]
    return cars


def _camera(path: Path) -> dict[str, float]:
    """The camera's focal lengths and middle in pixels: those of a file with lines such as ``fx = 2304.5479;``."""
    if not path.is_file():
        return _CAMERA_MATRIX
    found = {name: float(value) for name, value in re.findall(r"\b([fc][xy])\b\s*=?\s*([\d.]+)", read_text(path))}
    if found.keys() != _CAMERA_MATRIX.keys():
        raise DatasetError(f"'{path}' must give fx, fy, cx and cy, as lines such as 'fx = 2304.5479;'.")
    return found


def box_of(car: Car, camera: dict[str, float]) -> tuple[float, float, float, float] | None:
    """The box in the image, in pixels, around the corners of a car; None for one that is not ahead of the camera."""
    corners = np.array(list(product(*((-half, half) for half in _HALF_CAR)))) @ _rotation(car.angles).T + car.position
    if corners[:, 2].min() <= 0.1:
        return None
    across = camera["fx"] * corners[:, 0] / corners[:, 2] + camera["cx"]
    down = camera["fy"] * corners[:, 1] / corners[:, 2] + camera["cy"]
    return float(across.min()), float(down.min()), float(across.max()), float(down.max())


def _rotation(angles: tuple[float, float, float]) -> np.ndarray:
    (sin_x, sin_y, sin_z), (cos_x, cos_y, cos_z) = np.sin(angles), np.cos(angles)
    about_x = np.array([[1, 0, 0], [0, cos_x, -sin_x], [0, sin_x, cos_x]])
    about_y = np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    about_z = np.array([[cos_z, -sin_z, 0], [sin_z, cos_z, 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def _crops(path: Path, _: int, *, cars, camera: dict[str, float], masks: Path, shape: Shape) -> Iterator[Sample]:
    """The crops of one image, cars first."""
    digest, picture = digest_of(path), read_picture(path, "L" if shape[2] == 1 else "RGB")
    boxes = [box for car in cars[path.stem] if (box := box_of(car, camera))]
    seen = [box for box in (_within(box, picture) for box in boxes) if box]
    mask_path = masks / path.name
    mask = np.asarray(read_picture(mask_path, "L")) > 127 if mask_path.is_file() else None
    others = _background(seen, boxes, mask, picture.size, digest)
    for label, found in ((1, seen), (0, others)):
        for box in found:
            yield Sample(pixels_of(picture.crop(box), shape, path), label, digest)


def _within(box: tuple[float, float, float, float], picture: Picture) -> Box | None:
    """The box within the image; None where too little of it is seen, or it is too small."""
    left, upper = max(0, round(box[0])), max(0, round(box[1]))
    right, lower = min(picture.width, round(box[2])), min(picture.height, round(box[3]))
    if min(right - left, lower - upper) < _SMALLEST:
        return None
    seen = (right - left) * (lower - upper) / ((box[2] - box[0]) * (box[3] - box[1]))
    return (left, upper, right, lower) if seen >= _LEAST_SEEN else None


def _background(seen: list[Box], boxes, mask: np.ndarray | None, size: tuple[int, int], digest: bytes) -> list[Box]:
    """As many boxes, of the sizes of those seen, that touch no car and no mask; fewer where there is no room."""
    random = np.random.default_rng(list(hashlib.sha256(digest).digest()))
    found = []
    for left, upper, right, lower in seen:
        width, height = right - left, lower - upper
        for _ in range(_TRIES):
            x = int(random.integers(0, size[0] - width + 1))
            y = int(random.integers(min(size[1] // 2, size[1] - height), size[1] - height + 1))
            box = (x, y, x + width, y + height)
            is_masked = mask is not None and mask[y : box[3], x : box[2]].any()
            if not is_masked and not any(_touch(box, other) for other in boxes):
                found.append(box)
                break
    return found


def _touch(box, other) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
