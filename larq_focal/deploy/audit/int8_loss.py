"""What int8 costs a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from larq_focal.text import counted


@dataclass(frozen=True)
class Int8Loss:
    """What int8 costs: the file against that of the same network with the rest in float.

    Args:
        samples: how many.
        same_class: in how many the largest output is the same one, of every output of the network.
        relative_difference: root mean square of the difference of the outputs, relative to that of the outputs.
        float_accuracy: part of the samples whose class the float network gives; None where the classes are not known.
        int8_accuracy: likewise of the file.
        float_bytes: size of the file with a float rest.
    """

    samples: int
    same_class: int
    relative_difference: float
    float_accuracy: float | None
    int8_accuracy: float | None
    float_bytes: int

    def __str__(self) -> str:
        samples, same = counted(self.samples, "sample"), self.same_class / self.samples
        text = (
            f"With the rest in float the file has {self.float_bytes:,} bytes. On {samples} both give the same class "
            f"for {same:.1%}, and their outputs differ by {self.relative_difference:.2g} (root mean square, relative)."
        )
        if self.float_accuracy is None or self.int8_accuracy is None:
            return text
        return f"{text} Accuracy: {self.float_accuracy:.2%} with the rest in float, {self.int8_accuracy:.2%} in int8."

    def to_dict(self) -> dict:
        return asdict(self)
