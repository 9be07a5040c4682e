"""The networks that compare quantizers: the two-layer network with one quantizer of the registry in one role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from larq_focal.keras import keras, tf
from larq_focal.quantizers import QuantizerRow
from larq_focal.zoo import Method, two_layer

BASELINE = "ste_sign"
IMAGE = (28, 28, 1)


@dataclass(frozen=True)
class Case:
    """A quantizer as that of the kernels or of the activations of all layers; the other one is the baseline."""

    row: QuantizerRow
    role: Literal["kernel", "activation"]

    @property
    def name(self) -> str:
        return self.row.alias if self.row.alias == BASELINE else f"{self.row.alias}-{self.role}"

    def network(self) -> keras.Model:
        def baseline():
            return keras.utils.get_custom_objects()[BASELINE]()

        quantizers = {"input_quantizer": baseline, "kernel_quantizer": baseline}
        quantizers["kernel_quantizer" if self.role == "kernel" else "input_quantizer"] = self.row.quantizer
        return two_layer(Method(self.name, self.name, **quantizers), input_shape=IMAGE)


def cases(rows: Iterable[QuantizerRow]) -> list[Case]:
    """Each row in each role that it has, the baseline once."""
    found = {}
    for row in rows:
        for role in ("kernel", "activation"):
            if getattr(row, role) is not None:
                case = Case(row, role)
                found.setdefault(case.name, case)
    return list(found.values())


def use_one_core() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
