"""A callback that changes a number of an optimizer while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops


class HyperparameterScheduler(keras.callbacks.Callback):
    """Sets a number of an optimizer, such as ``gamma`` of ``Bop``, before each epoch or step, and logs it.

    Args:
        schedule: Takes the number of the epoch or step, from 0, and returns the value.
        hyperparameter: The name of the number.
        optimizer: Whose it is, such as one of a ``CaseOptimizer``; None for that of the model.
        update_freq: "epoch" or "step".
        verbose: 1 prints each value.
        log_name: Its name in the logs; that of the number where it is None.

    Raises:
        ValueError: ``update_freq`` is another one, or the optimizer has no such number that can be set.
    """

    def __init__(
        self,
        schedule: Callable[[int], float],
        hyperparameter: str,
        optimizer: keras.optimizers.Optimizer | None = None,
        update_freq: Literal["epoch", "step"] = "epoch",
        verbose: int = 0,
        log_name: str | None = None,
    ):
        super().__init__()
        if update_freq not in ("epoch", "step"):
            raise ValueError(f"HyperparameterScheduler: update_freq must be 'epoch' or 'step', not {update_freq!r}.")
        self.schedule = schedule
        self.hyperparameter = hyperparameter
        self.optimizer = optimizer
        self.update_freq = update_freq
        self.verbose = verbose
        self.log_name = log_name or hyperparameter

    def on_train_begin(self, logs=None):
        self.optimizer = self.optimizer or self.model.optimizer
        if not isinstance(getattr(self.optimizer, self.hyperparameter, None), keras.Variable):
            raise ValueError(
                f"HyperparameterScheduler: {self.optimizer.name} has no number '{self.hyperparameter}' that can be "
                "set; a schedule cannot."
            )
        self._step = int(ops.convert_to_numpy(self.optimizer.iterations))

    def on_epoch_begin(self, epoch, logs=None):
        if self.update_freq == "epoch":
            self._set(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        if self.update_freq == "step":
            if hasattr(self.model, "jax_state_sync"):  # between steps JAX keeps the state to itself
                self.model.jax_state_sync()
            self._set(self._step)
            self._step += 1

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs[self.log_name] = float(ops.convert_to_numpy(self._variable))

    @property
    def _variable(self) -> Any:
        return getattr(self.optimizer, self.hyperparameter)

    def _set(self, step: int) -> None:
        value = self.schedule(step)
        self._variable.assign(value)
        if self.verbose:
            print(f"{self.update_freq.capitalize()} {step}: {self.log_name} is {value}.")
