"""Writes the page of the quantizers, quantizers.md, from their rows and from the tables measured by benchmarks.

    python docs/quantizers.py

Needs the extra `docs`. The text follows from the rows of the quantizers and from the files in docs/data, the pictures
from the shipped functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from larq_focal.files import write_text
from larq_focal.quantizers import FAMILIES, QUANTIZERS, QuantizerRow
from larq_focal.tables import pipe_table

HERE = Path(__file__).parent
PAGE = HERE / "quantizers.md"
IMAGES = "images/quantizers"


INTRODUCTION = """\
# Quantizers

<!-- Written by docs/quantizers.py: change that, or a quantizer, and run `make docs`. -->

Every quantizer of larq_focal and of Larq in one place: use it in any Larq layer as `kernel_quantizer` or
`input_quantizer`, by its alias or as an instance of its class.

```python
import larq_focal as lqf
import larq as lq

lq.layers.QuantConv2D(32, 3, input_quantizer="rsign", kernel_quantizer="libra_sign", kernel_constraint="weight_clip")
lq.layers.QuantConv2D(32, 3, input_quantizer=lqf.quantizers.NiblackSign(window=5), kernel_quantizer="ste_sign")
```

The tables say, for the default arguments, what the converter of Larq Compute Engine (`converter="lce"`) makes of a
`QuantConv2D` with it, as a kernel quantizer with signs as inputs, and as an input quantizer with a kernel of signs: a
*packed* binary convolution, a *float* one, or *wrong*, where that converter would compute something else and
`lqf.convert` refuses. `lqf.audit` says what became of each layer of your network. *Clip* marks kernel quantizers that
lose weights which outgrow 1, and so need `kernel_constraint="weight_clip"`. Some [layers](layers.md) compute products
of a few levels as binary ones.

The pictures are drawn from the functions themselves. Blue: what becomes of one weight among others of a normal
distribution with deviation 1/2, or of the middle pixel of a patch of 3x3 (two lines where the weight's past counts).
Orange: the pseudo-gradient, cut off above; where a schedule changes it, at three points from its start (pale) to its
end (dark); where there is noise, its mean.
"""


def page() -> str:
    parts = [INTRODUCTION, *(_section(family) for family in FAMILIES), _accuracies(), _speeds()]
    return "\n".join(parts)


def rows_of(family: str) -> list[QuantizerRow]:
    return [row for row in QUANTIZERS if row.family == family]


def _section(family: str) -> str:
    header = ("alias and class", "what it is", "levels", "trains", "keeps", "kernel", "inputs", "converted", "source")
    body = (
        (
            f"`{row.alias}` `{_public_name(row.quantizer)}`",
            row.summary,
            row.levels,
            _names(row.trainable),
            ", ".join(_kept(row)),
            (row.kernel or "") + (", clip" if row.needs_clip else ""),
            row.activation or "",
            row.lowering,
            _linked(row.source),
        )
        for row in rows_of(family)
    )
    title = FAMILIES[family]
    picture = f"![Curves and pseudo-gradients: {title.lower()}]({IMAGES}/{family}.png)"
    differing = [f"- `{row.alias}`: {row.differs}." for row in rows_of(family) if row.differs]
    differences = "\n".join(["Not as their sources have them:", "", *differing, "", ""]) if differing else ""
    return f"## {title}\n\n{pipe_table(header, body)}\n\n{differences}{picture}\n"


def _public_name(quantizer: type) -> str:
    package = "lq" if quantizer.__module__.startswith("larq.") else "lqf"
    return f"{package}.quantizers.{quantizer.__name__}"


def _kept(row: QuantizerRow) -> Iterator[str]:
    for name in row.state:
        is_scheduled = row.schedule and name == row.quantizer.scheduled_name
        yield f"`{name}`" + (f" (set by `{row.schedule.__name__}`)" if is_scheduled else "")


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _linked(source: str) -> str:
    """Links with a short name in place of bare addresses."""
    source = re.sub(r"(https://arxiv\.org/abs/([\d.]+\d))", r"[arXiv \2](\1)", source)
    return re.sub(r"(https://github\.com/([\w.-]+/[\w.-]+\w))", r"[\2](\1)", source)


def _accuracies() -> str:
    measured = _measured("quantizers_mnist")
    dataset, settings = measured["dataset"], measured["settings"]
    ranked = sorted(measured["rows"], key=lambda row: -row["mean"])
    body = (
        (
            f"`{row['quantizer']}`",
            _role(row),
            f"{row['mean']:.2%}",
            "" if row["deviation"] is None else f"{row['deviation'] * 100:.2f}",
            str(len(row["accuracies"])),
        )
        for row in ranked
    )
    header = ("quantizer", "of", "accuracy", "deviation", "seeds")
    about = f"""\
## Measured: accuracy

The two-layer network (`lqf.zoo.two_layer`) on {dataset["title"]}, with each binary quantizer as that of all kernels or
of all inputs, image included, and `ste_sign` as the other one. One small budget for all: {settings["epochs"]} epochs of
the first {dataset["train"]:,} training images less every tenth, batches of {settings["batch_size"]}, Adam from
{settings["learning_rate"]:g} down by a cosine, schedules from their start to their end, kernels clipped to [-1, 1].
Accuracy on the {dataset["test"]:,} test images: mean and standard deviation over the seeds, the latter in percentage
points. A longer training may rank them differently. `hysteresis_sign` had the published threshold then, which is not
the default any more. Made on {_place(measured)} by

    python -m benchmarks.quantizers --data-dir DIR
"""
    return f"{about}\n{pipe_table(header, body, header[2:])}\n"


def _speeds() -> str:
    measured = _measured("quantizers_speed")
    body = (
        (
            f"`{row['quantizer']}`",
            _role(row),
            f"{row['training']:.2f}",
            "refused" if row["inference"] is None else f"{row['inference']:.2f}",
        )
        for row in measured["rows"]
    )
    about = f"""\
## Measured: speed

A training step: its processor time as a multiple of that with `ste_sign`, in the same network, with batches of
{measured["batch_size"]}. An inference: the same of its duration, after conversion, on LiteRT with the delegate. Medians
of ratios, the two networks taking turns on one core of {_place(measured)},
shared with other work, by

    python -m benchmarks.quantizer_speed
"""
    header = ("quantizer", "of", "training step", "inference")
    return f"{about}\n{pipe_table(header, body, header[2:])}\n"


def _measured(name: str) -> dict:
    return json.loads((HERE / f"data/{name}.json").read_text())


def _role(row: dict) -> str:
    roles = {"kernel": "kernels", "activation": "inputs"}
    return "both" if row["quantizer"] == "ste_sign" else roles[row["role"]]


def _place(measured: dict) -> str:
    versions = ", ".join(f"{name} {measured['versions'][name]}" for name in ("tensorflow", "larq", "ai-edge-litert"))
    return f"{measured['machine']['cpu']} with {versions}"


if __name__ == "__main__":
    from curves import draw

    for family in FAMILIES:
        draw(rows_of(family), HERE / IMAGES / f"{family}.png")
    write_text(PAGE, page())
