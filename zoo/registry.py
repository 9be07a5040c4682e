"""Every model of the zoo in one row: the list, the contract tests and the table of structures are made from these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from larq_zoo.literature import BiRealNet
from larq_zoo.sota import QuickNet, QuickNetLarge, QuickNetSmall

from larq_focal.keras import keras
from larq_focal.zoo import focal_plane, learned_binarizers
from larq_focal.zoo.binareye import WIDTHS, binareye
from larq_focal.zoo.boolnet import boolnet
from larq_focal.zoo.bose2020 import bose2020
from larq_focal.zoo.human_activity import human_activity
from larq_focal.zoo.lenet import lenet
from larq_focal.zoo.methods import METHODS
from larq_focal.zoo.mobinet import mobinet
from larq_focal.zoo.pokebnn import pokebnn
from larq_focal.zoo.reactnet import reactnet_a
from larq_focal.zoo.resnet import resnet8, resnet18, resnet20
from larq_focal.zoo.small_residual import SMALL_RESIDUAL_METHODS, small_residual
from larq_focal.zoo.two_layer import TWO_LAYER_METHODS, two_layer
from larq_focal.zoo.vgg import alexnet_cifar, binarynet, vgg_small

Figure = Literal[
    "parameters", "weights", "macs", "operations", "word_operations", "mebibytes", "megabytes", "training_saving"
]


@dataclass(frozen=True)
class Published:
    """A count that a paper or a reference implementation gives of a model's structure.

    Attributes:
        figure: What is counted: trained numbers with the normalisations' statistics ("parameters"), kernel weights,
            multiply-accumulates, operations of which a multiply-accumulate is two, operations of which 64 binary
            multiply-accumulates are one ("word_operations"), the parameters' memory in MiB or in MB of 10^6 bytes, or
            how many times less memory Wang et al.'s training takes, by 100 images ("training_saving").
        value: The published count.
        source: Where it stands.
        tolerance: By which share ours may differ; above 0 where the source rounds or counts something else as well.
        options: Arguments of the factory with which it was counted.
        remark: What explains a difference, if it is known.
    """

    figure: Figure
    value: float
    source: str
    tolerance: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True)
class ModelRow:
    """One model.

    Attributes:
        name: Its name, which is the Keras model's as well.
        title: For people.
        factory: The function that builds it.
        source: Paper or repository.
        options: Arguments of the factory that make this model of it.
        small: Further arguments with which it is built for a quick test.
        stays_float: What of the binary layers stays a float convolution in a converted file by design, and why.
        published: What others count.
    """

    name: str
    title: str
    factory: Callable[..., keras.Model]
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, Any] = field(default_factory=dict)
    stays_float: str = ""
    published: tuple[Published, ...] = ()

    def build(self, **options: Any) -> keras.Model:
        """The model; ``options`` are further arguments of its factory."""
        return self.factory(**{**self.options, **options})


def _by_method(factory, name: str, title: str, source: str, small: Mapping[str, Any], **published) -> list[ModelRow]:
    """A row for full precision and one for each method; ``published`` holds the counts by method."""
    return [
        ModelRow(
            f"{name}_{method or 'full_precision'}",
            f"{title}, {METHODS[method].title if method else 'full precision'}",
            factory,
            source,
            {"method": method},
            small,
            "" if method is None or METHODS[method].packed else "all binary kernels: the maps have 8 bits",
            published.get(method or "full_precision", ()),
        )
        for method in (None, *METHODS)
    ]


_CIFAR, _TINY, _IMAGENET = {"input_shape": (16, 16, 3)}, {"input_shape": (8, 8, 1)}, {"input_shape": (64, 64, 3)}
# Their last maps are 4x4: Larq Compute Engine corrects zero padding wrongly where a map is smaller than the kernel.
_LARGER = {"input_shape": (128, 128, 3), "num_classes": 10}
_REACT = "https://github.com/liuzechun/ReActNet"
_LAB = "https://arxiv.org/abs/2210.13858"
_LAB_SIZES = "https://github.com/sfalkena/LAB, README"
_LAB_REMARK = "the authors' second kernel and bias of each channel are {} MB; what the rest is, is not known"
_WANG = "https://github.com/awai54st/Enabling-Binary-Neural-Network-Training-on-the-Edge"
_LARQ_ZOO = "https://github.com/larq/docs, docs/zoo/index.md"
_BOSE = "https://github.com/lauriebose/Scamp5-MNIST_AREG_CNN_example"
_MOBILENET = "https://arxiv.org/abs/1704.04861, table 4, MobileNet: the same shape at K = 1"
_BOOLNET = "https://github.com/hpi-xnor/BoolNet"
_IMAGENET18 = {"input_shape": (224, 224, 3), "num_classes": 1000}
_RESNET18 = (Published("word_operations", 1.63e8, _REACT, 0.01, _IMAGENET18, "ours counts the classifier, 0.005e8"),)
_FCN_KERNELS = "16 and 128 kernels of 4x4 and 64 of 1x1 make 2,368; what the other 210 are is not known"
_FIVE_MILLION = (
    "0.05e8 is counted besides convolutions and classifier, in each of three networks; their code does not say"
)
_STAR = "the last stage at twice the size is 0.22e8 more than BoolNet, of which the source has 0.12e8"

_ROWS: list[ModelRow] = [
    *(
        ModelRow(
            f"two_layer_{method or 'full_precision'}",
            f"Two layers, {TWO_LAYER_METHODS[method].title if method else 'full precision'}",
            two_layer,
            "larq_focal",
            {"method": method},
            {**_TINY, "filters": (4, 8)},
        )
        for method in (None, *TWO_LAYER_METHODS)
    ),
    *_by_method(
        lenet,
        "lenet",
        "LeNet",
        "http://yann.lecun.com/exdb/publis/pdf/lecun-01a.pdf",
        {"input_shape": (16, 16, 1)},
        full_precision=(Published("parameters", 431_080, "https://github.com/BVLC/caffe, examples/mnist"),),
    ),
    *_by_method(
        binarynet,
        "binarynet",
        "BinaryNet",
        "https://arxiv.org/abs/1602.02830",
        {**_CIFAR, "filters": (32, 32, 64), "units": (64, 64)},
        sign=(Published("training_saving", 3.71, f"{_WANG}, README", 0.002, {}, "rounded"),),
    ),
    *_by_method(
        vgg_small, "vgg_small", "VGG-small", "https://arxiv.org/abs/1702.00953", {**_CIFAR, "filters": (32, 32, 64)}
    ),
    *_by_method(
        resnet20,
        "resnet20",
        "ResNet-20",
        "https://arxiv.org/abs/1512.03385",
        _CIFAR,
        full_precision=(
            Published("parameters", 0.27e6, "https://arxiv.org/abs/1512.03385, table 6", 0.01, {}, "rounded"),
        ),
    ),
    *_by_method(
        resnet18,
        "resnet18",
        "ResNet-18",
        "https://arxiv.org/abs/1512.03385",
        _CIFAR,
        bireal=_RESNET18,
        react=_RESNET18,
    ),
    *_by_method(
        resnet8,
        "resnet8",
        "ResNet-8 of MLPerf Tiny",
        "https://github.com/mlcommons/tiny",
        _CIFAR,
        full_precision=(
            Published("parameters", 78_666, "https://github.com/mlcommons/tiny, image classification, 16 filters"),
        ),
    ),
    *_by_method(
        alexnet_cifar,
        "alexnet_cifar",
        "AlexNet for CIFAR",
        "https://arxiv.org/abs/1404.5997",
        {"filters": (32, 32, 32, 32, 32), "units": (32, 32)},
    ),
    *(
        ModelRow(
            f"small_residual_{method}",
            f"Small residual network, {SMALL_RESIDUAL_METHODS[method].title}",
            small_residual,
            "https://arxiv.org/abs/2003.03488 (its blocks)",
            {"method": method},
            {**_CIFAR, "filters": (16, 32), "blocks": 2},
        )
        for method in SMALL_RESIDUAL_METHODS
    ),
    *(
        ModelRow(
            f"binareye_{width}_sign",
            f"BinarEye's network, width {width}",
            binareye,
            "https://github.com/BertMoons/BinarEye",
            {"width": width},
            {},
            published=(
                Published("operations", millions * 1e6, "https://arxiv.org/abs/1804.05554", 0.002, {}, "rounded"),
            )
            if millions
            else (),
        )
        for width, millions in zip(WIDTHS, (126, None, 2013), strict=True)
    ),
    ModelRow(
        "reactnet_a_react",
        "ReActNet-A",
        reactnet_a,
        "https://arxiv.org/abs/2003.03488",
        {},
        {**_IMAGENET, "num_classes": 10, "filters": 8},
        published=(Published("word_operations", 0.87e8, _REACT, 0.005, {}, "rounded"),),
    ),
    *(
        ModelRow(
            name,
            title,
            boolnet,
            _BOOLNET,
            options,
            {**_IMAGENET, "num_classes": 10, "filters": 32},
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
            mobinet,
            "https://arxiv.org/abs/1907.12629",
            {"shortcut": shortcut, "k": k},
            {**_IMAGENET, "num_classes": 10, "filters": 8},
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
        pokebnn,
        "https://arxiv.org/abs/2112.00133",
        {},
        {**_IMAGENET, "num_classes": 10, "width": 0.125, "blocks": (1, 2, 1, 1)},
    ),
    ModelRow(
        "lab_bnn",
        "LAB-BNN",
        learned_binarizers.lab_bnn,
        _LAB,
        {},
        {**_IMAGENET, "num_classes": 10, "filters": 16},
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
            _LARGER,
            published=published,
        )
        for name, title, factory, published in (
            (
                "quicknet_lab",
                "QuickNet, learnable activation binarizer",
                learned_binarizers.quicknet_lab,
                (Published("megabytes", 4.85, _LAB_SIZES, 0.07, {}, _LAB_REMARK.format("0.15 of the 0.33")),),
            ),
            (
                "birealnet_lab",
                "Bi-Real Net-18, learnable activation binarizer",
                learned_binarizers.birealnet_lab,
                (Published("megabytes", 4.65, _LAB_SIZES, 0.07, {}, _LAB_REMARK.format("0.14 of the 0.31")),),
            ),
            (
                "binary_alexnet_lab",
                "BinaryAlexNet, learnable activation binarizer",
                learned_binarizers.binary_alexnet_lab,
                (),
            ),
        )
    ),
    ModelRow(
        "xnornet_lab",
        "XNOR-Net, learnable activation binarizer",
        learned_binarizers.xnornet_lab,
        f"https://github.com/larq/zoo with {_LAB}",
        {},
        {"input_shape": (224, 224, 3), "num_classes": 10},  # its 6x6 convolution takes no smaller image
        "the 6x6 convolution of 4,096 maps: the converter does not fold a kernel of 144 MiB",
        (Published("megabytes", 24.4, _LAB_SIZES, 0.012, {}, _LAB_REMARK.format("0.22 of the 0.26")),),
    ),
    *(
        ModelRow(
            name,
            f"{title} of larq-zoo",
            factory,
            "https://github.com/larq/zoo",
            {"weights": None},
            _LARGER,
            published=(Published("mebibytes", mebibytes, _LARQ_ZOO, 0.005, {}, "rounded"),),
        )
        for name, title, factory, mebibytes in (
            ("quicknet_small", "QuickNetSmall", QuickNetSmall, 4.00),
            ("quicknet", "QuickNet", QuickNet, 4.17),
            ("quicknet_large", "QuickNetLarge", QuickNetLarge, 5.40),
            ("birealnet18", "Bi-Real Net-18", BiRealNet, 4.00),
        )
    ),
    *_by_method(
        human_activity,
        "human_activity",
        "Human activity from inertial signals",
        "https://arxiv.org/abs/2205.12781",
        {},
    ),
    *(
        ModelRow(
            name,
            f"Digits on SCAMP-5 (Bose et al. 2020){title}",
            bose2020,
            _BOSE,
            options,
            {"input_shape": (12, 12, 1)},
            "all binary and ternary kernels: the pixels are 0 and 1, and the maps are sums",
            (Published("weights", 256 + 40_960, _BOSE),),
        )
        for name, title, options in (
            ("bose2020", "", {}),
            ("bose2020_ternary", ", ternary weights", {"ternary": True}),
        )
    ),
    ModelRow(
        "liu2022",
        "Segmentation on SCAMP-5 (Liu and Lu 2022)",
        focal_plane.liu2022,
        "Liu and Lu, CVPR Workshops 2022",
        {},
        {"input_shape": (16, 16, 1)},
        "conv_2: its groups have 2 channels, and a packed convolution takes multiples of 32",
        (Published("weights", 2578, "Liu and Lu, CVPR Workshops 2022", 0.082, {}, _FCN_KERNELS),),
    ),
    ModelRow(
        "analognet2",
        "AnalogNet2",
        focal_plane.analognet2,
        "https://github.com/bguillard/CNNs-on-FPSPs",
    ),
    ModelRow(
        "pixelrnn",
        "PixelRNN",
        focal_plane.pixelrnn,
        "https://github.com/computational-imaging/PixelRNN",
        {},
        {"input_shape": (16, 16, 2)},
    ),
]

MODELS: dict[str, ModelRow] = {row.name: row for row in _ROWS}


def build(name: str, **options: Any) -> keras.Model:
    """The model of a name in ``MODELS``; ``options`` are arguments of its factory.

    Raises:
        ValueError: There is no such model.
    """
    return find(name).build(**options)


def find(name: str) -> ModelRow:
    """The row of a name.

    Raises:
        ValueError: There is no such model; the message names the nearest ones.
    """
    if name not in MODELS:
        from difflib import get_close_matches

        near = get_close_matches(name, MODELS, 4, 0.5)
        raise ValueError(
            f"No model '{name}' in the zoo: `larq-focal zoo list` shows them all"
            + (f"; do you mean {', '.join(near)}?" if near else ".")
        )
    return MODELS[name]
