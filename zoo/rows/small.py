"""Networks for images of digits, and for inertial signals."""

from __future__ import annotations

from larq_focal.zoo.method_titles import TWO_LAYER_TITLES
from larq_focal.zoo.rows.row import ModelRow, Published, by_method, network
from larq_focal.zoo.rows.sizes import TINY

ROWS: list[ModelRow] = [
    *(
        ModelRow(
            f"two_layer_{method or 'full_precision'}",
            f"Two layers, {TWO_LAYER_TITLES[method] if method else 'full precision'}",
            network("two_layer.two_layer"),
            "larq_focal",
            {"method": method},
            {**TINY, "filters": (4, 8)},
        )
        for method in (None, *TWO_LAYER_TITLES)
    ),
    *by_method(
        network("lenet.lenet"),
        "lenet",
        "LeNet",
        "http://yann.lecun.com/exdb/publis/pdf/lecun-01a.pdf",
        {"input_shape": (16, 16, 1)},
        full_precision=(Published("parameters", 431_080, "https://github.com/BVLC/caffe, examples/mnist"),),
    ),
    ModelRow(
        "mcu_digits",
        "Digits on a microcontroller",
        network("mcu_digits.mcu_digits"),
        "https://github.com/cpldcpu/BitNetMCU",
        small={"filters": (4, 8, 8, 8)},
    ),
    *by_method(
        network("human_activity.human_activity"),
        "human_activity",
        "Human activity from inertial signals",
        "https://arxiv.org/abs/2205.12781",
        {},
    ),
]
