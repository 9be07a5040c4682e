"""Networks in the manner of larq-zoo, installed as ``larq_focal.zoo``; ``MODELS`` has a row for each.

A network is built by its own function, ``resnet20("irnet")``, or by its name, ``build("resnet20_irnet")``. With
``weights="mnist"`` or ``"cifar10"`` it comes trained, where there are such weights.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from larq_focal.zoo.binareye import binareye
from larq_focal.zoo.boolnet import boolnet
from larq_focal.zoo.bose2020 import bose2020
from larq_focal.zoo.download import DownloadError, download
from larq_focal.zoo.ensemble import boosted_weights, boosting_vote, ensemble
from larq_focal.zoo.focal_plane import analognet2, liu2022, pixelrnn
from larq_focal.zoo.human_activity import human_activity
from larq_focal.zoo.lenet import lenet
from larq_focal.zoo.methods import METHODS, Method
from larq_focal.zoo.mobinet import mobinet
from larq_focal.zoo.pokebnn import pokebnn
from larq_focal.zoo.reactnet import reactnet_a
from larq_focal.zoo.resnet import resnet8, resnet18, resnet20
from larq_focal.zoo.small_residual import small_residual
from larq_focal.zoo.two_layer import TWO_LAYER_METHODS, two_layer
from larq_focal.zoo.vgg import alexnet_cifar, binarynet, vgg_small
from larq_focal.zoo.weights import WeightsError, save_weights

if TYPE_CHECKING:
    from larq_focal.zoo.learned_binarizers import binary_alexnet_lab, birealnet_lab, lab_bnn, quicknet_lab, xnornet_lab
    from larq_focal.zoo.registry import MODELS, ModelRow, build
    from larq_focal.zoo.structure import compare

# These bring larq-zoo, which takes seconds to import; the same as the imports above, which only editors read.
_HOMES = {
    "MODELS": "registry",
    "ModelRow": "registry",
    "binary_alexnet_lab": "learned_binarizers",
    "birealnet_lab": "learned_binarizers",
    "build": "registry",
    "compare": "structure",
    "lab_bnn": "learned_binarizers",
    "quicknet_lab": "learned_binarizers",
    "xnornet_lab": "learned_binarizers",
}

__all__ = [
    "METHODS",
    "MODELS",
    "TWO_LAYER_METHODS",
    "DownloadError",
    "Method",
    "ModelRow",
    "WeightsError",
    "alexnet_cifar",
    "analognet2",
    "binareye",
    "binary_alexnet_lab",
    "binarynet",
    "birealnet_lab",
    "boolnet",
    "boosted_weights",
    "boosting_vote",
    "bose2020",
    "build",
    "compare",
    "download",
    "ensemble",
    "human_activity",
    "lab_bnn",
    "lenet",
    "liu2022",
    "mobinet",
    "pixelrnn",
    "pokebnn",
    "quicknet_lab",
    "reactnet_a",
    "resnet8",
    "resnet18",
    "resnet20",
    "save_weights",
    "small_residual",
    "two_layer",
    "vgg_small",
    "xnornet_lab",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours

    def __getattr__(name: str):
        if name in _HOMES:
            return getattr(import_module(f"larq_focal.zoo.{_HOMES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
