"""Names by which Keras 2 and Larq find our classes: in saved models, and as the string aliases of arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from larq_focal.keras import keras

T = TypeVar("T", bound=type)


def register(*aliases: str) -> Callable[[T], T]:
    """A decorator of a serializable class: models saved with it load again, and ``aliases`` name it in arguments."""

    def decorate(cls: T) -> T:
        for name in (cls.__name__, *aliases):
            keras.utils.get_custom_objects()[name] = cls
        return cls

    return decorate
