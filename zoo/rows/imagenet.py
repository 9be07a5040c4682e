"""Networks for ImageNet."""

from __future__ import annotations

from larq_focal.zoo.rows.row import ModelRow, Published, network
from larq_focal.zoo.rows.sizes import IMAGENET, LARGER

_REACT = "https://github.com/liuzechun/ReActNet"
_LAB = "https://arxiv.org/abs/2210.13858"
_LAB_SIZES = "https://github.com/sfalkena/LAB, README"
_LAB_REMARK = "the authors' second kernel and bias of each channel are {} MB; what the rest is, is not known"
_LARQ_ZOO = "https://github.com/larq/docs, docs/zoo/index.md"
_MOBILENET = "https://arxiv.org/abs/1704.04861, table 4, MobileNet: the same shape at K = 1"
_BOOLNET = "https://github.com/hpi-xnor/BoolNet"
_FIVE_MILLION = (
    "0.05e8 is counted besides convolutions and classifier, in each of three networks; their code does not say"
)
_STAR = "the last stage at twice the size is 0.22e8 more than BoolNet, of which the source has 0.12e8"

ROWS: list[ModelRow] = [
    ModelRow(
        "reactnet_a_react",
        "ReActNet-A",
        network("reactnet.reactnet_a"),
        "https://arxiv.org/abs/2003.03488",
        {},
        {**IMAGENET, "num_classes": 10, "filters": 8},
        published=(Published("word_operations", 0.87e8, _REACT, 0.005, {}, "rounded"),),
    ),
    *(
        ModelRow(
            name,
            title,
            network("boolnet.boolnet"),
            _BOOLNET,
            options,
            {**IMAGENET, "num_classes": 10, "filters": 32},
            published=(Published("word_operations", value, _BOOLNET, 0.035, {}, remark),),
        )
        for name, title, options, value, remark in (
            ("boolnet_4", "BoolNet, 4 slices", {}, 1.64e8, _FIVE_MILLION),
            ("boolnet_4_star", "BoolNet*, 4 slices", {"dilated": True}, 1.76e8, _STAR),
            ("basenet_4", "BoolNet without split, 4 slices", {"split": False}, 1.54e8, _FIVE_MILLION),
            ("basenet_1", "BoolNet without split, 1 slice", {"split": False, "slices": 1}, 1.51e8, _FIVE_MILLION),
        )
    ),
    *(
        ModelRow(
            f"mobinet_{shortcut}_k{k}",
            f"MoBiNet, shortcuts {shortcut}-block, K = {k}",
            network("mobinet.mobinet"),
            "https://arxiv.org/abs/1907.12629",
            {"shortcut": shortcut, "k": k},
            {**IMAGENET, "num_classes": 10, "filters": 8},
            "" if k % 32 == 0 else f"the 3x3 convolutions: their groups have {k} channels, packed ones multiples of 32",
            (
                Published("macs", 569e6, _MOBILENET, 0.001, {}, "rounded"),
                Published("parameters", 4.2e6, _MOBILENET, 0.013, {}, "rounded; ours has the moving averages, 0.02e6"),
            )
            if k == 1
            else (),
        )
        for shortcut, k in (("pre", 4), ("mid", 1), ("mid", 4), ("mid", 32), ("post", 4))
    ),
    ModelRow(
        "pokebnn",
        "PokeBNN",
        network("pokebnn.pokebnn"),
        "https://arxiv.org/abs/2112.00133",
        {},
        {**IMAGENET, "num_classes": 10, "width": 0.125, "blocks": (1, 2, 1, 1)},
    ),
    ModelRow(
        "lab_bnn",
        "LAB-BNN",
        network("learned_binarizers.lab_bnn"),
        _LAB,
        {},
        {**IMAGENET, "num_classes": 10, "filters": 16},
        published=(
            Published(
                "megabytes",
                4.62,
                "https://github.com/sfalkena/zoo, lab_bnn.py",
                0.065,
                {},
                _LAB_REMARK.format("0.14 of the 0.30"),
            ),
        ),
    ),
    *(
        ModelRow(
            name,
            title,
            factory,
            f"https://github.com/larq/zoo with {_LAB}",
            {},
            LARGER,
            published=published,
        )
        for name, title, factory, published in (
            (
                "quicknet_lab",
                "QuickNet, learnable activation binarizer",
                network("learned_binarizers.quicknet_lab"),
                (Published("megabytes", 4.85, _LAB_SIZES, 0.07, {}, _LAB_REMARK.format("0.15 of the 0.33")),),
            ),
            (
                "birealnet_lab",
                "Bi-Real Net-18, learnable activation binarizer",
                network("learned_binarizers.birealnet_lab"),
                (Published("megabytes", 4.65, _LAB_SIZES, 0.07, {}, _LAB_REMARK.format("0.14 of the 0.31")),),
            ),
            (
                "binary_alexnet_lab",
                "BinaryAlexNet, learnable activation binarizer",
                network("learned_binarizers.binary_alexnet_lab"),
                (),
            ),
        )
    ),
    ModelRow(
        "xnornet_lab",
        "XNOR-Net, learnable activation binarizer",
        network("learned_binarizers.xnornet_lab"),
        f"https://github.com/larq/zoo with {_LAB}",
        {},
        {"input_shape": (224, 224, 3), "num_classes": 10},  # its 6x6 convolution takes no smaller image
        published=(Published("megabytes", 24.4, _LAB_SIZES, 0.012, {}, _LAB_REMARK.format("0.22 of the 0.26")),),
    ),
    *(
        ModelRow(
            name,
            f"{title} of larq-zoo",
            factory,
            "https://github.com/larq/zoo",
            {},
            LARGER,
            published=(Published("mebibytes", mebibytes, _LARQ_ZOO, 0.005, {}, "rounded"),),
        )
        for name, title, factory, mebibytes in (
            ("quicknet_small", "QuickNetSmall", network("larq_zoo.quicknet.quicknet_small"), 4.00),
            ("quicknet", "QuickNet", network("larq_zoo.quicknet.quicknet"), 4.17),
            ("quicknet_large", "QuickNetLarge", network("larq_zoo.quicknet.quicknet_large"), 5.40),
            ("birealnet18", "Bi-Real Net-18", network("larq_zoo.birealnet.birealnet18"), 4.00),
        )
    ),
]
