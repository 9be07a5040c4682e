"""Several optimizers for the variables of one model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras

from larq_focal.nn.keras3.registration import register

Optimizer = keras.optimizers.Optimizer
Predicate = Callable[[Any], bool]


@register()
class CaseOptimizer(Optimizer):
    """Trains each variable with the optimizer whose predicate holds for it, the others with a default.

    Args:
        *predicate_optimizer_pairs: Pairs of a predicate, from a variable to a bool, and an optimizer.
        default_optimizer: For variables that no predicate claims; None leaves them untrained, with a warning.
        name: Of the optimizer.

    Raises:
        TypeError: A predicate cannot be called, or an optimizer is none of Keras.
        ValueError: In ``build``: predicates of two optimizers claim the same variable, or an optimizer gets none.

    Predicates are not saved: a loaded optimizer goes on with the assignment of the saved one.
    """

    def __init__(
        self,
        *predicate_optimizer_pairs: tuple[Predicate, Optimizer],
        default_optimizer: Optimizer | None = None,
        name: str = "optimizer_case",
    ):
        super().__init__(learning_rate=0.0, name=name)
        for predicate, optimizer in predicate_optimizer_pairs:
            if not callable(predicate):
                raise TypeError(f"CaseOptimizer: a predicate must be a function of a variable, not {predicate!r}.")
            _check_optimizer(optimizer)
        if default_optimizer is not None:
            _check_optimizer(default_optimizer)
        self._predicates = [predicate for predicate, _ in predicate_optimizer_pairs]
        self._default_optimizer = default_optimizer
        self.optimizers = [optimizer for _, optimizer in predicate_optimizer_pairs]
        """The optimizers in their order, the default last."""
        if default_optimizer is not None:
            self.optimizers.append(default_optimizer)
        self._choice: list[int | None] | None = None
        """The place of each variable's optimizer, in the order of the variables."""

    def build(self, variables):
        if self.built:
            return
        if self._choice is None:
            self._choice = [self._chosen(variable) for variable in variables]
            self._warn_of_untrained(variables)
        if len(self._choice) != len(variables):
            raise ValueError(
                f"This CaseOptimizer was saved with {len(self._choice)} variables, but the model has {len(variables)}."
            )
        for optimizer, group in zip(self.optimizers, self._groups(variables), strict=True):
            if not group:
                raise ValueError(f"CaseOptimizer: no variable is left for {optimizer.name}; take it out.")
            optimizer.build(group)
        super().build(variables)

    def _chosen(self, variable) -> int | None:
        claims = [place for place, predicate in enumerate(self._predicates) if predicate(variable)]
        if len(claims) > 1:
            names = " and ".join(self.optimizers[place].name for place in claims)
            raise ValueError(f"CaseOptimizer: the predicates of {names} both claim {variable.path}.")
        if claims:
            return claims[0]
        return None if self._default_optimizer is None else len(self._predicates)

    def _warn_of_untrained(self, variables) -> None:
        paths = [variable.path for variable, place in zip(variables, self._choice, strict=True) if place is None]
        if paths:
            warnings.warn(
                f"CaseOptimizer: without a default_optimizer these are not trained: {', '.join(paths)}.", stacklevel=4
            )

    def _groups(self, items: Sequence[Any]) -> list[list[Any]]:
        """Items of the variables, in their order, by optimizer."""
        groups: list[list[Any]] = [[] for _ in self.optimizers]
        for item, place in zip(items, self._choice, strict=True):
            if place is not None:
                groups[place].append(item)
        return groups

    @property
    def variables(self):
        return [*self._variables, *(variable for optimizer in self.optimizers for variable in optimizer.variables)]

    def apply(self, grads, trainable_variables=None):
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            self.build(variables)
        groups = zip(self.optimizers, self._groups(grads), self._groups(variables), strict=True)
        for optimizer, gradients, group in groups:
            optimizer.apply(gradients, group)
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list):
        for optimizer, group in zip(self.optimizers, self._groups(var_list), strict=True):
            optimizer.finalize_variable_values(group)

    @property
    def learning_rate(self):
        """That of the default optimizer, of the first one where there is none."""
        return (self._default_optimizer or self.optimizers[0]).learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        (self._default_optimizer or self.optimizers[0]).learning_rate = learning_rate

    def save_own_variables(self, store):
        for place, variable in enumerate(self._variables):
            store[str(place)] = variable.numpy()

    def load_own_variables(self, store):
        for place, variable in enumerate(self._variables):
            variable.assign(store[str(place)])

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "optimizers": [serialize(optimizer) for optimizer in self.optimizers[: len(self._predicates)]],
            "default_optimizer": serialize(self._default_optimizer),
            "choice": self._choice,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        def deserialize(each):
            return keras.saving.deserialize_keras_object(each, custom_objects)

        pairs = [(lambda _: False, deserialize(each)) for each in config["optimizers"]]
        optimizer = cls(*pairs, default_optimizer=deserialize(config["default_optimizer"]), name=config["name"])
        optimizer._choice = config["choice"]
        return optimizer


def _check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"CaseOptimizer: an optimizer must be one of keras.optimizers, not {optimizer!r}.")
