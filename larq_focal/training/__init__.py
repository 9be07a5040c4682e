"""Training: recipes, the trainer that follows them in resumable stretches, and what few-bit networks take besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.layers.any_width.quantizers import AnyWidthInput, AnyWidthKernel
    from larq_focal.layers.any_width.switchable_normalization import SwitchableNormalization
    from larq_focal.layers.overparameterised.branched_conv import BranchedConv2D
    from larq_focal.layers.overparameterised.branched_kernel import BranchedKernel
    from larq_focal.layers.overparameterised.parallel_normalization import ParallelNormalization
    from larq_focal.training.autocorrelation import AutocorrelationSpectrum, autocorrelation_spectrum
    from larq_focal.training.device_mlp import BinaryMLP
    from larq_focal.training.ensemble import Ensemble
    from larq_focal.training.ensemble_training import train_ensemble
    from larq_focal.training.flips import SignFlips
    from larq_focal.training.low_memory_model import low_memory, low_memory_loss
    from larq_focal.training.minimal_network import fold
    from larq_focal.training.normalisations import recalibrate_normalisations
    from larq_focal.training.recipe import Recipe
    from larq_focal.training.trainer import train_stretch
    from larq_focal.training.widths import DistilledCrossEntropy, every_width, width_accuracies, with_bits
    from larq_focal.training.zoo_recipes import RECIPES, find_recipe

__all__ = [
    "RECIPES",
    "AnyWidthInput",
    "AnyWidthKernel",
    "AutocorrelationSpectrum",
    "BinaryMLP",
    "BranchedConv2D",
    "BranchedKernel",
    "DistilledCrossEntropy",
    "Ensemble",
    "ParallelNormalization",
    "Recipe",
    "SignFlips",
    "SwitchableNormalization",
    "autocorrelation_spectrum",
    "every_width",
    "find_recipe",
    "fold",
    "low_memory",
    "low_memory_loss",
    "recalibrate_normalisations",
    "train_ensemble",
    "train_stretch",
    "width_accuracies",
    "with_bits",
]
_ANY_WIDTH = "larq_focal.layers.any_width"
_OVERPARAMETERISED = "larq_focal.layers.overparameterised"


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            f"{_ANY_WIDTH}.quantizers": ("AnyWidthInput", "AnyWidthKernel"),
            f"{_ANY_WIDTH}.switchable_normalization": ("SwitchableNormalization",),
            f"{_OVERPARAMETERISED}.branched_conv": ("BranchedConv2D",),
            f"{_OVERPARAMETERISED}.branched_kernel": ("BranchedKernel",),
            f"{_OVERPARAMETERISED}.parallel_normalization": ("ParallelNormalization",),
            "autocorrelation": ("AutocorrelationSpectrum", "autocorrelation_spectrum"),
            "device_mlp": ("BinaryMLP",),
            "ensemble": ("Ensemble",),
            "ensemble_training": ("train_ensemble",),
            "flips": ("SignFlips",),
            "low_memory_model": ("low_memory", "low_memory_loss"),
            "minimal_network": ("fold",),
            "normalisations": ("recalibrate_normalisations",),
            "recipe": ("Recipe",),
            "trainer": ("train_stretch",),
            "widths": ("DistilledCrossEntropy", "every_width", "width_accuracies", "with_bits"),
            "zoo_recipes": ("RECIPES", "find_recipe"),
        },
    )
