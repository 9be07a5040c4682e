"""Writes the page on narrower networks, netadapt.md, from what the commands have measured.

    python docs/netadapt.py

Needs the extra `docs`. Tables and the picture follow from docs/data: netadapt_alexnet.json is written by
`python -m benchmarks.netadapt_alexnet --data-dir DIR`, optimize_*.json are the records of `larq-focal optimize`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from larq_focal.files import write_text, written_whole
from larq_focal.tables import pipe_table

HERE = Path(__file__).parent
PAGE, CURVE = HERE / "netadapt.md", "images/netadapt.png"
ADAPTED = HERE / "data" / "netadapt_alexnet.json"
BLUE, ORANGE = "#1f4e79", "#e8873a"

INTRODUCTION = """\
# Narrower networks, by measured cost

<!-- Written by docs/netadapt.py: change that, or the measurements, and run `make docs`. -->

Two commands make a trained network cheaper on the device that it is for. `larq-focal netadapt` removes channels, step
by step, where a cost that was measured there falls at the least loss of accuracy. `larq-focal optimize` has one knob,
the accuracy that may be lost, and chooses widths and bits. Both need images to train and to judge on, and both tell
what they tried. [Converting](conversion.md) tells what int8 does, [the delegate](delegate.md#weights-of-few-bits)
what weights of few bits become.

## NetAdapt

    larq-focal netadapt model.keras --dataset cifar10 --data-dir DIR -o adapted --for pi@raspberrypi

`adapted/` then holds `model.keras`, the log of every iteration with all candidates (`log.json`), figures before and
after (`summary.json`), and the table of costs (`tables/`). The same command goes on after an interruption.

- **The table.** Each layer is cut out of the network with its quantizer, normalisation and activation, narrowed,
  written as a TensorFlow Lite file, and timed as [`larq-focal time`](timing.md) does, here or over ssh (`--for` with
  `--python`, `--port`, `--identity` and `--ssh-option` as there): the fastest of 50 runs or more. Of each width
  `--points` values are measured, between which the cost is interpolated. Layers of one kind and width are measured
  once; the file's name holds metric, device and engine, so that `--tables DIR` may be shared. `--metric` takes
  `latency`, `energy` (time by the machine's power), `bytes`, `macs`, `ace`, and `words`: those of the whole program
  on a pixel array (`--sensor`), compiled at each width. A table of multiply-accumulates gives what counting the whole
  network gives, at every width, and so the same adaptation (tested).
- **The loop.** Iteration i asks for a cost that is lower by 2.5 % of the first cost times 0.96^(i-1). Every block of
  channels is narrowed as little as meets it, its filters of least L2 norm removed; the network is trained for
  `--steps` batches; the candidate with the least loss of accuracy for what it saves stays. After n iterations 2.5 %
  (1 - 0.96^n) / 0.04 is gone: 25.7 % after 13, and never more than 62.5 %. Where a step took more than was asked, the
  next iteration may have nothing to do; it ends early where no block can meet what is asked. What came out is then
  trained for `--epochs`, 5 by default, at a rate that falls to 0.
- **Which channels.** They are followed through the graph. What is added is one block, what is concatenated stays
  apart, a flattened channel is read once for each pixel; depthwise layers follow. Removing channels that give zeros
  leaves every bit of the outputs (tested). Blocks go in steps of 32 channels where a binary layer reads them, which
  packs 32 into a word, else of 8; `--step LAYER=N` sets another. Channels stay that are bound to the inputs or
  outputs, to channels padded with constants, and to grouped, transposed, separable or nested layers; so do layers
  named by `--keep`.
- **Honest judging.** Candidates are judged on `--held-out` training images that are not trained on. With the number
  and the seed of the network's own recipe these are images that it never saw. Test images are looked at once, at the
  end.

In Python, `larq_focal.compress.netadapt` has the parts: `channels_of`, `narrowed`, `CostTable`, `netadapt`. It runs
on Keras 2 with Larq and on Keras 3.

Source: Yang et al., "NetAdapt: Platform-Aware Neural Network Adaptation for Mobile Applications", ECCV 2018 ([arXiv
1804.03230](https://arxiv.org/abs/1804.03230)); schedule and choice as in
[denru01/netadapt](https://github.com/denru01/netadapt), whose public code judges candidates on training images.
"""

OPTIMIZE = """\
## One knob

    larq-focal optimize model.keras -o small.tflite --max-accuracy-drop 1.0 --data mnist --data-dir DIR --for pi@pi4

First int8 for the whole network; then, in rounds, a change of each layer: the next fewer bits for its weights (4, 3,
2, 1, [without data](conversion.md)), or a step narrower with a short training. Every candidate is converted; what it
costs is measured on that file (`--metric latency`, `energy` or `bytes`), and its accuracy is that file's on images
held out. The round takes what loses least for what it saves. The search ends at the knee, where what is left saves
less than 1 % of the first cost or loses more than the drop. Interrupted, the same command goes on after its last round
(`small.search.npz`, removed at the end). `--keep LAYER` leaves a layer's widths and bits alone,
`--no-widths` all widths; a `.qgraph` or `.tflite` file has its widths kept. `small.json` beside the file holds all
that was tried.

The drop is kept on the images held out. The test images, which nothing was chosen by, may show a little more or less;
the command says which.

Networks of the zoo with their trained weights, each chosen by one run: judged on 2,000 of the 2,500 training images
held out (CIFAR-10: 1,000, without narrowing, for its cost), 10 batches of 64 after a narrowing, figures on all 10,000
test images. Latency: one thread of an AMD EPYC with AVX-512, shared with other work. Nearly all weights of the
CIFAR-10 network have one bit already, so that little is left to save there; its test accuracy rises by chance.
"CIFAR-10 (JPEG copy)" is a copy whose images went through JPEG: its figures are not to be set beside published ones.
"""


def adapted() -> Iterator[str]:
    """The section on AlexNet."""
    record = json.loads(ADAPTED.read_text(encoding="utf-8"))
    log, before, after = record["log"], record["before"], record["after"]
    settings, about = log["settings"], record["about"]
    schedule, recipe = settings["schedule"], settings["recipe"]
    iterations = log["iterations"]
    yield f"""\
### AlexNet on {about["dataset"]}

A quarter of the widths of AlexNet for CIFAR (16, 48, 96, 64 and 64 maps, two dense layers of 256), trained for
{record["trained_epochs"]} epochs only, with shifts and mirrored images. {len(iterations)} iterations; each candidate
was trained on {schedule["steps"]} batches of {recipe["batch_size"]} and judged on {schedule["judged"]:,} of
{recipe["held_out"]:,} images held out; what came out was trained for {about["epochs"]} epochs more. These are small
budgets: they show the method, not how far it goes. Latency is that of the table, one thread of
{about["device"].get("cpu", "this machine")}, shared with other work.

![Accuracy on images held out against latency, iteration by iteration]({CURVE})
"""
    rows = [
        [
            str(row["number"]),
            f"{row['block']} to {row['widths'][row['block']]}" if row["block"] else "met already",
            f"{row['target']:.4f}",
            f"{row['cost']:.4f}",
            f"{row['accuracy']:.2%}",
        ]
        for row in iterations
    ]
    first = ["0", "", "", f"{log['cost']:.4f}", f"{log['accuracy']:.2%}"]
    figures = ("iteration", "target, ms", "table, ms", "held out")
    yield pipe_table(("iteration", "narrowed", "target, ms", "table, ms", "held out"), [first, *rows], figures) + "\n"
    names = {
        "test_accuracy": "test images",
        "held_out_accuracy": "images held out",
        "training_accuracy": "images it was trained on",
    }
    figures = [[name, f"{before[key]:.2%}", f"{after[key]:.2%}"] for key, name in names.items()]
    figures += [
        ["multiply-accumulates", f"{before['macs']:,.0f}", f"{after['macs']:,.0f}"],
        ["bytes of parameters", f"{before['parameter_bytes']:,.0f}", f"{after['parameter_bytes']:,.0f}"],
        ["latency of the whole network, ms", f"{before['latency']:.4f}", f"{after['latency']:.4f}"],
    ]
    yield pipe_table(("", "before", "after"), figures, ("before", "after")) + "\n"
    yield f"""\
Some batches after each narrowing leave the network below where it was; the training at the end brings it back, and some
of the gain is that of {about["epochs"]} more epochs, which the network before did not have.

A poster on this method gives "98 %" for AlexNet on CIFAR-10 after 13 iterations. Our figures are
{after["test_accuracy"]:.1%} on test images and {after["training_accuracy"]:.1%} on images of the training. 98 % is more
than any AlexNet that we know of reaches on the test images; the public code of the method judges candidates on training
images, so that the poster's figure is very likely of these.
"""


def optimized() -> Iterator[str]:
    """The table of what the one knob did."""
    rows = []
    for path in sorted((HERE / "data").glob("optimize_*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        first, chosen = record["first"], record["chosen"]
        layers = [f"{each['name']} {each['outputs']} at {each['weight_bits']} bits" for each in record["layers"]]
        rows.append(
            [
                f"{record['about']['network']}, {record['about']['dataset']}",
                record["metric"],
                f"{100 * record['max_drop']:g}",
                f"{chosen['cost'] / first['cost']:.2f}",
                f"{first['file_bytes']:,} to {chosen['file_bytes']:,}",
                f"{first['held_out_accuracy']:.2%} to {chosen['held_out_accuracy']:.2%}",
                f"{first['test_accuracy']:.2%} to {chosen['test_accuracy']:.2%}",
                str(len(record["attempts"])),
                "; ".join(layers) if len(layers) <= 6 else f"{len(layers)} layers",
            ]
        )
    if rows:
        header = (
            "network",
            "metric",
            "drop, points",
            "cost left",
            "bytes",
            "held out",
            "test images",
            "tried",
            "chosen",
        )
        yield pipe_table(header, rows, ("drop, points", "cost left", "tried")) + "\n"


def page() -> str:
    """The text of the page."""
    parts = [INTRODUCTION, *(adapted() if ADAPTED.exists() else ()), OPTIMIZE, *optimized()]
    return "\n".join(parts)


def draw() -> None:
    """Accuracy against latency: all candidates, and the path that was taken."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    log = json.loads(ADAPTED.read_text(encoding="utf-8"))["log"]
    rows = [row for row in log["iterations"] if row["block"]]
    trials = [trial for row in rows for trial in row["trials"]]
    figure, axis = pyplot.subplots(figsize=(7, 4), layout="constrained")
    costs, accuracies = ([trial[key] for trial in trials] for key in ("cost", "accuracy"))
    axis.scatter(costs, [100 * each for each in accuracies], s=14, color=ORANGE, alpha=0.6, label="candidates")
    path = [(log["cost"], log["accuracy"]), *((row["cost"], row["accuracy"]) for row in rows)]
    axis.plot(*zip(*((cost, 100 * accuracy) for cost, accuracy in path), strict=True), "o-", color=BLUE, label="taken")
    axis.set(xlabel="latency by the table, ms", ylabel="accuracy on images held out, %")
    axis.grid(color="#dddddd", linewidth=0.5)
    axis.legend(fontsize=8)
    with written_whole(HERE / CURVE) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    pyplot.close(figure)


if __name__ == "__main__":
    if ADAPTED.exists():
        draw()
    write_text(PAGE, page())
