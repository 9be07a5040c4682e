"""Names by which Keras 3 finds our classes: in saved models, and as the string aliases of arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import keras

T = TypeVar("T", bound=type)

PACKAGE = "larq_focal"


def register(*aliases: str) -> Callable[[T], T]:
    """A decorator of a serializable class: models saved with it load again, and ``aliases`` name it in arguments."""

    def decorate(cls: T) -> T:
        keras.saving.register_keras_serializable(PACKAGE)(cls)
        for name in (cls.__name__, *aliases):
            keras.saving.get_custom_objects()[name] = cls
        return cls

    return decorate
