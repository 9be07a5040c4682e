"""Writes the page of the zoo's trained networks, zoo_results.md, from their records.

    python docs/zoo_results.py

Needs the extra `docs`. The tables follow from docs/data/zoo_training.json (`python -m benchmarks.zoo_training`) and
from the records beside the pretrained weights, and so do the pictures.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from pathlib import Path

from larq_focal.files import write_text, written_whole
from larq_focal.tables import pipe_table
from larq_focal.text import accuracy_text, bytes_text

HERE = Path(__file__).parent
PAGE = HERE / "zoo_results.md"
PRETRAINED = HERE.parent / "zoo" / "pretrained"
CURVE, COMPARISON = "images/learning_curve.png", "images/comparison.png"
COMPARED_SHADES = {"sign": "#777777", "lab": "#1f4e79", "hysteresis": "#e8873a"}
DRAWN = "small_residual_react-cifar10"

INTRODUCTION = """\
# Trained networks of the zoo

<!-- Written by docs/zoo_results.py: change that, or the measurements, and run `make docs`. -->

All accuracies are those of converted files on all 10,000 test images (540 of the digits). They were looked at after the
last epoch only; but the CIFAR-10 network was trained on twice when they were known, 78.86 % after 18 epochs and 79.91 %
after 27, so that its 80.30 % is a little too good. Learning rate and recalibration of the comparisons were settled when
the test accuracies of earlier runs, at a rate of 0.0025 and without it, were known.
"CIFAR-10 (JPEG copy)" is a copy of CIFAR-10 whose images went through JPEG: its figures lie a little below those on the
original, and are not to be set beside published ones.

## Pretrained

`weights="mnist"` and so on. Each was trained by one command, `larq-focal zoo train MODEL --dataset NAME`; its record,
with curve, versions, machine and stretches, lies beside the weights in `zoo/pretrained`.
"""

MNIST = """\
## MNIST

Small and equal budgets, for comparing ways to binarize; mean and standard deviation over the seeds from 0 on. Where a
recipe ends by taking the statistics of the normalisations again (`lqf.training.recalibrate_normalisations`), the mean
in Keras before that stands beside. The moving averages suffer most from the noise of Gumbel's quantizers. The
hysteresis sign was trained with the published threshold of 0.1 (`relative=False`), which is not the default any more.
`python -m benchmarks.zoo_training mnist --data-dir DIR`
"""

COMPARED = """\
## Sign, learnable activation binarizer, hysteresis

One network (`small_residual`, six binary convolutions), one small budget, on CIFAR-10 (JPEG copy). The flip ratio is
the share of binary weights that change sign in a step, over all layers: its mean over the training, and over its last
epoch. At a learning rate of 0.0025 in place of 0.01 both the sign and the hysteresis sign, whose weights must travel
from one threshold to the other, were worse on held-out images after three epochs; the learnable activation binarizer
was not tried at both. The hysteresis sign has the published threshold of 0.1 (`relative=False`), which none of this
network's initial weights reaches; the default is relative to the initial scale now.
`python -m benchmarks.zoo_training compared --data-dir DIR`
"""


def page() -> str:
    """The page as it must be for the measurements that there are."""
    compared, mnist = _rows("-compared"), _rows("-mnist")
    pretrained = [_pretrained(json.loads(path.read_text())) for path in _records()]
    headings = ("weights", "data", "accuracy", "epochs", "parameters", "minutes")
    parts = [
        INTRODUCTION,
        pipe_table(headings, pretrained, headings[2:]),
        f"![Accuracy by epoch of {DRAWN}, on training and held-out images]({CURVE})",
    ]
    if mnist:
        headings = ("network", "accuracy", "before recalibration", "epochs", "parameters")
        parts += [MNIST, pipe_table(headings, map(_mnist, mnist), headings[1:])]
    if compared:
        headings = ("network", "accuracy", "before recalibration", "flip ratio", "in the last epoch", "epochs")
        parts += [
            COMPARED,
            pipe_table(headings, map(_compared, compared), headings[1:]),
            f"![Accuracy on held-out images and flip ratio by epoch, of each]({COMPARISON})",
        ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _rows(ending: str) -> list[dict]:
    """Measurements of the recipes whose names end so."""
    rows = json.loads((HERE / "data/zoo_training.json").read_text())["rows"]
    return [row for row in rows if row["recipe"].endswith(ending)]


def _records() -> list[Path]:
    return [path for path in sorted(PRETRAINED.glob("*.json")) if path.stem != "manifest"]


def _pretrained(record: dict) -> tuple[str, ...]:
    return (
        f"`{record['run']}`",
        record["dataset"]["title"],
        accuracy_text(record["accuracy"]),
        str(record["settings"]["epochs"]),
        bytes_text(record["cost"]["totals"]["parameter_bytes"]),
        f"{record['environment']['seconds'] / 60:.0f}",
    )


def _mnist(row: dict) -> tuple[str, ...]:
    return row["title"], _accuracy(row), _before(row), str(row["epochs"]), bytes_text(row["parameter_bytes"])


def _compared(row: dict) -> tuple[str, ...]:
    ratios = row["flip_ratio"]
    flips = (f"{ratio * 100:.2g} %" for ratio in (statistics.mean(ratios), ratios[-1]))
    return row["title"], _accuracy(row), _before(row), *flips, str(row["epochs"])


def _before(row: dict) -> str:
    return "-" if row["before_recalibration"] is None else f"{row['before_recalibration']:.2%}"


def _accuracy(row: dict) -> str:
    if row["deviation"] is None:
        return f"{row['mean']:.2%} (one seed)"
    return f"{row['mean']:.2%} ± {row['deviation'] * 100:.2f} ({len(row['seeds'])} seeds)"


def draw_curve(record: dict) -> None:
    """Accuracy by epoch."""

    def draw(axis):
        epochs = [row["epoch"] for row in record["history"]]
        for key, label, shade in (("accuracy", "training images", "#e8873a"), ("val_accuracy", "held out", "#1f4e79")):
            axis.plot(epochs, [row[key] for row in record["history"]], label=label, color=shade, marker=".")
        test = record["accuracy"]["value"]
        axis.axhline(test, color="#777777", linewidth=0.8, linestyle="--", label=f"test images at the end, {test:.2%}")
        axis.set_title(f"{record['title']}, {record['dataset']['title']}", fontsize=10)
        _in_percent(axis, 0)

    _draw(CURVE, draw)


def draw_comparison(rows: list[dict]) -> None:
    """Accuracy on held-out images and flip ratio by epoch, each the mean over the seeds."""

    def draw(accuracy, flips):
        for row in rows:
            epochs = range(1, row["epochs"] + 1)
            shade = next(shade for method, shade in COMPARED_SHADES.items() if f"_{method}-" in row["recipe"])
            label = row["title"].partition(", ")[2]
            accuracy.plot(epochs, row["val_accuracy"], label=label, color=shade, marker=".")
            flips.plot(epochs, row["flip_ratio"], label=label, color=shade, marker=".")
        flips.set_yscale("log")
        for axis, title, digits in (
            (accuracy, "held-out accuracy", 0),
            (flips, "weights flipped in each step", 3),
        ):
            axis.set_title(title, fontsize=10)
            _in_percent(axis, digits)

    _draw(COMPARISON, draw, panels=2)


def _in_percent(axis, digits: int) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.yaxis.set_major_formatter(PercentFormatter(1, digits))


def _draw(name: str, draw: Callable[..., None], panels: int = 1) -> None:
    """A PNG of panels side by side, by epoch."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    figure, axes = pyplot.subplots(1, panels, figsize=(8, 3.2), layout="constrained", squeeze=False)
    draw(*axes[0])
    for axis in axes[0]:
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(color="#dddddd", linewidth=0.5)
    axes[0][0].legend(fontsize=9)
    with written_whole(HERE / name) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    pyplot.close(figure)


if __name__ == "__main__":
    draw_curve(json.loads((PRETRAINED / f"{DRAWN}.json").read_text()))
    draw_comparison(_rows("-compared"))
    write_text(PAGE, page())
