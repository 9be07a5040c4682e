"""A cheap detector watches; only when it sees a change does the second network run, on the place of the change.

The detector counts bright pixels, which a digit keeps while it moves; it keeps no more of the past than the count last
reported. The second network is a binary dense layer on the window about the bright pixels: the controller reads their
addresses, chooses window and weights by them, and sends the class of the highest score. Networks that choose which one
runs next are those of Y. Liu et al., "On-sensor binarized CNN inference with dynamic model swapping in pixel processor
arrays", Frontiers in Neuroscience 2022.
"""

from __future__ import annotations

import numpy as np

from larq_focal.focal_plane.adaptive.moving_digits import NOTHING
from larq_focal.focal_plane.adaptive.runner import Frame
from larq_focal.focal_plane.adaptive.template_classifier import SIDE, TemplateClassifier, window_about
from larq_focal.focal_plane.machine import InstructionSet, Program, assemble
from larq_focal.focal_plane.machine.controller import COUNT_LEVELS, MOST_EVENTS
from larq_focal.focal_plane.sensor import Sensor

VALUE_BITS = 4  # ten classes, or nothing

_DETECTOR = """
kernel look
    get_image(A)
    sub(B, A, IN)
    CLR(R5)
    where(B)
        MOV(R5, FLAG)
    all()
end
main
    load_in({threshold})
    launch(look)
    bright = global_count(R5, A)
end
"""
_ADDRESSES = "main\n events = read_events(R5, {most})\nend"
_MATCH = """
kernel match                # R9 := R5 agrees with R8, within the window R10
    NOR(R1, R5, R8)
    NOR(R2, R5, R1)
    NOR(R3, R8, R1)
    OR(R4, R2, R3)
    NOT(R1, R10)
    NOR(R9, R4, R1)
end
"""


class TwoNetworks:
    """A policy for ``watch``.

    Args:
        sensor: the sensor.
        classifier: the second network.
        threshold: of the image, in units of the pixel after ``get_image``: 0 to 127.
        change: how many bright pixels more or fewer than last reported start the second network.
        fewest: fewer bright pixels than this are nothing.
    """

    def __init__(
        self, sensor: Sensor, classifier: TemplateClassifier, threshold: int = 40, change: int = 24, fewest: int = 40
    ):
        self._sensor, self._classifier = sensor, classifier
        self._instruction_set = InstructionSet(sensor)
        self._detector = assemble(_DETECTOR.format(threshold=threshold), self._instruction_set)
        self._addresses = assemble(_ADDRESSES.format(most=MOST_EVENTS), self._instruction_set)
        self._change, self._fewest = change, fewest
        self._reported = 0

    def __call__(self, frame: Frame) -> None:
        (estimate,) = frame.run("detector", self._detector).results["bright"]
        bright = round(estimate * self._sensor.plane_bits / COUNT_LEVELS)
        if abs(bright - self._reported) <= self._change:
            return
        self._reported = bright
        frame.send_value(NOTHING if bright < self._fewest else self._class(frame), VALUE_BITS)

    def _class(self, frame: Frame) -> str:
        (events,) = frame.run("addresses", self._addresses).results["events"]
        columns = self._sensor.conventions.column_addresses(self._sensor.width)  # by address it gives the column
        window = window_about(np.stack([events[:, 0], columns[events[:, 1]]], 1))
        matches = frame.run("classifier", self._program(*window), self._planes(*window)).results["matches"]
        return str(int(np.argmax(np.array([len(found) for found in matches]) + self._classifier.biases)))

    def _program(self, row: int, column: int) -> Program:
        """The second network, for the window that begins at ``row`` and ``column``."""
        width = self._sensor.width
        columns = max(column, 0), min(column + SIDE, width) - 1
        first, last = self._sensor.conventions.column_addresses_of(*columns, width)
        main = [f"load_rect(R10, {row}, {first}, {row + SIDE - 1}, {last})"]
        for number in range(len(self._classifier.weights)):
            main += [f"load_plane(R8, class{number})", "launch(match)", f"matches = read_events(R9, {SIDE * SIDE})"]
        return assemble("\n".join([_MATCH, "main", *main, "end"]), self._instruction_set)

    def _planes(self, row: int, column: int) -> dict[str, np.ndarray]:
        """The weights of each class, in the window; what of it lies beyond the array is cut off."""
        planes = {}
        for number, weights in enumerate(self._classifier.weights):
            framed = np.zeros((self._sensor.height + 2 * SIDE, self._sensor.width + 2 * SIDE), bool)
            framed[row + SIDE : row + 2 * SIDE, column + SIDE : column + 2 * SIDE] = weights
            planes[f"class{number}"] = framed[SIDE:-SIDE, SIDE:-SIDE]
        return planes
