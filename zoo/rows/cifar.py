"""Networks for CIFAR-10."""

from __future__ import annotations

from larq_focal.zoo.method_titles import METHOD_TITLES, SMALL_RESIDUAL_NAMES
from larq_focal.zoo.rows.row import ModelRow, Published, by_method, network
from larq_focal.zoo.rows.sizes import CIFAR

_REACT = "https://github.com/liuzechun/ReActNet"
_WANG = "https://github.com/awai54st/Enabling-Binary-Neural-Network-Training-on-the-Edge"
_IMAGENET18 = {"input_shape": (224, 224, 3), "num_classes": 1000}
_RESNET18 = (Published("word_operations", 1.63e8, _REACT, 0.01, _IMAGENET18, "ours counts the classifier, 0.005e8"),)

ROWS: list[ModelRow] = [
    *by_method(
        network("vgg.binarynet"),
        "binarynet",
        "BinaryNet",
        "https://arxiv.org/abs/1602.02830",
        {**CIFAR, "filters": (32, 32, 64), "units": (64, 64)},
        sign=(Published("training_saving", 3.71, f"{_WANG}, README", 0.002, {}, "rounded"),),
    ),
    *by_method(
        network("vgg.vgg_small"),
        "vgg_small",
        "VGG-small",
        "https://arxiv.org/abs/1702.00953",
        {**CIFAR, "filters": (32, 32, 64)},
    ),
    *by_method(
        network("resnet.resnet20"),
        "resnet20",
        "ResNet-20",
        "https://arxiv.org/abs/1512.03385",
        CIFAR,
        full_precision=(
            Published("parameters", 0.27e6, "https://arxiv.org/abs/1512.03385, table 6", 0.01, {}, "rounded"),
        ),
    ),
    *by_method(
        network("resnet.resnet18"),
        "resnet18",
        "ResNet-18",
        "https://arxiv.org/abs/1512.03385",
        CIFAR,
        bireal=_RESNET18,
        react=_RESNET18,
    ),
    *by_method(
        network("resnet.resnet8"),
        "resnet8",
        "ResNet-8 of MLPerf Tiny",
        "https://github.com/mlcommons/tiny",
        CIFAR,
        full_precision=(
            Published("parameters", 78_666, "https://github.com/mlcommons/tiny, image classification, 16 filters"),
        ),
    ),
    ModelRow(
        "mcu_images",
        "Small images on a microcontroller",
        network("mcu_images.mcu_images"),
        "https://arxiv.org/abs/2106.07597 (its task)",
        small={**CIFAR, "filters": (8, 16, 16)},
    ),
    *by_method(
        network("vgg.alexnet_cifar"),
        "alexnet_cifar",
        "AlexNet for CIFAR",
        "https://arxiv.org/abs/1404.5997",
        {"filters": (32, 32, 32, 32, 32), "units": (32, 32)},
    ),
    *(
        ModelRow(
            f"small_residual_{method}",
            f"Small residual network, {METHOD_TITLES[method]}",
            network("small_residual.small_residual"),
            "https://arxiv.org/abs/2003.03488 (its blocks)",
            {"method": method},
            {**CIFAR, "filters": (16, 32), "blocks": 2},
        )
        for method in SMALL_RESIDUAL_NAMES
    ),
    *(
        ModelRow(
            f"binareye_{width}_sign",
            f"BinarEye's network, width {width}",
            network("binareye.binareye"),
            "https://github.com/BertMoons/BinarEye",
            {"width": width},
            {},
            published=(
                Published("operations", millions * 1e6, "https://arxiv.org/abs/1804.05554", 0.002, {}, "rounded"),
            )
            if millions
            else (),
        )
        for width, millions in ((64, 126), (128, None), (256, 2013))
    ),
]
