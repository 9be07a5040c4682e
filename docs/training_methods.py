"""Writes the page of training methods, training_methods.md, from what benchmarks have measured.

    python docs/training_methods.py

Needs the extra `docs`. Tables and pictures follow from docs/data; a section says by which script its table is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from larq_focal.files import write_text, written_whole
from larq_focal.tables import pipe_table

HERE = Path(__file__).parent
PAGE = HERE / "training_methods.md"
SPECTRA, HYSTERESIS = "images/autocorrelation.png", "images/hysteresis.png"
SHADES = ("#1f4e79", "#e8873a", "#2e7d32", "#777777")
NETWORKS = {"two_layer": "Two layers, MNIST", "small_residual": "Small residual network, CIFAR-10"}

INTRODUCTION = """\
# Training methods

<!-- Written by docs/training_methods.py: change that, or the measurements, and run `make docs`. -->

Methods that change how a network is trained, and leave a network in use that is as small as before. All of them run on
Keras 2 with Larq and on [Keras 3](keras3.md) with TensorFlow, JAX and PyTorch, in plain `compile` and `fit`.

```python
import larq_focal as lqf
from larq_focal.nn import keras
from larq_focal.training import BranchedConv2D, BranchedKernel, ParallelNormalization, fold

kernel = BranchedKernel("magnitude_aware_sign")
model = keras.Sequential([
    keras.layers.Input((28, 28, 1)),
    BranchedConv2D(16),
    lqf.layers.QuantConv2D(32, 3, input_quantizer="ste_sign", kernel_quantizer=kernel),
    ParallelNormalization(),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(10),
])
small = fold(model)  # after the training: a Conv2D, a QuantConv2D, a BatchNormalization
```
"""

FOLDED = """\
## Over-parameterised training that folds

- `BranchedKernel(quantizer)`, a kernel quantizer, trains latent kernels of rows, columns and points with scales, which
  are added before they are quantized. In use it is the quantizer inside of it.
- `BranchedConv2D`, real-valued, trains a convolution, a 1x1 convolution and the identity, each with its batch
  normalisation (RepVGG, [arXiv 2101.03697](https://arxiv.org/abs/2101.03697)). In use it is a `Conv2D` with a bias.
- `ParallelNormalization` trains batch normalisations by standard and by mean absolute deviation, and a scale. In use it
  is a `BatchNormalization`.

`lqf.training.fold(model)` returns the small network. It computes the same to float rounding, and the kernel of a
`BranchedKernel` bit by bit, by a test of each block. A conversion of the network as it was trained folds as well, and
its file holds the same operators; the audit finds the same layers packed. The blocks are this project's own, after the
idea of Nie et al. ([arXiv 2202.03716](https://arxiv.org/abs/2202.03716)), whose abstract does not give theirs.
"""

FOLDED_MEASURED = """\
A small network with a real-valued stem and three binary convolutions (`{quantizer}`) on {dataset}: {epochs} epochs of
the first {train:,} training images less every tenth, mean and standard deviation over the seeds, in percentage points.
All rows have the same layers in use. A longer training may rank them differently.
`python -m benchmarks.folded_training --data-dir DIR`
"""

WIDTHS = """\
## One set of weights, several bit widths

```python
import larq_focal as lqf
from larq_focal.nn import keras
from larq_focal.training import AnyWidthInput, AnyWidthKernel, DistilledCrossEntropy, SwitchableNormalization
from larq_focal.training import every_width, width_accuracies, with_bits

widths = (8, 4, 2, 1)
quantizers = dict(input_quantizer=AnyWidthInput(widths), kernel_quantizer=AnyWidthKernel(widths))
network = keras.Sequential([
    keras.layers.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, padding="same", use_bias=False),
    SwitchableNormalization(widths),
    lqf.layers.QuantConv2D(32, 3, padding="same", pad_values=1, use_bias=False, **quantizers),
    SwitchableNormalization(widths),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(10),
])
joint = every_width(network)
joint.compile("adam", DistilledCrossEntropy(), metrics=width_accuracies(widths))
# joint.fit(images, labels, ...)
two_bits = with_bits(joint, 2)
```

Each width quantizes the same latent weights (DoReFa) and has batch normalisations of its own. One step trains all: the
widest learns the labels, each other one the outputs of the next wider one, or of the widest
(`DistilledCrossEntropy(teacher="widest")`). `with_bits` returns a plain network of one width with its outputs, in the
quantizers `dorefa_quantizer` and `ste_sign`: save the network itself for one file with all widths, and convert each for
one file of each. Networks of up to 4 bits are packed. Kernels of 8 bits stay float in a file with a float rest, and are
int8 with `rest="int8"`.

Sources: Yu et al., "Any-Precision Deep Neural Networks" ([arXiv 1911.07346](https://arxiv.org/abs/1911.07346)); Du,
Zhang and Guan, "From Quantized DNNs to Quantizable DNNs" ([arXiv 2004.05284](https://arxiv.org/abs/2004.05284)). Other
than in the first, inputs of one bit are signs here, not 0 and 1, so that their convolutions are binary ones.
"""

WIDTHS_MEASURED = """\
A residual network of three blocks with {filters} maps, narrower than ResNet-20 for the budget, on {dataset}: {epochs}
epochs of the first {train:,} training images. *After training* is the network trained in {widest} bits alone, for as
many epochs, and quantized to the other widths then. Mean and standard deviation over {seeds} seeds, in percentage
points. `python -m benchmarks.bit_widths --data-dir DIR`
"""

HYSTERESIS_TEXT = """\
## The threshold of the hysteresis sign

`hysteresis_sign` lets a weight change its sign only beyond a threshold T. Published is T = 0.1 for all layers. Initial
weights shrink with the fan-in, and those of wide layers all begin below it: none of the 10,985,472 weights of
`resnet18` and of the 1,953,792 of `small_residual` reaches it, so that no sign changes before a weight has travelled
many times its own size. The default is therefore relative, T = 0.5 mean|w| of each layer as its training begins, stored
with the layer; `HysteresisSign(threshold=0.1, relative=False)` is as published.
"""

HYSTERESIS_MEASURED = """\
Small budgets, of the first {train:,} training images less every tenth ({epochs}). Batches of 32 and 64, Adam from 0.01
down by a cosine, statistics of normalisations taken again at the end; mean and standard deviation over the seeds, in
percentage points. *Reached* is the share of initial weights at or above T, *flips* how many of a million weights change
sign in a step of the last epoch. `python -m benchmarks.hysteresis --data-dir DIR`
"""
HYSTERESIS_FOUND = """\
{network}: with the default, {fewer:.1f} times fewer signs change than with the plain sign, at {default:+.2f} points of
accuracy; the published threshold has {published:+.2f}.
"""

AUTOCORRELATION = """\
## What normalisation does

```python
import larq_focal as lqf
from larq_focal.nn import keras

images = lqf.datasets.load_dataset("digits").x_train.astype("float32") / 256
conv = keras.layers.Conv2D(16, 3)
conv.build((None, 8, 8, 1))
print(lqf.training.autocorrelation_spectrum(conv, images))  # images: [n, height, width, channels]
```

The outputs of a layer see vectors u: inputs, or windows of an image. By gradient descent on the squared error, the
error of the weights along each eigenvector of R = E[u u'] shrinks by 1 - rate x eigenvalue in a step. The largest
eigenvalue bounds the rate, 2 / eigenvalue; the smallest says how long it takes then. Batch normalisation behind the
layer takes the mean of u away, up to two thirds of the largest eigenvalue here, and divides by the deviation of the
outputs, so that the scale of u does not matter. Signs in front of the layer have a much smaller spread than ReLU.
With random weights, in the first step, that division is the one of normalised LMS, by the power of the inputs: the NLMS
ratio of the table is 1, but for chance. (Chai, Pilanci and Murmann,
[arXiv 2002.10674](https://arxiv.org/abs/2002.10674).)
"""

AUTOCORRELATION_MEASURED = """\
Layers of `two_layer` with random weights on {images:,} images of MNIST. *Spread* is the largest eigenvalue by the
smallest that is not 0 to rounding. `python -m benchmarks.autocorrelation --data-dir DIR`
"""


def page() -> str:
    """The page as it must be for the measurements that there are."""
    parts = [
        INTRODUCTION,
        *_section(FOLDED, "folded_training", _folded),
        *_section(WIDTHS, "bit_widths", _widths),
        *_section(HYSTERESIS_TEXT, "hysteresis", _hysteresis),
        *_section(AUTOCORRELATION, "autocorrelation", _autocorrelation),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def measured(name: str) -> dict | None:
    path = HERE / f"data/{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _section(text: str, name: str, tables: Callable[[dict], list[str]]) -> list[str]:
    found = measured(name)
    return [text, *(tables(found) if found else [])]


def _folded(found: dict) -> list[str]:
    header = ("training", "accuracy", "parameters in training", "in use")
    rows = [(row["case"], _mean(row), f"{row['trained']:,}", f"{row['folded']:,}") for row in found["rows"]]
    about = FOLDED_MEASURED.format(quantizer="magnitude_aware_sign", **_budget(found))
    return [about, pipe_table(header, rows, header[1:])]


def _widths(found: dict) -> list[str]:
    header = ("trained", *(f"{bits} bit{'s' * (bits > 1)}" for bits in found["widths"]))
    rows = [(row["way"], *map(_mean, row["widths"])) for row in found["rows"]]
    filters = ", ".join(map(str, found["settings"]["filters"]))
    seeds = len(found["rows"][0]["widths"][0]["accuracies"])
    about = WIDTHS_MEASURED.format(filters=filters, widest=found["widths"][0], seeds=seeds, **_budget(found))
    return [about, pipe_table(header, rows, header[1:])]


def _hysteresis(found: dict) -> list[str]:
    header = ("network", "T", "reached", "accuracy", "flips")
    rows = [
        (NETWORKS[name], _threshold(row), _percent(row["reached"]), _mean(row), f"{1e6 * row['flip_ratio']:.0f}")
        for name, network in found.items()
        for row in network["rows"]
    ]
    budgets = {name: _budget(network) for name, network in found.items()}
    epochs = "; ".join(f"{NETWORKS[name]}: {budget['epochs']} epochs" for name, budget in budgets.items())
    about = HYSTERESIS_MEASURED.format(epochs=epochs, train=next(iter(budgets.values()))["train"])
    picture = f"![Accuracy by threshold, relative and published]({HYSTERESIS})"
    return [about, pipe_table(header, rows, header[2:]), *map(_hysteresis_found, found.items()), picture]


def _hysteresis_found(item: tuple[str, dict]) -> str:
    name, network = item
    plain, published, default = (
        next(row for row in network["rows"] if (row["threshold"], row["relative"]) == case)
        for case in ((None, True), (0.1, False), (0.5, True))
    )
    return HYSTERESIS_FOUND.format(
        network=NETWORKS[name],
        fewer=plain["flip_ratio"] / default["flip_ratio"],
        default=100 * (default["mean"] - plain["mean"]),
        published=100 * (published["mean"] - plain["mean"]),
    )


def _threshold(row: dict) -> str:
    if row["threshold"] is None:
        return "plain sign (`ste_sign`)"
    unit = " mean|w|" if row["relative"] else ", as published"
    return f"{row['threshold']:g}{unit}"


def _autocorrelation(found: dict) -> list[str]:
    header = ("layer and its inputs", "rank", "spread", "without mean", "stable rate", "normalised", "NLMS ratio")
    rows = [
        (
            row["inputs"],
            f"{row['rank']} of {len(row['eigenvalues'])}",
            f"{row['spread']:,.3g}",
            f"{row['centred_spread']:,.3g}",
            f"{row['rate']:.3g}",
            f"{row['normalised_rate']:.3g}",
            "{:.2f} ± {:.2f}".format(*row["nlms_ratio"]),
        )
        for row in found["rows"]
    ]
    about = AUTOCORRELATION_MEASURED.format(images=found["images"])
    picture = f"![Eigenvalues of the second layer's inputs, and losses of gradient descent by learning rate]({SPECTRA})"
    return [about, pipe_table(header, rows, header[1:]), picture]


def _budget(found: dict) -> dict:
    dataset = found["dataset"]
    return {"dataset": dataset["title"], "train": dataset["train"], "epochs": found["settings"]["epochs"]}


def _mean(row: Mapping) -> str:
    deviation = "" if row["deviation"] is None else f" ± {row['deviation'] * 100:.2f} ({len(row['accuracies'])} seeds)"
    return f"{row['mean']:.2%}{deviation or ' (one seed)'}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"


def draw_spectra(found: dict) -> None:
    """The eigenvalues of the second layer's inputs, and the losses that they foretell."""

    def draw(spectra, losses):
        rows = [row for row in found["rows"] if row["inputs"].startswith("conv_2")]
        for row, shade in zip(rows, SHADES, strict=False):
            label = row["inputs"].partition(": ")[2]
            total = sum(row["eigenvalues"])
            places = range(1, len(row["eigenvalues"]) + 1)
            spectra.plot(places, [each / total for each in row["eigenvalues"]], label=label, color=shade)
            centred = [each / total for each in row["centred_eigenvalues"]]
            spectra.plot(places, centred, color=shade, linewidth=0.8, linestyle="--")
        for (rate, curve), shade in zip(rows[0]["losses"].items(), SHADES, strict=True):
            losses.plot(curve, label=f"{rate} of the largest stable rate", color=shade)
        for axis, title, across in (
            (spectra, "eigenvalues by their sum (dashed: without mean)", "eigenvalue"),
            (losses, f"loss, {rows[0]['inputs'].partition(': ')[2]}", "step"),
        ):
            axis.set_yscale("log")
            axis.set_title(title, fontsize=10)
            axis.set_xlabel(across)
        spectra.set_ylim(bottom=1e-7)
        losses.set_ylim(1e-4, 10)

    _draw(SPECTRA, draw)


def draw_hysteresis(found: dict) -> None:
    """Accuracy by threshold."""

    def draw(*axes):
        for axis, (name, network) in zip(axes, found.items(), strict=False):
            relative = [row for row in network["rows"] if row["threshold"] is not None and row["relative"]]
            deviations = [row["deviation"] or 0 for row in relative]
            axis.errorbar(
                [row["threshold"] for row in relative],
                [row["mean"] for row in relative],
                deviations,
                color=SHADES[0],
                marker=".",
                capsize=2,
                label="relative T",
            )
            for row in network["rows"]:
                if row["threshold"] is None or not row["relative"]:
                    shade = SHADES[1] if row["threshold"] else SHADES[3]
                    label = "published T = 0.1" if row["threshold"] else "plain sign"
                    axis.axhline(row["mean"], color=shade, linestyle="--", linewidth=1, label=label)
            axis.set_title(NETWORKS[name], fontsize=10)
            axis.set_xlabel("T by the initial mean magnitude")

    _draw(HYSTERESIS, draw, panels=len(found))


def _draw(name: str, draw: Callable[..., None], panels: int = 2) -> None:
    """A PNG of panels side by side."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, panels, figsize=(4.5 * panels, 3.4), layout="constrained", squeeze=False)
    draw(*axes[0])
    for axis in axes[0]:
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.legend(fontsize=8)
    with written_whole(HERE / name) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    pyplot.close(figure)


if __name__ == "__main__":
    for name, draw in (("autocorrelation", draw_spectra), ("hysteresis", draw_hysteresis)):
        if found := measured(name):
            draw(found)
    write_text(PAGE, page())
