"""A made-up scene: handwritten digits enter, move, change and leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.adaptive.outcomes import Event

NOTHING = "nothing"
SCALE = 4  # pixels of the scene for one of the 8 x 8 digit
BRIGHTNESS = 15  # of the digit's 16 grey levels, so that the brightest is 240


@dataclass(frozen=True)
class DigitSequence:
    """``images`` uint8 ``[frames, height, width]``, and what happens in them."""

    images: np.ndarray
    events: tuple[Event, ...]


def moving_digits(
    frames: int,
    height: int,
    width: int,
    seed: int = 0,
    digits: tuple[np.ndarray, np.ndarray] | None = None,
    noise: float = 4.0,
    margin: int = 0,
) -> DigitSequence:
    """A sequence over dark ground, one digit at a time, 32 pixels large.

    Args:
        frames: how many images.
        height, width: their size; with the margin at least 32 pixels must be left.
        seed: of all that is drawn: digits, times, ways and noise.
        digits: images ``[n, 8, 8]`` from 0 to 16 and their classes ``[n]``; those of scikit-learn by default.
        noise: standard deviation of each pixel's grey value.
        margin: pixels that digits keep from the border.

    Raises:
        ValueError: the images are too small for a digit.
        ModuleNotFoundError: no ``digits`` are given, and scikit-learn is not installed.
    """
    room = np.array([height, width]) - 2 * margin - 8 * SCALE
    if room.min() < 0:
        raise ValueError(f"A digit is 32 pixels large; {height}x{width} with a margin of {margin} leaves no room.")
    pictures, classes = _scikit_learn_digits() if digits is None else digits
    random = np.random.default_rng(seed)
    images = random.normal(8, noise, (frames, height, width))
    events: list[Event] = []
    start, shown = 0, None
    while start < frames:
        until = min(start + int(random.integers(6, 15)), frames)
        before, shown = shown, _next_digit(shown, classes, random)
        if shown is not None:
            _draw(images[start:until], pictures[shown], room, margin, random)
        kind = "enters" if before is None else "leaves" if shown is None else "changes"
        events.append(Event(start, until, kind, NOTHING if shown is None else str(classes[shown])))
        start = until
    return DigitSequence(images.round().clip(0, 255).astype(np.uint8), tuple(events))


def _scikit_learn_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images, digits.target


def _next_digit(shown: int | None, classes: np.ndarray, random: np.random.Generator) -> int | None:
    """Another digit after none, and none or a digit of another class after one."""
    if shown is not None and random.random() < 0.4:
        return None
    others = np.arange(len(classes)) if shown is None else np.flatnonzero(classes != classes[shown])
    return int(random.choice(others))


def _draw(images: np.ndarray, digit: np.ndarray, room: np.ndarray, margin: int, random: np.random.Generator) -> None:
    """Moves a digit over the images on a straight way that the borders reflect."""
    large = np.kron(digit * BRIGHTNESS, np.ones((SCALE, SCALE)))
    place, speed = random.uniform(0, 1, 2) * room, random.uniform(-2, 2, 2)
    for number, image in enumerate(images):
        way = np.abs(place + number * speed)
        row, column = (margin + np.rint(np.minimum(way, np.abs(2 * room - way)).clip(0, room))).astype(int)
        image[row : row + len(large), column : column + len(large)] += large
