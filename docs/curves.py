"""The curve of a quantizer and of its pseudo-gradient, drawn from the shipped function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np

from larq_focal.files import written_whole
from larq_focal.keras import keras, tf
from larq_focal.quantizers import QuantizerRow

POINTS = 321
RANGE = (-2.0, 2.0)
OTHER_WEIGHTS = np.float32([NormalDist(0, 0.5).inv_cdf((i + 0.5) / 2000) for i in range(2000)])
NEIGHBOURS = np.float32([[0.9, -0.3, 0.6], [0.1, 0.0, 0.7], [-0.4, 0.8, 0.2]])
SCHEDULED_POINTS = 3
NOISE_DRAWS = 4000
COLUMNS = 4
HIGHEST = 6.5  # where gradients are cut off
FORWARD, GRADIENTS = "#1f4e79", ("#f5c29b", "#e8873a", "#a84300")


@dataclass(frozen=True)
class Curve:
    """What a quantizer makes of one weight or pixel, with all others fixed.

    Attributes:
        x: The weight or pixel, [x].
        values: [lines, x]; more than one line where the value depends on what was before.
        gradients: [lines, x], dq/dx; more than one line where a schedule changes it, from its start to its end. Of a
            quantizer with noise, the mean over the noise.
    """

    x: np.ndarray
    values: np.ndarray
    gradients: np.ndarray


def curve(row: QuantizerRow) -> Curve:
    """The curve of a quantizer with its default arguments.

    A kernel quantizer gets one output channel for each x, that holds it beside ``OTHER_WEIGHTS``; an input quantizer
    gets one image for each x, with the x in the middle of ``NEIGHBOURS``; a quantizer with noise, which treats each
    weight by itself, gets channels of many equal weights.
    """
    x = np.linspace(RANGE[0], _right_end(row), POINTS, dtype=np.float32)
    is_noisy = "noise_state" in row.state
    probe = _copies(x) if is_noisy else _kernel(x) if row.kernel else _images(x)
    keras.utils.set_random_seed(0)
    quantizer = row.quantizer()
    quantizer.build(probe.tensor.shape)
    branches = []
    for start in (-1, 1) if "memory" in row.state else (None,):
        if start:
            quantizer.memory.assign(tf.fill(quantizer.memory.shape, float(start)))
        branches.append(probe.at_x(quantizer(probe.tensor, training=False)))
    gradients = []
    for value in _scheduled_values(row):
        if value:
            quantizer.set_scheduled(value)
        with tf.GradientTape() as tape:
            tape.watch(probe.tensor)
            values = quantizer(probe.tensor, training=is_noisy)[probe.place]
        gradients.append(probe.at_x(tape.gradient(values, probe.tensor)))
    return Curve(x, np.array(branches), np.array(gradients))


def _right_end(row: QuantizerRow) -> float:
    """Far enough to show the highest level of an input quantizer."""
    if row.kernel:
        return RANGE[1]
    highest = float(tf.reduce_max(row.quantizer()(tf.fill((1, 3, 3, 1), 1e3))))
    return RANGE[1] + highest if highest > 1 else RANGE[1]


@dataclass(frozen=True)
class _Probe:
    tensor: tf.Tensor
    place: tuple[slice | int, ...]
    """Where the x are: [x] or [copies, x]."""

    def at_x(self, result: tf.Tensor) -> np.ndarray:
        """[x], where there are copies their mean."""
        return np.mean(np.atleast_2d(result[self.place]), axis=0)


def _kernel(x: np.ndarray) -> _Probe:
    """[1, 1, weights, channels]; the x are the last weights."""
    others = np.repeat(OTHER_WEIGHTS[:, None], len(x), axis=1)
    return _Probe(tf.constant(np.concatenate([others, x[None]])[None, None]), (0, 0, -1))


def _images(x: np.ndarray) -> _Probe:
    """[images, height, width, 1]; the x are the pixels in the middle."""
    images = np.repeat(NEIGHBOURS[None], len(x), axis=0)
    images[:, 1, 1] = x
    return _Probe(tf.constant(images[..., None]), (slice(None), 1, 1, 0))


def _copies(x: np.ndarray) -> _Probe:
    """[1, 1, weights, channels]; all weights of a channel are one x."""
    return _Probe(tf.tile(x[None, None, None], [1, 1, NOISE_DRAWS, 1]), (0, 0))


def _scheduled_values(row: QuantizerRow) -> Sequence[float | None]:
    if row.schedule is None:
        return (None,)
    schedule = row.schedule()
    return np.geomspace(schedule.start, schedule.end, SCHEDULED_POINTS).tolist()


def draw(rows: Sequence[QuantizerRow], path: Path) -> None:
    """One panel for each quantizer, as PNG."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    lines = -(-len(rows) // COLUMNS)
    figure, axes = pyplot.subplots(
        lines, COLUMNS, figsize=(2.6 * COLUMNS, 2.1 * lines), squeeze=False, layout="constrained"
    )
    for axis, row in zip(axes.flat, rows, strict=False):
        drawn = curve(row)
        shades = GRADIENTS if len(drawn.gradients) > 1 else GRADIENTS[1:2]
        for gradient, shade in zip(drawn.gradients, shades, strict=True):
            axis.plot(drawn.x, gradient, color=shade, linewidth=1.2)
        for values in drawn.values:
            axis.plot(drawn.x, values, color=FORWARD, linewidth=1.6)
        axis.set_title(row.alias, fontsize=9)
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.tick_params(labelsize=8)
        axis.margins(x=0)
        axis.set_ylim(top=min(axis.get_ylim()[1], HIGHEST))
    for axis in axes.flat[len(rows) :]:
        axis.set_axis_off()
    with written_whole(path) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    pyplot.close(figure)
