"""Adam for gradients of kernels that are signs: one momentum in place of two."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from larq_focal.nn.keras3.registration import register


@register()
class SignAdam(keras.optimizers.Optimizer):
    """Adam that takes the signs of a kernel's gradient, and then needs no second momentum for it.

    Where all gradients of a kernel are +c or -c, Adam's second momentum is c squared for every weight, and its step is
    that of the momentum m of the signs: ``learning_rate * m / (1 - beta_1 ** step)``. Only m is stored, in the type of
    the kernel. Variables of one axis, such as the shifts of normalisations, are trained by Adam itself.

    Args:
        learning_rate: A number or a schedule.
        beta_1: How much of the first momentum a step keeps.
        beta_2: The same of the second momentum of variables of one axis.
        epsilon: Added to the root of the second momentum.
        name: Of the optimizer.
        **kwargs: As for ``keras.optimizers.Optimizer``.

    Source:
        Wang et al., "Enabling Binary Neural Network Training on the Edge", https://arxiv.org/abs/2102.04270 (gradients
        of kernels as signs); Kingma and Ba, "Adam", https://arxiv.org/abs/1412.6980.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str = "SignAdam",
        **kwargs: Any,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._momenta = self.add_optimizer_variables(variables, "momentum")
        self._second = [
            self.add_variable_from_reference(each, "second_momentum") if len(each.shape) < 2 else None
            for each in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        momentum, second, kind = self._momenta[index], self._second[index], variable.dtype
        step = ops.cast(self.iterations + 1, "float32")
        rate = ops.cast(learning_rate, "float32") / (1 - ops.power(self.beta_1, step))
        gradient = ops.cast(gradient if second is not None else ops.sign(gradient), kind)
        self.assign(momentum, momentum + (gradient - momentum) * (1 - self.beta_1))
        if second is None:
            self.assign_sub(variable, momentum * ops.cast(rate, kind))
            return
        self.assign(second, second + (ops.square(gradient) - second) * (1 - self.beta_2))
        rate = ops.cast(rate * ops.sqrt(1 - ops.power(self.beta_2, step)), kind)
        self.assign_sub(variable, momentum * rate / (ops.sqrt(second) + self.epsilon))

    def get_config(self):
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
