"""Quantizers with a number that changes over training, and the callbacks that change it."""

from __future__ import annotations

from typing import ClassVar

from larq_focal.nn import keras, sublayers
from larq_focal.quantizers.parts.base import Quantizer


class ScheduledQuantizer(Quantizer):
    """Base of the quantizers with a positive number that a callback sets for each epoch.

    The number is a non-trainable scalar weight, ``scheduled``, so that it is saved with the model.

    Attributes:
        scheduled_name: What the number is called: in the configuration, as a weight, and in messages.

    Args:
        scheduled: The number at the start.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A number that is not positive.
    """

    scheduled_name: ClassVar[str]

    def __init__(self, scheduled: float, **kwargs):
        super().__init__(**kwargs)
        if not scheduled > 0:
            raise ValueError(f"{type(self).__name__}: {self.scheduled_name} must be positive, but is {scheduled}.")
        self.initially_scheduled = scheduled

    def build(self, input_shape):
        self.scheduled = self.add_weight(
            name=self.scheduled_name,
            shape=(),
            initializer=keras.initializers.Constant(self.initially_scheduled),
            trainable=False,
        )
        super().build(input_shape)

    def set_scheduled(self, value: float) -> None:
        """Sets the number, also before the weights are made."""
        if self.built:
            self.scheduled.assign(value)
        else:
            self.initially_scheduled = value

    def get_config(self):
        return {**super().get_config(), self.scheduled_name: self.initially_scheduled}


class EpochSchedule(keras.callbacks.Callback):
    """Base of the callbacks that set the number of every quantizer of a kind at the beginning of each epoch.

    The value of each epoch stands in the history under ``history_name``.

    Args:
        start: Value at the start.
        end: Value at the end of the schedule and after it.
        epochs: Length of the schedule; None takes it from ``fit``.

    Raises:
        ValueError: A value that is not positive, fewer epochs than one, or a model without such a quantizer.
    """

    quantizer: ClassVar[type[ScheduledQuantizer]]
    history_name: ClassVar[str]

    def __init__(self, start: float, end: float, epochs: int | None = None):
        super().__init__()
        if not (start > 0 and end > 0):
            raise ValueError(f"{type(self).__name__}: start and end must be positive, but are {start} and {end}.")
        if epochs is not None and epochs < 1:
            raise ValueError(f"{type(self).__name__}: epochs must be at least 1, but is {epochs}.")
        self.start = start
        self.end = end
        self.epochs = epochs

    def value(self, epoch: int) -> float:
        """The value of an epoch, counted from 0."""
        raise NotImplementedError

    @property
    def length(self) -> int:
        """Number of epochs of the schedule."""
        return self.epochs or self.params["epochs"]

    def on_epoch_begin(self, epoch, logs=None):
        quantizers = [layer for layer in sublayers(self.model) if isinstance(layer, self.quantizer)]
        if not quantizers:
            raise ValueError(
                f"{type(self).__name__}: the model {self.model.name!r} has no {self.quantizer.__name__} to set."
            )
        for quantizer in quantizers:
            quantizer.set_scheduled(self.value(epoch))

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs[self.history_name] = self.value(epoch)
