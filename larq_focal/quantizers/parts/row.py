"""What there is to know about one quantizer: the row that stands on its class, by a decorator."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from larq_focal.nn import Tensor, keras, register
from larq_focal.quantizers.parts.schedule import EpochSchedule

Lowering = Literal["packed", "float", "wrong"]
Scales = Literal["none", "one", "channel"]
Reading = Literal["sign", "steps", "traced"]
Quantizer = TypeVar("Quantizer", bound=type[keras.layers.Layer])


@dataclass(frozen=True, kw_only=True)
class QuantizerRow:
    """What there is to know about one quantizer, with its default arguments.

    Attributes:
        quantizer: The class.
        alias: The string that Larq layers take as ``kernel_quantizer`` or ``input_quantizer``.
        family: The folder of ``larq_focal.quantizers`` that it belongs to.
        summary: What it is, in one line.
        source: Paper or repository.
        differs: In what it is not what the source has, in words; "" where it is.
        values: All values that it produces, rising, in units of its scale; () where training moves them against each
            other, or where they are many.
        levels: The same in words.
        kernel: What the converter of the Larq Compute Engine makes of a ``QuantConv2D`` with this kernel quantizer and
            signs as inputs: "packed", a "float" convolution, or a "wrong" result; None where it is not a kernel
            quantizer.
        activation: The same with this input quantizer and a kernel of signs; None where it is not an input quantizer.
        lowering: What becomes of it in the converted network, in words.
        scales: How many scales a kernel of it has to store beside its codes: none where its levels are fixed, one, or
            one for each output channel.
        needs_clip: Whether, as a kernel quantizer, it loses weights that outgrow 1: its gradient does not bring them
            back, so that the layer needs ``kernel_constraint="weight_clip"``.
        reading: What a reader of networks makes of it as an input quantizer: the "sign" of each value, "steps" of each
            value, which it finds by evaluating the quantizer, or what it finds by tracing its ``call``.
        even_levels: Takes an instance that is built, and a type; returns the distance of its values, which are the
            multiples of that from 0 to 2^precision - 1. None where they are not.
        follows_data: Takes an instance; says why its values change with each batch, "" where they do not.
    """

    quantizer: type[keras.layers.Layer]
    alias: str
    family: str
    summary: str
    source: str
    differs: str
    values: tuple[float, ...]
    levels: str
    kernel: Lowering | None
    activation: Lowering | None
    lowering: str
    scales: Scales
    needs_clip: bool
    reading: Reading
    even_levels: Callable[[Any, Any], Tensor] | None
    follows_data: Callable[[Any], str]

    @property
    def trainable(self) -> tuple[str, ...]:
        """Names of the weights that it trains."""
        return getattr(self.quantizer, "trained_weights", ())

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the non-trainable weights that it keeps."""
        return getattr(self.quantizer, "kept_weights", ())

    @property
    def schedule(self) -> type[EpochSchedule] | None:
        """The callback that changes it over training, None without one."""
        schedules = EpochSchedule.__subclasses__()
        return next((each for each in schedules if issubclass(self.quantizer, each.quantizer)), None)

    @property
    def input_levels(self) -> tuple[float, ...]:
        """The argument with which a ``BinarySumConv2D`` computes a layer of these inputs by binary convolutions,
        without rounding; () where it cannot."""
        return self.values if self.activation == "float" and self.scales == "none" else ()

    @property
    def kernel_levels(self) -> tuple[float, ...]:
        """The same for these kernels."""
        is_symmetric = self.values == tuple(-value for value in reversed(self.values))
        return self.values if self.kernel == "float" and is_symmetric else ()


ROWS: dict[type, QuantizerRow] = {}
"""The row of each class, as their modules were imported."""


def row_of(quantizer: Any, inherited: bool = False) -> QuantizerRow | None:
    """The row of the class of ``quantizer``, None where it has none.

    Args:
        quantizer: Any object.
        inherited: Whether the row of the nearest base class stands in for one that the class lacks.
    """
    classes = type(quantizer).__mro__ if inherited else (type(quantizer),)
    return next((ROWS[each] for each in classes if each in ROWS), None)


def quantizer_row(
    *,
    kernel: Lowering | None = None,
    activation: Lowering | None = None,
    values: tuple[float, ...] = (),
    levels: str = "",
    lowering: str = "",
    scales: Scales = "none",
    needs_clip: bool = False,
    reading: Reading = "traced",
    even_levels: Callable[[Any, Any], Tensor] | None = None,
    follows_data: Callable[[Any], str] = lambda quantizer: "",
    alias: str = "",
    family: str = "",
    summary: str = "",
    source: str = "",
    differs: str = "",
) -> Callable[[Quantizer], Quantizer]:
    """A decorator that gives a quantizer its row, and registers it with Keras by its name and by its alias.

    What is left out follows from the class: the alias from its name, the family from its folder, the summary and the
    source from its docstring; the levels from the values, and the lowering from what becomes of kernels and inputs.

    The arguments are the attributes of a :class:`QuantizerRow`.

    Raises:
        ValueError: The alias is that of another quantizer, or something that does not follow is left out.
    """

    def describe(quantizer: Quantizer) -> Quantizer:
        name = quantizer.__name__
        row = QuantizerRow(
            quantizer=quantizer,
            alias=alias or _snake_case(name),
            family=family or _family_of(quantizer),
            summary=summary or (inspect.getdoc(quantizer) or "").partition("\n")[0],
            source=source or _source_of(quantizer),
            differs=differs,
            values=values,
            levels=levels or _listed(values),
            kernel=kernel,
            activation=activation,
            lowering=lowering or _usual_lowering(name, kernel, activation, scales),
            scales=scales,
            needs_clip=needs_clip,
            reading=reading,
            even_levels=even_levels,
            follows_data=follows_data,
        )
        _register(row)
        return quantizer

    return describe


def _register(row: QuantizerRow) -> None:
    other = next((each for each in ROWS.values() if each.alias == row.alias), None)
    if other is not None and other.quantizer.__name__ != row.quantizer.__name__:  # the same one, if reloaded
        raise ValueError(f"{row.quantizer.__name__}: the alias {row.alias!r} is that of {other.quantizer.__name__}.")
    ROWS[row.quantizer] = row
    register(row.alias)(row.quantizer)


def _listed(values: tuple[float, ...]) -> str:
    """With a sign where there are two."""
    has_signs = any(value < 0 for value in values)
    return ", ".join(f"{value:+g}" if value and has_signs else f"{value:g}" for value in values)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _family_of(quantizer: type) -> str:
    """``signs`` of a class in the module ``larq_focal.quantizers.signs.tanh``."""
    return quantizer.__module__.split(".")[-2]


def _source_of(quantizer: type) -> str:
    """The addresses under "Source:" in the docstring; where there are none, all that stands there."""
    text = (inspect.getdoc(quantizer) or "").partition("\nSource:\n")[2]
    return ", ".join(re.findall(r"https://[\w./-]+\w", text)) or " ".join(text.split()).removesuffix(".")


def _usual_lowering(name: str, kernel: Lowering | None, activation: Lowering | None, scales: Scales) -> str:
    if (kernel, activation) == ("packed", "packed"):
        return "kernel packed; one packing operation for inputs"
    if (kernel, activation) == ("packed", None):
        scale = "the scale becomes the multiplier of the binary convolution"
        return "kernel packed" if scales == "none" else f"kernel packed; {scale}"
    raise ValueError(f"{name}: its row must say by `lowering` what becomes of it in a converted network.")
