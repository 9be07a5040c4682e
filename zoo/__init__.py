"""Networks in the manner of larq-zoo, installed as ``larq_focal.zoo``; ``MODELS`` has a row for each.

A network is built by its own function, ``resnet20("irnet")``, or by its name, ``build("resnet20_irnet")``. With
``weights="mnist"`` or ``"cifar10"`` it comes trained, where there are such weights.

The rows of ``MODELS`` and ``download`` need no TensorFlow; a network brings it with its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from larq_focal.zoo.download import DownloadError, download

if TYPE_CHECKING:
    from larq_focal.zoo.networks.binareye import binareye
    from larq_focal.zoo.networks.boolnet import boolnet
    from larq_focal.zoo.networks.bose2020 import bose2020
    from larq_focal.zoo.networks.ensemble import boosted_weights, boosting_vote, ensemble
    from larq_focal.zoo.networks.focal_plane import analognet2, liu2022
    from larq_focal.zoo.networks.human_activity import human_activity
    from larq_focal.zoo.networks.larq_zoo.binary_alexnet import binary_alexnet
    from larq_focal.zoo.networks.larq_zoo.birealnet import birealnet18
    from larq_focal.zoo.networks.larq_zoo.densenet import (
        binary_densenet28,
        binary_densenet37,
        binary_densenet37_dilated,
        binary_densenet45,
    )
    from larq_focal.zoo.networks.larq_zoo.dorefanet import dorefanet
    from larq_focal.zoo.networks.larq_zoo.meliusnet import meliusnet22
    from larq_focal.zoo.networks.larq_zoo.quicknet import quicknet, quicknet_large, quicknet_small
    from larq_focal.zoo.networks.larq_zoo.real_to_binary import real_to_binary_net
    from larq_focal.zoo.networks.larq_zoo.resnet_e import binary_resnet_e18
    from larq_focal.zoo.networks.larq_zoo.xnornet import xnornet
    from larq_focal.zoo.networks.learned_binarizers import (
        binary_alexnet_lab,
        birealnet_lab,
        lab_bnn,
        quicknet_lab,
        xnornet_lab,
    )
    from larq_focal.zoo.networks.lenet import lenet
    from larq_focal.zoo.networks.mcu_digits import mcu_digits
    from larq_focal.zoo.networks.methods import METHODS, Method
    from larq_focal.zoo.networks.mobinet import mobinet
    from larq_focal.zoo.networks.pixelrnn import pixelrnn, pixelrnn_stages
    from larq_focal.zoo.networks.pokebnn import pokebnn
    from larq_focal.zoo.networks.reactnet import reactnet_a
    from larq_focal.zoo.networks.resnet import resnet8, resnet18, resnet20
    from larq_focal.zoo.networks.small_residual import small_residual
    from larq_focal.zoo.networks.two_layer import TWO_LAYER_METHODS, two_layer
    from larq_focal.zoo.networks.vgg import alexnet_cifar, binarynet, vgg_small
    from larq_focal.zoo.registry import MODELS, ModelRow, build
    from larq_focal.zoo.structure import compare
    from larq_focal.zoo.weights import WeightsError, save_weights

# Where each name lives; the same as the imports above, which only editors read.
_HOMES = {
    **dict.fromkeys(("MODELS", "ModelRow", "build"), "registry"),
    **dict.fromkeys(("WeightsError", "save_weights"), "weights"),
    "compare": "structure",
    **dict.fromkeys(("METHODS", "Method"), "networks.methods"),
    **dict.fromkeys(("TWO_LAYER_METHODS", "two_layer"), "networks.two_layer"),
    **dict.fromkeys(("boosted_weights", "boosting_vote", "ensemble"), "networks.ensemble"),
    **dict.fromkeys(("analognet2", "liu2022"), "networks.focal_plane"),
    **dict.fromkeys(("pixelrnn", "pixelrnn_stages"), "networks.pixelrnn"),
    **dict.fromkeys(("resnet8", "resnet18", "resnet20"), "networks.resnet"),
    **dict.fromkeys(("alexnet_cifar", "binarynet", "vgg_small"), "networks.vgg"),
    **dict.fromkeys(
        ("binary_alexnet_lab", "birealnet_lab", "lab_bnn", "quicknet_lab", "xnornet_lab"), "networks.learned_binarizers"
    ),
    **dict.fromkeys(("quicknet", "quicknet_large", "quicknet_small"), "networks.larq_zoo.quicknet"),
    **dict.fromkeys(
        ("binary_densenet28", "binary_densenet37", "binary_densenet37_dilated", "binary_densenet45"),
        "networks.larq_zoo.densenet",
    ),
    "binary_alexnet": "networks.larq_zoo.binary_alexnet",
    "binary_resnet_e18": "networks.larq_zoo.resnet_e",
    "birealnet18": "networks.larq_zoo.birealnet",
    "dorefanet": "networks.larq_zoo.dorefanet",
    "meliusnet22": "networks.larq_zoo.meliusnet",
    "real_to_binary_net": "networks.larq_zoo.real_to_binary",
    "xnornet": "networks.larq_zoo.xnornet",
    "binareye": "networks.binareye",
    "boolnet": "networks.boolnet",
    "bose2020": "networks.bose2020",
    "human_activity": "networks.human_activity",
    "lenet": "networks.lenet",
    "mcu_digits": "networks.mcu_digits",
    "mcu_images": "networks.mcu_images",
    "mobinet": "networks.mobinet",
    "pokebnn": "networks.pokebnn",
    "reactnet_a": "networks.reactnet",
    "small_residual": "networks.small_residual",
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
    "binary_alexnet",
    "binary_alexnet_lab",
    "binary_densenet28",
    "binary_densenet37",
    "binary_densenet37_dilated",
    "binary_densenet45",
    "binary_resnet_e18",
    "binarynet",
    "birealnet18",
    "birealnet_lab",
    "boolnet",
    "boosted_weights",
    "boosting_vote",
    "bose2020",
    "build",
    "compare",
    "dorefanet",
    "download",
    "ensemble",
    "human_activity",
    "lab_bnn",
    "lenet",
    "liu2022",
    "mcu_digits",
    "mcu_images",
    "meliusnet22",
    "mobinet",
    "pixelrnn",
    "pixelrnn_stages",
    "pokebnn",
    "quicknet",
    "quicknet_lab",
    "quicknet_large",
    "quicknet_small",
    "reactnet_a",
    "real_to_binary_net",
    "resnet8",
    "resnet18",
    "resnet20",
    "save_weights",
    "small_residual",
    "two_layer",
    "vgg_small",
    "xnornet",
    "xnornet_lab",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours

    def __getattr__(name: str):
        if name in _HOMES:
            return getattr(import_module(f"larq_focal.zoo.{_HOMES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
