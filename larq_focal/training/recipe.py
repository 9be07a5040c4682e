"""A recipe: everything that decides what a training computes, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from larq_focal.datasets.names import short_name
from larq_focal.training.distortion import Distortion
from larq_focal.training.ensemble import Ensemble

Arithmetic = Literal["float32", "mixed_bfloat16", "low_memory"]


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: Adam on a cosine from ``learning_rate`` to 0, over a fixed number of epochs.

    A warm restart is that of Loshchilov and Hutter, "SGDR", ICLR 2017.

    Attributes:
        model: Name of the model in ``larq_focal.zoo.MODELS``.
        dataset: Name of the data set, as for ``larq_focal.datasets.load_dataset``.
        epochs: Passes over the training images; of each member of an ensemble.
        learning_rate: At the start.
        restart_after: After so many epochs the rate, which is 0 by then, starts again at two fifths of what it was, for
            half as many, and so on. None for one cosine.
        batch_size: Images per step.
        whole_batches: Whether the last batch of an epoch is left out where it is smaller than the others.
        shift: Largest shift of an image in each direction, in pixels; what comes in is mid-grey.
        flip: Whether half of the images are mirrored left to right.
        distortion: How far each image is turned, sized, shifted and bent; None for not at all.
        held_out: Training images that are kept for the validation in the curve; they are never trained on.
        recalibrate: Training images on which the normalisations' statistics are taken again after the last epoch, with
            the quantizers as they are in use; 0 keeps the moving averages.
        seed: Seeds the initial weights, the images held out, their order, and the augmentation.
        options: Further arguments of the model's factory.
        arithmetic: Of the training: "float32", or "mixed_bfloat16", up to twice as fast on processors that have it.
            Products of signs are exact in both; what is converted and judged computes in float32. "low_memory" trains
            the network of :func:`larq_focal.training.low_memory`, by signs of gradients.
        ensemble: Networks that vote in place of a single one; None for that.
        variant: Tells recipes of one model and data set apart; "" for the one of its pretrained weights.
    """

    model: str
    dataset: str
    epochs: int
    learning_rate: float = 2.5e-3
    restart_after: int | None = None
    batch_size: int = 128
    whole_batches: bool = True
    shift: int = 0
    flip: bool = False
    distortion: Distortion | None = None
    held_out: int = 2500
    recalibrate: int = 0
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    arithmetic: Arithmetic = "float32"
    ensemble: Ensemble | None = None
    variant: str = ""

    def __post_init__(self):
        if self.epochs < 1 or self.batch_size < 1 or self.held_out < 1:
            raise ValueError(f"Epochs, batch size and images held out must be at least 1: {self}.")
        if not self.learning_rate > 0 or min(self.shift, self.seed, self.recalibrate) < 0:
            raise ValueError(f"The learning rate must be above 0; shift, seed and recalibrate 0 or more: {self}.")
        if self.restart_after is not None and not 0 < self.restart_after < self.epochs:
            raise ValueError(f"A restart must come after the first epoch and before the last one: {self}.")
        if self.arithmetic not in get_args(Arithmetic):
            raise ValueError(f"The arithmetic must be one of {', '.join(get_args(Arithmetic))}: {self}.")
        if self.ensemble and self.arithmetic != "float32":
            raise ValueError(f"The members of an ensemble are trained in float32: {self}.")

    @property
    def name(self) -> str:
        """Name of the run: model, data set, variant, ensemble, and the seed unless it is 0."""
        parts = [self.model, short_name(self.dataset), self.variant]
        parts += [self.ensemble.name if self.ensemble else "", f"seed{self.seed}" if self.seed else ""]
        return "-".join(part for part in parts if part)

    @property
    def total_epochs(self) -> int:
        """Of all networks that are trained."""
        return self.epochs * (self.ensemble.members if self.ensemble else 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "options": dict(self.options)}
