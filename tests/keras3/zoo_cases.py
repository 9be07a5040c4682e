"""Networks of larq-zoo to compare ours with: by larq-zoo's names, our functions and small images."""

from __future__ import annotations

CLASSES = 10

FUNCTIONS = {
    "QuickNet": "quicknet",
    "QuickNetSmall": "quicknet_small",
    "QuickNetLarge": "quicknet_large",
    "BiRealNet": "birealnet18",
    "BinaryResNetE18": "binary_resnet_e18",
    "BinaryDenseNet28": "binary_densenet28",
    "BinaryDenseNet37": "binary_densenet37",
    "BinaryDenseNet37Dilated": "binary_densenet37_dilated",
    "BinaryDenseNet45": "binary_densenet45",
    "MeliusNet22": "meliusnet22",
    "RealToBinaryNet": "real_to_binary_net",
    "XNORNet": "xnornet",
    "DoReFaNet": "dorefanet",
    "BinaryAlexNet": "binary_alexnet",
}

SIZES = {**dict.fromkeys(FUNCTIONS, 64), "XNORNet": 224, "DoReFaNet": 96, "BinaryAlexNet": 96}
"""Height and width; 224 where a convolution takes no smaller map."""
