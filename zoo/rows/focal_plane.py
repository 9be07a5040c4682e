"""Networks that were run on focal-plane processors."""

from __future__ import annotations

from larq_focal.zoo.rows.row import ModelRow, Published, network

_BOSE = "https://github.com/lauriebose/Scamp5-MNIST_AREG_CNN_example"
_FCN_KERNELS = "16 and 128 kernels of 4x4 and 64 of 1x1 make 2,368; what the other 210 are is not known"

ROWS: list[ModelRow] = [
    *(
        ModelRow(
            name,
            f"Digits on SCAMP-5 (Bose et al. 2020){title}",
            network("bose2020.bose2020"),
            _BOSE,
            options,
            {"input_shape": (12, 12, 1)},
            published=(Published("weights", 256 + 40_960, _BOSE),),
        )
        for name, title, options in (
            ("bose2020", "", {}),
            ("bose2020_ternary", ", ternary weights", {"ternary": True}),
        )
    ),
    ModelRow(
        "liu2022",
        "Segmentation on SCAMP-5 (Liu and Lu 2022)",
        network("focal_plane.liu2022"),
        "Liu and Lu, CVPR Workshops 2022",
        {},
        {"input_shape": (16, 16, 1)},
        "conv_2: its groups have 2 channels, and a packed convolution takes multiples of 32",
        (Published("weights", 2578, "Liu and Lu, CVPR Workshops 2022", 0.082, {}, _FCN_KERNELS),),
    ),
    ModelRow(
        "analognet2",
        "AnalogNet2",
        network("focal_plane.analognet2"),
        "https://github.com/bguillard/CNNs-on-FPSPs",
    ),
    ModelRow(
        "pixelrnn",
        "PixelRNN",
        network("pixelrnn.pixelrnn"),
        "https://github.com/computational-imaging/PixelRNN",
        {},
        {"input_shape": (16, 16, 2)},
    ),
]
