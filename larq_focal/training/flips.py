"""How often quantized weights change sign while a network is trained."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import Tensor, compiled, keras, ops, quantized_scope, quantized_variables, store_weights


class SignFlips(keras.callbacks.Callback):
    """Counts the signs that each step of an epoch changes, over all quantized kernels.

    A sign is that of the quantized weight, as a network in use would see it (-1, 0 or 1): what a quantizer holds back
    is not a change. Larq's own metric of that name counts within Larq's own quantizers only.

    Source: K. Helwegen et al., "Latent Weights Do Not Exist", NeurIPS 2019 (how often weights flip, as a measure).
    """

    def on_train_begin(self, logs=None):
        self._kernels = quantized_variables(self.model)
        if self._kernels:  # so many small operations would take longer than a step, one by one
            self._signs_now = compiled(self._signs, self.model.variables)
            self._before = ops.convert_to_numpy(self._signs_now())

    def on_epoch_begin(self, epoch, logs=None):
        self._flips = self._steps = 0

    def on_train_batch_end(self, batch, logs=None):
        if not self._kernels:
            return
        store_weights(self.model)
        now = ops.convert_to_numpy(self._signs_now())
        self._flips += np.count_nonzero(now != self._before)
        self._before = now
        self._steps += 1

    @property
    def ratio(self) -> float | None:
        """The share of the weights that changed sign in a step, mean over the epoch; None without quantized kernels."""
        return self._flips / (self._before.size * self._steps) if self._kernels else None

    def _signs(self) -> Tensor:
        """The signs of all quantized weights, in one line."""
        with quantized_scope(True):
            signs = [ops.sign(ops.convert_to_tensor(kernel)) for kernel in self._kernels]
        return ops.concatenate([ops.cast(ops.reshape(each, (-1,)), "int8") for each in signs], axis=0)
