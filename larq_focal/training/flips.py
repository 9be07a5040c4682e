"""How often quantized weights change sign while a network is trained."""

from __future__ import annotations

from larq_focal.keras import keras, larq, tf


class SignFlips(keras.callbacks.Callback):
    """Counts the signs that each step of an epoch changes, over all quantized kernels.

    A sign is that of the quantized weight, as a network in use would see it (-1, 0 or 1): what a quantizer holds back
    is not a change. Larq's own metric of that name counts within Larq's own quantizers only.

    Source: K. Helwegen et al., "Latent Weights Do Not Exist", NeurIPS 2019 (how often weights flip, as a measure).
    """

    def on_train_begin(self, logs=None):
        kind = larq.quantized_variable.QuantizedVariable
        self._kernels = [each for each in self.model.trainable_variables if isinstance(each, kind) and each.quantizer]
        self._signs = [tf.Variable(sign, trainable=False) for sign in self._signs_now()]
        self._count = tf.function(self._counted)  # so many small operations would take longer than a step, one by one

    def on_epoch_begin(self, epoch, logs=None):
        self._flips = self._steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self._flips += int(self._count())
        self._steps += 1

    @property
    def ratio(self) -> float | None:
        """The share of the weights that changed sign in a step, mean over the epoch; None without quantized kernels."""
        weights = sum(signs.shape.num_elements() for signs in self._signs)
        return self._flips / (weights * self._steps) if weights else None

    def _counted(self) -> tf.Tensor:
        """How many signs differ from those kept, which become the present ones."""
        flips = tf.constant(0, tf.int64)
        for before, now in zip(self._signs, self._signs_now(), strict=True):
            flips += tf.math.count_nonzero(before != now)
            before.assign(now)
        return flips

    def _signs_now(self) -> list[tf.Tensor]:
        return [tf.sign(kernel.quantizer(tf.convert_to_tensor(kernel.latent_variable))) for kernel in self._kernels]
